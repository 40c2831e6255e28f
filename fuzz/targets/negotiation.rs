//! Which answer a request gets (`sorry_core::answer`): HEAD gets what GET gets, a malformed wish is no wish, and nothing
//! but what the rules name is ever answered with 2xx or repeated.
//!
//! A seed is text: `METHOD PATH`, then lines `name: value`. Included by the libFuzzer wrapper and by the replay of
//! corpora on stable.

use sorry_core::answer::encoding::{self, Encoding};
use sorry_core::answer::{
    Ask, Choice, Dialect, EventStream, Lines, Method, Mode, Policy, Robots, decide, language, path,
};

/// Never well-formed, in any of the three lists: no weight is above 1.
const MALFORMED: &[u8] = b"a/a;q=7";

const LANGUAGES: [&str; 5] = ["en", "de", "pt-br", "pt", "zh"];

/// What must hold of any bytes.
pub(crate) fn negotiation(data: &[u8]) {
    let ask = ask(data);
    for policy in policies() {
        let choice = decide(&ask, &policy);
        allowed(choice, &ask, &policy);
        head_is_get(&ask, &policy);
        malformed_is_absent(&ask, &policy);
    }
    languages(&ask.accept_language);
    encodings(&ask.accept_encoding);
}

fn ask(data: &[u8]) -> Ask<'_> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let (method, target) = cut(first, b' ').unwrap_or((first, b"/"));
    let mut ask = Ask::new(method, path::of_target(target));
    for line in lines {
        let Some((name, value)) = cut(line, b':') else {
            continue;
        };
        let value = value.trim_ascii();
        match name {
            b"upgrade" => ask.websocket = true,
            _ => ask.take_field(name, value),
        }
    }
    ask
}

fn cut(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == at)?;
    Some((&text[..at], &text[at + 1..]))
}

/// The usual policy, and one in which everything is otherwise.
fn policies() -> [Policy; 2] {
    let usual = Policy {
        mode: Mode::InPlace,
        redirect_path: "/.sorry/page".into(),
        alive: "/.sorry/alive".into(),
        robots: Robots::Refused,
        event_stream: EventStream::Answer,
        origins: Box::new([]),
    };
    let other = Policy {
        mode: Mode::Redirect,
        redirect_path: "/sorry.html".into(),
        alive: "/healthz".into(),
        robots: Robots::Given,
        event_stream: EventStream::Status,
        origins: Box::new(["https://app.example.com".into()]),
    };
    [usual, other]
}

/// Every choice has the grounds that the rules name.
fn allowed(choice: Choice<'_>, ask: &Ask<'_>, policy: &Policy) {
    let reads = matches!(ask.method, Method::Get | Method::Head);
    match choice {
        Choice::Alive => assert!(reads && ask.path == policy.alive.as_bytes()),
        Choice::Own(dialect) => {
            assert!(reads && ask.path.starts_with(b"/.sorry/"));
            no_stream_unless_wanted(dialect, policy);
        }
        Choice::Robots => {
            assert!(reads && policy.robots == Robots::Given && ask.path == b"/robots.txt");
        }
        Choice::Preflight(preflight) => {
            assert!(ask.method == Method::Options && ask.origin.is_some());
            assert!(preflight.method.iter().all(u8::is_ascii_graphic));
            let headers = preflight.headers.unwrap_or_default();
            assert!(headers.len() <= 1024 && headers.iter().all(|b| repeatable(*b)));
            assert!(
                preflight
                    .origin
                    .is_none_or(|index| index < policy.origins.len())
            );
        }
        Choice::Redirect => {
            assert!(reads && policy.mode == Mode::Redirect);
            assert_ne!(ask.path, policy.redirect_path.as_bytes(), "a loop");
        }
        Choice::Refuse(dialect) => no_stream_unless_wanted(dialect, policy),
    }
}

fn no_stream_unless_wanted(dialect: Dialect, policy: &Policy) {
    assert!(dialect != Dialect::EventStream || policy.event_stream == EventStream::Answer);
}

/// May stand in a field's value without ending it.
fn repeatable(byte: u8) -> bool {
    byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t')
}

fn head_is_get(ask: &Ask<'_>, policy: &Policy) {
    let with = |method: &'static [u8]| Ask {
        method: Method::parse(method),
        method_token: method,
        ..*ask
    };
    let (get, head) = (with(b"GET"), with(b"HEAD"));
    assert_eq!(decide(&get, policy), decide(&head, policy));
}

/// A line that is malformed takes the whole field with it, whatever else stands there.
fn malformed_is_absent(ask: &Ask<'_>, policy: &Policy) {
    let (mut malformed, mut absent) = (*ask, *ask);
    malformed.accept.push(MALFORMED);
    absent.accept = Lines::default();
    assert_eq!(decide(&malformed, policy), decide(&absent, policy));
}

fn languages(field: &Lines<'_>) {
    assert!(language::choose(field, &LANGUAGES) < LANGUAGES.len());
    assert_eq!(language::choose(field, &[] as &[&str]), 0);
    let mut malformed = *field;
    malformed.push(MALFORMED);
    assert_eq!(language::choose(&malformed, &LANGUAGES), 0);
}

fn encodings(field: &Lines<'_>) {
    let order: Vec<Encoding> = encoding::choose(field).iter().collect();
    assert_eq!(order.last(), Some(&Encoding::Identity));
    for (at, encoding) in order.iter().enumerate() {
        assert!(!order[..at].contains(encoding), "{encoding:?} twice");
    }
    let mut malformed = *field;
    malformed.push(MALFORMED);
    assert!(encoding::choose(&malformed).iter().eq([Encoding::Identity]));
}
