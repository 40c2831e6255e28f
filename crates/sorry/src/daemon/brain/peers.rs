//! Asks peers what they see of a site, over their admin API: again and again for as long as there is doubt, since a peer may take longer
//! to see what is wrong.

use std::sync::Arc;
use std::time::Duration;

use sorry_core::event::SiteId;
use sorry_core::quorum::Held;
use tokio::sync::mpsc;

use super::thread::Message;
use crate::admin::api::{Api, Place};
use crate::admin::remote_place::RemotePlace;
use crate::config::watching::{Peer, Watching};

/// How long a peer may take for its answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long after an answer it is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// One question, until nobody needs its answer any more.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) id: SiteId,
    /// The site's name, by which peers know it.
    pub(super) site: Arc<str>,
    /// How often each peer is asked.
    times: u32,
}

impl Question {
    /// For as long as a doubt lasts by time.
    pub(super) fn of(id: SiteId, site: Arc<str>, watching: &Watching) -> Question {
        let times = watching.hold.as_millis() / AGAIN.as_millis();
        Question {
            id,
            site,
            times: u32::try_from(times).unwrap_or(u32::MAX).clamp(1, 300),
        }
    }
}

/// Asks all of them; each answer goes to the brain.
pub(super) fn ask(
    question: &Question,
    watching: &Watching,
    answers: &mpsc::UnboundedSender<Message>,
) {
    for (number, peer) in (0..).zip(&watching.peers) {
        let (question, peer, answers) = (question.clone(), peer.clone(), answers.clone());
        tokio::spawn(async move { ask_one(number, peer, question, answers).await });
    }
}

async fn ask_one(
    number: u32,
    peer: Peer,
    question: Question,
    answers: mpsc::UnboundedSender<Message>,
) {
    let mut told = None;
    for _ in 0..question.times {
        let (asked, site) = (peer.clone(), Arc::clone(&question.site));
        let answer = tokio::task::spawn_blocking(move || seen(&asked, &site)).await;
        match answer.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(held) => {
                let saw = Message::PeerSaw {
                    peer: number,
                    site: question.id,
                    held,
                };
                // What it believes does not change again before our doubt is over, once it agrees.
                if answers.send(saw).is_err() || held == Held::TooFew {
                    return;
                }
            }
            Err(why) if told.as_ref() != Some(&why) => {
                log::warn!("the peer {} cannot be asked: {why}", peer.name);
                told = Some(why);
            }
            Err(_) => {}
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn seen(peer: &Peer, site: &str) -> Result<Held, String> {
    let url = format!("https://{}", peer.address);
    let place = RemotePlace::new(&url, &peer.token, peer.authority.as_deref())
        .map_err(|error| error.to_string())?;
    let api = Api::at(Place::Remote(Box::new(place))).with_patience(PATIENCE);
    let site = api.site(site).map_err(|error| error.to_string())?;
    Ok(match site.quorum.held {
        true => Held::Enough,
        false => Held::TooFew,
    })
}
