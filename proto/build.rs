//! Turns the contract under `proto/` into Rust: messages, clients and servers, validation, the tables of methods and reasons;
//! and into its description for others: `OpenAPI` and a page.
//! Needs neither `protoc` nor a network. A contract with an rpc, a field or a reason that is not fully annotated does not build.

#[path = "build/comments.rs"]
mod comments;
#[path = "build/constrain.rs"]
mod constrain;
#[path = "build/docs.rs"]
mod docs;
#[path = "build/docs_types.rs"]
mod docs_types;
#[path = "build/emit.rs"]
mod emit;
#[path = "build/openapi.rs"]
mod openapi;
#[path = "build/problem.rs"]
mod problem;
#[path = "build/prose.rs"]
mod prose;
#[path = "build/read.rs"]
mod read;
#[path = "build/refuse.rs"]
mod refuse;
#[path = "build/schema.rs"]
mod schema;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        // Returned from `main` it would be shown in one line, with its line breaks escaped.
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    watch(&["build.rs", "build", "rapport", "vendor"]);
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = Vec::new();
    collect(Path::new("rapport"), &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([".", "vendor"])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    let pool = compiler.descriptor_pool();
    let contract = read::Contract::read(&pool);
    let faults = refuse::faults(&contract);
    if !faults.is_empty() {
        return Err(format!("the contract is not complete:\n  {}", faults.join("\n  ")).into());
    }
    fs::write(out_dir.join("validation.rs"), emit::validation(&contract, &pool))?;
    fs::write(out_dir.join("tables.rs"), emit::tables(&contract))?;
    let comments = comments::Comments::read(&pool);
    fs::write(out_dir.join("openapi.json"), openapi::document(&contract, &comments).to_string())?;
    fs::write(out_dir.join("docs.html"), docs::page(&contract, &comments))?;

    let mut set = compiler.file_descriptor_set();
    // The HTTP annotations are read above; as Rust types nobody needs them.
    set.file.retain(|file| file.package() != "google.api" || file.name().ends_with("httpbody.proto"));
    tonic_prost_build::configure()
        .codec_path("crate::codec::ContractCodec")
        .include_file("messages.rs")
        .compile_fds(set)?;

    // Only this encoding keeps the annotations; the comments are left out, they are two thirds of it.
    compiler.include_source_info(false);
    fs::write(out_dir.join("contract.binpb"), compiler.encode_file_descriptor_set())?;
    Ok(())
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            into.push(path);
        }
    }
    Ok(())
}

fn watch(paths: &[&str]) {
    for path in paths {
        println!("cargo::rerun-if-changed={path}");
    }
}
