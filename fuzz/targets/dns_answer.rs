//! The reader of answers to DNS checks: whatever comes is judged, and only what answers the very question is taken for an answer.
//!
//! Included by the libFuzzer wrapper and by the replay of corpora on stable.

use sorry_server::check::readers::{Expected, Judged};
use sorry_server::config::check::Dns;

/// What must hold of any bytes, of which the first says what is expected.
pub(crate) fn dns_answer(data: &[u8]) {
    let Some((first, answer)) = data.split_first() else {
        return;
    };
    let expected = Expected::new(&Dns {
        name: "www.example".into(),
        record: if first & 1 == 0 { "A" } else { "MX" }.into(),
        tcp: false,
        codes: vec![0, 3],
        answer: (first & 2 == 0).then(|| "192.0.2.1".into()),
    });
    let Ok(expected) = expected else {
        unreachable!("a good question");
    };
    let id = match answer.first_chunk() {
        Some(id) => u16::from_be_bytes(*id),
        None => 0,
    };
    let judged = expected.judge(id, answer);
    assert_eq!(expected.judge(id, answer), judged, "the same again");
    assert_eq!(
        expected.judge(id ^ 1, answer),
        Judged::NotOurs,
        "another id"
    );
    match judged {
        Judged::NotOurs => {}
        Judged::Good(code) => assert!([0, 3].contains(&code.to_int())),
        Judged::Code(code) => assert!(![0, 3].contains(&code.to_int())),
        Judged::Cut | Judged::Lacking | Judged::Malformed => assert_eq!(first & 2, 0),
    }
    if judged != Judged::NotOurs {
        assert!(answer.len() >= 12 && answer[2] & 0x80 != 0, "no answer");
    }
    assert_eq!(expected.judge(id, &expected.question(id)), Judged::NotOurs);
}
