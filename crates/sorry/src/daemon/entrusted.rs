//! Files that others must not read, and programs that others must not change: looked at before a configuration is in force, and
//! told with the place that names them. Nothing is kept; whoever uses such a file reads it then.
//!
//! The certificates of sites are `secrets`' business.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::secrets;
use crate::admin::token::{Tokens, TokensError};
use crate::config::check::{Kind, TlsClient};
use crate::config::plain_file;
use crate::config::{Code, Config, FileUse, Mistake, Purpose};
use crate::kernel::SHORTEST_SECRET;
use crate::listen::certificate::{Certificates, Files};

/// The largest file of secrets or authorities that is read; those of a whole system are some 200 KiB.
const LARGEST: u64 = 4 << 20;

/// All that is wrong with them.
pub(super) fn mistakes(config: &Config) -> Vec<Mistake> {
    let mut mistakes = of_files(&config.files);
    mistakes.extend(identities(config));
    mistakes
}

/// The same of those that need no more than their names: all but certificates.
pub(super) fn of_files(files: &[FileUse]) -> Vec<Mistake> {
    let mut seen = HashSet::new();
    let each = files
        .iter()
        .filter(|file| seen.insert((file.place, file.purpose as u8, &file.path)));
    let mistakes = each.filter_map(|file| {
        let (what, hint) = match file.purpose {
            Purpose::Tokens => return tokens(file),
            Purpose::Secret => secret(&file.path).err()?,
            Purpose::KernelKey => kernel_key(&file.path).err()?,
            Purpose::Authority => authority(&file.path).err()?,
            Purpose::Program => program(&file.path).err()?,
            _ => return None,
        };
        Some(told(file, &what, hint))
    });
    mistakes.collect()
}

/// What is wrong, and how to mend it.
type Wrong = (String, &'static str);

fn told(file: &FileUse, what: &str, hint: &str) -> Mistake {
    let message = format!("{}: {what}", file.path.display());
    let mistake = Mistake::new(Code::BadFile, file.place, message).inside(&file.path, None);
    match hint {
        "" => mistake,
        hint => mistake.hint(hint),
    }
}

/// A password, key or secret URL.
fn secret(path: &Path) -> Result<(), Wrong> {
    let contents = plain_file::read(path, LARGEST).map_err(|error| unreadable(&error))?;
    let mode = contents.mode;
    let lines = contents.bytes.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.trim_ascii().is_empty()).count();
    // Before its mode: whoever named the wrong file must not be told to close it to others.
    if lines > 1 {
        let what = format!("it has {lines} lines, and a secret is one");
        return Err((
            what,
            "is this the right file? it should hold the secret alone, as its owner gave it out",
        ));
    }
    if mode & 0o006 != 0 {
        let what = format!("it is a secret, and open to everybody (mode {mode:04o})");
        return Err((what, "run `chmod o-rwx` on it"));
    }
    match contents.bytes.trim_ascii().is_empty() {
        true => Err((
            "there is nothing in it".to_owned(),
            "put the secret into it, on one line",
        )),
        false => Ok(()),
    }
}

/// Any bytes, but enough of them.
fn kernel_key(path: &Path) -> Result<(), Wrong> {
    const HINT: &str = "run `head -c 32 /dev/urandom` into it, and `chmod 600` on it";
    let contents = plain_file::read(path, LARGEST).map_err(|error| unreadable(&error))?;
    if contents.mode & 0o006 != 0 {
        let what = format!(
            "it is a secret, and open to everybody (mode {:04o})",
            contents.mode
        );
        return Err((what, "run `chmod o-rwx` on it"));
    }
    match contents.bytes.len() {
        length if length < SHORTEST_SECRET => Err((
            format!("it has {length} bytes, and a key needs {SHORTEST_SECRET}"),
            HINT,
        )),
        _ => Ok(()),
    }
}

/// The tokens of the admin API, read as they will be: a reload that is told as done has revoked every token whose line is gone, so
/// one that could not do so is refused here, with the place.
fn tokens(file: &FileUse) -> Option<Mistake> {
    let mut line = None;
    let (what, hint) = match Tokens::read(&file.path).err()? {
        TokensError::Unreadable { source, .. } => unreadable(&source),
        TokensError::OpenToOthers { mode, .. } => (
            format!(
                "it says who may give orders, and others may read or change it (mode {mode:04o})"
            ),
            "run `chmod 640` on it, and give it the daemon's group",
        ),
        TokensError::Line { line: at, what, .. } => {
            line = Some(at);
            let what = format!("line {at}: {what}");
            (
                what,
                "a line is as `sorry token NAME --role reader` prints it",
            )
        }
        TokensError::Empty(_) => (
            "there is no token in it".to_owned(),
            "`sorry token NAME --role reader` makes one; to revoke all of them, take `listen`, `certificate`, `key` and `tokens` \
             out and restart sorry",
        ),
        TokensError::Random(error) => (error.to_string(), ""),
    };
    Some(told(file, &what, hint).inside(&file.path, line))
}

