//! Small contracts for tests, compiled as the build compiles the real one.

use prost_reflect::DescriptorPool;
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};
use std::path::{Path, PathBuf};

const NAME: &str = "probe.proto";
const HTTP_BODY: &str = "google/api/httpbody.proto";

struct Source(String);

impl FileResolver for Source {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match name {
            NAME => File::from_source(name, &self.0),
            HTTP_BODY => File::from_source(
                name,
                "syntax = \"proto3\"; package google.api; message HttpBody { string content_type = 1; bytes data = 2; }",
            ),
            _ => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// A contract of one file, with its comments, in the package `rapport.<package>.v1`.
pub(crate) fn compile(package: &str, body: &str) -> DescriptorPool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = ChainFileResolver::new();
    files.add(Source(format!(
        "syntax = \"proto3\";\npackage rapport.{package}.v1;\nimport \"google/api/annotations.proto\";\n\
         import \"google/api/httpbody.proto\";\nimport \"google/protobuf/duration.proto\";\n\
         import \"google/protobuf/struct.proto\";\nimport \"google/protobuf/timestamp.proto\";\n\
         import \"rapport/options/v1/options.proto\";\n{body}"
    )));
    files.add(IncludeFileResolver::new(PathBuf::from(root)));
    files.add(IncludeFileResolver::new(root.join("vendor")));
    files.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(files);
    compiler.include_imports(true).include_source_info(true).open_file(NAME).unwrap();
    compiler.descriptor_pool()
}

/// The shipped contract, compiled anew.
pub(crate) fn shipped() -> DescriptorPool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut compiler = Compiler::new([root.to_path_buf(), root.join("vendor")]).unwrap();
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(sources(&root.join("rapport"))).unwrap();
    compiler.descriptor_pool()
}

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
