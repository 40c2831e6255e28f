//! What the kernel tells of requests that it answered: one of so many, written into the access log beside those of user space, and counted by
//! crawler as so many.

use std::time::{SystemTime, UNIX_EPOCH};

use sorry_core::answer::crawler;
use sorry_core::answer::template::ID_WIDTH;
use sorry_core::host::{self, Authority};

use super::thread::Thread;
use crate::count::{Protocol, access};
use crate::kernel::Sample;

/// Requests that are taken in at a look: as many as the ring holds. What finds no room there is counted.
const MOST: usize = 2048;

impl Thread {
    /// Writes down what the kernel has told since the last look.
    pub(super) fn tell_samples(&mut self) {
        let every = self
            .subjects
            .as_ref()
            .map_or(0, |subjects| subjects.terms.sample);
        let moment = self.now();
        let mut samples = Vec::new();
        for node in &mut self.nodes {
            if let Some((_, responder)) = &mut node.attached {
                samples.extend(responder.samples(MOST, moment));
            }
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_secs());
        for sample in &samples {
            let Some(told) = Told::read(&sample.head) else {
                continue;
            };
            if let (Some(site), Some(crawler)) =
                (&sample.site, told.user_agent.and_then(crawler::named_in))
            {
                // The set behind those of the workers is this thread's.
                if let Some(own) = self.gauges.sites.named(site).last() {
                    own.crawler(crawler).add(every.into());
                }
            }
            if let Some(log) = &mut self.gauges.log {
                let authority = told.host.map(host::parse);
                log.record(&entry(sample, &told, authority.as_ref(), now));
            }
        }
    }
}

fn entry<'s>(
    sample: &'s Sample,
    told: &Told<'s>,
    authority: Option<&'s Authority>,
    now: u64,
) -> access::Entry<'s> {
    access::Entry {
        unix_seconds: now,
        client: Some(sample.client),
        host: match authority {
            Some(Authority::Named(host)) => Some(host.as_str()),
            _ => None,
        },
        site: sample.site.as_deref().unwrap_or("-"),
        // The kernel has one page for every name.
        host_known: None,
        method: told.method,
        target: told.target,
        protocol: told.protocol,
        status: sample.status,
        bytes: sample.bytes,
        referer: told.referer,
        user_agent: told.user_agent,
        // The kernel gives none.
        id: [b'0'; ID_WIDTH],
        answer: "kernel",
        retry_after: sample.retry_after,
    }
}

/// What the first bytes of a request tell: they may end anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told<'s> {
    method: &'s [u8],
    target: &'s [u8],
    protocol: Protocol,
    host: Option<&'s [u8]>,
    referer: Option<&'s [u8]>,
    user_agent: Option<&'s [u8]>,
}

impl<'s> Told<'s> {
    /// Nothing where it is no request: a later part of one may look like its begin to the kernel, and is nobody's business.
    fn read(head: &'s [u8]) -> Option<Told<'s>> {
        let mut lines = head
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let mut words = lines.next()?.split(|byte| *byte == b' ');
        let method = words.next().filter(|word| is_method(word))?;
        let target = words.next().filter(|word| is_target(word))?;
        let protocol = match (words.next(), lines.clone().next()) {
            (Some(b"HTTP/1.0"), _) => Protocol::Http10,
            (Some(b"HTTP/1.1" | b"HTTP/2.0"), _) => Protocol::Http11,
            // What is told may end anywhere.
            (None, None) => Protocol::Http11,
            (Some(part), None) if b"HTTP/1.".starts_with(part) => Protocol::Http11,
            _ => return None,
        };
        let mut told = Told {
            method,
            target,
            protocol,
            host: None,
            referer: None,
            user_agent: None,
        };
        let mut rest = lines.clone().count();
        for line in lines.take_while(|line| !line.is_empty()) {
            rest -= 1;
            let mut parts = line.splitn(2, |byte| *byte == b':');
            let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
                continue;
            };
            let value = Some(value.trim_ascii());
            if name.eq_ignore_ascii_case(b"user-agent") {
                told.user_agent = value;
            } else if name.eq_ignore_ascii_case(b"referer") {
                told.referer = value;
            } else if name.eq_ignore_ascii_case(b"host") && rest > 0 {
                // Half of a name is another name.
                told.host = value;
            }
        }
        Some(told)
    }
}

fn is_method(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_uppercase)
}

/// A path, an address, or `*` (RFC 9112, section 3.2).
fn is_target(word: &[u8]) -> bool {
    word.starts_with(b"/") || word.starts_with(b"http") || word == b"*"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_what_they_have() {
        let whole = b"GET /a HTTP/1.0\r\nHost: x.example\r\nuser-agent: Googlebot/2.1\r\nReferer: /b\r\n\r\nReferer: /c";
        let told = Told::read(whole).unwrap();
        assert_eq!((told.method, told.target), (&b"GET"[..], &b"/a"[..]));
        assert_eq!(told.protocol, Protocol::Http10);
        assert_eq!(told.user_agent, Some(&b"Googlebot/2.1"[..]));
        assert_eq!(told.referer, Some(&b"/b"[..]));
        assert_eq!(told.host, Some(&b"x.example"[..]));
        for cut in 5..whole.len() {
            let told = Told::read(&whole[..cut]).unwrap();
            assert_eq!(told.method, b"GET", "{cut}");
            assert!(told.host.is_none_or(|host| host == b"x.example"), "{cut}");
        }
        for no_request in [
            &b""[..],
            b"GET",
            b"GET ",
            b"password=secret",
            b"AAAA BBBB",
            b"AAAA /secret\nand more",
            b"AAAA /two words",
            b"Get / HTTP/1.1\r\n",
        ] {
            assert_eq!(Told::read(no_request), None, "{no_request:?}");
        }
    }
}
