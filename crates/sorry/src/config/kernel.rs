//! What is answered in the kernel, where, and on which terms.

use super::Place;
use super::fault::{Fault, nearest, quoted};
use super::network::Network;
use super::reader::{FromValue, Reader, Value};
use super::table::words;
use super::value::no_such_number;
use std::path::PathBuf;
use std::time::Duration;
use toml::de::DeValue;

/// The most sites that the kernel answers for.
pub const MOST_SITES: usize = 64;
/// The most addresses of all of them.
pub const MOST_VIPS: usize = 256;
/// The most networks in a list.
pub const MOST_NETWORKS: usize = 4096;

/// `[kernel]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// The network devices at which packets are answered.
    pub interfaces: Vec<Box<str>>,
    /// At which hook.
    pub hook: KernelHook,
    /// A secret that several nodes have.
    pub key_file: Option<PathBuf>,
    /// How long one key is given to new connections.
    pub rotate: Duration,
    /// How long an address drains.
    pub drain: Duration,
    /// What happens when the process dies.
    pub on_crash: OnCrash,
    /// For how long the kernel goes on without hearing from the process.
    pub lease: Duration,
    /// Networks whose connections are dropped.
    pub deny: Vec<Network>,
    /// Networks whose connections are left to user space.
    pub allow: Vec<Network>,
    /// Segments per second for each network of 256 addresses.
    pub rate: Option<u32>,
    /// Of how many requests one is written into the access log; 0 for none.
    pub sample: u32,
    /// Where the interfaces were typed, or the table.
    pub place: Place,
}

words! {
    /// At which hook packets are answered.
    pub enum KernelHook {
        /// at the network driver (XDP) where that works, with pages of several packets at the traffic control hook behind it; else all at that hook
        Auto = "auto",
        /// at the network driver alone, or nowhere
        Xdp = "xdp",
        /// at the traffic control hook, which every device has
        Tc = "tc",
    }
}

words! {
    /// What happens when the process dies without being stopped.
    pub enum OnCrash {
        /// the kernel detaches the responder, and everything passes as if it had never been there
        Pass = "pass",
        /// it goes on answering for `lease`, and then everything passes
        Keep = "keep",
    }
}

words! {
    /// When the kernel answers for a site.
    pub enum KernelWhen {
        /// never
        Never = "never",
        /// while the site's visitors are sent to the page; always for a site without real servers whose `kernel-vips` are its own listeners
        Down = "when down",
        /// while Sorry itself has more to do than it can
        Overloaded = "when overloaded",
    }
}

/// `"none"`, or so many per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate(pub(super) Option<u32>);

impl Rate {
    const MOST: u32 = 10_000_000;
}

impl FromValue for Rate {
    fn form() -> String {
        format!("a whole number from 1 to {}, or \"none\"", Rate::MOST)
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(text) if &**text == "none" => Some(Rate(None)),
            DeValue::String(text) => {
                let fault = Fault::new(format!("{} is not a rate", quoted(text)));
                let meant = nearest(text, ["none"]).map(|_| "did you mean \"none\"?".to_owned());
                let hint = meant.unwrap_or_else(|| format!("it may be {}", Rate::form()));
                reader.fault(value, fault.hint(hint));
                None
            }
            DeValue::Integer(integer) => {
                let number = u32::from_str_radix(integer.as_str(), integer.radix()).ok();
                let read = number.filter(|number| (1..=Rate::MOST).contains(number));
                if read.is_none() {
                    let hint = format!("it may be {}", Rate::form());
                    reader.fault(value, no_such_number(integer).hint(hint));
                }
                read.map(|number| Rate(Some(number)))
            }
            _ => {
                reader.wrong_type(value);
                None
            }
        }
    }
}
