//! The object in the kernel: its programs verified, its maps typed. What stands in the maps is `responder`'s to say.

use std::net::SocketAddr;
use std::os::fd::{AsFd as _, BorrowedFd};

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::xdp::{DevMap, XdpMapError};
use aya::maps::{Array, Map, MapData, MapError, PerCpuArray, RingBuf};
use aya::programs::{Program, ProgramError, SchedClassifier, TestRun as _, TestRunOptions, Xdp};
use aya::{Ebpf, EbpfError, EbpfLoader, VerifierLogLevel};
use rustix::thread::CapabilitySet;
use sorry_bpf::layout::{COUNTERS_SIZE, Config, Page, SEGMENT_SIZE, SEGMENTS, heads, tails};
use sorry_bpf::{OBJECT, map, program};
use sorry_sys::bpf_link;

use super::earlier::{self, Copies};
use super::vips::Vips;

/// Why it is not in the kernel.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no eBPF.
    #[error(
        "cannot load the in-kernel responder: this kernel has no eBPF (CONFIG_BPF_SYSCALL), or does not let this process use it"
    )]
    Unsupported,
    /// What the process may not do.
    #[error(
        "cannot load the in-kernel responder without {0}; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are needed"
    )]
    Forbidden(String),
    /// The object or its maps.
    #[error("cannot load the in-kernel responder")]
    Object(#[from] EbpfError),
    /// A map of the object is not what it should be.
    #[error("cannot use a map of the in-kernel responder")]
    Map(#[from] MapError),
    /// A program was not accepted.
    #[error("the kernel does not accept the program {name}")]
    Program {
        /// Which.
        name: &'static str,
        /// Why.
        source: ProgramError,
    },
    /// A link.
    #[error("cannot put the program in the place of the one before it")]
    Link(#[source] std::io::Error),
    /// Copies of a packet.
    #[error("the device sends no copies of packets, which pages of several segments need")]
    Copies(#[source] XdpMapError),
    /// How many processors there are.
    #[error("cannot learn how many processors there are")]
    Processors(#[source] std::io::Error),
    /// There is no page left.
    #[error("there is no room for another site in the kernel: leave some to user space")]
    Full,
    /// There is no number left for an address, or no room at its place.
    #[error(
        "there is no room for {0} in the kernel; of so many addresses one must be left to user space: take one out of kernel-vips"
    )]
    Crowded(SocketAddr),
    /// The object has no such part: it and this program were not made together.
    #[error("the in-kernel responder has no {0}; this is a mistake in sorry, please report it")]
    Lacking(String),
}

/// Which of the programs is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the driver (XDP).
    Driver,
    /// At the traffic control hook.
    Ingress,
}

impl Place {
    /// In names of files and descriptors.
    pub fn word(self) -> &'static str {
        match self {
            Place::Driver => "xdp",
            Place::Ingress => "tc",
        }
    }
}

/// Its maps.
pub(super) struct Maps {
    pub(super) settings: Array<MapData, [u8; Config::SIZE]>,
    pub(super) vips: Vips,
    pub(super) pages: Array<MapData, [u8; Page::SIZE]>,
    pub(super) heads: Array<MapData, [u8; SEGMENT_SIZE]>,
    pub(super) tails: Array<MapData, [u8; SEGMENT_SIZE]>,
    pub(super) counts: PerCpuArray<MapData, [u8; COUNTERS_SIZE]>,
    pub(super) marks4: Array<MapData, u64>,
    pub(super) marks6: Array<MapData, u64>,
    pub(super) list4: LpmTrie<MapData, [u8; 4], u32>,
    pub(super) list6: LpmTrie<MapData, [u8; 16], u32>,
    pub(super) samples: RingBuf<MapData>,
}

/// An entry of a list: a network of so many bits.
pub(super) fn network<const N: usize>(bits: u32, address: [u8; N]) -> Key<[u8; N]> {
    Key::new(bits, address)
}

/// In the kernel, attached to nothing yet.
pub(super) struct Loaded {
    object: Ebpf,
    pub(super) maps: Maps,
    /// Those of its descriptors that a successor gets.
    pub(super) copies: Copies,
    place: Place,
    /// Of which place the program is that is run on trial.
    pub(super) on_trial: Place,
}

