//! A real Alertmanager: it takes what we send, and tells its own receiver of one alert that fires and is over.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sorry_core::incident::{Kind, Phase, Step, What};
use sorry_server::config::alert::{Channel, Url};

use super::stage::{Answer, Hook, Kept, desk, firing, receiver, resolved, run, until};

struct Alertmanager {
    child: Child,
    address: SocketAddr,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Alertmanager {
    /// On a port of the kernel's choice, which it writes into its log.
    fn start(folder: &Path, hook: &str) -> Alertmanager {
        let file = folder.join("alertmanager.yml");
        let configuration = format!(
            "route: {{ receiver: hook, group_by: ['...'], group_wait: 10ms, group_interval: 1s, repeat_interval: 1h }}\n\
             receivers: [{{ name: hook, webhook_configs: [{{ url: '{hook}' }}] }}]\n"
        );
        std::fs::write(&file, configuration).expect("write the configuration");
        let mut child = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", folder.display()))
            .args([
                "--web.listen-address=127.0.0.1:0",
                "--cluster.listen-address=",
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start prometheus-alertmanager");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
        let mut log = String::new();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            log.push_str(&line);
            log.push('\n');
            let (_, address) = line.split_once("address=127.0.0.1:")?;
            let port = address.split_whitespace().next()?;
            format!("127.0.0.1:{port}").parse().ok()
        });
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let address: SocketAddr =
            address.unwrap_or_else(|| panic!("no address in its log:\n{log}"));
        assert_ne!(address.port(), 0, "{log}");
        Alertmanager { child, address }
    }
}

#[test]
fn one_alert_fires_and_is_over_under_one_fingerprint() {
    run(async {
        let mut hook = Hook::new(vec![Answer::status(200)]).await;
        let folder = tempfile::tempdir().expect("a folder");
        let alertmanager = Alertmanager::start(folder.path(), &hook.url());
        let url = Url::Given(format!("http://{}", alertmanager.address).into());
        let mut am = receiver("am", Channel::Alertmanager { url });
        am.timeout = Duration::from_secs(5);
        let store = Arc::<Kept>::default();
        let first = desk(vec![am.clone()], &store);
        let begin = firing(17);
        first.tell(&begin);
        let fired = hook.next().await.json();
        let alert = &fired["alerts"][0];
        assert_eq!(
            (&alert["status"], &alert["labels"]["site"]),
            (&Value::from("firing"), &Value::from("shop"))
        );
        assert_eq!(alert["labels"]["alertname"], "SorrySiteDown");
        assert_eq!(
            alert["annotations"]["summary"],
            "shop: down, too few real servers work"
        );
        until(&first, "am", |status| status.delivered == 1).await;
        // A restart meanwhile: what fires is sent again, which is no other alert.
        drop(first);
        let second = desk(vec![am], &store);
        until(&second, "am", |status| status.delivered == 1).await;
        let mut end = resolved(17);
        end.began = begin.began;
        second.tell(&end);
        let over = hook.next().await.json();
        let ended = &over["alerts"][0];
        assert_eq!(ended["status"], "resolved", "{over}");
        assert_eq!(ended["fingerprint"], alert["fingerprint"]);
        assert_eq!(ended["startsAt"], alert["startsAt"]);
        until(&second, "am", |status| status.delivered == 2).await;
        drop(second);
        let third = desk(vec![], &store);
        assert_eq!(third.status(), []);
    });
}

#[test]
fn it_takes_every_kind_of_alert() {
    run(async {
        let hook = Hook::new(vec![Answer::status(200)]).await;
        let folder = tempfile::tempdir().expect("a folder");
        let alertmanager = Alertmanager::start(folder.path(), &hook.url());
        let url = Url::Given(format!("http://{}/", alertmanager.address).into());
        let mut am = receiver("am", Channel::Alertmanager { url });
        am.timeout = Duration::from_secs(5);
        let desk = desk(vec![am], &Arc::default());
        for (number, kind) in (1..).zip(Kind::ALL) {
            let mut telling = firing(number);
            (telling.kind, telling.about) = (kind, Some("ä \"quoted\" {name}".into()));
            desk.tell(&telling);
            (telling.step, telling.phase, telling.what) = (Step::Goes, Phase::Note, What::Up);
            desk.tell(&telling);
        }
        let status = until(&desk, "am", |status| status.waiting == 0).await;
        assert_eq!(
            (status.delivered, status.refused, status.failed),
            (14, 0, 0),
            "{status:?}"
        );
        desk.test("am").await.expect("a test is taken");
    });
}
