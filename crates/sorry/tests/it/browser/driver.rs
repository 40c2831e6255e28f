//! Chromium without a window, driven over WebDriver (W3C) by chromedriver. It ends, with all its processes, when the test ends,
//! however it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Answer, PATIENCE, connect, text, until};
use crate::kernel::within;

/// A browser is a dozen processes: one at a time is faster than several that wait for each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// How long one command may take on a machine that has much else to do.
const SLOWEST: Duration = Duration::from_secs(60);

const CHROMIUM: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    // Several windows are watched at a time, and each is in front for its visitor.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    // A name that is nobody's leads here: an origin that browsers do not hold secure, as they do 127.0.0.1.
    "--host-resolver-rules=MAP shop.example 127.0.0.1",
    "--window-size=1000,800",
];

/// A browser with one session.
pub(crate) struct Browser {
    driver: Driver,
    session: String,
    /// Holds the profile.
    _folder: tempfile::TempDir,
    /// Dropped last: the next browser starts when this one is gone.
    _turn: MutexGuard<'static, ()>,
}

impl Browser {
    /// In the time zone of Kolkata, which is no other's, and where nobody's summer changes it.
    pub(crate) fn start() -> Browser {
        Browser::start_at(Place::Here)
    }

    /// The same in the network namespace of that name.
    pub(crate) fn start_in(namespace: &str) -> Browser {
        Browser::start_at(Place::Namespace(namespace.to_owned()))
    }

    fn start_at(place: Place) -> Browser {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("a folder");
        let driver = Driver::start(place, folder.path());
        let mut flags: Vec<String> = CHROMIUM.iter().map(|flag| (*flag).to_owned()).collect();
        let profile = folder.path().join("profile");
        flags.push(format!("--user-data-dir={}", profile.display()));
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": flags, "prefs": {"intl.accept_languages": "en-US"}},
            // Sooner than our own patience, so that it is Chromium who says what took too long.
            "timeouts": {"script": 30_000, "pageLoad": 50_000},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let session = driver.call("POST", "/session", &capabilities);
        let session = session["sessionId"].as_str().expect("a session").to_owned();
        Browser {
            driver,
            session,
            _folder: folder,
            _turn: turn,
        }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/session/{}{path}", self.session);
        self.driver.call(method, &path, body)
    }

    /// Opens a URL and waits until it is loaded.
    pub(crate) fn open(&self, url: &str) {
        self.try_to_open(url)
            .unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// The same; where no page came, says what Chromium calls that.
    pub(crate) fn try_to_open(&self, url: &str) -> Result<(), String> {
        let path = format!("/session/{}/url", self.session);
        let asked = self.driver.ask("POST", &path, &json!({ "url": url }));
        asked.map(drop).map_err(|value| {
            let message = value["message"].as_str().unwrap_or_default();
            message.lines().next().unwrap_or_default().to_owned()
        })
    }

    /// The URL in the address bar.
    pub(crate) fn url(&self) -> String {
        let url = self.call("GET", "/url", &Value::Null);
        url.as_str().expect("a URL").to_owned()
    }

    /// Opens a window of its own, and looks at it; returns its handle.
    pub(crate) fn new_window(&self) -> String {
        let window = self.call("POST", "/window/new", &json!({"type": "window"}));
        let handle = window["handle"].as_str().expect("a handle").to_owned();
        self.look_at(&handle);
        handle
    }

    /// The window that is looked at.
    pub(crate) fn window(&self) -> String {
        let handle = self.call("GET", "/window", &Value::Null);
        handle.as_str().expect("a handle").to_owned()
    }

    /// Closes the window that is looked at.
    pub(crate) fn close(&self) {
        self.call("DELETE", "/window", &Value::Null);
    }

    /// Turns to a window.
    pub(crate) fn look_at(&self, handle: &str) {
        self.call("POST", "/window", &json!({ "handle": handle }));
    }

    /// What a script's `return` gives.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.call(
            "POST",
            "/execute/sync",
            &json!({"script": script, "args": []}),
        )
    }

    /// What the body of an async function returns; its arguments are in `arguments`.
    pub(crate) fn run_async(&self, body: &str, arguments: &Value) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             const run = async (...arguments) => {{ {body} }};
             run(...Array.from(arguments).slice(0, -1)).then(done, error => done('failed: ' + error))"
        );
        let body = json!({"script": script, "args": arguments});
        self.call("POST", "/execute/async", &body)
    }

    /// Waits until a script's `return` gives something true, and returns it.
    pub(crate) fn wait(&self, script: &str) -> Value {
        let look = || {
            let found = self.run(script);
            let nothing = matches!(found, Value::Null | Value::Bool(false));
            (!nothing && found != "").then_some(found)
        };
        until(Instant::now() + PATIENCE, look, script)
    }

    /// A command of Chromium's own (Chrome DevTools Protocol).
    pub(crate) fn tell(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.call("POST", "/goog/cdp/execute", &body)
    }

    /// What the console showed since the last time it was asked: errors of scripts, of the network, of policies.
    pub(crate) fn console(&self) -> Vec<String> {
        self.log("browser", |entry| {
            let said = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            Some(format!("{} {}", said("level"), said("message")))
        })
    }

    /// What went over the network since the last time: parameters of `Network.requestWillBeSent` and
    /// `Network.responseReceived`, in order.
    pub(crate) fn network(&self) -> Vec<Value> {
        self.log("performance", |entry| {
            let mut message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &mut message["message"];
            let of_interest = ["Network.requestWillBeSent", "Network.responseReceived"];
            let method = message["method"].as_str()?;
            of_interest
                .contains(&method)
                .then(|| message["params"].take())
        })
    }

    fn log<T>(&self, kind: &str, read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
        let entries = self.call("POST", "/se/log", &json!({ "type": kind }));
        let entries = entries.as_array().expect("entries");
        entries.iter().filter_map(read).collect()
    }

    /// The window as a PNG, in base64.
    pub(crate) fn screenshot(&self) -> String {
        let png = self.call("GET", "/screenshot", &Value::Null);
        png.as_str().expect("an image").to_owned()
    }
}

