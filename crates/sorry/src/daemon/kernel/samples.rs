//! What the kernel tells of requests that it answered: one of so many, written into the access log beside those of user space, and counted by
//! crawler as so many.

use std::time::{SystemTime, UNIX_EPOCH};

use sorry_core::answer::crawler;
use sorry_core::answer::template::ID_WIDTH;

use super::thread::Thread;
use crate::count::{Protocol, access};
use crate::kernel::Sample;

/// Requests that are taken in at a look; what is beyond waits in the ring, or is lost there.
const MOST: usize = 256;

impl Thread {
    /// Writes down what the kernel has told since the last look.
    pub(super) fn tell_samples(&mut self) {
        let every = self
            .subjects
            .as_ref()
            .map_or(0, |subjects| subjects.terms.sample);
        let mut samples = Vec::new();
        for node in &mut self.nodes {
            if let Some((_, responder)) = &mut node.attached {
                samples.extend(responder.samples(MOST));
            }
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_secs());
        for sample in &samples {
            let told = Told::read(&sample.head);
            if let (Some(site), Some(crawler)) =
                (&sample.site, told.user_agent.and_then(crawler::named_in))
            {
                // The set behind those of the workers is this thread's.
                if let Some(own) = self.gauges.sites.named(site).last() {
                    own.crawler(crawler).add(every.into());
                }
            }
            if let Some(log) = &mut self.gauges.log {
                log.record(&entry(sample, &told, now));
            }
        }
    }
}

fn entry<'s>(sample: &'s Sample, told: &Told<'s>, now: u64) -> access::Entry<'s> {
    access::Entry {
        unix_seconds: now,
        client: Some(sample.client),
        host: None,
        site: sample.site.as_deref().unwrap_or("-"),
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
        retry_after: None,
    }
}

/// What the first bytes of a request tell: they may end anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told<'s> {
    method: &'s [u8],
    target: &'s [u8],
    protocol: Protocol,
    referer: Option<&'s [u8]>,
    user_agent: Option<&'s [u8]>,
}

impl<'s> Told<'s> {
    fn read(head: &'s [u8]) -> Told<'s> {
        let mut lines = head
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let mut words = lines.next().unwrap_or_default().split(|byte| *byte == b' ');
        let word = |word: Option<&'s [u8]>| word.filter(|word| !word.is_empty()).unwrap_or(b"-");
        let mut told = Told {
            method: word(words.next()),
            target: word(words.next()),
            protocol: match words.next() {
                Some(b"HTTP/1.0") => Protocol::Http10,
                _ => Protocol::Http11,
            },
            referer: None,
            user_agent: None,
        };
        for line in lines.take_while(|line| !line.is_empty()) {
            let mut parts = line.splitn(2, |byte| *byte == b':');
            let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
                continue;
            };
            let value = Some(value.trim_ascii());
            if name.eq_ignore_ascii_case(b"user-agent") {
                told.user_agent = value;
            } else if name.eq_ignore_ascii_case(b"referer") {
                told.referer = value;
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_what_they_have() {
        let whole = b"GET /a HTTP/1.0\r\nHost: x\r\nuser-agent: Googlebot/2.1\r\nReferer: /b\r\n\r\nReferer: /c";
        let told = Told::read(whole);
        assert_eq!((told.method, told.target), (&b"GET"[..], &b"/a"[..]));
        assert_eq!(told.protocol, Protocol::Http10);
        assert_eq!(told.user_agent, Some(&b"Googlebot/2.1"[..]));
        assert_eq!(told.referer, Some(&b"/b"[..]));
        for cut in 0..whole.len() {
            let told = Told::read(&whole[..cut]);
            assert!(!told.method.is_empty() && !told.target.is_empty(), "{cut}");
        }
    }
}
