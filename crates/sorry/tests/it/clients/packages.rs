//! git, pip and apt pointed at a site that is down: each must call it an error that may pass, not a thing that does not exist.

use std::path::Path;
use std::process::Output;

use super::front::{Behind, Front};
use crate::harness::{Server, run, text};

/// A program in an environment of its own: no configuration of anybody's, no proxies, English messages.
fn alone(settings: &[&str], command: &[&str]) -> Output {
    let mut all = vec![
        "LC_ALL=C",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "no_proxy=*",
    ];
    all.extend(settings);
    all.extend(command);
    let mut arguments = vec!["-i"];
    arguments.extend(all);
    run("env", &arguments)
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn git_says_503_and_what_the_operator_said() {
    let server = Server::serve(&["--say", "moving to a larger disk"]);
    let folder = tempfile::tempdir().expect("a folder");
    let home = format!("HOME={}", path(folder.path()));
    let settings = [&home[..], "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0"];
    let url = server.url("/team/shop.git");
    let target = path(&folder.path().join("shop"));
    for command in [
        &["git", "clone", &url, &target][..],
        &["git", "ls-remote", &url],
    ] {
        let output = alone(&settings, command);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(128), "{said}");
        let fatal = said.lines().find(|line| line.starts_with("fatal:"));
        let fatal = fatal.unwrap_or_else(|| panic!("{said}"));
        assert!(fatal.ends_with("error: 503"), "{said}");
        // git shows text/plain bodies to its user.
        assert!(said.contains("remote: moving to a larger disk"), "{said}");
    }
}

#[test]
fn pip_retries_and_blames_the_server() {
    let server = Server::serve(&["--retry-after", "1s"]);
    let front = Front::new(Behind::Server(server.address()));
    let folder = tempfile::tempdir().expect("a folder");
    let target = path(folder.path());
    let home = format!("HOME={target}");
    let pip = |retries: &str, source: &[&str]| {
        let mut command = vec![
            "/usr/bin/python3",
            "-m",
            "pip",
            "--isolated",
            "--no-cache-dir",
        ];
        command.extend([
            "--disable-pip-version-check",
            "-vv",
            "download",
            "--no-deps",
        ]);
        command.extend(["--dest", &target, "--timeout", "10", "--retries", retries]);
        command.extend(source);
        alone(&[&home], &command)
    };
    let url = front.url("/files/shop-1.0.tar.gz");
    let output = pip("1", &[&url]);
    let said = text(&[output.stdout, output.stderr].concat());
    // An error of pip's own kind for what it cannot reach; a file that is not there is an HTTPError 404 instead.
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("too many 503 error responses"), "{said}");
    assert_eq!(
        front.requests(),
        ["GET /files/shop-1.0.tar.gz"; 2],
        "{said}"
    );

    let index = front.url("/simple");
    let output = pip("0", &["--index-url", &index, "shop"]);
    let said = text(&[output.stdout, output.stderr].concat());
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("too many 503 error responses"), "{said}");
    assert_eq!(front.requests()[2..], ["GET /simple/shop/"], "{said}");
}

/// A root for apt in which nothing of this machine is touched.
fn apt_root(folder: &Path, sources: &str) -> String {
    for part in ["lists/partial", "archives/partial", "etc/apt.conf.d", "log"] {
        std::fs::create_dir_all(folder.join(part)).expect("a folder");
    }
    std::fs::write(folder.join("status"), "").expect("write");
    std::fs::write(folder.join("etc/sources.list"), sources).expect("write");
    let root = path(folder);
    let configuration = format!(
        r#"
Dir::State "{root}"; Dir::State::lists "{root}/lists"; Dir::State::status "{root}/status";
Dir::Cache "{root}"; Dir::Cache::archives "{root}/archives";
Dir::Etc "{root}/etc"; Dir::Etc::sourcelist "sources.list"; Dir::Etc::sourceparts "-"; Dir::Etc::main "-";
Dir::Log "{root}/log";
APT::Sandbox::User ""; Acquire::Retries "0"; Acquire::http::Proxy "DIRECT";
"#
    );
    let file = folder.join("apt.conf");
    std::fs::write(&file, configuration).expect("write");
    format!("APT_CONFIG={}", path(&file))
}

fn apt(configuration: &str, command: &[&str]) -> (Option<i32>, String) {
    let output = alone(&[configuration], command);
    let said = text(&[output.stdout, output.stderr].concat());
    (output.status.code(), said)
}

#[test]
fn apt_keeps_its_lists_and_calls_it_transient() {
    let server = Server::serve(&[]);
    let front = Front::new(Behind::Server(server.address()));
    let folder = tempfile::tempdir().expect("a folder");
    let sources = format!("deb [trusted=yes] {} stable main\n", front.url("/debian"));
    let configuration = apt_root(folder.path(), &sources);

    // apt-get(8) fails at once on errors that last (a 404, a bad signature); what may pass is a warning ...
    let (code, said) = apt(&configuration, &["apt-get", "update"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("503  Service Unavailable"), "{said}");
    assert!(said.contains("old ones used instead"), "{said}");
    // ... unless every error is asked to count.
    let strict = ["apt-get", "update", "-o", "APT::Update::Error-Mode=any"];
    let (code, said) = apt(&configuration, &strict);
    assert_eq!(code, Some(100), "{said}");
    assert!(said.contains("E: Failed to fetch"), "{said}");

    front.switch(Behind::Says("404 Not Found", String::new()));
    let (code, said) = apt(&configuration, &["apt-get", "update"]);
    assert_eq!(
        code,
        Some(100),
        "the oracle: what lasts is an error: {said}"
    );
}

#[test]
fn apt_retries_a_download() {
    let server = Server::serve(&[]);
    let front = Front::new(Behind::Server(server.address()));
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = apt_root(folder.path(), "");
    let target = path(&folder.path().join("shop.deb"));
    let url = front.url("/pool/shop.deb");
    let mut command = vec!["/usr/lib/apt/apt-helper", "download-file", &url, &target];
    command.extend(["-o", "Acquire::Retries=1"]);
    let (code, said) = apt(&configuration, &command);
    assert_eq!(code, Some(100), "{said}");
    assert!(said.contains("503  Service Unavailable"), "{said}");
    assert_eq!(front.requests(), ["GET /pool/shop.deb"; 2], "{said}");
}
