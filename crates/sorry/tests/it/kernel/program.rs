//! XDP programs of two instructions, attached by ip(8). Tests have no compiler for BPF, so the object file is put together here:
//! the fewest sections of an ELF file that libbpf takes for a program.
//!
//! Such a program stays with its device, for as long as there is the device.

use std::io::Write;

use serde_json::Value;

use super::namespace::Namespace;

/// What the program says of each packet: the numbers of `enum xdp_action` in linux/bpf.h.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict {
    /// To the network stack.
    Pass = 2,
    /// Back to where it came from.
    Transmit = 3,
}

/// Attaches a program with that verdict in the driver itself; fails where only the generic way is possible.
pub(crate) fn attach(namespace: &Namespace, device: &str, verdict: Verdict) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(&object(verdict)).expect("write the program");
    let path = file.path().display();
    namespace.ip(&format!(
        "link set dev {device} xdpdrv object {path} section xdp"
    ));
}

/// How a device runs its XDP program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attached {
    /// It has none.
    Not,
    /// In the driver.
    Native,
    /// On a copy, after the driver, or in hardware.
    Otherwise,
}

/// What ip(8) says of a device: `XDP_ATTACHED_DRV` of linux/if_link.h is 1.
pub(crate) fn attached(namespace: &Namespace, device: &str) -> Attached {
    let shown = namespace.ip(&format!("-d -j link show dev {device}"));
    let shown: Value = serde_json::from_str(&shown).expect("links in JSON");
    match shown[0]["xdp"]["mode"].as_u64() {
        None | Some(0) => Attached::Not,
        Some(1) => Attached::Native,
        Some(_) => Attached::Otherwise,
    }
}

const SECTION_NAMES: &[u8] = b"\0.strtab\0.symtab\0xdp\0verdict\0";
/// Where each begins in `SECTION_NAMES`.
const STRTAB: u32 = 1;
const SYMTAB: u32 = 9;
const XDP: u32 = 17;
const SYMBOL: u32 = 21;

const HEADER: u64 = 64;
const EM_BPF: u16 = 247;

/// A relocatable object (elf(5)): the names, one symbol, and the code in a section `xdp`.
fn object(verdict: Verdict) -> Vec<u8> {
    // r0 = verdict; exit (RFC 9669, sections 4.1 and 4.3).
    let code = [
        0xb7,
        0,
        0,
        0,
        verdict as u8,
        0,
        0,
        0,
        0x95,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    let mut symbols = vec![0; 24];
    symbols.extend(SYMBOL.to_le_bytes());
    // A global function in section 3, at 0.
    symbols.extend([0x12, 0, 3, 0]);
    symbols.extend(0_u64.to_le_bytes());
    symbols.extend((code.len() as u64).to_le_bytes());

    let mut body = Vec::new();
    let mut put = |part: &[u8]| {
        body.resize(body.len().next_multiple_of(8), 0);
        let at = HEADER + body.len() as u64;
        body.extend(part);
        (at, part.len() as u64)
    };
    // Types 3 and 2: SHT_STRTAB and SHT_SYMTAB, whose local symbols end before 1; 1: SHT_PROGBITS, flags 6: SHF_ALLOC, SHF_EXECINSTR.
    let sections = [
        vec![0; 64],
        section([STRTAB, 3], 0, put(SECTION_NAMES), [0, 0], [1, 0]),
        section([SYMTAB, 2], 0, put(&symbols), [1, 1], [8, 24]),
        section([XDP, 1], 6, put(&code), [0, 0], [8, 0]),
    ];
    body.resize(body.len().next_multiple_of(8), 0);
    let table = HEADER + body.len() as u64;
    [header(table), body, sections.concat()].concat()
}

/// An ELF header of 64 bits, little endian, with four sections at `table`, the first real one of which has the names.
fn header(table: u64) -> Vec<u8> {
    let mut header = b"\x7fELF\x02\x01\x01".to_vec();
    header.resize(16, 0);
    for number in [1, EM_BPF] {
        header.extend(number.to_le_bytes());
    }
    header.extend(1_u32.to_le_bytes());
    for number in [0, 0, table] {
        header.extend(number.to_le_bytes());
    }
    header.extend(0_u32.to_le_bytes());
    for number in [64_u16, 0, 0, 64, 4, 1] {
        header.extend(number.to_le_bytes());
    }
    header
}

/// A section header: its name and type, its flags, where it is and how long, link and info, alignment and size of an entry.
fn section(
    kind: [u32; 2],
    flags: u64,
    place: (u64, u64),
    about: [u32; 2],
    shape: [u64; 2],
) -> Vec<u8> {
    let small = |numbers: [u32; 2]| numbers.map(u32::to_le_bytes).concat();
    let large =
        |numbers: &[u64]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_le_bytes()).collect() };
    [
        small(kind),
        large(&[flags, 0, place.0, place.1]),
        small(about),
        large(&shape),
    ]
    .concat()
}
