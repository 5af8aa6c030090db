//! Everything in the contract is explained where it stands, and each comment begins with the name of what it explains.

use crate::probe;
use prost_reflect::{DescriptorPool, FileDescriptor};
use std::collections::HashMap;

/// Comments by the path of what they stand above.
fn comments(file: &FileDescriptor) -> HashMap<Vec<i32>, String> {
    let locations = file.file_descriptor_proto().source_code_info.clone().unwrap_or_default().location;
    locations
        .into_iter()
        .map(|location| (location.path, location.leading_comments.unwrap_or_default().trim().to_owned()))
        .collect()
}

/// Everything in a file that has a name, with its path.
fn named(pool: &DescriptorPool, file: &FileDescriptor) -> Vec<(String, Vec<i32>)> {
    let mut found = Vec::new();
    for service in file.services() {
        found.push((service.name().to_owned(), service.path().to_vec()));
        found.extend(service.methods().map(|method| (method.name().to_owned(), method.path().to_vec())));
    }
    // The entry of a map is made up by the compiler.
    let written = pool.all_messages().filter(|message| !message.is_map_entry());
    for message in written.filter(|message| message.parent_file() == *file) {
        found.push((message.name().to_owned(), message.path().to_vec()));
        found.extend(message.fields().map(|field| (field.name().to_owned(), field.path().to_vec())));
        let oneofs = message.oneofs().filter(|oneof| !oneof.name().starts_with('_'));
        found.extend(oneofs.map(|oneof| (oneof.name().to_owned(), oneof.path().to_vec())));
    }
    for kind in pool.all_enums().filter(|kind| kind.parent_file() == *file) {
        found.push((kind.name().to_owned(), kind.path().to_vec()));
        found.extend(kind.values().map(|value| (value.name().to_owned(), value.path().to_vec())));
    }
    found
}

#[test]
fn every_comment_begins_with_the_name_of_what_it_explains() {
    let pool = probe::shipped();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for file in pool.files().filter(|file| file.package_name().starts_with("rapport.")) {
        let comments = comments(&file);
        for (name, path) in named(&pool, &file) {
            checked += 1;
            let comment = comments.get(&path).map_or("", String::as_str);
            let after = comment.strip_prefix(&name).and_then(|rest| rest.chars().next());
            if !after.is_some_and(|next| next == ' ' || next == ':') {
                wrong.push(format!("{}: {name}: {comment:?}", file.name()));
            }
        }
    }
    assert!(checked > 300, "only {checked} names found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
