//! What one process leaves to the next in memory that both have (memfd_create(2)): a value, written as JSON.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::fd::OwnedFd;

use rustix::fs::MemfdFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest that is read.
const MOST: u64 = 4 << 20;

/// A value, to be passed on; the name is for whoever looks at the process's descriptors.
pub(super) fn written(name: &str, value: &impl Serialize) -> io::Result<OwnedFd> {
    let mut file = File::from(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC)?);
    file.write_all(&serde_json::to_vec(value)?)?;
    Ok(file.into())
}

/// What the process before this one has written.
pub(super) fn read<T: DeserializeOwned>(memory: OwnedFd) -> io::Result<T> {
    let mut file = File::from(memory);
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_by_whoever_has_a_copy() {
        let memory = written("test", &[1, 2, 3]).unwrap();
        let copy = memory.try_clone().unwrap();
        assert_eq!(read::<Vec<u8>>(copy).unwrap(), [1, 2, 3]);
        // The two share a position.
        assert_eq!(read::<Vec<u8>>(memory).unwrap(), [1, 2, 3]);
        let nothing = OwnedFd::from(File::open("/dev/null").unwrap());
        assert!(read::<Vec<u8>>(nothing).is_err());
    }
}
