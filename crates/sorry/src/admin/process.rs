//! What the kernel says of this process, under the names that every Prometheus client library uses for it.
//!
//! Each number is looked up at scrape time and left out where it cannot be had, for example in a sandbox without
//! `/proc`.

use std::fs;
use std::io;

use rustix::io::Errno;
use rustix::process::Resource;

/// The process's use of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Process {
    /// Seconds of CPU, user and system together.
    pub cpu_seconds: Option<f64>,
    /// Open descriptors.
    pub open_descriptors: Option<u64>,
    /// How many there may be; none where there is no limit.
    pub most_descriptors: Option<u64>,
    /// Bytes of address space.
    pub virtual_bytes: Option<u64>,
    /// Bytes of memory.
    pub resident_bytes: Option<u64>,
}

impl Process {
    /// Looks everything up (proc(5), getrlimit(2), getrusage(2)).
    pub fn read() -> Process {
        let most_descriptors = rustix::process::getrlimit(Resource::Nofile).current;
        let pages = fs::read_to_string("/proc/self/statm").ok();
        let (virtual_bytes, resident_bytes) = pages
            .and_then(|text| memory(&text, rustix::param::page_size() as u64))
            .unzip();
        let ticks = fs::read_to_string("/proc/self/stat").ok();
        Process {
            cpu_seconds: ticks.and_then(|text| cpu(&text, rustix::param::clock_ticks_per_second())),
            open_descriptors: open_descriptors(fs::read_dir("/proc/self/fd"), most_descriptors),
            most_descriptors,
            virtual_bytes,
            resident_bytes,
        }
    }
}

/// Counting takes a descriptor itself. Where none is left, all of them are open: that is when the number matters.
fn open_descriptors(folder: io::Result<fs::ReadDir>, most: Option<u64>) -> Option<u64> {
    match folder {
        Ok(entries) => Some((entries.count() as u64).saturating_sub(1)),
        Err(error) if Errno::from_io_error(&error) == Some(Errno::MFILE) => most,
        Err(_) => None,
    }
}

/// The first two numbers of `/proc/self/statm`, in bytes.
fn memory(statm: &str, page_bytes: u64) -> Option<(u64, u64)> {
    let mut numbers = statm.split_ascii_whitespace().map(str::parse::<u64>);
    let mut bytes = || numbers.next()?.ok()?.checked_mul(page_bytes);
    Some((bytes()?, bytes()?))
}

/// `utime` and `stime` of `/proc/self/stat`, the 14th and 15th field. The second one is the program's name in
/// parentheses and may hold anything, so counting begins behind the last parenthesis.
fn cpu(stat: &str, ticks_per_second: u64) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut numbers = fields.split_ascii_whitespace().skip(11);
    let mut ticks = || numbers.next()?.parse::<u32>().ok();
    let total = f64::from(ticks()?) + f64::from(ticks()?);
    let per_second = u32::try_from(ticks_per_second).ok().filter(|n| *n > 0)?;
    Some(total / f64::from(per_second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_kernel_are_read() {
        let stat =
            "4242 (a) b) R 1 1 1 0 -1 4194304 114 0 0 0 150 50 7 8 20 0 1 0 279804 3133440 413";
        assert_eq!(cpu(stat, 100), Some(2.0));
        assert_eq!(cpu(stat, 0), None);
        assert_eq!(cpu("4242 (a) R 1", 100), None);
        assert_eq!(cpu("", 100), None);
        assert_eq!(
            memory("765 413 300 1 0 90 0\n", 4096),
            Some((3_133_440, 1_691_648))
        );
        assert_eq!(memory("765", 4096), None);
        assert_eq!(memory("18446744073709551615 1", 4096), None);
    }

    #[test]
    fn without_a_descriptor_all_are_open() {
        let exhausted = Err(Errno::MFILE.into());
        assert_eq!(open_descriptors(exhausted, Some(64)), Some(64));
        assert_eq!(open_descriptors(Err(Errno::ACCESS.into()), Some(64)), None);
    }

    #[test]
    fn this_process_is_seen() {
        let process = Process::read();
        let [open, virtual_bytes, resident] = [
            process.open_descriptors,
            process.virtual_bytes,
            process.resident_bytes,
        ]
        .map(|number| number.unwrap());
        assert!(open >= 3 && process.most_descriptors.is_none_or(|most| open <= most));
        assert!(resident > 0 && resident <= virtual_bytes);
        assert!(process.cpu_seconds.unwrap() >= 0.0);
    }
}