fn unreadable(error: &plain_file::PlainFileError) -> Wrong {
    let hint = match error.is_absent() {
        true => "check the path; a relative one is taken from the folder of the configuration file",
        false => "",
    };
    (format!("cannot read it: {error}"), hint)
}

/// Authorities in PEM.
fn authority(path: &Path) -> Result<(), Wrong> {
    let contents = plain_file::read(path, LARGEST).map_err(|error| unreadable(&error))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&contents.bytes).collect();
    match found {
        Ok(found) if found.is_empty() => Err((
            "there is no certificate in it".to_owned(),
            "it should hold those of the authorities, in PEM",
        )),
        Ok(_) => Ok(()),
        Err(error) => Err((format!("it is not PEM: {error}"), "")),
    }
}

/// A program that is run with our rights, so that nobody but root may exchange it.
fn program(path: &Path) -> Result<(), Wrong> {
    let found = std::fs::metadata(path).map_err(|error| (format!("cannot be run: {error}"), ""))?;
    let mode = found.mode() & 0o7777;
    if !found.is_file() {
        return Err(("cannot be run: it is no file".to_owned(), ""));
    }
    if mode & 0o111 == 0 {
        let what = format!("cannot be run: nobody may execute it (mode {mode:04o})");
        return Err((what, "run `chmod +x` on it"));
    }
    if found.uid() != 0 {
        let what = format!("is not run: it belongs to the user {}", found.uid());
        return Err((
            what,
            "whoever can change it could do what Sorry can: run `chown root` on it",
        ));
    }
    if mode & 0o022 != 0 {
        let what = format!("is not run: others than its owner may change it (mode {mode:04o})");
        return Err((
            what,
            "whoever can change it could do what Sorry can: run `chmod go-w` on it",
        ));
    }
    // What whoever runs it will look at: its folders, and where its links lead.
    crate::program::trusted(path).map(drop).map_err(|why| {
        let what = format!("is not run: {why}");
        (what, "whoever can change that could do what Sorry can")
    })
}

/// Certificates of our own that no site shows: those of checks, and of the admin API.
fn identities(config: &Config) -> Vec<Mistake> {
    let mut pairs: Vec<Files> = Vec::new();
    let checks = config.sites.iter().flat_map(|site| &site.reals);
    let clients = checks
        .flat_map(|real| &real.checks)
        .filter_map(|check| client(&check.kind));
    let of_checks = clients.filter_map(|client| client.identity.as_ref());
    let of_admin = config.remote.iter().map(|remote| &remote.certificate);
    let of_checks = of_checks.map(|(certificate, key)| (certificate, key));
    let of_admin = of_admin.map(|pair| (&pair.certificate, &pair.key));
    let mut seen = HashSet::new();
    for (certificate, key) in of_checks.chain(of_admin) {
        if seen.insert((certificate, key)) {
            pairs.push(Files {
                certificate: certificate.clone(),
                key: key.clone(),
            });
        }
    }
    if pairs.is_empty() {
        return Vec::new();
    }
    match Certificates::load(&pairs, SystemTime::now(), secrets::OUT_OF_TIME) {
        Ok(_) => Vec::new(),
        Err(errors) => errors
            .iter()
            .map(|error| secrets::told(config, error))
            .collect(),
    }
}

