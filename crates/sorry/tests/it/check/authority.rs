//! A certificate authority of the test's own, and what it signs.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};

/// An authority; its certificate is in a file.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
    /// Its own certificate.
    pub(super) file: PathBuf,
}

/// Whether a certificate is good today.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Good,
    Over,
}

impl Authority {
    pub(super) fn new(folder: &Path, name: &str) -> Authority {
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority");
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, issuer.pem()).expect("write the authority");
        Authority {
            issuer,
            folder: folder.to_owned(),
            file,
        }
    }

    /// A certificate for a name, and its key: two files.
    pub(super) fn sign(&self, name: &str, time: Time) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.not_after = match time {
            Time::Good => date_time_ymd(2100, 1, 1),
            Time::Over => date_time_ymd(2020, 1, 1),
        };
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.issuer).expect("sign");
        let [certificate, secret] = ["crt", "key"].map(|end| {
            let state = if time == Time::Good { "good" } else { "over" };
            self.folder.join(format!("{name}-{state}.{end}"))
        });
        std::fs::write(&certificate, signed.pem()).expect("write the certificate");
        write_secret(&secret, &key.serialize_pem());
        (certificate, secret)
    }
}

fn write_secret(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).expect("write the key");
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, mode).expect("close the key");
}
