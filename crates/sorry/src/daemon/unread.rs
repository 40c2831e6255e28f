//! Files that a refused configuration names: looked at all the same, so that what is wrong with them is told together with what is
//! wrong with its text, and not after it.
//!
//! Only what is known of a file by itself is found here: whether a page renders depends on settings that may be mistaken. Called where
//! a configuration is checked and where a process starts; a daemon that reloads may not read files that it was not started with.

use std::path::Path;
use std::time::SystemTime;

use super::pages;
use super::{entrusted, secrets};
use crate::config::{Code, FileUse, Mistake, Purpose, Report};
use crate::listen::certificate::{Certificates, Files};

/// The same report with what is wrong with the files.
pub fn with_files(refused: Report) -> Report {
    let files = refused.files();
    let mut mistakes = entrusted::of_files(files);
    mistakes.extend(files.iter().filter_map(absent));
    mistakes.extend(files.windows(2).flat_map(pair));
    refused.and(mistakes)
}

/// A page or a robots.txt that is not there or cannot be read.
fn absent(file: &FileUse) -> Option<Mistake> {
    let why = match file.purpose {
        Purpose::Page => {
            let error = std::fs::metadata(&file.path).err()?;
            format!("cannot read {}: {error}", file.path.display())
        }
        Purpose::Robots => pages::read_robots(&file.path).err()?,
        _ => return None,
    };
    let mistake = Mistake::new(Code::BadFile, file.place, why).inside(&file.path, None);
    Some(match file.path.exists() {
        true => mistake,
        false => mistake.hint(
            "check the path; a relative one is taken from the folder of the configuration file",
        ),
    })
}

/// A certificate with its key, which are named one after the other.
fn pair(named: &[FileUse]) -> Vec<Mistake> {
    let [certificate, key] = named else {
        return Vec::new();
    };
    if (certificate.purpose, key.purpose) != (Purpose::Certificate, Purpose::PrivateKey) {
        return Vec::new();
    }
    let files = Files {
        certificate: certificate.path.clone(),
        key: key.path.clone(),
    };
    let loaded = Certificates::load(&[files], SystemTime::now(), secrets::OUT_OF_TIME);
    let place = |path: &Path| match path == key.path {
        true => key.place,
        false => certificate.place,
    };
    let told = loaded.err().unwrap_or_default().into_iter().map(|error| {
        let mistake = Mistake::new(Code::BadFile, place(&error.file), error.to_string());
        mistake.inside(&error.file, None)
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    /// They used to be told only after every mistake in the text was mended.
    #[test]
    fn mistakes_in_files_are_told_with_those_in_the_text() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, mode| {
            let path = folder.path().join(name);
            fs::write(&path, "word\n").unwrap();
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        write("open", 0o644);
        write("good", 0o600);
        write("ca.pem", 0o644);
        let text = "[[site]]\nname = \"shop\"\n\
                    sorry.listen = [\"127.0.0.1:80800\"]\n\
                    sorry.page = \"nowhere.html\"\n\
                    sorry.robots = \"nowhere.txt\"\n\
                    check.https = { ca = \"ca.pem\" }\n\
                    [[site.real-server]]\naddress = \"10.0.0.1:80\"\n\
                    [[tls]]\n\
                    certificate = \"a.pem\"\n\
                    key = \"good\"\n\
                    [[alert]]\nname = \"hook\"\n\
                    webhook = { url = \"http://127.0.0.1:1/\", secret-file = \"open\" }\n\
                    [[alert]]\nname = \"page\"\n\
                    exec = [\"/nowhere/page\"]\n\
                    [[alert]]\nname = \"chat\"\n\
                    slack.url-file = \"good\"\n";
        let zone = jiff::tz::TimeZone::UTC;
        let refused = crate::config::parse(text, "t.toml", folder.path(), &zone).unwrap_err();
        assert_eq!(refused.mistakes().len(), 1);
        let all = with_files(refused).to_json();
        let all = all["mistakes"].as_array().unwrap().iter();
        let lines: Vec<String> = all
            .map(|mistake| format!("{} {}", mistake["line"], mistake["code"].as_str().unwrap()))
            .collect();
        let expected = [
            "3 invalid",
            "4 bad-file",
            "5 bad-file",
            "6 bad-file",
            "10 bad-file",
            "11 bad-file",
            "14 bad-file",
            "17 bad-file",
        ];
        assert_eq!(lines, expected);
    }

    /// A line that is no TOML may be half of what was meant.
    #[test]
    fn files_of_a_text_that_is_not_toml_are_left_alone() {
        let text =
            "[[site]]\nname = \"shop\"\nsorry.page = \"nowhere\nsorry.robots = \"nowhere.txt\"\n";
        let zone = jiff::tz::TimeZone::UTC;
        let refused = crate::config::parse(text, "t.toml", Path::new("/"), &zone).unwrap_err();
        let before = refused.mistakes().len();
        assert_eq!(with_files(refused).mistakes().len(), before);
    }
}