/// What one trial of a program came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tried {
    /// What the program returned.
    pub(super) action: u32,
    /// The packet afterwards.
    pub(super) packet: Vec<u8>,
}

impl Loaded {
    /// Loads the maps, for so many pages, and the programs of one place.
    ///
    /// # Errors
    /// [`LoadError::Forbidden`] without `CAP_BPF`, `CAP_NET_ADMIN` and `CAP_PERFMON`; whatever the verifier has to say.
    pub(super) fn new(place: Place, pages: u32) -> Result<Loaded, LoadError> {
        if !bpf_link::is_supported() {
            return Err(LoadError::Unsupported);
        }
        if let Some(lacking) = lacking_capabilities() {
            return Err(LoadError::Forbidden(lacking));
        }
        let mut loader = EbpfLoader::new();
        // Nothing in it depends on how the kernel was built.
        loader.btf(None).verifier_log_level(VerifierLogLevel::STATS);
        for (name, entries) in [
            (map::PAGES, pages * 2),
            (map::HEADS, heads(pages)),
            (map::TAILS, tails(pages)),
            (map::COUNTS, pages),
        ] {
            loader.map_max_entries(name, entries);
        }
        let mut object = loader.load(OBJECT)?;
        let copies = earlier::copies(&object)?;
        let maps = Maps::take(&mut object)?;
        match place {
            Place::Driver => {
                for name in [program::XDP, program::SEGMENT, program::SEGMENT_ON_TRIAL] {
                    let xdp = xdp(&mut object, name)?;
                    xdp.load()
                        .map_err(|source| LoadError::Program { name, source })?;
                }
            }
            Place::Ingress => load_tc(&mut object)?,
        }
        Ok(Loaded {
            object,
            maps,
            copies,
            place,
            on_trial: place,
        })
    }

    /// Which programs it has.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Has copies sent by the device of this index.
    pub(super) fn send_copies_by(&mut self, device: u32) -> Result<(), LoadError> {
        let segment = xdp(&mut self.object, program::SEGMENT)?;
        let segment = segment
            .fd()
            .and_then(|fd| Ok(fd.try_clone()?))
            .map_err(|source| LoadError::Program {
                name: program::SEGMENT,
                source,
            })?;
        let most = u32::try_from(SEGMENTS).unwrap_or(u32::MAX) + 1;
        for entries in 2..=most {
            let mut copies: DevMap<MapData> = taken(&mut self.object, &map::copies(entries))?;
            for entry in 0..entries {
                copies
                    .set(entry, device, Some(&segment), 0)
                    .map_err(LoadError::Copies)?;
            }
        }
        Ok(())
    }

    /// Loads the program of the traffic control hook beside those of the driver.
    pub(super) fn load_behind(&mut self) -> Result<(), LoadError> {
        load_tc(&mut self.object)
    }

