//! Where this machine keeps the certificate authorities that it trusts: distributions put links into `/etc/ssl` and its like that lead to
//! wherever the files are (`/etc/pki`, `/var/lib/ca-certificates`, `/nix/store`). Told to `paths`, which lets the daemon read them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where they are looked for (`rustls-native-certs` asks `openssl-probe`, which has these).
const USUAL: [&str; 8] = [
    "/etc/ssl",
    "/etc/ssl/certs",
    "/etc/pki/tls",
    "/etc/pki/tls/certs",
    "/etc/openssl",
    "/usr/lib/ssl",
    "/usr/share/ssl",
    "/usr/local/ssl",
];

/// How many entries of a folder are looked at: some hundreds of authorities have two names each.
const ENTRIES: usize = 4096;

/// Files and folders that hold them, as named and as links lead to.
pub(super) fn places() -> Vec<PathBuf> {
    let file = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let folders = std::env::var_os("SSL_CERT_DIR").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&folders)
        .filter(|folder| folder.as_os_str() != "")
        .collect();
    let usual = USUAL.iter().map(PathBuf::from);
    let within = usual.chain(folders.iter().cloned());
    let within = within
        .flat_map(|folder| led_to(&folder))
        .collect::<BTreeSet<_>>();
    file.into_iter().chain(folders).chain(within).collect()
}

/// Where the links in a folder lead: to a folder itself, or to the folder of a file, one for all links that lead there.
fn led_to(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let links = entries.take(ENTRIES).filter(|entry| {
        entry
            .file_type()
            .is_ok_and(|file_type| file_type.is_symlink())
    });
    let real = links.filter_map(|link| fs::canonicalize(link.path()).ok());
    let reached = real.filter_map(|real| match real.is_dir() {
        true => Some(real),
        false => real.parent().map(Path::to_owned),
    });
    // A link to something right below the root opens nothing.
    reached.filter(|path| path.parent().is_some()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_to_where_the_files_are() {
        let tree = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(tree.path()).unwrap();
        let at = |path: &str| root.join(path);
        for folder in ["ssl", "ssl/plain", "pki/extracted", "store/certs"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in [
            "pki/extracted/bundle.pem",
            "pki/extracted/a.pem",
            "ssl/own.pem",
        ] {
            fs::write(at(file), "").unwrap();
        }
        symlink("../pki/extracted/bundle.pem", at("ssl/middle.pem")).unwrap();
        symlink("middle.pem", at("ssl/cert.pem")).unwrap();
        symlink("../pki/extracted/a.pem", at("ssl/a.pem")).unwrap();
        symlink(at("store/certs"), at("ssl/certs")).unwrap();
        symlink(at("nowhere"), at("ssl/broken.pem")).unwrap();
        symlink("/", at("ssl/root")).unwrap();
        let expected = [at("pki/extracted"), at("store/certs")];
        assert_eq!(led_to(&at("ssl")), BTreeSet::from(expected));
        assert_eq!(led_to(&at("missing")), BTreeSet::new());
    }

    #[test]
    fn what_this_machine_trusts_is_within_reach() {
        let bundle = Path::new("/etc/ssl/certs");
        assert!(
            bundle.is_dir(),
            "install ca-certificates; see cargo xtask setup"
        );
        let reached = led_to(bundle);
        let links = fs::read_dir(bundle).unwrap().flatten();
        for link in links.filter_map(|entry| fs::canonicalize(entry.path()).ok()) {
            let within = |folder: &PathBuf| link.starts_with(folder);
            assert!(
                link.starts_with(bundle) || reached.iter().any(within),
                "{}",
                link.display()
            );
        }
    }
}
