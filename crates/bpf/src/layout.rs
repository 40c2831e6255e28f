//! The forms of keys and values of the maps, as `c/layout.h` has them: fields at fixed places, in the machine's byte order but where the
//! network's is named. Both sides assert the same sizes and places; a test compares them with those in the object.

/// Bytes of one segment: with its headers it fits 1280 bytes, the least that IPv6 promises (RFC 8200, section 5).
pub const SEGMENT: usize = 1220;
/// The most segments of one page: an initial window (RFC 6928).
pub const SEGMENTS: usize = 10;
/// Retry-After as different clients hear it.
pub const VARIANTS: usize = 8;
/// Keys, and versions of pages that belong to them.
pub const SLOTS: usize = 2;
/// Copies of what changes each second, so that none is written while it is read.
pub const EDITIONS: usize = 2;
/// Entries of the bitmaps of lists.
pub const WORDS: u32 = 1024;

/// Which answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// To everybody else.
    Page,
    /// To HEAD.
    Head,
    /// To OPTIONS of a browser that asks before it asks.
    Preflight,
    /// To whoever mentions `application/json` early.
    Json,
    /// To HTTP/2 with prior knowledge.
    Preface,
}

impl Kind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Kind; 5] = [
        Kind::Page,
        Kind::Head,
        Kind::Preflight,
        Kind::Json,
        Kind::Preface,
    ];
}

/// What is done for an address and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything passes.
    Off,
    /// New connections are answered.
    On,
    /// Those that are answered already still are; new ones pass.
    Drain,
}

impl Mode {
    fn from_number(number: u32) -> Option<Mode> {
        Some(match number {
            0 => Mode::Off,
            1 => Mode::On,
            2 => Mode::Drain,
            _ => return None,
        })
    }
}

/// What a list says of a network: its connections are dropped.
pub const LIST_DENY: u32 = 1;
/// What a list says of a network: its connections are left to user space.
pub const LIST_ALLOW: u32 = 2;

/// Declares what is counted, in the order of the numbers.
macro_rules! counts {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// What is counted, per processor and page.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Count {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Count {
            /// All of them, in the order of their numbers.
            pub const ALL: [Count; COUNTS] = [$(Count::$variant,)+];

            /// Its name in metrics and output.
            pub fn name(self) -> &'static str {
                match self {
                    $(Count::$variant => $name,)+
                }
            }

            /// What it counts, in words.
            pub fn about(self) -> &'static str {
                match self {
                    $(Count::$variant => concat!($($doc),+).trim_ascii_start(),)+
                }
            }
        }
    };
}

/// How many things are counted.
pub const COUNTS: usize = 19;

counts! {
    /// SYNs answered: connections begun
    Syn = "syn",
    /// SYNs left to user space: they offer too little, or we drain
    SynPassed = "syn_passed",
    /// SYNs dropped, for the list denies their network
    Denied = "denied",
    /// SYNs left to user space, for the list allows their network
    Allowed = "allowed",
    /// acknowledgements that need no answer
    Handshake = "handshake",
    /// requests answered with the page
    Page = "page",
    /// HEAD requests answered
    Head = "head",
    /// preflights answered
    Preflight = "preflight",
    /// requests answered in JSON
    Json = "json",
    /// connections that began with HTTP/2, sent away
    Preface = "preface",
    /// segments sent again, for the client told of a gap
    Resent = "resent",
    /// bare acknowledgements sent
    Ack = "ack",
    /// resets of our connections, swallowed
    Reset = "reset",
    /// packets of connections that are not ours, passed
    Foreign = "foreign",
    /// requests dropped, for their network asks too often
    Limited = "limited",
    /// segments with data sent
    Segment = "segment",
    /// answers sent as copies, for the packet could not grow
    Cloned = "cloned",
    /// answers that could not be sent
    Failed = "failed",
    /// requests that should have been told of and were not, for too many were waiting
    Untold = "untold",
}

