//! Lists the files of `ui/` so that the page and its modules are part of the binary.
//! Run by cargo; it must not read anything outside `ui/` nor change what it finds.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let folder = Path::new(&root).join("ui");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(&folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if content_type(&name).is_some() && !name.starts_with('.') {
                names.push(name);
            }
        }
    }
    names.sort();
    let mut list = String::from("&[\n");
    for name in names {
        let path = folder.join(&name);
        println!("cargo:rerun-if-changed={}", path.display());
        let kind = content_type(&name).unwrap_or("application/octet-stream");
        list.push_str(&format!("    ({name:?}, {kind:?}, include_bytes!({path:?})),\n"));
    }
    list.push(']');
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("ui_files.rs"), list)
}

/// The kinds of file that the page may consist of; anything else in the folder stays out.
fn content_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit('.').next()? {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}
