//! Everything in the contract is explained where it stands, and each comment begins with the name of what it explains.

use prost_reflect::{DescriptorPool, FileDescriptor};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    found
}

fn compiled() -> DescriptorPool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut compiler = protox::Compiler::new([root.to_path_buf(), root.join("vendor")]).unwrap();
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(sources(&root.join("rapport"))).unwrap();
    compiler.descriptor_pool()
}

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
    for message in pool.all_messages().filter(|message| message.parent_file() == *file) {
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
    let pool = compiled();
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