/// Declares a form: fields at places, and how it becomes bytes and comes from them.
macro_rules! form {
    (
        $(#[$about:meta])+
        pub struct $name:ident [$size:literal] {
            $($(#[doc = $doc:literal])+ $field:ident: $type:ty = $at:literal,)+
        }
    ) => {
        $(#[$about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        impl $name {
            /// Bytes of it in a map.
            pub const SIZE: usize = $size;
            /// Its fields by name, with the place and bytes of each.
            #[cfg(test)]
            pub(crate) const FIELDS: &[(&str, usize, usize)] =
                &[$((stringify!($field), $at, size_of::<$type>()),)+];

            /// As it stands in a map.
            pub fn to_bytes(self) -> [u8; $size] {
                let mut bytes = [0; $size];
                $(self.$field.put(&mut bytes[$at..]);)+
                bytes
            }

            /// What stands in a map.
            pub fn from_bytes(bytes: &[u8; $size]) -> $name {
                $name { $($field: <$type>::take(&bytes[$at..]),)+ }
            }
        }
    };
}

/// A field of a form.
trait Field: Sized {
    fn put(&self, bytes: &mut [u8]);
    fn take(bytes: &[u8]) -> Self;
}

macro_rules! number_field {
    ($($number:ty),+) => {
        $(impl Field for $number {
            fn put(&self, bytes: &mut [u8]) {
                bytes[..size_of::<$number>()].copy_from_slice(&self.to_ne_bytes());
            }

            fn take(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<$number>()];
                own.copy_from_slice(&bytes[..size_of::<$number>()]);
                <$number>::from_ne_bytes(own)
            }
        })+
    };
}

number_field!(u8, u16, u32, u64);

impl<F: Field + Copy + Default, const N: usize> Field for [F; N] {
    fn put(&self, bytes: &mut [u8]) {
        for (field, place) in self.iter().zip(bytes.chunks_exact_mut(size_of::<F>())) {
            field.put(place);
        }
    }

    fn take(bytes: &[u8]) -> Self {
        let mut all = [F::default(); N];
        for (field, place) in all.iter_mut().zip(bytes.chunks_exact(size_of::<F>())) {
            *field = F::take(place);
        }
        all
    }
}

form! {
    /// Value of `vips`: an address and port, and what is done there.
    #[derive(Default)]
    pub struct Vip [32] {
        /// IPv4 as `::ffff:a.b.c.d`.
        address: [u8; 16] = 0,
        /// In network order.
        port: [u8; 2] = 16,
        /// A [`Mode`] by its number.
        mode: u32 = 20,
        /// Which page.
        page: u32 = 24,
        /// [`Vip::STRICT`] or nothing.
        flags: u32 = 28,
    }
}

impl Vip {
    /// Only acknowledgement numbers that we can have caused prove a connection: for as long as others may be open.
    pub const STRICT: u32 = 1;

    /// Its mode; `None` for a number that is none.
    pub fn mode(&self) -> Option<Mode> {
        Mode::from_number(self.mode)
    }
}

form! {
    /// The one value of `settings`.
    #[derive(Default)]
    pub struct Config [88] {
        /// Keys of sequence numbers (SipHash-2-4), by slot.
        key: [[u64; 2]; SLOTS] = 0,
        /// The slot of new connections.
        current: u32 = 32,
        /// Whether `list4` (bit 0) and `list6` (bit 1) have entries.
        lists: u32 = 36,
        /// Until when anything is answered, in nanoseconds of `CLOCK_MONOTONIC`; 0 without end.
        lease: u64 = 40,
        /// Of one segment, in nanoseconds of a bucket's time; 0 for no limit.
        cost: u64 = 48,
        /// How far ahead a bucket's time may be, in nanoseconds.
        burst: u64 = 56,
        /// Of 2^32 requests so many are told of; see [`share`].
        sample: u64 = 64,
        /// Of the kernel's clock that buckets have (jiffies), in nanoseconds.
        tick: u64 = 72,
        /// What SYN-ACKs over IPv4 offer, in network order.
        mss4: [u8; 2] = 80,
        /// The same over IPv6.
        mss6: [u8; 2] = 82,
        /// Whether the program at the traffic control hook says pages of several segments for the one at the driver: 1 or 0.
        behind: u32 = 84,
    }
}

form! {
    /// Value of `pages`.
    #[derive(Default)]
    pub struct Page [32] {
        /// How many; 0 for no page, and then everything passes.
        segments: u32 = 0,
        /// Which heads count.
        edition: u32 = 4,
        /// Bytes of each answer, by [`Kind`]; 0: there is none, and the page is given.
        ends: [u32; 5] = 8,
    }
}

form! {
    /// What a sample begins with.
    pub struct Sample [536] {
        /// The client, IPv4 as `::ffff:a.b.c.d`.
        client: [u8; 16] = 0,
        /// Which page.
        page: u32 = 16,
        /// A [`Kind`] by its number.
        kind: u16 = 20,
        /// Bytes of `head` that are there.
        length: u16 = 22,
        /// The first bytes of the request.
        head: [u8; SAMPLE_BYTES] = 24,
    }
}

/// The most bytes of a request that a sample has.
pub const SAMPLE_BYTES: usize = 512;

/// Bytes of a value of `counts`.
pub const COUNTERS_SIZE: usize = COUNTS * 8;
/// Bytes of a value of `heads` and `tails`.
pub const SEGMENT_SIZE: usize = 1232;

/// Value of `heads` and `tails`: data, with its sum as TCP needs it.
///
/// # Panics
/// If there are more than [`SEGMENT`] bytes.
pub fn segment(data: &[u8]) -> [u8; SEGMENT_SIZE] {
    let mut bytes = [0; SEGMENT_SIZE];
    bytes[8..][..data.len()].copy_from_slice(data);
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    length.put(&mut bytes);
    sum(data).put(&mut bytes[2..]);
    bytes
}

/// The ones' complement sum of 16-bit words in the machine's order, folded and not inverted (RFC 1071).
pub fn sum(data: &[u8]) -> u16 {
    let words = data.chunks(2).map(|word| match word {
        [one, two] => u16::from_ne_bytes([*one, *two]),
        rest => u16::from_ne_bytes([rest[0], 0]),
    });
    words.fold(0_u16, |sum, word| {
        let (sum, carried) = sum.overflowing_add(word);
        sum + u16::from(carried)
    })
}

/// The most addresses.
pub const VIPS: u32 = 256;
/// Entries of `places`.
pub const PLACES: u32 = 4096;
/// The most addresses in one of them.
pub const TOGETHER: usize = 4;

/// What numbers are spread by: 2^64 over the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// In which of `places` the number of an address stands; IPv4 as `::ffff:a.b.c.d`, the port in network order.
pub fn place_of(address: [u8; 16], port: [u8; 2]) -> u32 {
    let (high, low) = (u64::take(&address), u64::take(&address[8..]));
    let low = low.wrapping_add(u64::from(u16::take(&port)));
    let mixed = (high ^ low.wrapping_mul(FACTOR)).wrapping_mul(FACTOR);
    // Twelve bits are left of it.
    u32::try_from(mixed >> 52).unwrap_or(0)
}

/// Which of the answers that differ in Retry-After a client gets, IPv4 as `::ffff:a.b.c.d`.
pub fn variant_of(client: [u8; 16]) -> u32 {
    let (high, low) = (u64::take(&client), u64::take(&client[8..]));
    let is_four = client[..12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
    let mixed = if is_four { low >> 32 } else { high ^ low };
    // Three bits are left of it.
    u32::try_from(mixed.wrapping_mul(FACTOR) >> 61).unwrap_or(0)
}

/// A value of `places`: numbers of addresses, at most [`TOGETHER`], from the lowest bits on; 0 stands for none.
pub fn numbers(all: &[u16]) -> u64 {
    let shifted = all.iter().take(TOGETHER).zip(0_u32..);
    shifted.fold(0, |value, (number, place)| {
        value | (u64::from(*number) + 1) << (16 * place)
    })
}

/// So many of 2^32 are one of so many; 0 for none.
pub fn share(of: u32) -> u64 {
    match of {
        0 => 0,
        of => (1_u64 << 32).div_ceil(of.into()),
    }
}

/// Where a page stands in `pages`.
pub fn page_index(page: u32, slot: u32) -> u32 {
    page * number(SLOTS) + slot
}

/// Where an answer's first segment stands in `heads`.
pub fn head_index(page: u32, slot: u32, edition: u32, kind: Kind, variant: u32) -> u32 {
    let kinds = number(Kind::ALL.len());
    let place = page_index(page, slot) * number(EDITIONS) + edition;
    (place * kinds + kind as u32) * number(VARIANTS) + variant
}

/// Where another segment of a page stands in `tails`; the first is no. 0 and not there.
pub fn tail_index(page: u32, slot: u32, segment: u32) -> u32 {
    page_index(page, slot) * number(SEGMENTS - 1) + segment - 1
}

/// How many entries `heads` has for so many pages.
pub fn heads(pages: u32) -> u32 {
    pages * number(SLOTS * EDITIONS * Kind::ALL.len() * VARIANTS)
}

/// How many entries `tails` has for so many pages.
pub fn tails(pages: u32) -> u32 {
    pages * number(SLOTS * (SEGMENTS - 1))
}

fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

const _: () = {
    assert!(Vip::SIZE == 32 && Config::SIZE == 88 && Page::SIZE == 32);
    assert!(SEGMENT_SIZE == 1232 && COUNTERS_SIZE == 152 && Sample::SIZE == 536);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_come_back_from_their_bytes() {
        let config = Config {
            key: [[1, 2], [3, 4]],
            current: 1,
            lists: 3,
            lease: 5,
            cost: 6,
            burst: 7,
            sample: 8,
            tick: 9,
            mss4: 1460_u16.to_be_bytes(),
            mss6: 1440_u16.to_be_bytes(),
            behind: 1,
        };
        let bytes = config.to_bytes();
        assert_eq!(Config::from_bytes(&bytes), config);
        assert_eq!(bytes[16..24], 3_u64.to_ne_bytes());
        assert_eq!(bytes[80..82], [0x05, 0xb4]);
        let vip = Vip {
            address: [7; 16],
            port: 80_u16.to_be_bytes(),
            mode: Mode::Drain as u32,
            page: 3,
            flags: Vip::STRICT,
        };
        assert_eq!(Vip::from_bytes(&vip.to_bytes()), vip);
        assert_eq!(vip.mode(), Some(Mode::Drain));
        assert_eq!(Vip { mode: 3, ..vip }.mode(), None);
    }

    /// RFC 1071, section 3, has these bytes and their sum.
    #[test]
    fn sums_are_those_of_the_rfc() {
        let data = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(sum(&data).to_ne_bytes(), [0xdd, 0xf2]);
        assert_eq!(sum(&[0x12]).to_ne_bytes(), [0x12, 0]);
        assert_eq!(sum(&[]), 0);
    }

    #[test]
    fn places_do_not_overlap() {
        let mut heads = std::collections::HashSet::new();
        for (page, slot, edition, variant) in
            (0..32).map(|n| (n >> 4, n >> 3 & 1, n >> 2 & 1, n & 3))
        {
            for kind in Kind::ALL {
                assert!(heads.insert(head_index(page, slot, edition, kind, variant)));
            }
        }
        assert!(heads.iter().all(|place| *place < super::heads(2)));
        assert_eq!(
            head_index(1, 1, 1, Kind::Preface, 7) + 1,
            super::heads(2),
            "the last one"
        );
        assert_eq!(tail_index(1, 1, 9) + 1, tails(2));
        assert_eq!(tail_index(0, 0, 1), 0);
    }

    #[test]
    fn addresses_spread_over_their_places() {
        let place = |host: u8, port: u16| {
            let mut address = [0; 16];
            address[10..].copy_from_slice(&[0xff, 0xff, 192, 0, 2, host]);
            place_of(address, port.to_be_bytes())
        };
        let places: std::collections::HashSet<u32> =
            (0..=255).map(|host| place(host, 80)).collect();
        assert!(places.iter().all(|place| *place < PLACES));
        // Of 256 thrown at random into 4096, about eight meet another.
        assert!(places.len() > 230, "{}", places.len());
        let ports: std::collections::HashSet<u32> = (0..256).map(|port| place(1, port)).collect();
        assert!(ports.len() > 230, "{}", ports.len());
    }

    #[test]
    fn numbers_stand_from_the_lowest_bits_on() {
        assert_eq!(numbers(&[]), 0);
        assert_eq!(numbers(&[0]), 1);
        assert_eq!(numbers(&[4, 255]), 5 | 256 << 16);
        assert_eq!(numbers(&[0, 1, 2, 3, 4]), 0x0004_0003_0002_0001);
    }

    #[test]
    fn a_share_is_one_of_so_many() {
        assert_eq!(share(0), 0);
        for of in [1_u32, 2, 3, 1000, u32::MAX] {
            let share = share(of);
            let many = u64::from(of.min(1000));
            // As the program has it: the low half of the product.
            let told = (0..many * 10).filter(|number| ((number * share) & 0xffff_ffff) < share);
            assert_eq!(told.count() as u64, if of > 1000 { 1 } else { 10 }, "{of}");
        }
    }

    #[test]
    fn counts_are_numbered_as_they_stand() {
        for (number, count) in Count::ALL.into_iter().enumerate() {
            assert_eq!(count as usize, number);
            assert!(!count.about().is_empty() && !count.name().contains(' '));
        }
        let kinds = Kind::ALL.map(|kind| Count::Page as usize + kind as usize);
        assert_eq!(kinds.last(), Some(&(Count::Preface as usize)));
    }
}
