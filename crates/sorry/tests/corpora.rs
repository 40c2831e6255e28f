//! The fuzz targets on stable: every kept input is replayed, then mutated by a loop of bounded length that is the same in
//! every run. The targets themselves are in `fuzz/targets`; `cargo xtask fuzz` gives them to libFuzzer, which finds more.
//!
//! When a target fails, the input is in the message as a Rust byte string. Keep it as a file below `fuzz/corpus`, named
//! for what it is, and mend what it found.

#[path = "../../../fuzz/targets/checked_answer.rs"]
mod checked_answer;
#[path = "../../../fuzz/targets/configuration.rs"]
mod configuration;
#[path = "../../../fuzz/targets/dns_answer.rs"]
mod dns_answer;
#[path = "../../../fuzz/targets/head.rs"]
mod head;
#[path = "../../../fuzz/targets/http2.rs"]
mod http2;
#[path = "../../../fuzz/targets/journal.rs"]
mod journal;
#[path = "../../../fuzz/targets/negotiation.rs"]
mod negotiation;
#[path = "../../../fuzz/targets/proxy_header.rs"]
mod proxy_header;
#[path = "../../../fuzz/targets/smtp_reply.rs"]
mod smtp_reply;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

/// Where the loops of mutations begin. Another number tries other inputs.
const SEED: u64 = 0x5051_5252_5921_0503;

/// The longest input that mutation makes.
const LONGEST: usize = 4096;

/// Unoptimized builds, in which each input costs some forty times as much, try fewer.
const SHARE: u64 = if cfg!(debug_assertions) { 100 } else { 1 };

#[test]
fn head_target() {
    const WORDS: &[&str] = &[
        "GET / HTTP/1.1\r\n",
        "Host: a\r\n",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "\r",
        " ",
        "\t",
        ":",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n",
        "Expect: 100-continue\r\n",
        "HTTP/1.0",
        "0\r\n\r\n",
        "\0",
        "\u{7f}",
    ];
    Target::new("head", head::head, WORDS).run(800_000);
}

#[test]
fn proxy_header_target() {
    const WORDS: &[&str] = &[
        "PROXY ",
        "TCP4 ",
        "TCP6 ",
        "UNKNOWN",
        "\r\n",
        "\r\n\r\n\0\r\nQUIT\n",
        "255.255.255.255",
        "65535",
        "::1",
        "\0",
        "\u{1}",
        "\u{20}",
        "\u{21}",
    ];
    Target::new("proxy_header", proxy_header::proxy_header, WORDS).run(1_600_000);
}

#[test]
fn negotiation_target() {
    const WORDS: &[&str] = &[
        "GET ",
        "OPTIONS ",
        "\n",
        ",",
        ";",
        ";q=0",
        ";q=0.5",
        ";q=1.001",
        "\"",
        "\\",
        "*/*",
        "text/*",
        "+json",
        "accept: ",
        "accept-language: ",
        "accept-encoding: ",
        "content-type: application/grpc",
        "access-control-request-method: PUT",
        "origin: https://app.example.com",
        "-",
    ];
    Target::new("negotiation", negotiation::negotiation, WORDS).run(1_500_000);
}

#[test]
fn configuration_target() {
    const WORDS: &[&str] = &[
        "[[site]]\n",
        "[limits]\n",
        "[sorry]\n",
        "name = ",
        "hosts = ",
        "listen = ",
        "\"",
        "\"\"\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        "=",
        ".",
        ",",
        "#",
        "\n",
        "\\u00e9",
        "é",
        "\u{2028}",
        "\0",
        "1e400",
        "-0x",
        "2026-02-30T25:61:00Z",
        "true",
        "99999999999999999999",
    ];
    Target::new("configuration", configuration::configuration, WORDS).run(50_000);
}

#[test]
fn http2_target() {
    // Heads of frames: length, type, flags, stream.
    const WORDS: &[&str] = &[
        "\0\0\0\u{4}\0\0\0\0\0",
        "\0\0\0\u{4}\u{1}\0\0\0\0",
        "\0\0\u{3}\u{1}\u{5}\0\0\0\u{1}",
        "\0\0\u{3}\u{1}\u{4}\0\0\0\u{3}",
        "\0\0\0\0\u{1}\0\0\0\u{1}",
        "\0\0\u{4}\u{3}\0\0\0\0\u{1}",
        "\0\0\u{4}\u{8}\0\0\0\0\0",
        "\0\0\u{8}\u{6}\0\0\0\0\0",
        "\0\0\u{1}\u{9}\u{4}\0\0\0\u{1}",
        "\0\u{1}\0\u{1}",
        "\u{7f}",
        "\0",
        "?",
    ];
    Target::new("http2", http2::http2, WORDS).run(250_000);
}

