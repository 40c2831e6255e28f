//! Answers, whole and in pieces.

use super::*;

const KEPT: Wanted = Wanted {
    body: Body::Kept,
    body_max_bytes: 20,
};

/// What came of it: the status, the body, and whether it was cut, at the moment when it was done.
fn read(wanted: Wanted, pieces: &[&[u8]]) -> Result<(u16, String, bool), Option<Fault>> {
    let mut reader = Reader::new(wanted);
    for piece in pieces {
        if reader.feed(piece).map_err(Some)? == Progress::Done {
            let body = String::from_utf8_lossy(reader.body()).into_owned();
            return Ok((reader.status(), body, reader.is_cut()));
        }
    }
    Err(None)
}

#[test]
fn answers_are_read_whole_and_byte_by_byte() {
    let good = |status, body: &str| Ok((status, body.to_owned(), false));
    for (text, closes, expected) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            false,
            good(200, "ok"),
        ),
        ("HTTP/1.0 200 OK\r\n\r\nok", true, good(200, "ok")),
        ("HTTP/1.0 200\r\n\r\n", true, good(200, "")),
        (
            "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
            false,
            good(503, ""),
        ),
        ("HTTP/1.1 204 None\r\n\r\n", false, good(204, "")),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1;x=y\r\n!\r\n0\r\nA: b\r\n\r\n",
            false,
            good(200, "ok!"),
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            false,
            good(200, "x"),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\ncontent-length: 1\r\n\r\nx",
            false,
            good(200, "x"),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
            false,
            Err(Some(Fault::Length)),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
            false,
            Err(Some(Fault::Length)),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
            true,
            Err(Some(Fault::Closed)),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-",
            true,
            Err(Some(Fault::Closed)),
        ),
        ("", true, Err(Some(Fault::Closed))),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
            false,
            Err(None),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
            false,
            Err(Some(Fault::Chunk)),
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n", true, Err(Some(Fault::NotHttp))),
        ("HTTP/1.1 000 OK\r\n\r\n", true, Err(Some(Fault::NotHttp))),
        ("HTTP/1.1 abc\r\n\r\n", true, Err(Some(Fault::NotHttp))),
    ] {
        let mut whole = vec![text.as_bytes()];
        let mut pieces: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        whole.retain(|piece| !piece.is_empty());
        if closes {
            whole.push(b"");
            pieces.push(b"");
        }
        assert_eq!(read(KEPT, &whole), expected, "{text:?}");
        assert_eq!(read(KEPT, &pieces), expected, "{text:?} byte by byte");
    }
}

#[test]
fn no_more_is_read_than_is_asked_for() {
    let text = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        "x".repeat(40)
    );
    let kept = read(KEPT, &[text.as_bytes()]);
    assert_eq!(kept, Ok((200, "x".repeat(20), true)));
    let exact = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}",
        "x".repeat(20)
    );
    assert_eq!(
        read(KEPT, &[exact.as_bytes()]),
        Ok((200, "x".repeat(20), false))
    );
    let skipped = Wanted {
        body: Body::Skipped,
        ..KEPT
    };
    assert_eq!(
        read(skipped, &[text.as_bytes()]),
        Ok((200, String::new(), true))
    );
    let none = Wanted {
        body: Body::None,
        ..KEPT
    };
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    assert_eq!(read(none, &[head]), Ok((200, String::new(), false)));
}

#[test]
fn heads_have_an_end() {
    let long = format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(HEAD_MAX_BYTES));
    assert_eq!(
        read(KEPT, &[long.as_bytes()]),
        Err(Some(Fault::HeadTooLong))
    );
    let many = format!(
        "HTTP/1.1 200 OK\r\n{}\r\n",
        "A: b\r\n".repeat(FIELDS_MAX + 1)
    );
    assert_eq!(
        read(KEPT, &[many.as_bytes()]),
        Err(Some(Fault::HeadTooLong))
    );
    // As many as there is room for, one by one and in one piece.
    let hint = "HTTP/1.1 103\r\n\r\n";
    let most = HEAD_MAX_BYTES / hint.len();
    let good = Ok((200, "x".to_owned(), false));
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    let whole = hint.repeat(most) + answer;
    assert_eq!(read(KEPT, &[whole.as_bytes()]), good);
    let mut pieces = vec![hint.as_bytes(); most];
    pieces.push(answer.as_bytes());
    assert_eq!(read(KEPT, &pieces), good);
    let before = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(HEAD_MAX_BYTES / 20);
    assert_eq!(
        read(KEPT, &[before.as_bytes()]),
        Err(Some(Fault::HeadTooLong))
    );
}
