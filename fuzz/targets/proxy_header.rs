//! The PROXY protocol reader, versions 1 and 2: whatever the bytes, it gives one verdict, gives it as soon as it can,
//! and does not change its mind when more bytes come. What follows a header is never part of it.
//!
//! Included by the libFuzzer wrapper and by the replay of corpora on stable.

use sorry_server::listen::proxy_protocol::{Endpoints, LENGTH_MAX_BYTES, Parsed, parse};

/// The fixed part of version 2.
const FIXED: usize = 16;

/// Headers are longer than this only by their TLVs, which are read once all are there.
const TRIED_PREFIXES: usize = 300;

/// What must hold of any bytes.
pub(crate) fn proxy_header(data: &[u8]) {
    let verdict = parse(data);
    if let Parsed::Done(header) = verdict {
        assert!(header.consumed <= data.len());
        assert!(header.consumed <= FIXED + LENGTH_MAX_BYTES);
        let held: usize = header.tlvs.iter().map(|tlv| 3 + tlv.value.len()).sum();
        assert!(held <= header.consumed, "TLVs longer than their header");
        let proxied = matches!(header.endpoints, Endpoints::Proxied { .. });
        assert_eq!(header.source().is_some(), proxied);
        assert_eq!(header.destination().is_some(), proxied);
        // A client spoke TLS only if a TLV says so.
        assert!(held > 0 || !header.tlvs.client_spoke_tls());
        assert_eq!(parse(&data[..header.consumed]), verdict, "the rest matters");
    }
    first_verdict_stands(data, verdict);
}

/// Byte by byte there is nothing to say for a while, and then always the same.
fn first_verdict_stands(data: &[u8], verdict: Parsed<'_>) {
    let longest = match verdict {
        Parsed::Done(header) => header.consumed,
        _ => data.len(),
    };
    let from = longest.saturating_sub(TRIED_PREFIXES);
    let cuts = (0..=TRIED_PREFIXES.min(longest)).chain(from..=longest);
    for cut in cuts {
        match parse(&data[..cut]) {
            Parsed::Partial => {}
            // One byte can break a header in several ways, and which of them is named may depend on what is there.
            Parsed::Invalid(_) => assert!(matches!(verdict, Parsed::Invalid(_)), "at {cut}"),
            other => assert_eq!(other, verdict, "at {cut}"),
        }
    }
    if verdict == Parsed::Partial {
        assert!(data.len() < FIXED + LENGTH_MAX_BYTES, "waits without end");
    }
}
