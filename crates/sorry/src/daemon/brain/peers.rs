//! Asks peers what they see of a site, over their admin API: again and again for as long as there is doubt, since a peer may take longer
//! to see what is wrong.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use sorry_core::quorum::Held;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::thread::Message;
use crate::admin::api::{Api, Place};
use crate::admin::remote_place::RemotePlace;
use crate::admin::standing::AskedStanding;
use crate::config::Config;
use crate::config::watching::{Peer, Watching};

/// How long a peer may take for its answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long after an answer it is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// Who is being asked about what. A peer is asked about a site once at a time, however often its health turns meanwhile.
#[derive(Debug, Default)]
pub(super) struct Asking {
    running: HashMap<(Box<str>, Arc<str>), AbortHandle>,
    answered: Answered,
}

/// Whether each peer answered when it was last asked, by its name.
#[derive(Debug, Default, Clone)]
struct Answered(Arc<Mutex<BTreeMap<Box<str>, bool>>>);

impl Answered {
    fn note(&self, peer: &str, answered: bool) {
        self.all().insert(peer.into(), answered);
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Box<str>, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asking {
    /// Asks all peers about a site, for as long as a doubt lasts by time; each answer goes to the brain.
    pub(super) fn ask(
        &mut self,
        site: &Arc<str>,
        watching: &Watching,
        answers: &mpsc::UnboundedSender<Message>,
    ) {
        for peer in &watching.peers {
            let question = Question {
                peer: peer.clone(),
                site: Arc::clone(site),
                times: times(watching.hold),
                answered: self.answered.clone(),
            };
            let task = tokio::spawn(question.ask(answers.clone()));
            let before =
                (self.running).insert((peer.name.clone(), Arc::clone(site)), task.abort_handle());
            if let Some(before) = before {
                before.abort();
            }
        }
    }

    /// What is no longer configured is asked no more.
    pub(super) fn reconfigure(&mut self, config: &Config) {
        let peers = &config.watch.peers;
        let is_known = |name: &str| peers.iter().any(|known| *known.name == *name);
        self.answered.all().retain(|peer, _| is_known(peer));
        self.running.retain(|(peer, site), task| {
            let goes_on = is_known(peer) && config.sites.iter().any(|known| *known.name == **site);
            if !goes_on {
                task.abort();
            }
            goes_on
        });
    }

    /// Whether each of those that were ever asked answered last.
    pub(super) fn standing(&self) -> Vec<AskedStanding> {
        let all = self.answered.all();
        let asked = all.iter().map(|(name, answered)| AskedStanding {
            name: name.to_string(),
            answered: Some(*answered),
        });
        asked.collect()
    }

    /// Nobody needs an answer any more.
    pub(super) fn end(&mut self) {
        for (_, task) in self.running.drain() {
            task.abort();
        }
    }
}

/// How often each peer is asked in the time that a doubt lasts.
fn times(hold: Duration) -> u32 {
    let times = hold.as_millis() / AGAIN.as_millis();
    u32::try_from(times).unwrap_or(u32::MAX).clamp(1, 300)
}

/// One question, until nobody needs its answer any more.
#[derive(Debug)]
struct Question {
    peer: Peer,
    /// The site's name, by which peers know it.
    site: Arc<str>,
    times: u32,
    answered: Answered,
}

impl Question {
    async fn ask(self, answers: mpsc::UnboundedSender<Message>) {
        let Question {
            peer,
            site,
            times,
            answered,
        } = self;
        let name = peer.name.clone();
        let peer = Arc::new(Asked {
            peer,
            api: OnceLock::new(),
        });
        let mut told = None;
        for _ in 0..times {
            let (asked, of) = (Arc::clone(&peer), Arc::clone(&site));
            let answer = tokio::task::spawn_blocking(move || asked.seen(&of)).await;
            let answer = answer.unwrap_or_else(|error| Err(error.to_string()));
            answered.note(&name, answer.is_ok());
            match answer {
                Ok(held) => {
                    let saw = Message::PeerSaw {
                        peer: name.clone(),
                        site: Arc::clone(&site),
                        held,
                    };
                    // What it believes does not change again before our doubt is over, once it agrees.
                    if answers.send(saw).is_err() || held == Held::TooFew {
                        return;
                    }
                }
                Err(why) if told.as_ref() != Some(&why) => {
                    log::warn!("the peer {name} cannot be asked: {why}");
                    told = Some(why);
                }
                Err(_) => {}
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}

/// A peer, and the way to it once its files were read.
struct Asked {
    peer: Peer,
    api: OnceLock<Api>,
}

impl Asked {
    fn seen(&self, site: &str) -> Result<Held, String> {
        let site = self.api()?.site(site).map_err(|error| error.to_string())?;
        Ok(match site.quorum.held {
            true => Held::Enough,
            false => Held::TooFew,
        })
    }

    fn api(&self) -> Result<&Api, String> {
        if let Some(api) = self.api.get() {
            return Ok(api);
        }
        let peer = &self.peer;
        let url = format!("https://{}", peer.address);
        let place = RemotePlace::new(&url, &peer.token, peer.authority.as_deref())
            .map_err(|error| error.to_string())?;
        let api = Api::at(Place::Remote(Box::new(place))).with_patience(PATIENCE);
        Ok(self.api.get_or_init(|| api))
    }
}
