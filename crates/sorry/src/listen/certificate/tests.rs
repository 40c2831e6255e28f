//! Certificates: good pairs, every kind of bad one, and the choice by name.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rcgen::{CertificateParams, KeyPair};
use rustls::SignatureScheme;

use super::*;

/// A self-signed pair for some names, good from 1975 to 4096, as PEM.
pub(in crate::listen) fn pair(names: &[&str]) -> (String, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// Writes a pair, the key for its owner alone.
pub(in crate::listen) fn write(
    folder: &Path,
    name: &str,
    (chain, key): &(String, String),
) -> Files {
    let files = Files {
        certificate: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
    };
    fs::write(&files.certificate, chain).unwrap();
    fs::write(&files.key, key).unwrap();
    set_mode(&files.key, 0o600);
    files
}

/// A certificate of a pair that has no files.
pub(in crate::listen) fn made(chain: &str, key: &str) -> Certificate {
    let files = Files {
        certificate: "c".into(),
        key: "k".into(),
    };
    let chain = Chain::parse(chain.as_bytes()).unwrap();
    Certificate::join(&files, chain, parse_key(key.as_bytes()).unwrap()).unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn load(files: &Files) -> Result<Certificate, Vec<CertificateError>> {
    Certificate::load(files, SystemTime::now(), OutOfTime::Refused)
}

/// The one thing that is wrong with a pair.
fn refused(files: &Files) -> CertificateError {
    let mut errors = load(files).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

#[test]
fn a_good_pair_says_what_it_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(
        folder.path(),
        "shop",
        &pair(&["Shop.example", "*.shop.example"]),
    );
    let certificate = load(&files).unwrap();
    assert_eq!(certificate.names(), ["shop.example", "*.shop.example"]);
    assert!(certificate.not_after() > SystemTime::now());
    assert_eq!(certificate.files(), &files);
}

#[test]
fn one_file_may_hold_both() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = pair(&["shop.example"]);
    let path = folder.path().join("both.pem");
    fs::write(&path, chain + &key).unwrap();
    set_mode(&path, 0o640);
    load(&Files {
        certificate: path.clone(),
        key: path,
    })
    .unwrap();
}

#[test]
fn mistakes_name_the_file_and_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = pair(&["shop.example"]);
    let other_key = pair(&["shop.example"]).1;
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old_encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIB\n-----END RSA PRIVATE KEY-----\n";
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let bad_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let cut = &chain[..chain.len() - 30];
    for (chain, key, file, expected) in [
        (
            chain.as_str(),
            other_key.as_str(),
            "x.key",
            "does not belong to the first certificate",
        ),
        (&chain, encrypted, "x.key", "is encrypted"),
        (&chain, old_encrypted, "x.key", "is encrypted"),
        (&chain, &chain, "x.key", "holds no private key"),
        (&chain, bad_key, "x.key", "cannot be used"),
        (&key, &key, "x.pem", "holds no certificate"),
        ("", &key, "x.pem", "holds no certificate"),
        (garbage, &key, "x.pem", "cannot be understood"),
        (cut, &key, "x.pem", "not readable as PEM"),
    ] {
        let files = write(folder.path(), "x", &(chain.to_owned(), key.to_owned()));
        let error = refused(&files);
        let text = error.to_string();
        assert!(text.contains(expected), "{text}");
        assert_eq!(error.file, folder.path().join(file), "{text}");
    }
}

#[test]
fn a_pair_that_is_swapped_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = pair(&["shop.example"]);
    let files = write(folder.path(), "x", &(key, chain));
    set_mode(&files.key, 0o644);
    let error = refused(&files);
    let text = error.to_string();
    assert!(
        text.ends_with("x.key is the certificate: the two are swapped"),
        "{text}"
    );
    assert_eq!(error.file, files.certificate);
}

