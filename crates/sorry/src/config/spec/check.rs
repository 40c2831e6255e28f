//! The keys that checks have in common: when probes are made, where they come from and go to, and how TLS is spoken.
//!
//! They are written once here: in `[check]` for all checks, and by [`check_table`] in the table of each kind (`kinds.rs`).

use crate::config::duration::Time;
use crate::config::egress::{InterfaceName, Mark, SourcePort};
use crate::config::reader::At;
use crate::config::table::table;
use crate::config::target::{ExactHost, ProbeAddress};
use crate::config::value::{Auto, FilePath, Name, OrNone, Whole};
use std::net::IpAddr;

/// From one probe to the next.
pub(in crate::config) type Every = Time<100, 86_400_000>;
/// How long a probe may take.
pub(in crate::config) type Timeout = Time<10, 3_600_000>;
/// How much chance may add.
pub(in crate::config) type Jitter = Time<0, 3_600_000>;
/// How many results change something.
pub(in crate::config) type Results = Whole<1, 1000>;
/// How long before its end a certificate is told of.
pub(in crate::config) type Warning = OrNone<Time<3_600_000, 31_536_000_000>>;

table! {
    /// When real servers are probed, and how many results change what is believed of them, wherever a check does not say
    /// otherwise.
    pub(in crate::config) struct Pace as Header {
        /// From the beginning of one probe to the beginning of the next. With the other defaults a real server that refuses
        /// is down within 2.6 s, and one that is silent within 3.6 s; `sorry check-config` prints it for each site.
        #[key = "every"]
        #[default = "\"2s\""]
        #[example = "\"1s\""]
        every: Every,

        /// The longest that a probe may take, from looking up the name to the last byte. `"auto"` is one second, or `every`
        /// where that is shorter.
        #[key = "timeout"]
        #[default = "\"auto\""]
        #[example = "\"500ms\""]
        timeout: Auto<Timeout>,

        /// How many good results in a row bring a real server up again. The first result of all decides alone.
        #[key = "rise"]
        #[default = "2"]
        #[example = "1"]
        rise: Results,

        /// How many bad results take a real server down.
        #[key = "fall"]
        #[default = "3"]
        #[example = "2"]
        fall: Results,

        /// How many good results in a row wipe out the bad ones before them. With 1 only failures in a row count; with more,
        /// a real server that fails every other time goes down, too.
        #[key = "forgive"]
        #[default = "1"]
        #[example = "3"]
        forgive: Results,

        /// The most by which chance makes a probe later, so that checks do not march in step. `"auto"` is a tenth of `every`.
        #[key = "jitter"]
        #[default = "\"auto\""]
        #[example = "\"50ms\""]
        jitter: Auto<Jitter>,

        /// The same as `every` while the next results decide something; probes do not wait for the one before then. `"auto"`
        /// is a tenth of `every`, at least 100 ms and never more than `every`.
        #[key = "suspect-every"]
        #[default = "\"auto\""]
        #[example = "\"200ms\""]
        suspect_every: Auto<Every>,

        /// The address of this machine that probes come from. Without it the kernel chooses.
        #[key = "source"]
        #[optional]
        #[example = "\"10.0.0.2\""]
        source: IpAddr,
    }
}

/// What was typed in a check about when it is made; what was not is that of `[check]`.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct OwnPace {
    pub(in crate::config) every: Option<At<Every>>,
    pub(in crate::config) timeout: Option<At<Timeout>>,
    pub(in crate::config) rise: Option<At<Results>>,
    pub(in crate::config) fall: Option<At<Results>>,
    pub(in crate::config) forgive: Option<At<Results>>,
    pub(in crate::config) jitter: Option<At<Jitter>>,
    pub(in crate::config) suspect_every: Option<At<Every>>,
}

/// What was typed in a check about where probes go and come from.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct OwnWay {
    pub(in crate::config) address: Option<At<ProbeAddress>>,
    pub(in crate::config) source: Option<At<IpAddr>>,
    pub(in crate::config) source_port: Option<At<SourcePort>>,
    pub(in crate::config) interface: Option<At<InterfaceName>>,
    pub(in crate::config) mark: Option<At<Mark>>,
}

/// What was typed in a check about TLS.
#[derive(Debug)]
pub(in crate::config) struct OwnTls {
    pub(in crate::config) server_name: Option<At<ExactHost>>,
    pub(in crate::config) verify: Option<At<bool>>,
    pub(in crate::config) ca: Option<At<FilePath>>,
    pub(in crate::config) certificate: Option<At<FilePath>>,
    pub(in crate::config) key: Option<At<FilePath>>,
    pub(in crate::config) expiry_warning: Option<At<Warning>>,
}

/// What every table of a check says.
pub(in crate::config) trait CheckTable {
    /// What it is called, as typed.
    fn label(&self) -> Option<At<Name>>;

    /// When it is made, as typed.
    fn pace(&self) -> OwnPace;

    /// Where probes go and come from, as typed; none where nothing goes anywhere.
    fn way(&self) -> Option<OwnWay>;
}

