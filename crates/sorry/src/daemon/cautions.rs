//! What of the certificates works and is worth a second look: their times, and who is shown which. Told by `sorry check-config`, at the
//! start, at a reload and when certificates are read again; nothing is refused for it
//! (docs/decisions/0011-expired-certificates.md).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::admin::Moment;
use crate::config::plain_file;
use crate::config::{Config, HostPattern, Place, Purpose};
use crate::listen::certificate::{Certificate, Certificates};

/// A certificate that ends sooner should have been renewed by now: those who renew by themselves do so a month before.
const SOON: Duration = Duration::from_secs(21 * 86_400);

/// No certificate is longer.
const LARGEST: u64 = 1 << 20;

/// So many sites without a certificate are named; more of them have one cause.
const SITES_NAMED: usize = 10;

/// Everything, each with its place where there is one.
pub(super) fn all(config: &Config, certificates: &Certificates, now: SystemTime) -> Vec<String> {
    let mut cautions = unused(config);
    cautions.extend(certificates.iter().filter_map(|one| {
        let text = of_time(one, now)?;
        Some(config.told(place(config, one), &text))
    }));
    cautions.extend(rivals(config, certificates, now));
    cautions.extend(uncovered(config, certificates));
    cautions
}

/// A certificate of the admin API that is one for authorities: clients that look refuse it. One that cannot be read is a mistake,
/// which is told elsewhere.
pub(super) fn of_admin(config: &Config) -> Option<String> {
    let path = &config.remote.as_ref()?.certificate.certificate;
    let pem = plain_file::read(path, LARGEST).ok()?.bytes;
    let leaf = CertificateDer::from_pem_slice(&pem).ok()?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&leaf).ok()?;
    let mut files = config.files.iter();
    let named = files.find(|file| file.path == *path);
    parsed.is_ca().then(|| {
        let text = format!(
            "{} is a certificate for authorities (CA:TRUE); `sorry --server` and others do not believe a server that shows one: make one with CA:FALSE",
            path.display()
        );
        config.told(named.map_or(Place::File, |file| file.place), &text)
    })
}

/// What is wrong with the times of a certificate, in words.
pub(super) fn of_time(certificate: &Certificate, now: SystemTime) -> Option<String> {
    let (begin, end) = (certificate.not_before(), certificate.not_after());
    if end < now {
        Some(format!(
            "{certificate} has expired, at {}; it is served all the same, and browsers warn of it",
            Moment::from(end)
        ))
    } else if begin > now {
        Some(format!(
            "{certificate} is not valid before {}; it is served all the same, and browsers warn of it until then",
            Moment::from(begin)
        ))
    } else {
        let left = end.duration_since(now).unwrap_or_default();
        let days = left.as_secs() / 86_400;
        let days = if days == 1 {
            "1 day".to_owned()
        } else {
            format!("{days} days")
        };
        (left < SOON).then(|| format!("{certificate} ends at {}, in {days}", Moment::from(end)))
    }
}

fn place(config: &Config, certificate: &Certificate) -> Place {
    let path = &certificate.files().certificate;
    let mut files = config.files.iter();
    files
        .find(|file| file.purpose == Purpose::Certificate && file.path == *path)
        .map_or(Place::File, |file| file.place)
}

/// Certificates that nobody is shown.
fn unused(config: &Config) -> Vec<String> {
    let spoken = config.listeners.iter().any(|listener| listener.options.tls);
    let mut files = config.files.iter();
    let first = files.find(|file| file.purpose == Purpose::Certificate);
    match first {
        Some(first) if !spoken => vec![config.told(
            first.place,
            "there are certificates, but no listener speaks TLS: none has `tls = true`",
        )],
        _ => Vec::new(),
    }
}

/// Two certificates for one name with keys of one kind: only one of them is ever shown. With keys of two kinds, each client gets
/// the one that it can verify.
fn rivals(config: &Config, certificates: &Certificates, now: SystemTime) -> Vec<String> {
    let mut by_name: BTreeMap<(&str, u8), Vec<&Certificate>> = BTreeMap::new();
    for certificate in certificates.iter() {
        for name in certificate.names() {
            let same = by_name.entry((name.as_str(), certificate.kind_of_key()));
            same.or_default().push(certificate);
        }
    }
    let mut told = Vec::new();
    for ((name, _), holders) in by_name {
        let [first, .., last] = holders[..] else {
            continue;
        };
        let served = holders.iter().find(|one| one.is_in_time(now));
        let served = served.unwrap_or(&first).files().certificate.display();
        let text = format!(
            "{} certificates are for {name}; clients are shown {served}",
            holders.len()
        );
        told.push(config.told(place(config, last), &text));
    }
    told
}

/// Sites that are reached over TLS by a name which no certificate is for.
fn uncovered(config: &Config, certificates: &Certificates) -> Vec<String> {
    let Some(shown) = certificates.iter().next() else {
        return Vec::new();
    };
    let spoken = config
        .listeners
        .iter()
        .filter(|listener| listener.options.tls);
    let mut places = BTreeMap::new();
    for listener in spoken {
        for site in &listener.sites {
            places.entry(*site).or_insert(listener.place);
        }
    }
    let mut told = Vec::new();
    let mut sites = 0;
    for (index, place) in places {
        let Some(site) = config.sites.get(index) else {
            continue;
        };
        let hosts = site.hosts.iter().filter(|host| !covers(certificates, host));
        let hosts: Vec<String> = hosts.map(ToString::to_string).collect();
        if hosts.is_empty() {
            continue;
        }
        sites += 1;
        if sites <= SITES_NAMED {
            let text = format!(
                "{}: no certificate is for {}; clients are shown {shown}, and refuse it",
                config.called(site),
                hosts.join(", ")
            );
            told.push(config.told(place, &text));
        }
    }
    if sites > SITES_NAMED {
        told.push(format!(
            "{} more sites have names that no certificate is for",
            sites - SITES_NAMED
        ));
    }
    told
}

