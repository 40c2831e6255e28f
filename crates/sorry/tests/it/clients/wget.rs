//! wget: exit code 8 is "server issued an error response" (wget(1), EXIT STATUS).

use std::process::Output;

use super::front::{Behind, Front};
use crate::harness::{Server, run, text};

fn wget(arguments: &[&str]) -> Output {
    // No configuration of anybody's, no proxies, English messages come with the C locale of the tests' environment.
    let mut all = vec!["wget", "--no-config", "--no-proxy", "-O", "-"];
    all.extend(arguments);
    let mut with_locale = vec!["LC_ALL=C"];
    with_locale.extend(all);
    run("env", &with_locale)
}

#[test]
fn it_ends_with_the_code_of_a_server_error() {
    let server = Server::serve(&[]);
    let output = wget(&["--tries=1", &server.url("/file.tar.gz")]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(8), "{said}");
    assert!(said.contains("503 Service Unavailable"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn it_shows_the_page_when_asked_to() {
    let server = Server::serve(&["--say", "back after the move"]);
    let output = wget(&["--content-on-error", &server.url("/")]);
    assert_eq!(output.status.code(), Some(8));
    assert!(text(&output.stdout).contains("back after the move"));
}

#[test]
fn it_tries_as_often_as_it_is_told() {
    let server = Server::serve(&[]);
    let front = Front::new(Behind::Server(server.address()));
    let retrying = ["--retry-on-http-error=503", "--waitretry=0", "--tries=3"];
    let url = front.url("/a");
    let output = wget(&[&retrying[..], &[&url]].concat());
    let said = text(&output.stderr);
    assert_eq!(said.matches("503 Service Unavailable").count(), 3, "{said}");
    assert!(said.contains("Giving up"), "{said}");
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert_eq!(front.requests(), ["GET /a"; 3]);
    let once = wget(&[&url]);
    assert_eq!(once.status.code(), Some(8));
    assert_eq!(
        front.requests().len(),
        4,
        "without the option it does not retry"
    );
}

#[test]
fn it_fetches_the_file_after_the_return() {
    let server = Server::serve(&[]);
    let front = Front::new(Behind::Server(server.address()));
    let url = front.url("/file");
    let client = std::thread::spawn(move || {
        wget(&[
            "--retry-on-http-error=503",
            "--waitretry=1",
            "--tries=9",
            &url,
        ])
    });
    front.wait(|seen| seen.answers == 1, "the refusal");
    front.switch(Behind::Says("200 OK", "the file".into()));
    let output = client.join().expect("wget ran");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "the file");
}
