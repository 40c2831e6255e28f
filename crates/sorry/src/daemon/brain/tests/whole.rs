//! The whole thread, with a switch in memory and a disk that may hang.

use std::time::Duration;

use super::*;
use crate::daemon::brain::keeper::Written;
use crate::daemon::brain::lateness::Lateness;
use crate::journal::{Folder, Journal, Writer};

/// A switch in memory that does what it is told.
struct Fake {
    told: Arc<Mutex<Vec<Route>>>,
    inbox: mpsc::UnboundedSender<Message>,
}

impl Hand for Fake {
    fn route(&mut self, _: &str, switch: SwitchId, generation: u64, wanted: Wanted) {
        self.told.lock().unwrap().push(wanted.route);
        let _ended = self.inbox.send(Message::Applied {
            switch,
            generation,
            outcome: Outcome::Done,
        });
    }
}

struct Stage {
    inbox: mpsc::UnboundedSender<Message>,
    results: mpsc::UnboundedSender<Told>,
    told: Arc<Mutex<Vec<Route>>>,
    published: Arc<ArcSwap<Standing>>,
    ended: tokio::task::JoinHandle<()>,
}

impl Stage {
    /// A thread's whole life on this runtime, with two real servers and a switch.
    fn start(act: Act, hands: Hands) -> Stage {
        Stage::kept(act, hands, Keeper::forgetful)
    }

    fn kept(
        act: Act,
        hands: Hands,
        keeper: impl FnOnce(mpsc::UnboundedSender<Written>) -> Keeper,
    ) -> Stage {
        let (inbox, messages) = mpsc::unbounded_channel();
        let (done, written) = mpsc::unbounded_channel();
        let (news, mut heard) = mpsc::unbounded_channel();
        let told = Arc::new(Mutex::new(Vec::new()));
        let published = Arc::new(ArcSwap::from_pointee(Standing::default()));
        let clock = Clock::start();
        let eyes = Eyes::new();
        let (own_inbox, results) = (inbox.clone(), eyes.sender());
        let (routes, standing) = (Arc::clone(&told), Arc::clone(&published));
        let thread = Thread {
            in_kernel: Arc::default(),
            mind: Mind::new(
                configuration(2),
                switch(act),
                hands,
                Past::default(),
                clock.now(),
            ),
            clock,
            eyes,
            keeper: keeper(done),
            chronicle: Chronicle::forgetful(),
            written,
            inbox: messages,
            own_inbox: own_inbox.clone(),
            hand: Box::new(Fake { told, inbox }),
            told: news,
            outlooks: Vec::new(),
            published,
            publish: None,
            lateness: Lateness::default(),
            asking: Asking::default(),
        };
        let ended = tokio::spawn(thread.run());
        tokio::spawn(async move {
            while let Some(news) = heard.recv().await {
                if let News::Answer(answer) = news {
                    answer.give(&KernelStanding::default());
                }
            }
        });
        Stage {
            inbox: own_inbox,
            results,
            told: routes,
            published: standing,
            ended,
        }
    }

    fn see(&self, reason: Reason) {
        for number in [1, 2] {
            let _ended = self.results.send(Told {
                key: key(number),
                outcome: seen(reason),
                late: Duration::ZERO,
            });
        }
    }

    async fn order(&self, order: Order) -> Result<Done, Fault> {
        let (reply, answer) = oneshot::channel();
        let ordered = Ordered {
            site: "shop".to_owned(),
            order,
            by: "test".to_owned(),
            reason: None,
            reply,
        };
        let _ended = self.inbox.send(Message::Order(Box::new(ordered)));
        answer.await.expect("it answers")
    }

    /// Where the switch has sent visitors, one after the other. What changes among real servers is told as well.
    fn routes(&self) -> Vec<Route> {
        let mut routes = self.told.lock().unwrap().clone();
        routes.dedup();
        routes
    }

