//! The reader of SMTP replies: it says what it says as soon as it can, and more bytes change nothing.
//!
//! Included by the libFuzzer wrapper and by the replay of corpora on stable.

use sorry_server::check::readers::reply;

/// What must hold of any bytes.
pub(crate) fn smtp_reply(data: &[u8]) {
    match reply(data) {
        Ok(Some(whole)) => {
            assert!(whole.length <= data.len() && whole.code <= 999);
            assert!(whole.last.end < whole.length, "a line has an end");
            let last = &data[whole.last.clone()];
            let digits = format!("{:03}", whole.code);
            assert!(last.starts_with(digits.as_bytes()));
            assert!(!last.contains(&b'\n'));
            for cut in 0..whole.length {
                assert_eq!(reply(&data[..cut]), Ok(None), "at {cut}");
            }
            assert_eq!(
                reply(&data[..whole.length]),
                Ok(Some(whole)),
                "the rest matters"
            );
        }
        Ok(None) => assert!(data.is_empty() || data[0].is_ascii_digit()),
        Err(_) => {
            let more = [data, b"\r\n250 ok\r\n"].concat();
            assert!(reply(&more).is_err(), "more bytes mended it");
        }
    }
}
