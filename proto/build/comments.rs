//! What the contract says of itself, as text for readers of REST: paragraphs without line breaks, field names as JSON has
//! them, reasons without their prefix. Code stands between backticks; nothing else is marked up.

use heck::ToLowerCamelCase;
use prost_reflect::{
    DescriptorPool, EnumDescriptor, EnumValueDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor,
    MethodDescriptor, OneofDescriptor, ServiceDescriptor,
};
use std::collections::HashMap;
use std::fmt::Write as _;

/// The comments of all compiled files; the compiler must have kept them.
pub(crate) struct Comments {
    /// By file and by the path of what a comment stands above.
    raw: HashMap<(String, Vec<i32>), String>,
    /// JSON names by the names in the contract, where the two differ.
    json_names: HashMap<String, String>,
}

impl Comments {
    /// Reads every leading comment.
    pub(crate) fn read(pool: &DescriptorPool) -> Self {
        let mut raw = HashMap::new();
        for file in pool.files() {
            let Some(info) = &file.file_descriptor_proto().source_code_info else { continue };
            for location in &info.location {
                if let Some(comment) = &location.leading_comments {
                    raw.insert((file.name().to_owned(), location.path.clone()), comment.clone());
                }
            }
        }
        let mut json_names = HashMap::new();
        for message in pool.all_messages() {
            for field in message.fields().filter(|field| field.name() != field.json_name()) {
                json_names.insert(field.name().to_owned(), field.json_name().to_owned());
            }
        }
        Self { raw, json_names }
    }

    pub(crate) fn service(&self, service: &ServiceDescriptor) -> String {
        self.text(self.raw(&service.parent_file(), service.path()))
    }

    pub(crate) fn method(&self, method: &MethodDescriptor) -> String {
        self.text(self.raw(&method.parent_file(), method.path()))
    }

    pub(crate) fn message(&self, message: &MessageDescriptor) -> String {
        self.text(self.raw(&message.parent_file(), message.path()))
    }

    /// A field's comment; it begins with the field's name as JSON has it.
    pub(crate) fn field(&self, field: &FieldDescriptor) -> String {
        let raw = self.raw(&field.parent_message().parent_file(), field.path());
        self.renamed(raw, field.name(), field.json_name())
    }

    /// A oneof's comment; it begins with the name that violations give it.
    pub(crate) fn oneof(&self, oneof: &OneofDescriptor) -> String {
        let raw = self.raw(&oneof.parent_message().parent_file(), oneof.path());
        self.renamed(raw, oneof.name(), &oneof.name().to_lower_camel_case())
    }

    pub(crate) fn kind(&self, kind: &EnumDescriptor) -> String {
        self.text(self.raw(&kind.parent_file(), kind.path()))
    }

    /// What is said of an enum value, to be read beside its name: without the name, as a sentence.
    pub(crate) fn value(&self, value: &EnumValueDescriptor) -> String {
        let raw = self.raw(&value.parent_enum().parent_file(), value.path()).trim();
        let said = self.text(raw.strip_prefix(value.name()).unwrap_or(raw).trim_start_matches(':').trim());
        let mut letters = said.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }

    fn raw(&self, file: &FileDescriptor, path: &[i32]) -> &str {
        self.raw.get(&(file.name().to_owned(), path.to_vec())).map_or("", String::as_str)
    }

    /// A comment that begins with a name, with another name in its place.
    fn renamed(&self, raw: &str, name: &str, shown: &str) -> String {
        let Some(rest) = raw.trim().strip_prefix(name) else { return self.text(raw) };
        let gap = if rest.starts_with(char::is_whitespace) { " " } else { "" };
        format!("{shown}{gap}{}", self.text(rest))
    }

    fn text(&self, raw: &str) -> String {
        let mut paragraphs = vec![Vec::new()];
        for line in raw.lines().map(str::trim) {
            match paragraphs.last_mut() {
                Some(paragraph) if !line.is_empty() => paragraph.push(line),
                _ => paragraphs.push(Vec::new()),
            }
        }
        paragraphs.retain(|paragraph| !paragraph.is_empty());
        let paragraphs: Vec<_> = paragraphs.into_iter().map(|lines| lines.join(" ")).collect();
        self.translate(&paragraphs.join("\n\n"))
    }

    fn translate(&self, text: &str) -> String {
        let translated = text.split('`').enumerate().map(|(index, part)| {
            let is_code = index % 2 == 1;
            if is_code {
                self.json_names.get(part).cloned().unwrap_or_else(|| part.to_owned())
            } else {
                mark_reasons(part)
            }
        });
        translated.collect::<Vec<_>>().join("`")
    }
}

/// The first sentence of a text.
pub(crate) fn summary(text: &str) -> &str {
    let paragraph = text.split("\n\n").next().unwrap_or(text);
    let end = paragraph.match_indices(". ").map(|(at, _)| at + 1).find(|end| {
        paragraph[*end..].trim_start().starts_with(|next: char| next.is_uppercase() || next == '`')
    });
    &paragraph[..end.unwrap_or(paragraph.len())]
}

/// `REASON_NOT_FOUND` as code and without its prefix, as it stands in an answer.
fn mark_reasons(text: &str) -> String {
    let mut parts = text.split("REASON_");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_name = |letter: char| letter.is_ascii_uppercase() || letter == '_' || letter.is_ascii_digit();
        let end = part.find(|letter| !is_name(letter)).unwrap_or(part.len());
        let _ = write!(out, "`{}`{}", &part[..end], &part[end..]);
    }
    out
}