    /// Waits until the site stands so.
    async fn until(&self, wanted: impl Fn(&Standing) -> bool) {
        let patience = Duration::from_secs(20);
        let looking = async {
            while !wanted(&self.published.load()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(patience, looking)
            .await
            .expect("it comes to that");
    }
}

fn asks(standing: &Standing) -> bool {
    let switch = standing
        .sites
        .first()
        .and_then(|site| site.switches.first());
    switch.is_some_and(|switch| switch.waiting.is_some())
}

#[tokio::test]
async fn a_switch_that_asks_waits_until_somebody_approves() {
    let stage = Stage::start(Act::Ask, Hands::Free);
    stage.see(Reason::Ok);
    stage.until(asks).await;
    stage
        .order(Order::Approve {
            switch: None,
            generation: None,
        })
        .await
        .unwrap();
    assert_eq!(stage.routes(), [Route::Live]);
    stage.see(Reason::Refused);
    stage
        .until(|standing| asks(standing) && standing.sites[0].route == "sorry")
        .await;
    assert_eq!(stage.routes(), [Route::Live], "it asks first");
    let late = Order::Approve {
        switch: Some("fake".to_owned()),
        generation: Some(1),
    };
    let refused = stage.order(late).await.unwrap_err();
    assert!(refused.message.contains("by now, not 1"), "{refused}");
    let wrong = Order::Approve {
        switch: Some("nft".to_owned()),
        generation: None,
    };
    let refused = stage.order(wrong).await.unwrap_err();
    assert!(refused.message.contains("there is fake"), "{refused}");
    stage
        .order(Order::Approve {
            switch: None,
            generation: None,
        })
        .await
        .unwrap();
    assert_eq!(stage.routes(), [Route::Live, Route::Sorry]);
    stage
        .until(|standing| standing.sites[0].switches[0].confirmed)
        .await;
}

#[tokio::test]
async fn whoever_only_observes_is_told_nothing() {
    let stage = Stage::start(Act::Act, Hands::Bound);
    stage.see(Reason::Ok);
    stage.see(Reason::Refused);
    stage
        .until(|standing| {
            standing
                .sites
                .first()
                .is_some_and(|site| site.route == "sorry")
        })
        .await;
    assert!(stage.routes().is_empty());
    let acts = &stage.published.load().sites[0].switches[0].act;
    assert_eq!(acts, "observe");
}

fn down() -> Order {
    Order::Down(Down::default())
}

/// Visitors do not wait for a disk, and whoever orders hears that it is not kept; when the disk is back, it is.
#[tokio::test]
async fn a_disk_that_hangs_holds_no_order_up() {
    let place = tempfile::tempdir().unwrap();
    let folder = || Arc::new(Folder::open(place.path(), Duration::from_secs(10)).unwrap());
    let (journal, ..) = Journal::<Entry>::open(&folder(), "journal").unwrap();
    let writer = Writer::start(journal, "journal").unwrap();
    let (lets_go, hangs) = std::sync::mpsc::channel::<()>();
    writer.write(Vec::new(), move |_| {
        let _let_go = hangs.recv();
    });
    let stage = Stage::kept(Act::Act, Hands::Free, |done| Keeper::on(writer, done));
    let done = stage.order(down()).await.unwrap();
    let unkept = done.unkept.expect("it is not kept");
    assert!(unkept.contains("has not answered"), "{unkept}");
    assert_eq!(stage.routes().last(), Some(&Route::Sorry));
    let unkept = |standing: &Standing| standing.unkept.is_some();
    stage.until(unkept).await;
    drop(lets_go);
    stage.until(|standing| !unkept(standing)).await;
    let done = stage.order(down()).await.unwrap();
    assert_eq!(done.unkept, None);
    let _ended = stage.inbox.send(Message::Stop);
    stage.ended.await.unwrap();
    let (_, entries, _) = Journal::<Entry>::open(&folder(), "journal").unwrap();
    let ordered = |entry: &&Entry| matches!(entry, Entry::Order { order: Some(_), .. });
    assert_eq!(entries.iter().filter(ordered).count(), 2, "{entries:?}");
}
