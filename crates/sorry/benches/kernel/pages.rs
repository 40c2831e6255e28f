//! The two pages: one whose whole answer fits one segment to the byte, and one of 8000 bytes. The same file for our server with sockets and for the
//! kernel; nginx, whose head is shorter, gets a longer page for answers of the same length.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use sorry_bpf::layout::{Kind, SEGMENT};
use sorry_server::kernel::speech::{AltSvc, Speech};
use sorry_server::page::prepared::{Answers, Settings};
use sorry_server::page::{self, Source, Words};

/// About what nginx says before the page.
const HEAD_OF_NGINX: usize = 245;

/// One of them.
pub(crate) struct Page {
    /// In results.
    pub(crate) name: &'static str,
    /// Where every server has it.
    pub(crate) port: u16,
    /// Ours.
    pub(crate) file: PathBuf,
    /// nginx's.
    pub(crate) file_of_nginx: PathBuf,
    pub(crate) speech: Speech,
}

/// Writes them into a folder.
pub(crate) fn make(folder: &Path) -> anyhow::Result<[Page; 2]> {
    Ok([
        Page::new(folder, "1.2KB", 80, SEGMENT)?,
        Page::new(folder, "8KB", 81, 8000)?,
    ])
}

impl Page {
    fn new(folder: &Path, name: &'static str, port: u16, bytes: usize) -> anyhow::Result<Page> {
        let file = folder.join(format!("{name}.html"));
        let file_of_nginx = folder.join(format!("nginx-{name}.html"));
        fs::write(&file_of_nginx, html(bytes - HEAD_OF_NGINX))?;
        // The head depends on the page in a byte or two.
        let mut length = bytes / 2;
        let mut speech = said(&file, length)?;
        for _ in 0..3 {
            length = (length + bytes).saturating_sub(unpadded(&speech));
            speech = said(&file, length)?;
        }
        ensure!(
            speech.end(Kind::Page) == bytes,
            "the answer has {} bytes, not {bytes}",
            speech.end(Kind::Page)
        );
        Ok(Page {
            name,
            port,
            file,
            file_of_nginx,
            speech,
        })
    }
}

/// Bytes of the page's answer, without what makes it as long as others.
fn unpadded(speech: &Speech) -> usize {
    let padding = b"X-Pad: ";
    let whole: Vec<u8> = speech.masked().next().unwrap_or_default().to_vec();
    let at = whole
        .windows(padding.len())
        .position(|part| part == padding);
    let padding = at.map_or(0, |at| {
        whole[at..]
            .iter()
            .take_while(|byte| **byte != b'\n')
            .count()
            + 1
    });
    whole.len() - padding
}

fn said(file: &Path, length: usize) -> anyhow::Result<Speech> {
    fs::write(file, html(length))?;
    let source = Source::File(file.to_owned());
    let words = Words {
        site: "shop".into(),
        ..Words::default()
    };
    let page = page::load(&source, &words, &page::Bounds::default())
        .map_err(|error| anyhow::anyhow!("cannot load {}: {error}", file.display()))?;
    Speech::new(&Answers::new(&page, &Settings::default()), AltSvc::Silent)
        .context("the kernel cannot say it")
}

fn html(length: usize) -> String {
    let start = "<!doctype html><html lang=\"en\"><title>Be right back</title><p>";
    let mut text = start.to_owned();
    text.extend(
        "We are moving to a larger house. "
            .chars()
            .cycle()
            .take(length - start.len()),
    );
    text
}
