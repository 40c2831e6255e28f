//! The executable: built, or taken as it is; and which versions of the system's libraries it needs.

use std::path::{Path, PathBuf};

use super::printed;
use crate::cargo;
use crate::options::Options;
use crate::steps;

/// The program that is packed.
pub(super) fn built(options: &Options) -> Result<PathBuf, String> {
    if let Some(path) = options.value("--binary") {
        let path = PathBuf::from(path);
        return path
            .canonicalize()
            .map_err(|error| format!("cannot use {}: {error}", path.display()));
    }
    let arguments = [
        "build",
        "--locked",
        "--package",
        "sorry-server",
        "--profile",
        "dist",
    ];
    steps::succeed(&mut cargo::cargo(&arguments)).map_err(|why| format!("cargo build: {why}"))?;
    Ok(cargo::target().join("dist/sorry"))
}

/// The value of `Depends`: the libraries that the program names, with the lowest glibc that has all the symbols it uses.
/// `useradd` is for postinst.
pub(super) fn depends(program: &Path) -> Result<String, String> {
    let headers = printed("objdump", &["-p", &program.to_string_lossy()])?;
    let mut depends = Vec::new();
    for library in libraries(&headers) {
        let package = match library {
            "libgcc_s.so.1" => "libgcc-s1".to_owned(),
            name if is_of_glibc(name) => continue,
            name => return Err(format!("the program needs {name}; add its package here")),
        };
        depends.push(package);
    }
    if let Some((major, minor)) = glibc(&headers) {
        depends.insert(0, format!("libc6 (>= {major}.{minor})"));
    }
    depends.push("passwd".to_owned());
    Ok(depends.join(", "))
}

fn libraries(headers: &str) -> impl Iterator<Item = &str> {
    headers
        .lines()
        .filter_map(|line| line.trim().strip_prefix("NEEDED"))
        .map(str::trim)
}

fn is_of_glibc(library: &str) -> bool {
    ["libc.so.", "libm.so.", "ld-linux"]
        .iter()
        .any(|name| library.starts_with(name))
}

/// The highest version of glibc's symbols that is asked for.
fn glibc(headers: &str) -> Option<(u32, u32)> {
    let versions = headers
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("GLIBC_"));
    versions
        .filter_map(|version| {
            let mut parts = version.split('.');
            let major = parts.next()?.parse().ok()?;
            Some((major, parts.next()?.parse().ok()?))
        })
        .max()
}

#[cfg(test)]
mod tests {
    use super::{glibc, libraries};

    const HEADERS: &str = "
Dynamic Section:
  NEEDED               libgcc_s.so.1
  NEEDED               libc.so.6
  INIT                 0x1000

Version References:
  required from libc.so.6:
    0x09691a75 0x00 05 GLIBC_2.2.5
    0x069691b4 0x00 03 GLIBC_2.34
    0x06969189 0x00 04 GLIBC_2.9
  required from libgcc_s.so.1:
    0x0b792650 0x00 02 GCC_3.0
";

    #[test]
    fn needs_are_read_from_the_headers() {
        let found: Vec<&str> = libraries(HEADERS).collect();
        assert_eq!(found, ["libgcc_s.so.1", "libc.so.6"]);
        assert_eq!(glibc(HEADERS), Some((2, 34)));
        assert_eq!(glibc(""), None);
    }
}
