//! The settings: defaults, then a TOML file, then the environment (`RAPPORT_GRPC_LISTEN` is the key `grpc_listen`,
//! `RAPPORT_LIMITS__SLOW_READER_MS` is `slow_reader_ms` under `[limits]`). All faults are told at once.
//!
//! One list of names for every process, so that they can share a file and a process that is told something meant for another does
//! not refuse to start, while a misspelt name always is a fault.

use std::{collections::BTreeSet, ffi::OsString, fmt, net::SocketAddr, path::Path};

use figment::{
    Figment, Provider as _,
    providers::{Format as _, Serialized, Toml},
    value::Value,
};
use http::Uri;
use serde::{Deserialize, de::DeserializeOwned};

use crate::spans::Export;

/// Every fault of the settings.
#[derive(Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings have {} fault(s):", self.0.len())?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for Faults {}

const KEYS: [&str; 31] = [
    // Every process.
    "admin_listen",
    "log",
    "traces.endpoint",
    "traces.ratio",
    "limits.connections",
    "limits.memory_mib",
    "limits.slow_reader_ms",
    "edge_key_file",
    "redis.url",
    // Core.
    "data_dir",
    "grpc_listen",
    "internal_listen",
    "database_url",
    "database_max_connections",
    "master_key_file",
    "reflection",
    "access_token_seconds",
    "presence_grace_ms",
    "limits.calls",
    "events.poll_ms",
    "retention.events_seconds",
    "retention.every_seconds",
    // Edge.
    "edge_listen",
    "core_urls",
    "public_origins",
    "trusted_proxies",
    "limits.address_requests",
    "limits.address_sockets",
    "limits.session_requests",
    "limits.session_sockets",
    "limits.sign_ins",
];

const PREFIX: &str = "RAPPORT_";

/// Variables of the prefix that are no settings: the file's name, and what the tests and the benches read.
const NO_SETTINGS: [&str; 2] = ["RAPPORT_CONFIG", "RAPPORT_CORE_BIN"];
const NO_SETTINGS_BEGIN: [&str; 2] = ["RAPPORT_TEST_", "RAPPORT_BENCH_"];

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// What was set, read by each part of a process for itself.
#[derive(Debug)]
pub struct Settings {
    figment: Figment,
    faults: Vec<String>,
}

impl Settings {
    /// Reads the file, if there is one, and the environment.
    #[must_use]
    pub fn load(file: Option<&Path>) -> Self {
        Self::gather(file, std::env::vars_os())
    }

    /// Reads the file, if there is one, and these variables.
    #[must_use]
    pub fn gather(file: Option<&Path>, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut faults = Vec::new();
        let figment = file.map_or_else(Figment::new, |file| from_file(file, &mut faults));
        let figment = merge_variables(figment, variables, &mut faults);
        unknown_keys(&figment, &mut faults);
        Self { figment, faults }
    }

    /// Nothing but these values.
    #[must_use]
    pub fn of(values: &[(&str, &str)]) -> Self {
        let mut figment = Figment::new();
        for (key, value) in values {
            figment = figment.merge(Serialized::default(key, value));
        }
        let mut faults = Vec::new();
        unknown_keys(&figment, &mut faults);
        Self { figment, faults }
    }

    /// A value, or the default where none is set or the one set is a fault.
    pub fn get<T: DeserializeOwned>(&mut self, key: &str, default: T) -> T {
        debug_assert!(KEYS.contains(&key), "{key} is not on the list");
        if self.figment.find_value(key).is_err() {
            return default;
        }
        match self.figment.extract_inner_lossy(key) {
            Ok(value) => value,
            Err(why) => {
                self.faults.push(format!("{key}: {}", why.kind));
                default
            }
        }
    }

    /// A number between two others.
    pub fn within(&mut self, key: &str, default: u32, least: u32, most: u32) -> u32 {
        let value: u64 = self.get(key, default.into());
        match u32::try_from(value) {
            Ok(value) if (least..=most).contains(&value) => value,
            _ => {
                self.faults.push(format!("{key}: must be {least} to {most}, not {value}"));
                default
            }
        }
    }