fn covers(certificates: &Certificates, host: &HostPattern) -> bool {
    match host {
        // Clients send no address as a name (RFC 6066, section 3), so that the first certificate is for those.
        HostPattern::Exactly(name) if is_address(name) => true,
        HostPattern::Exactly(name) => certificates.covers(name),
        // One label in the place of the `*`, which is all that a certificate can be for.
        HostPattern::Below(parent) => certificates.covers(&format!("*.{parent}")),
    }
}

fn is_address(name: &str) -> bool {
    name.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::certificate::{Files, OutOfTime};
    use std::path::Path;

    fn write(folder: &Path, file: &str, names: &[&str], from: (i32, u8), to: (i32, u8)) {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(from.0, from.1, 1);
        params.not_after = rcgen::date_time_ymd(to.0, to.1, 1);
        let chain = params.self_signed(&key).unwrap().pem();
        let path = folder.join(file);
        std::fs::write(&path, chain + &key.serialize_pem()).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(path, private).unwrap();
    }

    /// What is told on 2026-06-20 of a file with these certificates and a site with these hosts.
    fn told(folder: &Path, files: &[&str], hosts: &[&str], tls: bool) -> Vec<String> {
        let tables: String = files
            .iter()
            .map(|file| format!("[[tls]]\ncertificate = \"{file}\"\nkey = \"{file}\"\n"))
            .collect();
        let text = format!(
            "{tables}[[site]]\nname = \"shop\"\nhosts = {hosts:?}\n[site.sorry]\n\
             listen = [{{ address = \"127.0.0.1:443\", tls = {tls} }}]\n"
        );
        let zone = jiff::tz::TimeZone::UTC;
        let config = crate::config::parse(&text, "t.toml", folder, &zone).unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_781_913_600);
        let pairs: Vec<Files> = files
            .iter()
            .map(|file| Files {
                certificate: folder.join(file),
                key: folder.join(file),
            })
            .collect();
        let certificates = Certificates::load(&pairs, now, OutOfTime::Served).unwrap();
        let base = format!("{}/", folder.display());
        let all = all(&config, &certificates, now);
        all.iter().map(|text| text.replace(&base, "")).collect()
    }

    #[test]
    fn what_is_worth_a_second_look_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (old, late, new) = ((2025, 1), (2027, 1), (2026, 7));
        write(folder, "good", &["shop.example"], old, late);
        write(folder, "ends", &["shop.example"], old, new);
        write(folder, "over", &["shop.example"], old, (2026, 2));
        write(folder, "early", &["shop.example"], new, late);
        write(folder, "wild", &["*.shop.example"], old, late);
        let shop = &["shop.example"][..];
        let good = &["good"][..];
        for (files, hosts, tls, expected) in [
            (good, shop, true, &[][..]),
            (
                good,
                shop,
                false,
                &[
                    "t.toml:2:15: there are certificates, but no listener speaks TLS: none has `tls = true`",
                ],
            ),
            (
                &["ends"],
                shop,
                true,
                &[
                    "t.toml:2:15: the certificate ends (shop.example) ends at 2026-07-01T00:00:00Z, in 11 days",
                ],
            ),
            (
                &["early"],
                shop,
                true,
                &[
                    "t.toml:2:15: the certificate early (shop.example) is not valid before 2026-07-01T00:00:00Z; it is served all \
                   the same, and browsers warn of it until then",
                ],
            ),
            (
                &["over", "good"],
                shop,
                true,
                &[
                    "t.toml:2:15: the certificate over (shop.example) has expired, at 2026-02-01T00:00:00Z; it is served all \
                     the same, and browsers warn of it",
                    "t.toml:5:15: 2 certificates are for shop.example; clients are shown good",
                ],
            ),
            (
                good,
                &["shop.example", "www.shop.example", "10.0.0.1", "[::1]"],
                true,
                &[
                    "t.toml:8:23: site shop: no certificate is for www.shop.example; clients are shown the certificate good \
                   (shop.example), and refuse it",
                ],
            ),
            (
                &["good", "wild"],
                &["shop.example", "www.shop.example", "*.shop.example"],
                true,
                &[],
            ),
        ] {
            assert_eq!(told(folder, files, hosts, tls), expected, "{files:?}");
        }
    }

    #[test]
    fn an_admin_api_that_shows_an_authority_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[admin]\nlisten = \"127.0.0.1:1\"\ncertificate = \"a.pem\"\nkey = \"a.key\"\ntokens = \"tokens\"\n\
                    [[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\n";
        let zone = jiff::tz::TimeZone::UTC;
        let config = crate::config::parse(text, "t.toml", folder.path(), &zone).unwrap();
        assert_eq!(of_admin(&config), None, "it is not there");
        let key = rcgen::KeyPair::generate().unwrap();
        for (is_ca, expected) in [
            (rcgen::IsCa::NoCa, false),
            (rcgen::IsCa::ExplicitNoCa, false),
            (
                rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained),
                true,
            ),
        ] {
            let mut params = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
            params.is_ca = is_ca;
            let made = params.self_signed(&key).unwrap();
            std::fs::write(folder.path().join("a.pem"), made.pem()).unwrap();
            let told = of_admin(&config);
            let found = told
                .as_ref()
                .is_some_and(|told| told.starts_with("t.toml:3:") && told.contains("(CA:TRUE)"));
            assert_eq!((told.is_some(), found), (expected, expected), "{told:?}");
        }
    }
}
