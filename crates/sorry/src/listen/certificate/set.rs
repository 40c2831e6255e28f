//! All certificates of a process, chosen by the name that the client asks for (SNI, RFC 6066, section 3), and the
//! place where the current set is kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{Certificate, CertificateError, Files, OutOfTime};

/// Never changed after it was made; a reload makes another one.
#[derive(Debug, Default)]
pub struct Certificates {
    list: Vec<Certificate>,
    /// Indices into `list`, by exact name and by what stands behind `*.`, in the order of the list.
    exact: HashMap<String, Vec<usize>>,
    wildcard: HashMap<String, Vec<usize>>,
}

impl Certificates {
    /// The first certificate is the default, for clients that name nobody or somebody unknown.
    pub fn new(list: Vec<Certificate>) -> Self {
        let mut set = Self::default();
        for (index, certificate) in list.iter().enumerate() {
            for name in &certificate.names {
                let (names, key) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut set.wildcard, parent),
                    None => (&mut set.exact, name.as_str()),
                };
                names.entry(key.to_owned()).or_default().push(index);
            }
        }
        set.list = list;
        set
    }

    /// Reads all pairs; every mistake is reported, not only the first.
    pub fn load(
        pairs: &[Files],
        now: SystemTime,
        out_of_time: OutOfTime,
    ) -> Result<Self, Vec<CertificateError>> {
        let mut list = Vec::new();
        let mut errors = Vec::new();
        for files in pairs {
            match Certificate::load(files, now, out_of_time) {
                Ok(certificate) => list.push(certificate),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() {
            Ok(Self::new(list))
        } else {
            Err(errors)
        }
    }

    /// In the order they were configured; for metrics and `status`.
    pub fn iter(&self) -> impl Iterator<Item = &Certificate> {
        self.list.iter()
    }

    /// Whether a certificate is for this very host, the default not counted.
    pub fn covers(&self, host: &str) -> bool {
        !self.candidates(&host.to_ascii_lowercase()).is_empty()
    }

    /// The certificate for a client: of those for the name it asks for (exact before wildcard, else the default) the
    /// first whose key it can verify, so that an ECDSA and an RSA certificate can stand side by side; one whose time is
    /// over or has not begun only where there is no other.
    pub fn choose(
        &self,
        name: Option<&str>,
        schemes: &[SignatureScheme],
        now: SystemTime,
    ) -> Option<&Certificate> {
        let name = name.map(str::to_ascii_lowercase);
        let candidates = name
            .as_deref()
            .map_or(&[][..], |name| self.candidates(name));
        let usable = |index: &&usize| self.usable(**index, schemes);
        let good = |index: &&usize| usable(index) && self.list[**index].is_in_time(now);
        let found = candidates.iter().find(good);
        let found = found.or_else(|| candidates.iter().find(usable));
        let chosen = found.or(candidates.first());
        match chosen {
            Some(index) => self.list.get(*index),
            None => self.list.first(),
        }
    }

    fn candidates(&self, name: &str) -> &[usize] {
        let name = name.strip_suffix('.').unwrap_or(name);
        if let Some(indices) = self.exact.get(name) {
            return indices;
        }
        let parent = name.split_once('.').map(|(_, parent)| parent);
        parent
            .and_then(|parent| self.wildcard.get(parent))
            .map_or(&[], Vec::as_slice)
    }

    fn usable(&self, index: usize, schemes: &[SignatureScheme]) -> bool {
        self.list
            .get(index)
            .is_some_and(|certificate| certificate.key.key.choose_scheme(schemes).is_some())
    }
}

/// Where handshakes find the current set.
#[derive(Debug)]
pub struct Resolver(ArcSwap<Certificates>);

impl Resolver {
    pub fn new(certificates: Certificates) -> Self {
        Self(ArcSwap::from_pointee(certificates))
    }

    /// The set in force.
    pub fn current(&self) -> Arc<Certificates> {
        self.0.load_full()
    }

    /// Puts another set in force; handshakes under way keep theirs.
    pub fn replace(&self, certificates: Certificates) {
        self.0.store(Arc::new(certificates));
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.0.load();
        let schemes = hello.signature_schemes();
        let chosen = current.choose(hello.server_name(), schemes, SystemTime::now());
        chosen.map(|certificate| Arc::clone(&certificate.key))
    }
}