    /// Several values: a list, or one text with commas between them. `read` says what is wrong with one.
    pub fn list<T>(&mut self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Several {
            List(Vec<String>),
            Text(String),
        }
        let texts = match self.get(key, Several::List(Vec::new())) {
            Several::List(texts) => texts,
            Several::Text(text) => text.split(',').map(str::to_owned).collect(),
        };
        let mut values = Vec::with_capacity(texts.len());
        for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            match read(text) {
                Ok(value) => values.push(value),
                Err(why) => self.faults.push(format!("{key}: {text:?} {why}")),
            }
        }
        values
    }

    /// What to log: a level or directives.
    pub fn log(&mut self) -> String {
        let log = self.get("log", "info".to_owned());
        // A single word that is no level would be taken for a part of the program, and everything else would be silent.
        let is_level = LEVELS.iter().any(|level| log.eq_ignore_ascii_case(level));
        if !is_level && !log.contains(['=', ',']) {
            self.faults.push(format!("log: must be one of {} or directives, not {log:?}", LEVELS.join(", ")));
        } else if let Err(why) = log.parse::<tracing_subscriber::EnvFilter>() {
            self.faults.push(format!("log: {why}"));
        }
        log
    }

    /// Where traces are sent, if anywhere.
    pub fn traces(&mut self) -> Option<Export> {
        let endpoint: Option<String> = self.get("traces.endpoint", None);
        let ratio: f64 = self.get("traces.ratio", 1.0);
        if !(0.0..=1.0).contains(&ratio) {
            self.faults.push(format!("traces.ratio: must be 0 to 1, not {ratio}"));
        }
        let endpoint = endpoint?;
        if endpoint.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some()) {
            return Some(Export { endpoint, ratio });
        }
        self.faults
            .push(format!("traces.endpoint: {endpoint:?} is not an address such as http://collector:4317"));
        None
    }

    /// One more fault.
    pub fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    /// Refuses listeners that would take the same port; the later one is at fault.
    pub fn distinct(&mut self, listeners: &[(&str, SocketAddr)]) {
        for (place, (key, address)) in listeners.iter().enumerate() {
            for (other_key, other) in &listeners[..place] {
                let overlap = address.ip() == other.ip()
                    || address.ip().is_unspecified()
                    || other.ip().is_unspecified();
                if address.port() != 0 && address.port() == other.port() && overlap {
                    self.faults.push(format!("{key}: {address} and {other_key} {other} are the same port"));
                }
            }
        }
    }

    /// The faults found, or what was made of the settings.
    pub fn finish<T>(self, made: T) -> Result<T, Faults> {
        if self.faults.is_empty() { Ok(made) } else { Err(Faults(self.faults)) }
    }
}

fn from_file(file: &Path, faults: &mut Vec<String>) -> Figment {
    if !file.is_file() {
        faults.push(format!("{}: there is no such file", file.display()));
        return Figment::new();
    }
    let figment = Figment::from(Toml::file_exact(file));
    match figment.data() {
        Ok(_) => figment,
        // Without the file the rest can still be judged.
        Err(why) => {
            faults.extend(why.into_iter().map(|why| why.to_string()));
            Figment::new()
        }
    }
}

fn merge_variables(
    mut figment: Figment,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    faults: &mut Vec<String>,
) -> Figment {
    for (name, text) in variables {
        let Some(name) = name.to_str().map(str::to_ascii_uppercase) else { continue };
        let Some(setting) = name.strip_prefix(PREFIX) else { continue };
        let known = KEYS.iter().find(|key| key.to_ascii_uppercase().replace('.', "__") == setting);
        match (known, text.to_str()) {
            (Some(key), Some(text)) => {
                // Reading a value cannot fail: what is no number, list or the like is a text.
                let value: Value = text.parse().unwrap_or_else(|_| text.into());
                figment = figment.merge(Serialized::default(key, value));
            }
            (Some(_), None) => faults.push(format!("{name}: is not UTF-8")),
            (None, _) if NO_SETTINGS.contains(&name.as_str()) => {}
            (None, _) if NO_SETTINGS_BEGIN.iter().any(|begin| name.starts_with(begin)) => {}
            (None, _) => faults.push(format!("{name}: no such setting")),
        }
    }
    figment
}