#[test]
fn der_is_told_with_the_command_that_makes_pem() {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["shop.example".to_owned()]);
    let certificate = certificate.unwrap().self_signed(&key).unwrap();
    let files = write(folder.path(), "x", &pair(&["shop.example"]));
    fs::write(&files.certificate, certificate.der()).unwrap();
    fs::write(&files.key, key.serialize_der()).unwrap();
    let errors = Certificate::load(&files, SystemTime::now(), OutOfTime::Served).unwrap_err();
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let (certificate, key) = (files.certificate.display(), files.key.display());
    assert!(
        told[0].contains(&format!(
            "`openssl x509 -inform der -in {certificate} -out "
        )),
        "{told:?}"
    );
    assert!(
        told[1].contains(&format!("`openssl pkey -inform der -in {key} -out ")),
        "{told:?}"
    );
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = write(folder.path(), "x", &pair(&["shop.example"]));
    set_mode(&files.key, 0o644);
    let text = refused(&files).to_string();
    assert!(text.contains("open to everybody (mode 0644)"), "{text}");
    set_mode(&files.key, 0o640);
    load(&files).unwrap();
    files.key = folder.path().join("absent.key");
    let text = refused(&files).to_string();
    assert!(
        text.contains("absent.key: cannot be read: No such file"),
        "{text}"
    );
    let errors = |files: &Files| {
        let errors = load(files).unwrap_err();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    // A mistake in the one file does not hide that of the other.
    files.certificate = folder.path().to_owned();
    let found = errors(&files);
    assert!(
        found[0].contains("is a folder") && found[1].contains("absent.key"),
        "{found:?}"
    );
    files.key = folder.path().join("x.key");
    fs::write(folder.path().join("long"), "x".repeat(1 << 21)).unwrap();
    for (certificate, expected) in [
        (folder.path().to_owned(), "is a folder"),
        ("/dev/zero".into(), "is a device"),
        (folder.path().join("long"), "longer than 1 MiB"),
    ] {
        files.certificate = certificate;
        let text = refused(&files).to_string();
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_certificate_out_of_time_is_refused_or_served() {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2020, 2, 1);
    let chain = params.self_signed(&key).unwrap().pem();
    let files = write(folder.path(), "x", &(chain, key.serialize_pem()));
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let within = at(1_579_000_000);
    let after = at(1_580_515_200 + 3 * 86_400);
    let before = at(1_577_836_800 - 86_400);
    Certificate::load(&files, within, OutOfTime::Refused).unwrap();
    let text = |now| Certificate::load(&files, now, OutOfTime::Refused).unwrap_err()[0].to_string();
    assert!(
        text(after).contains("expired 3 days ago"),
        "{}",
        text(after)
    );
    assert!(text(before).contains("only in 1 day"), "{}", text(before));
    let certificate = Certificate::load(&files, after, OutOfTime::Served).unwrap();
    assert_eq!(certificate.not_after(), at(1_580_515_200));
}

fn set(lists: &[&[&str]]) -> Certificates {
    let certificate = |names: &&[&str]| {
        let (chain, key) = pair(names);
        made(&chain, &key)
    };
    Certificates::new(lists.iter().map(certificate).collect())
}

#[test]
fn names_choose_the_certificate() {
    let set = set(&[
        &["default.example"],
        &["shop.example", "*.shop.example"],
        &["deep.shop.example"],
    ]);
    let schemes = [SignatureScheme::ECDSA_NISTP256_SHA256];
    for (name, expected) in [
        (None, "default.example"),
        (Some("unknown.example"), "default.example"),
        (Some("shop.example"), "shop.example"),
        (Some("SHOP.Example"), "shop.example"),
        (Some("shop.example."), "shop.example"),
        (Some("www.shop.example"), "shop.example"),
        (Some("deep.shop.example"), "deep.shop.example"),
        (Some("a.b.shop.example"), "default.example"),
        (Some("*.shop.example"), "shop.example"),
        (Some(""), "default.example"),
        (Some("."), "default.example"),
    ] {
        let chosen = set.choose(name, &schemes, SystemTime::now()).unwrap();
        assert_eq!(chosen.names()[0], expected, "{name:?}");
    }
    assert!(set.covers("www.shop.example"));
    assert!(!set.covers("unknown.example"));
    let none = Certificates::default();
    assert!(none.choose(None, &schemes, SystemTime::now()).is_none());
}

#[test]
fn of_two_for_one_name_the_client_gets_the_one_it_can_verify() {
    let certificate = |name: &str, algorithm| {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let chain = params.self_signed(&key).unwrap().pem();
        made(&chain, &key.serialize_pem())
    };
    let set = Certificates::new(vec![
        certificate("default.example", &rcgen::PKCS_ECDSA_P256_SHA256),
        certificate("shop.example", &rcgen::PKCS_ECDSA_P256_SHA256),
        certificate("shop.example", &rcgen::PKCS_ED25519),
    ]);
    let choose = |scheme| {
        let chosen = set.choose(Some("shop.example"), &[scheme], SystemTime::now());
        let chosen = chosen.unwrap();
        set.iter()
            .position(|certificate| std::ptr::eq(certificate, chosen))
    };
    assert_eq!(choose(SignatureScheme::ECDSA_NISTP256_SHA256), Some(1));
    assert_eq!(choose(SignatureScheme::ED25519), Some(2));
    assert_eq!(choose(SignatureScheme::RSA_PSS_SHA256), Some(1));
}

#[test]
fn of_two_for_one_name_the_one_that_is_in_time_is_shown() {
    let certificate = |from: i32, to: i32| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        let chain = params.self_signed(&key).unwrap().pem();
        made(&chain, &key.serialize_pem())
    };
    let set = Certificates::new(vec![
        certificate(2000, 2001),
        certificate(2020, 2030),
        certificate(2010, 2040),
    ]);
    let schemes = [SignatureScheme::ECDSA_NISTP256_SHA256];
    // Seconds of 2000-07, 2012, 2026 and 2050.
    for (seconds, expected) in [
        (962_409_600, 0),
        (1_325_376_000, 2),
        (1_767_225_600, 1),
        (2_524_608_000, 0),
    ] {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let chosen = set.choose(Some("shop.example"), &schemes, now).unwrap();
        let at = set.iter().position(|known| std::ptr::eq(known, chosen));
        assert_eq!(at, Some(expected), "{seconds}");
    }
}
