//! The guest's files: an archive in cpio's newc form, which the kernel unpacks into memory before it starts `/init`
//! (Documentation/driver-api/early-userspace/buffer-format.rst of the kernel).

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const PROGRAM: u32 = 0o100_755;

/// An archive that grows. Paths are absolute; the folders above a file come by themselves.
#[derive(Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    there: BTreeSet<String>,
}

impl Archive {
    /// A file that is only read.
    pub(super) fn file(&mut self, path: &str, contents: &[u8]) {
        self.add(path, FILE, contents);
    }

    /// A copy of a file that is only read.
    pub(super) fn copy(&mut self, path: &str, source: &Path) -> Result<(), String> {
        self.file(path, &read(source)?);
        Ok(())
    }

    /// A script, or a program that needs no libraries.
    pub(super) fn program(&mut self, path: &str, contents: &[u8]) {
        self.add(path, PROGRAM, contents);
    }

    /// A program of this machine with the libraries that it needs, each where this machine has it.
    pub(super) fn linked_program(&mut self, path: &str, source: &Path) -> Result<(), String> {
        let listed = output(Command::new("ldd").arg(source))?;
        for library in libraries(&String::from_utf8_lossy(&listed.stdout)) {
            self.program(library, &read(Path::new(library))?);
        }
        self.program(path, &read(source)?);
        Ok(())
    }

    /// The whole archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn add(&mut self, path: &str, mode: u32, contents: &[u8]) {
        let path = path.trim_start_matches('/');
        if !self.there.insert(path.to_owned()) {
            return;
        }
        if let Some((above, _)) = path.rsplit_once('/') {
            self.add(above, FOLDER, &[]);
        }
        self.entry(path, mode, contents);
    }

    fn entry(&mut self, name: &str, mode: u32, contents: &[u8]) {
        let size = contents.len();
        let name_size = name.len() + 1;
        // Inode, mode, user, group, links, time, size, four numbers of devices, size of the name, checksum: all but four are
        // the same for everything here.
        let head = format!(
            "070701{:08x}{mode:08x}{:08x}{:08x}{:08x}{:08x}{size:08x}{}{name_size:08x}{:08x}",
            0,
            0,
            0,
            1,
            0,
            "0".repeat(4 * 8),
            0
        );
        self.bytes.extend_from_slice(head.as_bytes());
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(contents);
        self.pad();
    }

    /// Names and contents end at a multiple of four.
    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

/// The paths in what ldd(1) says: `name => /path (address)`, or only `/path (address)`.
fn libraries(listed: &str) -> impl Iterator<Item = &str> {
    listed.lines().filter_map(|line| {
        let path = line.split_once("=>").map_or(line, |(_, path)| path);
        let (path, _) = path.trim().split_once(" (")?;
        path.starts_with('/').then_some(path)
    })
}

/// A file's contents.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// What a program printed that ended well.
pub(super) fn output(command: &mut Command) -> Result<Output, String> {
    let program = command.get_program().to_owned();
    let output = command
        .output()
        .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    if output.status.success() {
        return Ok(output);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{} failed, {}: {errors}",
        program.display(),
        output.status
    ))
}