/// Declares the table of a kind of check: `timed` has the keys that say when, `probing` also those that say where, `secured`
/// also those of TLS.
macro_rules! check_table {
    (
        $(#[doc = $about:literal])+
        struct $name:ident is timed { $($own:tt)* }
    ) => {
        check_table! {
            @table |_| None;
            $(#[doc = $about])+
            struct $name { $($own)* }
        }
    };
    (
        @table $way:expr;
        $(#[doc = $about:literal])+
        struct $name:ident { $($own:tt)* }
    ) => {
        table! {
            $(#[doc = $about])+
            pub(in crate::config) struct $name as Header {
                $($own)*

                /// As in `[check]`, for this check alone.
                #[key = "every"]
                #[optional]
                #[example = "\"1s\""]
                every: Every,

                /// As in `[check]`, for this check alone.
                #[key = "timeout"]
                #[optional]
                #[example = "\"500ms\""]
                timeout: Timeout,

                /// As in `[check]`, for this check alone.
                #[key = "rise"]
                #[optional]
                #[example = "1"]
                rise: Results,

                /// As in `[check]`, for this check alone.
                #[key = "fall"]
                #[optional]
                #[example = "2"]
                fall: Results,

                /// As in `[check]`, for this check alone.
                #[key = "forgive"]
                #[optional]
                #[example = "3"]
                forgive: Results,

                /// As in `[check]`, for this check alone.
                #[key = "jitter"]
                #[optional]
                #[example = "\"50ms\""]
                jitter: Jitter,

                /// As in `[check]`, for this check alone.
                #[key = "suspect-every"]
                #[optional]
                #[example = "\"200ms\""]
                suspect_every: Every,

                /// What the check is called in status, explanations and metrics, as no other of the real server is. Without it
                /// that is its kind; of several of a kind the second is called `http 2`, and so on. What is known of a check is
                /// kept across reloads by this.
                #[key = "label"]
                #[optional]
                #[example = "\"login\""]
                label: Name,
            }
        }

        impl CheckTable for $name {
            fn label(&self) -> Option<At<Name>> {
                self.label.clone()
            }

            fn pace(&self) -> OwnPace {
                OwnPace {
                    every: self.every.clone(),
                    timeout: self.timeout.clone(),
                    rise: self.rise.clone(),
                    fall: self.fall.clone(),
                    forgive: self.forgive.clone(),
                    jitter: self.jitter.clone(),
                    suspect_every: self.suspect_every.clone(),
                }
            }

            fn way(&self) -> Option<OwnWay> {
                let way: fn(&$name) -> Option<OwnWay> = $way;
                way(self)
            }
        }
    };
    (
        $(#[doc = $about:literal])+
        struct $name:ident is probing { $($own:tt)* }
    ) => {
        check_table! {
            @table |check| Some(OwnWay {
                address: check.address.clone(),
                source: check.source.clone(),
                source_port: check.source_port.clone(),
                interface: check.interface.clone(),
                mark: check.mark.clone(),
            });
            $(#[doc = $about])+
            struct $name {
                $($own)*

                /// Where probes go, where it is not the real server's own address: a host, a port or both; what is left out
                /// is the real server's.
                #[key = "address"]
                #[optional]
                #[example = "\":8081\""]
                address: ProbeAddress,

                /// As in `[check]`, for this check alone.
                #[key = "source"]
                #[optional]
                #[example = "\"10.0.0.2\""]
                source: IpAddr,

                /// The port of this machine that probes come from, where a packet filter wants it so. One probe is made at a time
                /// then, `suspect-every` is not shorter than `timeout`, and each connection ends with a reset.
                #[key = "source-port"]
                #[optional]
                #[example = "10053"]
                source_port: SourcePort,

                /// The interface by which probes leave and answers come, whatever the routes say; link-local addresses need it.
                #[key = "interface"]
                #[optional]
                #[example = "\"eth1\""]
                interface: InterfaceName,

                /// The mark of what probes send, for rules of routing and packet filters (`ip rule add fwmark 42`). The daemon
                /// needs the capability CAP_NET_ADMIN for that, and keeps it.
                #[key = "mark"]
                #[optional]
                #[example = "42"]
                mark: Mark,
            }
        }
    };
    (
        $(#[doc = $about:literal])+
        struct $name:ident is secured { $($own:tt)* }
    ) => {
        check_table! {
            $(#[doc = $about])+
            struct $name is probing {
                $($own)*

                /// The name that is asked for (SNI) and that the certificate must be for. Without it that is the host of the
                /// real server.
                #[key = "server-name"]
                #[optional]
                #[example = "\"shop.example.com\""]
                server_name: ExactHost,

                /// Whether the certificate must be trusted, for that name, and in its time.
                #[key = "verify"]
                #[default = "true"]
                #[example = "false"]
                verify: bool,

                /// The authorities that the certificate is checked against, in PEM. Without it those that this machine trusts.
                #[key = "ca"]
                #[optional]
                #[example = "\"/etc/sorry/tls/inside.crt\""]
                ca: FilePath,

                /// A certificate of our own for servers that ask for one, in PEM; `key` belongs to it.
                #[key = "certificate"]
                #[optional]
                #[example = "\"/etc/sorry/tls/probe.crt\""]
                certificate: FilePath,

                /// The private key of `certificate`, in PEM.
                #[key = "key"]
                #[optional]
                #[example = "\"/etc/sorry/tls/probe.key\""]
                key: FilePath,

                /// How long before the end of the server's certificate somebody is told; `"none"` for never.
                #[key = "expiry-warning"]
                #[default = "\"7d\""]
                #[example = "\"21d\""]
                expiry_warning: Warning,
            }
        }

        impl $name {
            /// What is said about TLS, taken out.
            pub(in crate::config) fn take_tls(&mut self) -> OwnTls {
                OwnTls {
                    server_name: self.server_name.take(),
                    verify: self.verify.take(),
                    ca: self.ca.take(),
                    certificate: self.certificate.take(),
                    key: self.key.take(),
                    expiry_warning: self.expiry_warning.take(),
                }
            }
        }
    };
}

pub(super) use check_table;
