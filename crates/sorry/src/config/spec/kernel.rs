//! The keys of `[kernel]`: where the in-kernel responder is attached, and on which terms it answers.

use crate::config::duration::Time;
use crate::config::egress::InterfaceName;
use crate::config::kernel::{KernelHook, OnCrash, Rate};
use crate::config::network::Network;
use crate::config::reader::At;
use crate::config::table::table;
use crate::config::value::{FilePath, Whole};

table! {
    /// Where and how the kernel answers for sites with `kernel` in their `[site.sorry]`. What it is for, and when not to use it, is told in the
    /// manual's page on answers from the kernel.
    pub(in crate::config) struct Kernel as Header {
        /// The network devices at which clients' packets come in. Another list is in force after a restart.
        #[key = "interfaces"]
        #[optional]
        #[example = "[\"eth0\"]"]
        interfaces: Vec<At<InterfaceName>>,

        /// At which hook packets are answered. XDP's generic mode is never used. Another one is in force after a restart.
        #[key = "hook"]
        #[default = "\"auto\""]
        #[example = "\"tc\""]
        hook: KernelHook,

        /// A file with a secret of 16 bytes or more that nobody else may read. Nodes with the same secret and the same pages can answer
        /// each other's connections. Without it each process has a secret of its own. Another one is in force after a restart.
        #[key = "key-file"]
        #[optional]
        #[example = "\"/etc/sorry/kernel.key\""]
        key_file: FilePath,

        /// How long one key is given to new connections. A connection that lasts half as long is answered to its end; one that lasts longer may be reset, and
        /// where pages change it has 30 seconds.
        #[key = "rotate"]
        #[default = "\"10m\""]
        #[example = "\"5m\""]
        rotate: Time<60_000, 86_400_000>,

        /// How long those that are being answered still are, once a site's visitors are not sent to the page any more.
        #[key = "drain"]
        #[default = "\"30s\""]
        #[example = "\"1m\""]
        drain: Time<1_000, 600_000>,

        /// What happens when Sorry dies without being stopped. Another word is in force after a restart.
        #[key = "on-crash"]
        #[default = "\"pass\""]
        #[example = "\"keep\""]
        on_crash: OnCrash,

        /// For how long the kernel goes on answering without hearing from Sorry, with `on-crash = "keep"`, and at the traffic control hook of
        /// kernels before 6.6. Another time is in force after a restart.
        #[key = "lease"]
        #[default = "\"10s\""]
        #[example = "\"30s\""]
        lease: Time<2_000, 300_000>,

        /// Networks whose connections are dropped. What is answered in the kernel passes no firewall of this machine: its rules do not
        /// hold there, these do.
        #[key = "deny"]
        #[default = "[]"]
        #[example = "[\"198.51.100.0/24\"]"]
        deny: Vec<At<Network>>,

        /// Networks whose connections are always left to user space: those of health checks, or of operators. Of entries that hold
        /// each other the longest prefix counts.
        #[key = "allow"]
        #[default = "[]"]
        #[example = "[\"10.0.0.0/8\"]"]
        allow: Vec<At<Network>>,

        /// How many packets with a part of the page are sent in a second to each network of 256 addresses (/24, of IPv6 /56), on the average of two
        /// seconds. What is beyond is dropped, and clients ask again.
        #[key = "rate"]
        #[default = "20000"]
        #[example = "\"none\""]
        rate: Rate,

        /// Of how many requests that the kernel answers one is written into the access log and counted for its crawler; 0 for none.
        #[key = "sample"]
        #[default = "0"]
        #[example = "1000"]
        sample: Whole<0, 1_000_000_000>,
    }
}
