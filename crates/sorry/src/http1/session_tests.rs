//! Sessions: what is answered, what is kept, what ends how.

use super::*;
use proptest::prelude::*;

#[derive(Default)]
struct Script {
    log: Vec<String>,
    body: Bytes,
}

impl Respond for Script {
    fn respond(&mut self, head: &Head<'_>, turn: Turn, out: &mut Out) -> Turn {
        self.log.push(format!(
            "{} {turn:?}",
            String::from_utf8_lossy(head.ask.path)
        ));
        out.bytes.extend_from_slice(b"answer\n");
        out.push_body(&self.body);
        turn
    }
    fn fault(&mut self, fault: Fault, method: Method, out: &mut Out) {
        let head = if method == Method::Head {
            " to HEAD"
        } else {
            ""
        };
        self.log.push(format!("{fault:?}{head}"));
        out.bytes.extend_from_slice(b"fault\n");
    }
    fn broken(&mut self, fault: Fault) {
        self.log.push(format!("{fault:?} later"));
    }
}

const BOUNDS: Bounds = Bounds {
    head_bytes: 300,
    requests: 3,
    body_bytes: 1000,
};

fn told(input: &str) -> String {
    let mut script = Script::default();
    let mut out = Out::default();
    let (consumed, next) = Session::new().receive(input.as_bytes(), &BOUNDS, &mut script, &mut out);
    format!(
        "{}, {next:?}, {} left",
        script.log.join(", "),
        input.len() - consumed
    )
}

#[test]
fn requests_are_answered_and_connections_end_as_they_should() {
    let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(300));
    let long_field = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(300));
    let long_whole = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "a".repeat(300)
    );
    for (input, expected) in [
        (get.to_owned(), "/a Keep, Read, 0 left"),
        (get.repeat(2), "/a Keep, /a Keep, Read, 0 left"),
        (get.repeat(3), "/a Keep, /a Keep, /a Close, Close, 0 left"),
        (get.repeat(4), "/a Keep, /a Keep, /a Close, Linger, 28 left"),
        (format!("{get}GET"), "/a Keep, Read, 3 left"),
        ("GET /a HTTP/1.0\r\n\r\n".into(), "/a Close, Close, 0 left"),
        (
            "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".into(),
            "/a KeepAlive, Read, 0 left",
        ),
        (
            "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".to_owned() + get,
            "/p Keep, /a Keep, Read, 0 left",
        ),
        (
            "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel".into(),
            "/p Keep, Read, 0 left",
        ),
        (
            "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                .to_owned() + get,
            "/p Keep, /a Keep, Read, 0 left",
        ),
        (
            "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz".into(),
            "/p Keep, Chunk later, Linger, 2 left",
        ),
        (
            "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n".into(),
            "/p Close, Read, 0 left",
        ),
        (
            "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
                .into(),
            "/p Close, Linger, 0 left",
        ),
        ("nonsense\u{0}".into(), "RequestLine, Linger, 9 left"),
        (long, "TargetTooLong, Linger, 316 left"),
        (long_field, "HeadTooLong, Linger, 319 left"),
        (long_whole, "HeadTooLong, Linger, 332 left"),
    ] {
        assert_eq!(told(&input), expected, "{input:?}");
    }
}

#[test]
fn a_body_costs_a_bounded_number_of_bytes() {
    let mut script = Script::default();
    let mut out = Out::default();
    let mut session = Session::new();
    let head = "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n";
    let (_, next) = session.receive(head.as_bytes(), &BOUNDS, &mut script, &mut out);
    assert_eq!(next, Next::Read);
    let (consumed, next) = session.receive(&[b'x'; 5000], &BOUNDS, &mut script, &mut out);
    assert_eq!((consumed, next), (990, Next::Linger));
}

#[test]
fn a_pipeline_stops_while_much_waits_to_be_written() {
    let mut script = Script {
        body: Bytes::from(vec![b'x'; 20_000]),
        ..Script::default()
    };
    let mut out = Out::default();
    let mut session = Session::new();
    let input = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2);
    let (consumed, next) = session.receive(input.as_bytes(), &BOUNDS, &mut script, &mut out);
    assert_eq!((consumed, next, out.tail.len()), (28, Next::Again, 20_000));
    out = Out::default();
    let (consumed, next) = session.receive(&input.as_bytes()[28..], &BOUNDS, &mut script, &mut out);
    assert_eq!((consumed, next), (28, Next::Read));
}

#[test]
fn an_old_connection_ends_with_its_next_answer() {
    let mut script = Script::default();
    let mut out = Out::default();
    let mut session = Session::new();
    session.end_with_next_answer();
    let (_, next) = session.receive(
        b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
        &BOUNDS,
        &mut script,
        &mut out,
    );
    assert_eq!(
        (script.log.join(""), next),
        ("/a Close".to_owned(), Next::Close)
    );
}

#[test]
fn only_a_client_that_began_a_head_hears_that_it_was_slow() {
    let mut script = Script::default();
    let mut out = Out::default();
    assert_eq!(
        Session::new().give_up(b"", &mut script, &mut out),
        Next::Close
    );
    assert_eq!(
        Session::new().give_up(b"GET", &mut script, &mut out),
        Next::Linger
    );
    assert_eq!(script.log, ["HeadTooSlow"]);
}

#[test]
fn a_fault_says_whether_the_method_was_head() {
    let long = format!("HEAD /{} HTTP/1.1\r\n", "a".repeat(300));
    for (input, expected) in [
        ("HEAD / HTTP/1.1\r\n\r\n", "Host to HEAD, Linger, 19 left"),
        (
            "\r\nHEAD / HTTP/2.0\r\n",
            "Version to HEAD, Linger, 19 left",
        ),
        (&long, "TargetTooLong to HEAD, Linger, 317 left"),
        ("GET / HTTP/1.1\r\n\r\n", "Host, Linger, 18 left"),
    ] {
        assert_eq!(told(input), expected, "{input}");
    }
    let mut script = Script::default();
    Session::new().give_up(b"HEAD /a", &mut script, &mut Out::default());
    assert_eq!(script.log, ["HeadTooSlow to HEAD"]);
}

#[test]
fn a_head_in_small_pieces_is_not_read_again_for_each() {
    // 30 000 bytes, one by one, with the whole parsed only at the end: quadratic work would show as minutes.
    let bounds = Bounds {
        head_bytes: 40_000,
        ..BOUNDS
    };
    let text = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "a".repeat(30_000)
    );
    let (mut session, mut script, mut out) = (Session::new(), Script::default(), Out::default());
    for end in 1..=text.len() {
        session.receive(&text.as_bytes()[..end], &bounds, &mut script, &mut out);
    }
    assert_eq!(script.log, ["/ Keep"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn pieces_are_answered_like_the_whole(parts in proptest::collection::vec(0usize..8, 1..6), noise in proptest::option::of((0usize..200, any::<u8>()))) {
        const PARTS: [&str; 8] = [
            "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\n\r\n",
            "GET /\r\n",
            "\r\n",
            "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        ];
        let mut bytes: Vec<u8> = parts.iter().flat_map(|n| PARTS[*n].bytes()).collect();
        if let Some((at, byte)) = noise {
            let at = at.min(bytes.len());
            bytes.insert(at, byte);
        }
        super::super::replay(&bytes);
    }
}
