//! The decoder against the examples of RFC 7541, appendix C, against broken blocks, and against our
//! own encoder.

use proptest::prelude::*;

use super::decode::{Decoder, INITIAL_TABLE};
use super::{Error, encode_field};
use crate::http2::fields::Fields;

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn list(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<String>, Error> {
    let mut fields = Fields::default();
    fields.begin(64 * 1024);
    decoder.decode(block, &mut fields)?;
    Ok(fields
        .iter()
        .map(|(_, name, value)| format!("{}: {}", name.escape_ascii(), value.escape_ascii()))
        .collect())
}

fn check(table: usize, examples: &[(&str, &[&str])]) {
    let mut decoder = Decoder::new();
    if table < INITIAL_TABLE {
        // The examples of C.5 and C.6 begin with a table of 256 octets: what a size update does.
        assert_eq!(list(&mut decoder, &unhex("3fe101")), Ok(vec![]));
    }
    for (block, expected) in examples {
        assert_eq!(
            list(&mut decoder, &unhex(block)).unwrap(),
            *expected,
            "{block}"
        );
    }
}

#[test]
fn appendix_c_2_single_fields() {
    check(
        INITIAL_TABLE,
        &[(
            "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
            &["custom-key: custom-header"],
        )],
    );
    check(
        INITIAL_TABLE,
        &[(
            "040c 2f73 616d 706c 652f 7061 7468",
            &[":path: /sample/path"],
        )],
    );
    check(
        INITIAL_TABLE,
        &[(
            "1008 7061 7373 776f 7264 0673 6563 7265 74",
            &["password: secret"],
        )],
    );
    check(INITIAL_TABLE, &[("82", &[":method: GET"])]);
}

const REQUESTS: [&[&str]; 3] = [
    &[
        ":method: GET",
        ":scheme: http",
        ":path: /",
        ":authority: www.example.com",
    ],
    &[
        ":method: GET",
        ":scheme: http",
        ":path: /",
        ":authority: www.example.com",
        "cache-control: no-cache",
    ],
    &[
        ":method: GET",
        ":scheme: https",
        ":path: /index.html",
        ":authority: www.example.com",
        "custom-key: custom-value",
    ],
];

#[test]
fn appendix_c_3_requests_without_huffman() {
    check(
        INITIAL_TABLE,
        &[
            (
                "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
                REQUESTS[0],
            ),
            ("8286 84be 5808 6e6f 2d63 6163 6865", REQUESTS[1]),
            (
                "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
                REQUESTS[2],
            ),
        ],
    );
}

#[test]
fn appendix_c_4_requests_with_huffman() {
    check(
        INITIAL_TABLE,
        &[
            ("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", REQUESTS[0]),
            ("8286 84be 5886 a8eb 1064 9cbf", REQUESTS[1]),
            (
                "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
                REQUESTS[2],
            ),
        ],
    );
}

const RESPONSES: [&[&str]; 3] = [
    &[
        ":status: 302",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:21 GMT",
        "location: https://www.example.com",
    ],
    &[
        ":status: 307",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:21 GMT",
        "location: https://www.example.com",
    ],
    &[
        ":status: 200",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:22 GMT",
        "location: https://www.example.com",
        "content-encoding: gzip",
        "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
    ],
];

#[test]
fn appendix_c_5_responses_without_huffman_evict() {
    check(
        256,
        &[
            (
                "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 \
             7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
                RESPONSES[0],
            ),
            ("4803 3330 37c1 c0bf", RESPONSES[1]),
            (
                "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 \
             444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e \
             3d31",
                RESPONSES[2],
            ),
        ],
    );
}

#[test]
fn appendix_c_6_responses_with_huffman_evict() {
    check(
        256,
        &[
            (
                "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 \
             e9ae 82ae 43d3",
                RESPONSES[0],
            ),
            ("4883 640e ffc1 c0bf", RESPONSES[1]),
            (
                "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b \
             3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
                RESPONSES[2],
            ),
        ],
    );
}

#[test]
fn broken_blocks_are_named() {
    for (block, error) in [
        ("80", Error::Index),               // index 0
        ("be", Error::Index),               // beyond both tables
        ("7e00", Error::Index),             // a name beyond both tables
        ("ff80808080", Error::Integer),     // an index without an end
        ("400a6375", Error::Integer),       // a string that is cut off
        ("00", Error::Integer),             // no string at all
        ("000184ffffffff", Error::Integer), // ditto, of the value
        ("000084ffffffff", Error::Huffman), // EOS
        ("8220", Error::TableSize),         // an update after a field
        ("202020", Error::TableSize),       // three updates
        ("3fe21f", Error::TableSize),       // 4097
    ] {
        assert_eq!(
            list(&mut Decoder::new(), &unhex(block)),
            Err(error),
            "{block}"
        );
    }
}

#[test]
fn a_reduced_table_must_be_acknowledged_by_the_encoder() {
    let mut decoder = Decoder::new();
    assert_eq!(list(&mut decoder, &unhex("4001610162")).unwrap(), ["a: b"]);
    decoder.agree(100);
    assert_eq!(
        list(&mut decoder, &unhex("be")),
        Err(Error::TableSizeMissing)
    );
    assert_eq!(
        list(&mut decoder, &unhex("3f45be")).unwrap(),
        ["a: b"],
        "100 octets hold the entry of 34"
    );
    assert_eq!(list(&mut decoder, &unhex("3f46")), Err(Error::TableSize));
    assert_eq!(
        list(&mut decoder, &unhex("20be")),
        Err(Error::Index),
        "0 octets do not"
    );
}

#[test]
fn a_section_that_is_too_large_still_keeps_the_tables_in_step() {
    let mut decoder = Decoder::new();
    let mut fields = Fields::default();
    fields.begin(40);
    decoder
        .decode(&unhex("4001610162 4001630164"), &mut fields)
        .unwrap();
    assert!(fields.overflowed());
    assert_eq!(
        list(&mut decoder, &unhex("bebf")).unwrap(),
        ["c: d", "a: b"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_we_encode_we_decode(pairs in proptest::collection::vec(("[a-z-]{1,40}", "[ -~]{0,80}"), 0..20)) {
        let mut block = Vec::new();
        for (name, value) in &pairs {
            encode_field(name.as_bytes(), value.as_bytes(), &mut block);
        }
        let expected: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{}: {}", name.as_bytes().escape_ascii(), value.as_bytes().escape_ascii())).collect();
        prop_assert_eq!(list(&mut Decoder::new(), &block).unwrap(), expected);
    }

    #[test]
    fn any_blocks_decode_or_fail(blocks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..100), 0..10)) {
        let mut decoder = Decoder::new();
        for block in blocks {
            if list(&mut decoder, &block).is_err() {
                break;
            }
        }
    }
}
