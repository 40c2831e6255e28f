//! The memory that the program itself takes: its code and constants, and those of its libraries, which the system reads
//! from their files. Called by `daemon` when the start, or a reload, is over.

use std::ffi::{c_int, c_void};

/// Lets go of every page of code and constants (madvise(2), `MADV_DONTNEED`). What is needed again comes back from the
/// page cache at its next use, a microsecond for each sixteen pages; what only the start needed stays away, and no longer
/// counts as memory of the process. Pages that may have been written to are left alone.
pub fn give_back() {
    // SAFETY: the callback has the signature that dl_iterate_phdr(3) asks for and does not unwind; nothing is passed to
    // it by us, so the null pointer is never used.
    unsafe {
        libc::dl_iterate_phdr(Some(give_back_object), std::ptr::null_mut());
    }
}

/// One loaded object, the program or a library. Returns 0, which means: go on with the next.
///
/// # Safety
///
/// `info` must point to the description of an object that stays loaded while this runs; dl_iterate_phdr(3) promises both.
unsafe extern "C" fn give_back_object(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    _data: *mut c_void,
) -> c_int {
    // SAFETY: the caller promises that `info` can be read.
    let info = unsafe { &*info };
    if info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: dl_iterate_phdr(3): `dlpi_phnum` headers stand at `dlpi_phdr`, for as long as the object is loaded.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    for header in headers.iter().filter(|header| is_never_written(header)) {
        give_back_segment(info.dlpi_addr, header);
    }
    0
}

/// Whether a segment is mapped from the file and nobody can write to it. (A segment that only becomes read-only once the
/// loader has put addresses into it is still marked as one that can be written.)
fn is_never_written(header: &libc::Elf64_Phdr) -> bool {
    header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W == 0
}

/// Only whole pages of the segment: what stands beside it on a page may be another's.
fn give_back_segment(base: u64, header: &libc::Elf64_Phdr) {
    // SAFETY: asks for a number and changes nothing.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let Ok(page) = u64::try_from(page) else {
        return;
    };
    let start = (base + header.p_vaddr).next_multiple_of(page.max(1));
    let end = base + header.p_vaddr + header.p_memsz;
    let whole = end.saturating_sub(start) / page.max(1) * page;
    let (Ok(start), Ok(length)) = (usize::try_from(start), usize::try_from(whole)) else {
        return;
    };
    // SAFETY: the range lies inside a mapping of the object's file that no one has written to, so each page that is
    // dropped is read from the file again, with the same bytes, when it is next touched (madvise(2)). A range that is not
    // mapped so (the vDSO's) is refused with an error, which changes nothing.
    let _refused = unsafe {
        libc::madvise(
            std::ptr::with_exposed_provenance_mut::<c_void>(start),
            length,
            libc::MADV_DONTNEED,
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kib_of_files() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("RssFile:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.unwrap().parse().unwrap()
    }

    #[test]
    fn pages_go_and_the_program_goes_on() {
        let before = kib_of_files();
        give_back();
        let after = kib_of_files();
        assert!(after < before, "{before} KiB, then {after} KiB");
        assert_eq!(format!("{:?}", [1.5, f64::NAN]), "[1.5, NaN]");
    }
}