fn unknown_keys(figment: &Figment, faults: &mut Vec<String>) {
    match figment.data() {
        Err(why) => faults.extend(why.into_iter().map(|why| why.to_string())),
        Ok(profiles) => {
            let mut found = BTreeSet::new();
            for (key, value) in profiles.into_values().flatten() {
                match value {
                    figment::value::Value::Dict(_, inner) => {
                        found.extend(inner.into_keys().map(|name| format!("{key}.{name}")));
                    }
                    _ => {
                        found.insert(key);
                    }
                }
            }
            faults.extend(
                found.iter().filter(|k| !KEYS.contains(&k.as_str())).map(|k| format!("{k}: no such setting")),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(file: Option<&Path>, variables: &[(&str, &str)]) -> Settings {
        let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Settings::gather(file, variables)
    }

    fn faults(settings: Settings) -> Vec<String> {
        settings.finish(()).unwrap_err().0
    }

    #[test]
    fn traces_go_to_an_address_and_are_a_share() {
        let set = |values: &[(&str, &str)]| {
            let mut settings = gather(None, values);
            let traces = settings.traces();
            settings.finish(traces)
        };
        assert_eq!(set(&[]), Ok(None));
        let export = Export { endpoint: "http://127.0.0.1:4317".to_owned(), ratio: 0.25 };
        let set_to =
            [("RAPPORT_TRACES__ENDPOINT", "http://127.0.0.1:4317"), ("RAPPORT_TRACES__RATIO", "0.25")];
        assert_eq!(set(&set_to), Ok(Some(export)));
        let faults = set(&[("RAPPORT_TRACES__ENDPOINT", "collector:4317"), ("RAPPORT_TRACES__RATIO", "25")]);
        assert_eq!(
            faults.unwrap_err().0,
            [
                "traces.ratio: must be 0 to 1, not 25",
                "traces.endpoint: \"collector:4317\" is not an address such as http://collector:4317",
            ]
        );
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("rapport.toml");
        std::fs::write(&file, "data_dir = \"here\"\nlog = \"warn\"\n[limits]\ncalls = 5\nconnections = 6\n")
            .unwrap();
        let variables = [
            ("RAPPORT_LIMITS__CALLS", "7"),
            ("RAPPORT_LOG", "debug"),
            ("RAPPORT_REFLECTION", "false"),
            ("RAPPORT_CONFIG", "x"),
            ("RAPPORT_TEST_SEED", "1"),
            ("RAPPORT_BENCH_PROFILE", "full"),
            ("RAPPORT_CORE_BIN", "x"),
            ("PATH", "x"),
        ];
        let mut settings = gather(Some(&file), &variables);
        let numbers = (settings.get("limits.calls", 0), settings.get("limits.connections", 0));
        assert_eq!((numbers, settings.get("reflection", true)), ((7, 6), false));
        assert_eq!(
            (settings.log(), settings.get("data_dir", String::new())),
            ("debug".to_owned(), "here".to_owned())
        );
        settings.finish(()).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_read_hides_no_other_fault() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("rapport.toml");
        let missing = faults(gather(Some(&file), &[("RAPPORT_COLOUR", "3")]));
        let expected = [
            format!("{}: there is no such file", file.display()),
            "RAPPORT_COLOUR: no such setting".to_owned(),
        ];
        assert_eq!(missing, expected);
        std::fs::write(&file, "grpc_listen = [").unwrap();
        let broken = faults(gather(Some(&file), &[("RAPPORT_COLOUR", "3")]));
        assert!(broken[0].contains("TOML"), "{broken:?}");
        assert_eq!(broken[1..], missing[1..]);
    }

    #[test]
    fn a_word_that_is_no_level_is_no_log_setting() {
        for good in [
            "error",
            "warn",
            "INFO",
            "debug",
            "trace",
            "off",
            "info,rapport_core=debug",
            "rapport_core=trace",
        ] {
            let mut settings = gather(None, &[("RAPPORT_LOG", good)]);
            assert_eq!(settings.log(), good);
            settings.finish(()).unwrap();
        }
        for bad in ["verbose", "", "rapport_core", "info,x=loud"] {
            let mut settings = gather(None, &[("RAPPORT_LOG", bad)]);
            settings.log();
            let faults = faults(settings);
            assert!(faults.len() == 1 && faults[0].starts_with("log: "), "{bad:?}: {faults:?}");
        }
    }

    #[test]
    fn two_listeners_want_two_ports() {
        let listen = |one: &str, two: &str| {
            let mut settings = Settings::of(&[]);
            settings
                .distinct(&[("grpc_listen", one.parse().unwrap()), ("admin_listen", two.parse().unwrap())]);
            settings.finish(())
        };
        for (grpc, admin) in [("127.0.0.1:8081", "127.0.0.1:8081"), ("0.0.0.0:8081", "127.0.0.1:8081")] {
            let faults = listen(grpc, admin).unwrap_err().0;
            assert!(faults.len() == 1 && faults[0].starts_with("admin_listen: "), "{faults:?}");
        }
        listen("127.0.0.1:0", "127.0.0.1:0").unwrap();
        listen("127.0.0.1:8081", "127.0.0.2:8081").unwrap();
    }

    #[test]
    fn a_list_is_a_list_or_a_text_with_commas() {
        let read = |text: &str| text.parse::<u16>().map_err(|_| "is no number".to_owned());
        for text in ["[\"1\", \"2\"]", "1, 2", "1,2,"] {
            let mut settings = gather(None, &[("RAPPORT_CORE_URLS", text)]);
            assert_eq!(settings.list("core_urls", read), [1, 2], "{text}");
            settings.finish(()).unwrap();
        }
        let mut settings = gather(None, &[("RAPPORT_CORE_URLS", "1,x")]);
        assert_eq!(settings.list("core_urls", read), [1]);
        assert_eq!(faults(settings), ["core_urls: \"x\" is no number"]);
    }
}
