//! Builds the portal and the widget with npm, in the build's own folder, and lists what came out as Rust.
//!
//! `WEB_DIST` names a root whose `clients` are built already; where it is empty they are left out. Without Node.js, or where npm fails,
//! everything else builds, and the program says what is missing where the portal would be.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest as _, Sha256};

type Fallible<T = ()> = Result<T, Box<dyn Error>>;

/// What the build of the clients reads, from the root of the project.
const SOURCES: [&str; 9] = [
    "buf.yaml",
    "clients/package.json",
    "clients/package-lock.json",
    "clients/tsconfig.base.json",
    "clients/ts",
    "clients/portal",
    "clients/widget",
    "proto/rapport",
    "proto/vendor",
];
/// What is made, not written; copied neither there nor back.
const MADE: [&str; 5] = ["node_modules", "dist", "generated", "e2e", "test"];
/// The folders of what is served: where they are made, and under what path.
const SERVED: [(&str, &str); 3] =
    [("clients/portal/dist", ""), ("clients/widget/dist", ""), ("clients/widget/demo", "demo/")];

fn main() -> Fallible {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-env-changed=WEB_DIST");
    println!("cargo::rerun-if-env-changed=PATH");
    let mut sources = Vec::new();
    for source in SOURCES {
        walk(&root.join(source), &mut sources)?;
    }
    for source in &sources {
        println!("cargo::rerun-if-changed={}", source.display());
    }
    let built = match env::var_os("WEB_DIST") {
        Some(dist) if dist.is_empty() => Err("WEB_DIST is empty: they are left out".into()),
        Some(dist) => {
            for (made, _) in SERVED {
                println!("cargo::rerun-if-changed={}", Path::new(&dist).join(made).display());
            }
            Ok(PathBuf::from(dist))
        }
        None => build(&root, &out.join("web"), &sources),
    };
    let (assets, missing) = match built {
        Ok(place) => (assets(&place, &out.join("packed"))?, None),
        Err(why) => {
            println!("cargo::warning=the portal and the widget are not built: {why}");
            (Vec::new(), Some(why.to_string()))
        }
    };
    let mut text = format!(
        "/// Why there are no files, where there are none: what is to be installed, or what npm said.\n\
         pub const MISSING: Option<&str> = {missing:?};\nstatic ASSETS: &[Asset] = &[\n"
    );
    for asset in assets {
        writeln!(text, "    {asset},")?;
    }
    text.push_str("];\n");
    fs::write(out.join("assets.rs"), text)?;
    Ok(())
}

/// All files below a path, without what is made.
fn walk(path: &Path, found: &mut Vec<PathBuf>) -> Fallible {
    if path.is_file() {
        found.push(path.to_owned());
    } else if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path)?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if !MADE.iter().any(|made| entry.file_name() == *made) {
                walk(&entry.path(), found)?;
            }
        }
    }
    Ok(())
}

/// Copies the sources and builds there, so that nothing is written into the source tree.
fn build(root: &Path, place: &Path, sources: &[PathBuf]) -> Fallible<PathBuf> {
    for program in ["node", "npm"] {
        if Command::new(program).arg("--version").output().is_err() {
            return Err(format!(
                "there is no {program} here: install Node.js 20.19 or newer with npm and build again"
            )
            .into());
        }
    }
    let (clients, mut kept) = (place.join("clients"), Vec::new());
    walk(place, &mut kept)?;
    for old in kept {
        fs::remove_file(old)?;
    }
    for source in sources {
        let copy = place.join(source.strip_prefix(root)?);
        fs::create_dir_all(copy.parent().unwrap_or(place))?;
        fs::copy(source, copy)?;
    }
    let lock = fs::read(clients.join("package-lock.json"))?;
    let installed = clients.join("node_modules/.installed");
    if fs::read(&installed).ok().as_ref() != Some(&lock) {
        npm(&clients, &["ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
        fs::write(installed, lock)?;
    }
    for package in ["ts", "portal", "widget"] {
        npm(&clients, &["run", "--silent", "build", "--workspace", package])?;
    }
    Ok(place.to_owned())
}

fn npm(folder: &Path, arguments: &[&str]) -> Fallible {
    let done = Command::new("npm").args(arguments).current_dir(folder).output()?;
    if done.status.success() {
        return Ok(());
    }
    let said = [&*String::from_utf8_lossy(&done.stdout), &*String::from_utf8_lossy(&done.stderr)].concat();
    let last: Vec<_> = said.lines().rev().filter(|line| !line.trim().is_empty()).take(5).collect();
    Err(format!(
        "npm {} failed: {}",
        arguments.join(" "),
        last.into_iter().rev().collect::<Vec<_>>().join(" | ")
    )
    .into())
}

/// Every file that is served, as a Rust expression.
fn assets(place: &Path, packed: &Path) -> Fallible<Vec<String>> {
    fs::create_dir_all(packed)?;
    let mut served = Vec::new();
    for (folder, prefix) in SERVED {
        let folder = place.join(folder);
        let mut files = Vec::new();
        all(&folder, &mut files)?;
        for file in files {
            let name = file.strip_prefix(&folder)?.to_string_lossy().replace('\\', "/");
            served.push((format!("{prefix}{name}"), file));
        }
    }
    served.sort();
    served
        .iter()
        .filter(|(path, _)| content_type(path).is_some())
        .map(|(path, file)| asset(path, file, packed))
        .collect()
}

fn all(folder: &Path, found: &mut Vec<PathBuf>) -> Fallible {
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { all(&path, found)? } else { found.push(path) }
    }
    Ok(())
}

fn asset(path: &str, file: &Path, packed: &Path) -> Fallible<String> {
    let bytes = fs::read(file)?;
    let hash = hex::encode(&Sha256::digest(&bytes)[..12]);
    let stored = |kind: &str, bytes: &[u8]| {
        let place = packed.join(format!("{hash}.{kind}"));
        fs::write(&place, bytes).map(|()| format!("include_bytes!({:?})", place.display().to_string()))
    };
    let smaller = |kind: &str, small: Vec<u8>| -> Fallible<String> {
        Ok(if small.len() < bytes.len() {
            format!("Some({})", stored(kind, &small)?)
        } else {
            "None".to_owned()
        })
    };
    let (gzip, brotli) = (smaller("gz", gzip(&bytes)?)?, smaller("br", brotli(&bytes)?)?);
    let kind = content_type(path).unwrap_or_default();
    let plain = stored("plain", &bytes)?;
    let hashed = path.contains("assets/");
    Ok(format!(
        "Asset {{ path: {path:?}, content_type: {kind:?}, etag: \"\\\"{hash}\\\"\", hashed: {hashed}, plain: {plain}, gzip: {gzip}, brotli: {brotli} }}"
    ))
}

fn gzip(bytes: &[u8]) -> Fallible<Vec<u8>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes)?;
    Ok(packer.finish()?)
}

fn brotli(bytes: &[u8]) -> Fallible<Vec<u8>> {
    let mut packed = Vec::new();
    brotli::CompressorReader::new(bytes, 64 * 1024, 11, 22).read_to_end(&mut packed)?;
    Ok(packed)
}

/// What a file is; files of other kinds are not served.
fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}