/// Where a browser's own network is.
enum Place {
    Here,
    /// In the namespace of that name, where its driver listens as well.
    Namespace(String),
}

impl Place {
    fn command(&self, program: &str) -> Command {
        match self {
            Place::Here => Command::new(program),
            Place::Namespace(name) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", name, program]);
                command
            }
        }
    }

    fn connect(&self, address: SocketAddr) -> TcpStream {
        match self {
            Place::Here => connect(address),
            Place::Namespace(name) => within(name, || connect(address)),
        }
    }
}

/// A chromedriver, in a group of processes of its own.
struct Driver {
    place: Place,
    child: Child,
    address: SocketAddr,
}

impl Driver {
    fn start(place: Place, folder: &Path) -> Driver {
        let mut child = place
            .command("chromedriver")
            .arg("--port=0")
            .env("TZ", "Asia/Kolkata")
            // Crash reports, caches and settings of whatever else Chromium keeps at home.
            .env("HOME", folder)
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("start chromedriver; see cargo xtask setup");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let mut driver = Driver {
            place,
            child,
            address: ([127, 0, 0, 1], 0).into(),
        };
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .filter_map(|line| {
                line.rsplit_once("started successfully on port ")
                    .map(|(_, port)| port.to_owned())
            })
            .find_map(|port| port.trim_end_matches('.').parse().ok());
        driver
            .address
            .set_port(port.expect("chromedriver says its port"));
        // Nobody reads on, and it must not stand still when the pipe is full.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        driver
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        self.ask(method, path, body)
            .unwrap_or_else(|value| panic!("{method} {path} {body}: {value}"))
    }

    /// What it answers, or why it does not do what it is asked for.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let answer = self.exchange(method, path, body);
        let status = answer.status();
        let mut answer: Value = serde_json::from_slice(&answer.body).expect("an answer in JSON");
        let value = answer["value"].take();
        if status == 200 { Ok(value) } else { Err(value) }
    }

    fn exchange(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let length = body.len();
        let host = self.address;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        let mut stream = self.place.connect(self.address);
        stream
            .set_read_timeout(Some(SLOWEST))
            .expect("set a timeout");
        stream.write_all((head + &body).as_bytes()).expect("write");
        let mut bytes = Vec::new();
        let mut part = [0; 64 * 1024];
        loop {
            if let Some((answer, _)) = Answer::parse(&bytes, method) {
                return answer;
            }
            let count = stream.read(&mut part).expect("chromedriver answers");
            assert_ne!(count, 0, "{method} {path}: {}", text(&bytes));
            bytes.extend_from_slice(&part[..count]);
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The group: chromedriver, and the browsers that it started.
        let group = format!("-{}", self.child.id());
        let _already_gone = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _already_reaped = self.child.wait();
    }
}
