//! The command line itself: verbs, flags, exit codes, signals.

mod api;
mod daemon;
mod described;
mod documented;
mod looking;
mod mistakes;
mod orders;
mod reload;
mod serve;
mod signals;
mod verbs;
mod watched;
mod workers;

use crate::harness::Server;

#[test]
fn serve_answers_and_ends_in_good_order() {
    let mut server = Server::serve(&[]);
    let answer = server.exchange(b"GET / HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.1 503 Service Unavailable\r\n"));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}
