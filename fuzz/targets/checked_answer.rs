//! The reader of answers to HTTP checks: in pieces they mean what the whole means, no more is kept than was asked for, and what has a
//! verdict keeps it.
//!
//! Included by the libFuzzer wrapper and by the replay of corpora on stable.

use sorry_server::check::readers::{Body, Fault, Progress, Reader, Wanted};

/// Few, so that bodies are cut.
const BODY_MAX_BYTES: usize = 40;

/// What must hold of any bytes, of which the first says what is wanted.
pub(crate) fn checked_answer(data: &[u8]) {
    let Some((first, answer)) = data.split_first() else {
        return;
    };
    let body = match first % 3 {
        0 => Body::None,
        1 => Body::Skipped,
        _ => Body::Kept,
    };
    let wanted = Wanted {
        body,
        body_max_bytes: BODY_MAX_BYTES,
    };
    let whole = read(wanted, answer, answer.len().max(1));
    for size in [1, 2, 7] {
        let pieces = read(wanted, answer, size);
        match (&whole, &pieces) {
            // A head can be wrong in two ways at once, and which of them is seen first depends on what is there.
            (Err(_), Err(_)) => {}
            _ => assert_eq!(whole, pieces, "in pieces of {size}"),
        }
    }
    if let Ok((status, kept, cut)) = whole {
        assert!((100..=999).contains(&status), "{status}");
        assert!(kept.len() <= BODY_MAX_BYTES);
        assert!(body == Body::Kept || kept.is_empty());
        assert!(body != Body::None || !cut);
    }
}

/// Status, body and whether it was cut.
type Read = Result<(u16, Vec<u8>, bool), Fault>;

fn read(wanted: Wanted, answer: &[u8], size: usize) -> Read {
    let mut reader = Reader::new(wanted);
    let closed: &[u8] = &[];
    for piece in answer.chunks(size).chain([closed]) {
        if reader.feed(piece)? == Progress::Done {
            return Ok((reader.status(), reader.body().to_vec(), reader.is_cut()));
        }
    }
    unreachable!("a connection that is closed ends the answer, one way or the other")
}