fn client(kind: &Kind) -> Option<&TlsClient> {
    match kind {
        Kind::Http(http) => http.tls.as_ref(),
        Kind::Tls(client, _) => Some(client),
        Kind::Grpc(grpc) => grpc.tls.as_ref(),
        Kind::Smtp(smtp) => smtp.tls.as_deref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    fn said(result: Result<(), Wrong>) -> String {
        result.err().map(|(what, _)| what).unwrap_or_default()
    }

    #[test]
    fn what_others_may_read_is_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert!(said(secret(&path)).starts_with("cannot read it: "));
        for (contents, mode, expected) in [
            ("word\n", 0o600, ""),
            ("word\n", 0o640, ""),
            (
                "word\n",
                0o644,
                "it is a secret, and open to everybody (mode 0644)",
            ),
            (
                "word\n",
                0o602,
                "it is a secret, and open to everybody (mode 0602)",
            ),
            (" \n", 0o600, "there is nothing in it"),
            ("word\n\n", 0o600, ""),
            (
                "root:x:0:0::/:\nbin:x:1:1::/:\n",
                0o644,
                "it has 2 lines, and a secret is one",
            ),
        ] {
            fs::write(&path, contents).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(said(secret(&path)), expected, "{mode:o}");
        }
    }

    #[test]
    fn tokens_are_read_before_they_are_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let text = "[admin]\nlisten = \"127.0.0.1:1\"\ncertificate = \"a\"\nkey = \"b\"\ntokens = \"tokens\"\n\
                    [[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\n";
        let zone = jiff::tz::TimeZone::UTC;
        let config = crate::config::parse(text, "t.toml", folder.path(), &zone).unwrap();
        let uses = || config.files.iter();
        let file = uses().find(|file| file.purpose == Purpose::Tokens).unwrap();
        let role = crate::admin::Role::Operator;
        let good = crate::admin::token::make("deploy", role).unwrap().line;
        for (contents, mode, expected) in [
            (good.clone(), 0o640, None),
            (good.clone(), 0o660, Some("others may read or change it")),
            (good.clone(), 0o644, Some("others may read or change it")),
            (
                "# all revoked\n".to_owned(),
                0o640,
                Some("there is no token in it"),
            ),
            (
                format!("# one\n{}", &good[1..]),
                0o640,
                Some("line 2: it begins with neither"),
            ),
        ] {
            fs::write(&path, &contents).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let Some(expected) = expected else {
                assert_eq!(tokens(file).map(|_| ()), None, "{contents}");
                continue;
            };
            let mistakes: Vec<Mistake> = tokens(file).into_iter().collect();
            let report = config.report(mistakes).unwrap().to_json().to_string();
            assert!(report.contains(expected), "{contents} {mode:o}: {report}");
        }
        // The daemon does not take them either.
        fs::set_permissions(&path, Permissions::from_mode(0o660)).unwrap();
        assert!(Tokens::read(&path).is_err());
    }

    #[test]
    fn what_others_may_change_is_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        assert!(said(program(&path)).starts_with("cannot be run: No such file"));
        assert_eq!(said(program(folder.path())), "cannot be run: it is no file");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        let owner = fs::metadata(&path).unwrap().uid();
        for (mode, expected) in [
            (0o755, ""),
            (0o644, "cannot be run: nobody may execute it (mode 0644)"),
            (
                0o775,
                "is not run: others than its owner may change it (mode 0775)",
            ),
            (
                0o757,
                "is not run: others than its owner may change it (mode 0757)",
            ),
        ] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let expected = match (owner, mode & 0o111) {
                (0, _) | (_, 0) => expected.to_owned(),
                (owner, _) => format!("is not run: it belongs to the user {owner}"),
            };
            assert_eq!(said(program(&path)), expected, "{mode:o}");
        }
        // A program of the system's is root's wherever tests run.
        assert_eq!(said(program(Path::new("/bin/true"))), "");
    }

    #[test]
    fn authorities_are_certificates() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        fs::write(&path, "nothing\n").unwrap();
        assert_eq!(said(authority(&path)), "there is no certificate in it");
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["ca.example".to_owned()]).unwrap();
        fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
        assert_eq!(said(authority(&path)), "");
    }

    #[test]
    fn mistakes_stand_at_the_line_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\n\
                    check.exec = { command = [\"/nowhere/check\"] }\n\
                    [[site.real-server]]\naddress = \"10.0.0.1:80\"\n\
                    [[site.real-server]]\naddress = \"10.0.0.2:80\"\n\
                    [[alert]]\nname = \"ops\"\nslack.url-file = \"slack.url\"\n\
                    [admin]\nlisten = \"127.0.0.1:1\"\ncertificate = \"a.crt\"\nkey = \"a.key\"\ntokens = \"tokens\"\n";
        let zone = jiff::tz::TimeZone::UTC;
        let config = crate::config::parse(text, "t.toml", folder.path(), &zone).unwrap();
        let report = config.report(mistakes(&config)).unwrap();
        let lines: Vec<String> = report.to_json()["mistakes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|mistake| format!("{} {}", mistake["line"], mistake["code"].as_str().unwrap()))
            .collect();
        // The program once, though two real servers are checked with it; certificate and key are two mistakes.
        let expected = [
            "4 bad-file",
            "11 bad-file",
            "14 bad-file",
            "15 bad-file",
            "16 bad-file",
        ];
        let mut sorted = lines.clone();
        sorted.sort_by_key(|line| {
            line.split(' ')
                .next()
                .and_then(|line| line.parse::<u32>().ok())
        });
        assert_eq!(sorted, expected);
    }
}
