//! The keys of `[watch]`: what is watched to doubt oneself, and who is asked what they see.

use crate::config::duration::Time;
use crate::config::reader::At;
use crate::config::real_server::Target;
use crate::config::table::table;
use crate::config::target::Reference;
use crate::config::value::{FilePath, Name, Share, Whole};

table! {
    /// When Sorry does not believe its own eyes. While it doubts, it goes on probing and switches nothing by health; orders work
    /// as always.
    pub(in crate::config) struct Watch as Header {
        /// Addresses of others that must answer, such as the gateway and a name server: a connection is opened where there is a
        /// port, an echo asked for where there is none. When none of them answers, it is this machine that is cut off.
        #[key = "references"]
        #[default = "[]"]
        #[example = "[\"192.0.2.1\", \"192.0.2.53:53\"]"]
        references: Vec<At<Reference>>,

        /// How often each is asked.
        #[key = "every"]
        #[default = "\"1s\""]
        #[example = "\"5s\""]
        every: Time<100, 3_600_000>,

        /// How long it may take.
        #[key = "timeout"]
        #[default = "\"500ms\""]
        #[example = "\"1s\""]
        timeout: Time<10, 3_600_000>,

        /// How many real servers that go down together are too many to be believed.
        #[key = "mass"]
        #[optional]
        #[example = "{ share = 0.5, within = \"10s\" }"]
        mass: Mass,

        /// For how long nothing is switched then; after it what is seen is believed. While no reference answers it does not
        /// begin to run.
        #[key = "hold"]
        #[default = "\"30s\""]
        #[example = "\"2m\""]
        hold: Time<0, 86_400_000>,

        /// How many peers must see the same before it is believed; 0 asks none.
        #[key = "votes"]
        #[default = "0"]
        #[example = "1"]
        votes: Whole<0, 100>,

        /// Other Sorrys that watch the same sites, for `votes`.
        #[key = "peer"]
        #[optional]
        #[example = "[{ name = \"b\", address = \"b.example.com:8503\", token-file = \"b.token\" }]"]
        peer: Vec<At<Peer>>,
    }
}

table! {
    /// How many real servers that go down together are too many to be believed.
    pub(in crate::config) struct Mass as Dotted {
        /// More than this share of all real servers, of three sites or more; 1 switches it off.
        #[key = "share"]
        #[default = "0.5"]
        #[example = "0.8"]
        share: Share,

        /// Within this time.
        #[key = "within"]
        #[default = "\"10s\""]
        #[example = "\"5s\""]
        within: Time<100, 3_600_000>,
    }
}

table! {
    /// Another Sorry that watches the same sites, and is asked what it sees.
    pub(in crate::config) struct Peer as Header {
        /// What it is called in messages; each name once.
        #[key = "name"]
        #[required]
        #[example = "\"b\""]
        name: Name,

        /// Its admin API (`[admin] listen` there): a host and a port.
        #[key = "address"]
        #[required]
        #[example = "\"b.example.com:9504\""]
        address: Target,

        /// The authorities that its certificate is checked against, in PEM. Without it those that this machine trusts.
        #[key = "ca"]
        #[optional]
        #[example = "\"/etc/sorry/tls/inside.crt\""]
        ca: FilePath,

        /// A file with the token by which it knows us. Nobody else may read it.
        #[key = "token-file"]
        #[required]
        #[example = "\"/etc/sorry/b.token\""]
        token_file: FilePath,
    }
}
