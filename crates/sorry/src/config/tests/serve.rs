//! The flags of `sorry serve`.

use super::zone;
use crate::config::{Color, Config, ListenAddress, Mode, Place, Purpose, RetryAfter, ServeArgs};
use expect_test::expect;
use jiff::{Timestamp, Zoned};
use std::path::Path;

/// Friday noon in winter.
fn now() -> Zoned {
    let now: Timestamp = "2026-11-20T11:00:00Z".parse().unwrap();
    now.to_zoned(zone())
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn serve(args: &ServeArgs) -> Config {
    match Config::for_serve(args, &now()) {
        Ok(config) => config,
        Err(report) => panic!("{report}"),
    }
}

#[test]
fn without_flags() {
    let config = serve(&ServeArgs::default());
    let address = ListenAddress::Tcp("127.0.0.1:8080".parse().unwrap());
    assert_eq!(config.listeners.len(), 1);
    assert_eq!(config.listeners[0].address, address);
    assert_eq!(config.listeners[0].site_for("anything.example"), 0);
    assert_eq!(config.admin, None);
    assert_eq!(config.state, None);
    assert_eq!(config.metrics, None);
    assert_eq!(config.sites[0].sorry.status, 503);
    assert!(config.files.is_empty());
}

#[test]
fn with_every_flag() {
    let config = serve(&ServeArgs {
        listen: strings(&["[::]:443", "plain:0.0.0.0:80", "unix:/run/x.sock"]),
        page: Some("page.html".into()),
        status: Some(502),
        retry_after: Some("auto".to_owned()),
        until: Some("14:00".to_owned()),
        say: Some("Back soon.".to_owned()),
        tls_cert: vec!["a.crt".into()],
        tls_key: vec!["a.key".into()],
        mode: Some("redirect".to_owned()),
        metrics: Some("127.0.0.1:9503".to_owned()),
    });
    let tls: Vec<bool> = config.listeners.iter().map(|l| l.options.tls).collect();
    assert_eq!(tls, [true, false, true]);
    let sorry = &config.sites[0].sorry;
    assert_eq!(sorry.page.as_deref(), Some(Path::new("page.html")));
    assert_eq!(sorry.status, 502);
    assert_eq!(sorry.retry_after, RetryAfter::Auto);
    assert_eq!(sorry.until, Some("2026-11-20T13:00:00Z".parse().unwrap()));
    assert_eq!(sorry.say.as_ref().unwrap().as_str(), "Back soon.");
    assert!(matches!(sorry.mode, Mode::Redirect { status: 302, .. }));
    assert_eq!(config.metrics, Some("127.0.0.1:9503".parse().unwrap()));
    let purposes: Vec<_> = config.files.iter().map(|f| (f.purpose, f.place)).collect();
    assert_eq!(
        purposes,
        [
            (Purpose::Certificate, Place::Flag("--tls-cert")),
            (Purpose::PrivateKey, Place::Flag("--tls-key")),
            (Purpose::Page, Place::Flag("--page")),
        ]
    );
    let mistake = config.bad_file(&config.files[2], "cannot open page.html: no such file");
    let report = config.report(vec![mistake]).unwrap();
    expect![[r#"
        error[bad-file]: --page: cannot open page.html: no such file
    "#]]
    .assert_eq(&report.render(Color::Plain));
}

#[test]
fn every_mistaken_flag_is_named() {
    let args = ServeArgs {
        listen: strings(&["8080", "127.0.0.1:1"]),
        page: Some("".into()),
        status: Some(200),
        retry_after: Some("soon".to_owned()),
        until: Some("25:00".to_owned()),
        say: Some("\u{7}".to_owned()),
        tls_cert: vec!["a.crt".into()],
        tls_key: Vec::new(),
        mode: Some("redirct".to_owned()),
        metrics: Some("9503".to_owned()),
    };
    let report = Config::for_serve(&args, &now()).unwrap_err();
    expect![[r#"
        error[invalid]: --listen: `8080` is not an IP address and port
         |
         = help: "0.0.0.0:8080" listens on every IPv4 address, "[::]:8080" on IPv6 as well

        error[invalid]: --metrics: `9503` is not an IP address and port
         |
         = help: "127.0.0.1:9503" is for this machine alone; for others give the address that they may reach

        error[invalid]: --mode: `redirct` is not one of the words allowed
         |
         = help: did you mean "redirect"? It may be "in-place" or "redirect"

        error[invalid]: --page: an empty text is not a path

        error[invalid]: --retry-after: `soon` does not begin with a number
         |
         = help: write it like "90s", "2m" or "1h30m"

        error[invalid]: --say: the control character U+0007 cannot be said
         |
         = help: only line breaks are allowed

        error[out-of-range]: --status: 200 does not say that the server is at fault
         |
         = help: a page that says 200 is taken for the site by caches and crawlers; a balancer's check may ask for the path of `alive`

        error[invalid]: --tls-cert: 1 given, but 0 of --tls-key
         |
         = help: give one --tls-key for each --tls-cert

        error[invalid]: --until: `25:00` is not a date and time
         |
         = help: write it like "14:00", "2026-11-21 14:00 Europe/Berlin" or "2026-11-21T14:00:00+01:00"
    "#]].assert_eq(&report.render(Color::Plain));
    let json = report.to_json();
    assert_eq!(json["mistakes"][0]["flag"], "--listen");
}

#[test]
fn hints_speak_of_flags_and_not_of_keys() {
    let report = |args: &ServeArgs| Config::for_serve(args, &now()).unwrap_err();
    let lonely = report(&ServeArgs {
        tls_cert: vec!["a.crt".into()],
        ..ServeArgs::default()
    });
    expect![[r#"
        error[invalid]: --tls-cert: 1 given, but 0 of --tls-key
         |
         = help: give one --tls-key for each --tls-cert
    "#]]
    .assert_eq(&lonely.render(Color::Plain));
    let silent = report(&ServeArgs {
        say: Some(String::new()),
        metrics: Some("127.0.0.1".to_owned()),
        ..ServeArgs::default()
    });
    expect![[r#"
        error[invalid]: --metrics: `127.0.0.1` is not an IP address and port
         |
         = help: add the port: "127.0.0.1:9503"

        error[invalid]: --say: there is nothing in it to say
         |
         = help: leave the flag out to say nothing
    "#]]
    .assert_eq(&silent.render(Color::Plain));
}

#[test]
fn flags_that_do_not_go_together() {
    let args = ServeArgs {
        listen: strings(&["0.0.0.0:80", "[::]:80", "0.0.0.0:80"]),
        metrics: Some("0.0.0.0:80".to_owned()),
        ..ServeArgs::default()
    };
    let report = Config::for_serve(&args, &now()).unwrap_err();
    expect![[r#"
        error[duplicate]: --listen: 0.0.0.0:80 is given twice
         |
         = note: --listen: first given here

        error[conflict]: --listen: [::]:80 takes 0.0.0.0:80 as well
         |
         = note: --listen: also given here
         = help: leave that one out, or add `v6-only = true` to this one

        error[conflict]: --metrics: metrics: 0.0.0.0:80 is a sorry listener
         |
         = note: --listen: the listener is here
         = help: an address cannot be shared with a site
    "#]]
    .assert_eq(&report.render(Color::Plain));
}
