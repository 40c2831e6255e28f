//! Renders the built-in page without anybody's words in each of its languages and compresses it as far as it goes, so
//! that `sorry serve` has its best bodies from the first request on.
//!
//! The page itself, its sentences and the encoders are the library's own files.

#[path = "src/page/builtin"]
mod builtin {
    pub(crate) mod html;
    pub(crate) mod languages;
}
#[path = "src/page/compress.rs"]
mod compress;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use builtin::html::{self, Shown};
use builtin::languages::LANGUAGES;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for watched in [
        "assets",
        "src/page/builtin",
        "src/page/compress.rs",
        "build.rs",
    ] {
        println!("cargo::rerun-if-changed={watched}");
    }
    let folder = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut table = String::from("[\n");
    for language in &LANGUAGES {
        let body = html::render(language, &Shown::default());
        let name = |ending: &str| folder.join(format!("{}.html{ending}", language.tag));
        write(
            &mut table,
            "Prebuilt {\n    body: &",
            name(""),
            body.as_bytes(),
        )?;
        let gzip = compress::gzip(body.as_bytes()).ok_or("gzip failed")?;
        write(&mut table, ",\n    gzip: &", name(".gz"), &gzip)?;
        let brotli = compress::brotli(body.as_bytes()).ok_or("brotli failed")?;
        write(&mut table, ",\n    br: &", name(".br"), &brotli)?;
        let zstd = compress::zstd(body.as_bytes()).ok_or("zstd failed")?;
        write(&mut table, ",\n    zstd: &", name(".zst"), &zstd)?;
        table.push_str(",\n},\n");
    }
    table.push_str("]\n");
    std::fs::write(folder.join("prebuilt.rs"), table)?;
    Ok(())
}

/// Writes one body to `path` and its inclusion to `table`.
fn write(
    table: &mut String,
    before: &str,
    path: impl AsRef<Path>,
    body: &[u8],
) -> Result<(), Box<dyn std::error::Error>> {
    let path = path.as_ref();
    std::fs::write(path, body)?;
    write!(table, "{before}*include_bytes!({path:?})")?;
    Ok(())
}