#[test]
fn journal_target() {
    // With the checksums of what stands behind them, which no chance finds.
    const WORDS: &[&str] = &[
        "ef583d3f {\"journal\":1}\n",
        "a3a6bf43 {}\n",
        "5836b435 {\"record\":\"unschedule\",\"site\":\"shop\",\"name\":\"patch-day\"}\n",
        "f",
        "0",
        " ",
        "\n",
        "00000000 \n",
        "{\"record\":",
        "\"site\":\"shop\"",
        "{",
        "}",
        "[",
        "null",
        "\\u0000",
        "\0",
    ];
    Target::new("journal", journal::journal, WORDS).run(400_000);
}

#[test]
fn checked_answer_target() {
    const WORDS: &[&str] = &[
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 503 \r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "5\r\nhello\r\n",
        "0\r\n\r\n",
        ";",
        ",",
        "\0",
        "ffffffffffffffff",
    ];
    Target::new("checked_answer", checked_answer::checked_answer, WORDS).run(250_000);
}

#[test]
fn dns_answer_target() {
    const WORDS: &[&str] = &[
        "\0\u{1}",
        "\0",
        "\u{3}www\u{7}example\0",
        "\u{1}\u{1}\u{1}\u{1}",
        "\u{7f}",
        "192.0.2.1",
    ];
    Target::new("dns_answer", dns_answer::dns_answer, WORDS).run(400_000);
}

#[test]
fn smtp_reply_target() {
    const WORDS: &[&str] = &[
        "250-",
        "250 ",
        "220",
        "\r\n",
        "\n",
        "\r",
        "-",
        "\0",
        "251 x\r\n",
    ];
    Target::new("smtp_reply", smtp_reply::smtp_reply, WORDS).run(800_000);
}

/// A target with its kept inputs.
struct Target {
    name: &'static str,
    run: fn(&[u8]),
    words: &'static [&'static str],
    kept: Vec<(String, Vec<u8>)>,
}

impl Target {
    fn new(name: &'static str, run: fn(&[u8]), words: &'static [&'static str]) -> Target {
        let folder = corpus().join(name);
        let kept = kept(&folder);
        assert!(kept.len() >= 10, "{} holds few inputs", folder.display());
        Target {
            name,
            run,
            words,
            kept,
        }
    }

    /// Replays what is kept, then as many mutations of it.
    fn run(&self, mutations: u64) {
        let mutations = mutations / SHARE;
        println!(
            "{}: {} kept, {mutations} mutations, seed {SEED:#x}",
            self.name,
            self.kept.len()
        );
        for (file, data) in &self.kept {
            self.check(data, file);
        }
        let mut chance = Chance(SEED);
        for number in 0..mutations {
            let (file, data) = chance.one_of(&self.kept);
            let data = self.mutated(data.clone(), &mut chance);
            self.check(&data, &format!("mutation {number} of {file}"));
        }
    }

    /// One input, named in full when it fails.
    fn check(&self, data: &[u8], origin: &str) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.run)(data))) {
            let target = self.name;
            eprintln!("{target} failed on {origin}: b\"{}\"", data.escape_ascii());
            resume_unwind(panic);
        }
    }

    /// Input with one to eight changes.
    fn mutated(&self, mut data: Vec<u8>, chance: &mut Chance) -> Vec<u8> {
        for _ in 0..=chance.below(8) {
            self.change(&mut data, chance);
        }
        data.truncate(LONGEST);
        data
    }

    fn change(&self, data: &mut Vec<u8>, chance: &mut Chance) {
        let (at, end) = chance.range(data.len());
        match chance.below(9) {
            0 if at < data.len() => data[at] ^= 1 << chance.below(8),
            1 if at < data.len() => data[at] = chance.byte(),
            2 => data.insert(at, chance.byte()),
            3 => drop(data.drain(at..end)),
            4 => data.truncate(at),
            5 => {
                let piece = data[at..end].to_vec();
                let to = chance.below(data.len() + 1);
                data.splice(to..to, piece);
            }
            6 => {
                let (_, other) = chance.one_of(&self.kept);
                let (from, to) = chance.range(other.len());
                data.splice(at..end, other[from..to].iter().copied());
            }
            _ => {
                let word = chance.one_of(self.words);
                data.splice(at..at, word.bytes());
            }
        }
    }
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

/// The files of one folder by name, in their order.
fn kept(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("a folder of kept inputs");
    let mut kept: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.expect("an entry of the folder").path();
            let data = std::fs::read(&path).expect("a kept input");
            let name = path.file_name().unwrap_or_default();
            (name.to_string_lossy().into_owned(), data)
        })
        .collect();
    kept.sort();
    kept
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("smaller than a usize")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// A short piece of something of that length; it may be empty.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let at = self.below(length + 1);
        let longest = (length - at).min(64);
        (at, at + self.below(longest + 1))
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(all.len());
        &all[at]
    }
}
