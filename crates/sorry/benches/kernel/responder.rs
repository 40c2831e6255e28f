//! The product's responder, with lists and token buckets on, as its loader makes it: nothing here knows its maps.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use sorry_core::responder::flip::{self, Company, Wanted};
use sorry_core::responder::rotation;
use sorry_core::retry_after::Promise;
use sorry_server::config::Network;
use sorry_server::kernel::speech::Speech;
use sorry_server::kernel::{Lists, Place, Responder, Secret, Subject, Terms};

use crate::clock;

/// Networks of each protocol in the lists.
const LISTED: u32 = 500;

/// Clients that are on no list, while so many of their neighbours are that the list must be asked.
pub(crate) const NEAR_LISTED: (&str, &str) = ("100.64.7.200:40000", "[2001:db8:1f4::7]:40000");

pub(crate) fn terms() -> anyhow::Result<Terms> {
    let mut deny = Vec::new();
    for number in 0..LISTED {
        for text in [
            format!("100.64.{}.{}/32", number >> 4, number & 15),
            format!("2001:db8:{number:x}::/48"),
        ] {
            let network: Network = text
                .parse()
                .map_err(|_| anyhow::anyhow!("{text} is no network"))?;
            deny.push(network);
        }
    }
    Ok(Terms {
        lists: Lists {
            deny,
            allow: Vec::new(),
        },
        // Far more than anybody asks for here: the buckets are kept, and nobody is limited.
        rate: Some(1_000_000_000),
        sample: 1000,
        mtu: 1500,
        rotation: rotation::Times {
            period: Duration::from_secs(600),
            rest: Duration::from_secs(30),
        },
        flip: flip::Times {
            drain: Duration::from_secs(30),
            strict: Duration::ZERO,
        },
    })
}

/// Answers at each of these addresses what stands beside it.
pub(crate) fn fill(
    responder: &mut Responder,
    sites: &[(Vec<SocketAddr>, Speech)],
) -> anyhow::Result<()> {
    let subjects = sites
        .iter()
        .zip(0_u32..)
        .map(|((vips, speech), number)| Subject {
            name: format!("site-{number}").into(),
            vips: vips.clone(),
            speech: speech.clone(),
            promise: Promise {
                default: 120,
                until: None,
                salt: 1,
            },
            wanted: Wanted::Answer,
            company: Company::Alone,
        });
    responder
        .configure(subjects.collect(), clock::now())
        .context("cannot fill it")?;
    Ok(())
}

/// One that is loaded and not attached.
pub(crate) fn load(place: Place) -> anyhow::Result<Responder> {
    Responder::new(place, Secret::random()?, terms()?).context("cannot load the responder")
}
