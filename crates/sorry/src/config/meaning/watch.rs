//! What is watched to doubt oneself.

use super::Builder;
use crate::config::Purpose;
use crate::config::diagnostics::{Code, Mistake};
use crate::config::reader::At;
use crate::config::spec;
use crate::config::watching::{Peer, Watching};
use sorry_core::doubt::Mass;
use std::collections::HashMap;

impl Builder<'_> {
    /// `[watch]`. `None` where something is mistaken.
    pub(super) fn watch(&mut self, typed: spec::Watch) -> Option<Watching> {
        let peers = typed.peer.and_then(|peers| self.peers(peers.value));
        if let Some(references) = &typed.references {
            let mut seen = HashMap::new();
            for reference in &references.value {
                if let Some(first) = seen.insert(&reference.value, reference.place) {
                    let mistake = Mistake::new(
                        Code::Duplicate,
                        reference.place,
                        "the same reference is given twice",
                    );
                    self.tell(mistake.also(first, "first given here"));
                }
            }
        }
        let votes = typed.votes?;
        if let Some(peers) = &peers {
            let count = u64::try_from(peers.len()).unwrap_or(u64::MAX);
            if votes.value.0 > count {
                let message = format!(
                    "votes: {} are asked for, and there are {count} peers to give them",
                    votes.value.0
                );
                let mistake = Mistake::new(Code::Conflict, votes.place, message);
                self.tell(mistake.hint("add each peer as a [[watch.peer]]"));
            }
            if let (0, Some(peer)) = (votes.value.0, peers.first()) {
                let why = format!("peer {}: nobody asks it without `votes`", peer.0.name);
                self.caution(peer.1, why);
            }
        }
        let mass = typed.mass?.value;
        Some(Watching {
            references: typed
                .references?
                .value
                .into_iter()
                .map(|at| at.value.0)
                .collect(),
            every: typed.every?.value.0,
            timeout: typed.timeout?.value.0,
            mass: Mass {
                share_permille: mass.share?.value.0,
                within: mass.within?.value.0,
            },
            hold: typed.hold?.value.0,
            votes: u32::try_from(votes.value.0).ok()?,
            peers: peers?.into_iter().map(|(peer, _)| peer).collect(),
        })
    }

    fn peers(&mut self, typed: Vec<At<spec::Peer>>) -> Option<Vec<(Peer, crate::config::Place)>> {
        let mut seen = HashMap::new();
        for name in typed.iter().filter_map(|peer| peer.value.name.as_ref()) {
            if let Some(first) = seen.insert(name.value.0.clone(), name.place) {
                let message = format!("a second peer is named `{}`", name.value.0);
                let mistake = Mistake::new(Code::Duplicate, name.place, message);
                self.tell(mistake.also(first, "first given here"));
            }
        }
        let peers: Vec<_> = typed
            .into_iter()
            .map(|At { value: peer, place }| {
                let authority = peer.ca.map(|ca| self.path(ca, Purpose::Authority));
                let token = peer
                    .token_file
                    .map(|token| self.path(token, Purpose::Secret));
                let peer = Peer {
                    name: peer.name?.value.0,
                    address: peer.address?.value,
                    authority,
                    token: token?,
                };
                Some((peer, place))
            })
            .collect();
        peers.into_iter().collect()
    }
}
