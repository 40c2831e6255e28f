//! What the kernel says beside what the user-space server says.

use sorry_bpf::layout::{Kind, SEGMENT};
use sorry_core::answer::template::Template;

use super::super::speech::{AltSvc, Group, LONGEST, Speech, Unsayable, keep_apart, pad};
use super::rig::{self, promise};
use crate::page::prepared::Answers;

fn answers(html: usize) -> Answers {
    rig::answers(vec![b'x'; html])
}

const FIRST: Group = Group { number: 0, of: 8 };

fn said(speech: &Speech, kind: Kind) -> String {
    let bytes = speech.said(kind, &promise(), 0, FIRST).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_short_page_has_all_answers_and_all_are_of_one_length() {
    let speech = Speech::new(&answers(300), AltSvc::Silent).unwrap();
    assert_eq!(speech.segments(), 1);
    for kind in Kind::ALL {
        assert_eq!(speech.end(kind), speech.end(Kind::Page), "{kind:?}");
    }
    let page = said(&speech, Kind::Page);
    assert!(
        page.starts_with("HTTP/1.1 503 Service Unavailable\r\nServer: sorry\r\nRetry-After:     1"),
        "{page}"
    );
    assert!(page.ends_with(&"x".repeat(300)), "{page}");
    for gone in ["Date", "X-Request-Id:", "desc"] {
        assert!(!page.contains(gone), "{gone} in {page}");
    }
    assert!(
        page.contains("\r\nServer-Timing: sorry;dur=00001"),
        "{page}"
    );
    let head = said(&speech, Kind::Head);
    let (same, rest) = head.split_once("X-Pad: ").unwrap();
    assert!(page.starts_with(same), "{head}");
    assert!(rest.ends_with("-\r\nConnection: close\r\n\r\n"), "{head}");
    let json = said(&speech, Kind::Json);
    assert!(
        json.contains("application/json")
            && json.ends_with(",\"request_id\":\"0000000000000000\"}"),
        "{json}"
    );
}

#[test]
fn a_preflight_has_its_date_and_allows_whatever_is_asked_for() {
    let speech = Speech::new(&answers(300), AltSvc::Clear).unwrap();
    let preflight = said(&speech, Kind::Preflight);
    assert!(
        preflight.starts_with("HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"),
        "{preflight}"
    );
    for line in [
        "Access-Control-Allow-Origin: *",
        "Access-Control-Allow-Headers: *, Authorization",
        "Alt-Svc: clear",
    ] {
        assert!(
            preflight.contains(&format!("\r\n{line}\r\n")),
            "{line} in {preflight}"
        );
    }
    assert!(!preflight.contains("X-Request-Id: "), "{preflight}");
}

#[test]
fn a_long_page_has_no_json_and_the_others_keep_their_lengths() {
    let speech = Speech::new(&answers(5000), AltSvc::Silent).unwrap();
    assert_eq!(speech.segments(), 5);
    assert!(!speech.has(Kind::Json));
    let head = said(&speech, Kind::Head);
    assert!(
        !head.contains("X-Pad") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    assert!(head.contains("Content-Length: 5000"));
    let preface = speech.said(Kind::Preface, &promise(), 0, FIRST).unwrap();
    assert_eq!(preface.len(), 9 + 9 + 8);
    assert_eq!(preface[preface.len() - 4..], [0, 0, 0, 0xd]);
}

#[test]
fn what_is_too_long_is_refused_with_its_length() {
    let most = LONGEST
        - Speech::new(&answers(1000), AltSvc::Silent)
            .unwrap()
            .end(Kind::Page)
        + 1000;
    // Content-Length has a digit more.
    assert!(Speech::new(&answers(most - 1), AltSvc::Silent).is_ok());
    let refused = Speech::new(&answers(most), AltSvc::Silent).unwrap_err();
    assert_eq!(refused, Unsayable::Page { bytes: LONGEST + 1 });
    assert!(refused.to_string().contains("12200"), "{refused}");
}

/// Every length around the end of the first segment, where a few bytes are too few to pad with.
#[test]
fn pages_of_about_one_segment_are_padded_or_have_no_others() {
    for html in 600..900 {
        let speech = Speech::new(&answers(html), AltSvc::Silent).unwrap();
        if speech.segments() > 1 {
            continue;
        }
        for kind in Kind::ALL {
            let end = speech.end(kind);
            assert!(
                end == 0 || end == speech.end(Kind::Page),
                "{kind:?} of {html}"
            );
        }
        assert!(speech.has(Kind::Head), "{html}");
        assert!(speech.end(Kind::Page) <= SEGMENT);
    }
}

#[test]
fn no_other_answer_is_in_the_way_of_the_page() {
    let template = |length: usize| {
        let head = "HTTP/1.1 503 -\r\n\r\n";
        Template::new().text(format!("{head}{}", "x".repeat(length - head.len())))
    };
    let near = || (SEGMENT - 20..=SEGMENT).step_by(3);
    for (page, json) in
        near().flat_map(|page| (SEGMENT - 20..=SEGMENT).map(move |json| (page, json)))
    {
        for preflight in near() {
            let mut all = [
                Some(template(page)),
                Some(template(600)),
                Some(template(preflight)),
                Some(template(json)),
                None,
            ];
            pad(&mut all);
            let lengths: Vec<_> = all.iter().flatten().map(Template::len).collect();
            let case = format!("page {page}, JSON {json}, preflight {preflight}: {lengths:?}");
            assert!(all[0].is_some() && all[1].is_some(), "{case}");
            assert!(lengths.iter().all(|length| *length == lengths[0]), "{case}");
            assert!(lengths[0] <= SEGMENT, "{case}");
        }
    }
}

#[test]
fn groups_hear_different_numbers_and_nothing_else_differs() {
    let speech = Speech::new(&answers(300), AltSvc::Silent).unwrap();
    let heard: Vec<Vec<u8>> = (0..8)
        .map(|number| {
            speech
                .said(Kind::Page, &promise(), 0, Group { number, of: 8 })
                .unwrap()
        })
        .collect();
    assert!(heard.iter().any(|bytes| *bytes != heard[0]));
    let same = Speech::new(&answers(300), AltSvc::Silent).unwrap();
    assert!(speech.masked().eq(same.masked()));
    let other = Speech::new(&answers(301), AltSvc::Silent).unwrap();
    assert!(!speech.masked().eq(other.masked()));
}

/// A client that has all of such an answer has acknowledged as much as one that has the first segment of the page.
#[test]
fn no_answer_beside_a_long_page_ends_where_a_segment_does() {
    for (length, expected) in [(1217, 1217), (1218, 1218), (1219, 1220), (1220, 1220)] {
        let end = "\r\n\r\n";
        let head = || Template::new().text(format!("{}{end}", "x".repeat(length - end.len())));
        let mut all = [None, Some(head()), Some(head()), None, None];
        keep_apart(&mut all);
        for kind in [Kind::Head, Kind::Preflight] {
            let template = all[kind as usize].as_ref().unwrap();
            assert_eq!(template.len(), expected, "{kind:?} of {length}");
            assert!(template.masked().ends_with(end.as_bytes()));
        }
        assert_ne!(expected + 1, SEGMENT);
    }
}
