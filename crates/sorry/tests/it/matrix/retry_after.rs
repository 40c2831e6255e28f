//! What Retry-After says: fixed, until a time, as a date; spread between clients and steady for each.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::transport::{Request, Transport, ask, connect_from, read_answer};
use super::world::World;
use crate::harness::{Answer, PATIENCE, until};

fn seconds(answer: &Answer) -> u32 {
    let text = answer.field("retry-after").expect("Retry-After");
    assert!(text.bytes().all(|b| b.is_ascii_digit()), "{text:?}");
    text.parse().expect("a number of seconds")
}

/// A moment of `jiff` some seconds from now, as the configuration writes it.
fn in_seconds(seconds: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    jiff::Timestamp::from_second(now + seconds)
        .expect("a time")
        .to_string()
}

#[test]
fn what_is_left_and_at_most_a_fifth_or_two_minutes_more() {
    let until_soon = format!("retry-after = \"auto\"\nuntil = \"{}\"", in_seconds(1000));
    let past = format!("until = \"{}\"", in_seconds(-1000));
    for (lines, least, most) in [
        ("", 120, 144),
        ("retry-after = \"1s\"", 1, 1),
        ("retry-after = \"10s\"", 10, 12),
        ("retry-after = \"2h\"", 7200, 7320),
        ("retry-after = \"30d\"", 2_592_000, 2_592_120),
        (until_soon.as_str(), 900, 1200),
        (past.as_str(), 120, 144),
    ] {
        let world = World::new(lines);
        for transport in Transport::ALL {
            let said = seconds(&ask(&world, transport, &Request::get("/")));
            assert!(
                (least..=most).contains(&said),
                "{transport:?} {lines}: {said}"
            );
        }
    }
}

/// Clients read the pushback as a signed number of 32 bits, and what they cannot read means "never again".
#[test]
fn a_month_is_not_too_long_for_grpc_nor_for_timers() {
    let world = World::new("retry-after = \"30d\"");
    for transport in [Transport::H2c, Transport::H2Tls, Transport::Http11] {
        let request = Request::new("POST", "/a.B/C").with("content-type", "application/grpc");
        let answer = ask(&world, transport, &request);
        assert!(seconds(&answer) >= 2_592_000, "{transport:?}");
        let pushback = answer.field("grpc-retry-pushback-ms").map(str::parse);
        assert_eq!(pushback, Some(Ok(i32::MAX)), "{transport:?}");
        let request = Request::get("/").with("accept", "text/event-stream");
        let stream = ask(&world, transport, &request).text();
        assert!(stream.starts_with("retry: 2147483647\n"), "{stream}");
    }
}

/// What a program is told: seconds, and the expected return.
fn told(world: &World) -> (u32, Option<String>) {
    let request = Request::get("/").with("accept", "application/json");
    let answer = ask(world, Transport::Http11, &request);
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    let until = problem["until"].as_str().map(str::to_owned);
    (seconds(&answer), until)
}

#[test]
fn an_expected_return_that_passes_is_not_told_any_more() {
    // Where it has passed before somebody could ask, the machine is slow, and it is tried with more time.
    let (world, (before, _)) = [2, 4, 8]
        .into_iter()
        .map(|ahead| {
            let soon = in_seconds(ahead);
            let world = World::new(&format!("retry-after = \"auto\"\nuntil = \"{soon}\""));
            let told = told(&world);
            (world, told)
        })
        .find(|(_, (before, until))| *before < 120 && until.is_some())
        .expect("an answer before the time");
    assert!((1..=10).contains(&before), "{before}");
    let passed = || {
        let (after, until) = told(&world);
        let usual = (120..=144).contains(&after);
        assert!(usual || after <= before, "{after} after {before}");
        (usual && until.is_none()).then_some(())
    };
    until(Instant::now() + PATIENCE, passed, "the time has passed");
}

#[test]
fn a_date_for_those_who_want_one() {
    let world = World::new("retry-after = \"10m\"\nretry-after-form = \"date\"");
    for transport in Transport::ALL {
        let answer = ask(&world, transport, &Request::get("/"));
        let at = |name: &str| {
            let text = answer.field(name).expect("a date");
            let time =
                jiff::fmt::rfc2822::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert!(text.ends_with(" GMT") && text.len() == 29, "{text:?}");
            time.timestamp().as_second()
        };
        let left = at("retry-after") - at("date");
        assert!((600..=720).contains(&left), "{transport:?}: {left}");
    }
}

/// One request from a loopback address of its own.
fn from(client: IpAddr, to: SocketAddr) -> u32 {
    let mut stream = connect_from(client, to);
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("write");
    seconds(&read_answer(&mut stream, "GET"))
}

#[test]
fn one_client_hears_one_number_and_many_hear_many() {
    let world = World::new("retry-after = \"300s\"");
    let mut heard = BTreeMap::new();
    for last in 1..=60u8 {
        let client = IpAddr::from([127, 0, 7, last]);
        let said = from(client, world.plain);
        assert!((300..=360).contains(&said), "{client}: {said}");
        assert_eq!(
            from(client, world.plain),
            said,
            "{client} hears another number the next time"
        );
        *heard.entry(said).or_insert(0) += 1;
    }
    assert!(heard.len() > 20, "{heard:?}");
    // A restart of the same site spreads them in the same way.
    let again = World::new("retry-after = \"300s\"");
    for last in 1..=5u8 {
        let client = IpAddr::from([127, 0, 7, last]);
        assert_eq!(
            from(client, world.plain),
            from(client, again.plain),
            "{client}"
        );
    }
}
