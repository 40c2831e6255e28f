//! Links between eBPF programs and devices, as descriptors (bpf(2); linux/bpf.h): a program is attached as long as somebody holds its link.
//! The crate that loads programs hides the descriptors of its links, and they must move to a successor. Called by `kernel`.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Where a program is attached to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// At its driver (XDP in native mode; Linux 5.9).
    Driver,
    /// Behind it, where traffic control begins (tcx; Linux 6.6).
    Ingress,
}

impl Hook {
    /// `enum bpf_attach_type`, and the flags that go with it: `XDP_FLAGS_DRV_MODE` (linux/if_link.h); `BPF_F_BEFORE`, for a program that is there
    /// already may let nothing come to those behind it.
    fn numbers(self) -> (u32, u32) {
        match self {
            Hook::Driver => (37, 1 << 2),
            Hook::Ingress => (46, 1 << 3),
        }
    }
}

// `enum bpf_cmd`.
const OBJ_PIN: libc::c_int = 6;
const OBJ_GET: libc::c_int = 7;
const OBJ_GET_INFO_BY_FD: libc::c_int = 15;
const LINK_CREATE: libc::c_int = 28;
const LINK_UPDATE: libc::c_int = 29;

/// `union bpf_attr`, as much of it as any command here uses, and zeros behind that.
type Attributes = [u32; 16];

/// Attaches a program to the device of this index.
///
/// # Errors
/// `EBUSY` where another program is there, `EOPNOTSUPP` where the driver has no native mode, `EINVAL` where the kernel knows no such
/// hook, `EPERM` without `CAP_NET_ADMIN` and `CAP_BPF`.
pub fn attach(program: BorrowedFd<'_>, device: u32, hook: Hook) -> io::Result<OwnedFd> {
    let (kind, flags) = hook.numbers();
    let mut attributes: Attributes = [0; 16];
    attributes[..4].copy_from_slice(&[number(program), device, kind, flags]);
    let link = call(LINK_CREATE, &mut attributes)?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(link) })
}

/// Puts another program in the place of the one that a link attaches: no packet is handled by neither.
///
/// # Errors
/// `ENOLINK` where the device is gone.
pub fn replace(link: BorrowedFd<'_>, program: BorrowedFd<'_>) -> io::Result<()> {
    let mut attributes: Attributes = [0; 16];
    attributes[..2].copy_from_slice(&[number(link), number(program)]);
    call(LINK_UPDATE, &mut attributes).map(drop)
}

/// What a link attaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attached {
    /// The kernel's number of the program.
    pub program: u32,
    /// The index of the device; 0 where it is gone.
    pub device: u32,
}

/// Asks the kernel what a link attaches.
pub fn read(link: BorrowedFd<'_>) -> io::Result<Attached> {
    // `struct bpf_link_info`: type, id, program, a gap, and for both hooks the device first.
    let mut info = [0_u32; 16];
    let length = u32::try_from(size_of_val(&info)).map_err(io::Error::other)?;
    let mut attributes: Attributes = [0; 16];
    attributes[..2].copy_from_slice(&[number(link), length]);
    set_address(&mut attributes, 2, info.as_mut_ptr() as u64);
    call(OBJ_GET_INFO_BY_FD, &mut attributes)?;
    Ok(Attached {
        program: info[2],
        device: info[4],
    })
}

/// Has a link, a map or a program stay when nobody holds it, under this path, which is on a file system of type bpf.
pub fn pin(object: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut attributes: Attributes = [0; 16];
    set_address(&mut attributes, 0, path.as_ptr() as u64);
    attributes[2] = number(object);
    call(OBJ_PIN, &mut attributes).map(drop)
}

/// What was pinned under this path.
pub fn pinned(path: &Path) -> io::Result<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut attributes: Attributes = [0; 16];
    set_address(&mut attributes, 0, path.as_ptr() as u64);
    let object = call(OBJ_GET, &mut attributes)?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(object) })
}

/// Whether the kernel knows the system call at all, and lets this process make it.
pub fn is_supported() -> bool {
    // Asked about a descriptor that there is not.
    let mut attributes: Attributes = [0; 16];
    attributes[0] = u32::MAX;
    let asked = call(OBJ_GET_INFO_BY_FD, &mut attributes);
    asked.err().and_then(|error| error.raw_os_error()) != Some(libc::ENOSYS)
}

fn number(descriptor: BorrowedFd<'_>) -> u32 {
    descriptor.as_fd().as_raw_fd().unsigned_abs()
}

/// An address in two words, as the machine has it.
fn set_address(attributes: &mut Attributes, at: usize, address: u64) {
    let bytes = address.to_ne_bytes();
    for (half, word) in bytes.chunks_exact(4).zip(&mut attributes[at..]) {
        *word = u32::from_ne_bytes([half[0], half[1], half[2], half[3]]);
    }
}

/// The system call. Whatever its attributes point at must live as long as it takes.
fn call(command: libc::c_int, attributes: &mut Attributes) -> io::Result<libc::c_int> {
    // SAFETY: the attributes are longer than any command here reads, with zeros where nothing is said; addresses in them are those of
    // values that the callers above hold until this returns, with their lengths.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            attributes.as_mut_ptr(),
            size_of::<Attributes>(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    libc::c_int::try_from(result).map_err(io::Error::other)
}