    /// The program that is to be attached at a place.
    pub(super) fn with_program<T>(
        &mut self,
        place: Place,
        use_it: impl FnOnce(BorrowedFd<'_>) -> T,
    ) -> Result<T, LoadError> {
        let (name, fd) = match place {
            Place::Driver => (program::XDP, xdp(&mut self.object, program::XDP)?.fd()),
            Place::Ingress => (program::TC, tc(&mut self.object)?.fd()),
        };
        let fd = fd.map_err(|source| LoadError::Program { name, source })?;
        Ok(use_it(fd.as_fd()))
    }

    /// The program at the traffic control hook, for kernels that know no link for it.
    pub(super) fn classifier(&mut self) -> Result<&mut SchedClassifier, LoadError> {
        tc(&mut self.object)
    }

    /// Has the kernel run the program on a packet that goes nowhere (`BPF_PROG_TEST_RUN`).
    pub(super) fn try_on(&mut self, packet: &[u8]) -> Result<Tried, LoadError> {
        match self.on_trial {
            Place::Driver => try_xdp(&mut self.object, program::XDP, packet),
            Place::Ingress => {
                let name = program::TC;
                let tc = tc(&mut self.object)?;
                run(packet, |options| tc.test_run(options))
                    .map_err(|source| LoadError::Program { name, source })
            }
        }
    }

    /// The same of the program that fills copies.
    pub(super) fn try_segment_on(&mut self, template: &[u8]) -> Result<Tried, LoadError> {
        try_xdp(&mut self.object, program::SEGMENT_ON_TRIAL, template)
    }
}

impl Maps {
    fn take(object: &mut Ebpf) -> Result<Maps, LoadError> {
        Ok(Maps {
            settings: taken(object, map::SETTINGS)?,
            vips: Vips::new(taken(object, map::VIPS)?, taken(object, map::PLACES)?),
            pages: taken(object, map::PAGES)?,
            heads: taken(object, map::HEADS)?,
            tails: taken(object, map::TAILS)?,
            counts: taken(object, map::COUNTS)?,
            marks4: taken(object, map::MARKS4)?,
            marks6: taken(object, map::MARKS6)?,
            list4: taken(object, map::LIST4)?,
            list6: taken(object, map::LIST6)?,
            samples: taken(object, map::SAMPLES)?,
        })
    }
}

fn taken<T: TryFrom<Map, Error = MapError>>(object: &mut Ebpf, name: &str) -> Result<T, LoadError> {
    let map = object.take_map(name);
    let map = map.ok_or_else(|| LoadError::Lacking(format!("map {name}")))?;
    Ok(T::try_from(map)?)
}

/// What this thread lacks of what loading needs: the kernel's own words for that are the verifier's, or a map's that comes first by chance.
fn lacking_capabilities() -> Option<String> {
    let has = rustix::thread::capabilities(None).ok()?.effective;
    // Which has been two of the three since Linux 5.8 (capabilities(7)).
    let is_admin = has.contains(CapabilitySet::SYS_ADMIN);
    let needed = [
        ("CAP_BPF", has.contains(CapabilitySet::BPF) || is_admin),
        ("CAP_NET_ADMIN", has.contains(CapabilitySet::NET_ADMIN)),
        (
            "CAP_PERFMON",
            has.contains(CapabilitySet::PERFMON) || is_admin,
        ),
    ];
    let lacking: Vec<&str> = needed
        .iter()
        .filter(|(_, is_there)| !is_there)
        .map(|(name, _)| *name)
        .collect();
    match lacking[..] {
        [] => None,
        [ref some @ .., last] if !some.is_empty() => {
            Some(format!("{} and {last}", some.join(", ")))
        }
        [.., last] => Some(last.to_owned()),
    }
}

fn lacking(name: &str) -> LoadError {
    LoadError::Lacking(format!("program {name}"))
}

fn xdp<'o>(object: &'o mut Ebpf, name: &str) -> Result<&'o mut Xdp, LoadError> {
    match object.program_mut(name) {
        Some(Program::Xdp(xdp)) => Ok(xdp),
        _ => Err(lacking(name)),
    }
}

fn tc(object: &mut Ebpf) -> Result<&mut SchedClassifier, LoadError> {
    match object.program_mut(program::TC) {
        Some(Program::SchedClassifier(tc)) => Ok(tc),
        _ => Err(lacking(program::TC)),
    }
}

fn load_tc(object: &mut Ebpf) -> Result<(), LoadError> {
    let name = program::TC;
    tc(object)?
        .load()
        .map_err(|source| LoadError::Program { name, source })
}

fn try_xdp(object: &mut Ebpf, name: &'static str, packet: &[u8]) -> Result<Tried, LoadError> {
    let xdp = xdp(object, name)?;
    run(packet, |options| xdp.test_run(options))
        .map_err(|source| LoadError::Program { name, source })
}

fn run(
    packet: &[u8],
    test_run: impl FnOnce(TestRunOptions<'_>) -> Result<aya::programs::TestRunResult, ProgramError>,
) -> Result<Tried, ProgramError> {
    // Room for whatever a packet can grow to.
    let mut out = vec![0; 65_536 + 256];
    let result = test_run(TestRunOptions {
        data_in: Some(packet),
        data_out: Some(&mut out),
        ..TestRunOptions::default()
    })?;
    out.truncate(usize::try_from(result.data_size_out).unwrap_or(0));
    Ok(Tried {
        action: result.return_value,
        packet: out,
    })
}
