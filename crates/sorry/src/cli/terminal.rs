//! What the terminal can show: its width, colours, signs, and the clock of whoever sits there.

use std::io::{IsTerminal as _, stdout};

use jiff::tz::TimeZone;

use crate::admin::{Color, Look, Moment, Signs};

/// The look of standard output. What is no terminal gets whole lines, no colours and plain signs.
pub(super) fn look() -> Look {
    let terminal = stdout().is_terminal();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let coloured = terminal
        && variable("NO_COLOR").is_none()
        && variable("TERM").is_none_or(|term| term != "dumb");
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(variable);
    let size = terminal.then(|| rustix::termios::tcgetwinsize(stdout()).ok());
    let width = size
        .flatten()
        .map(|size| usize::from(size.ws_col))
        .filter(|width| *width > 0);
    Look {
        width: width.unwrap_or(usize::MAX),
        color: if coloured {
            Color::Coloured
        } else {
            Color::Plain
        },
        signs: match terminal && locale.as_deref().is_some_and(is_utf8) {
            true => Signs::Blocks,
            false => Signs::Ascii,
        },
        zone: TimeZone::system(),
        now: Moment::now(),
    }
}

/// Whether a locale is one of UTF-8 (locale(7)): `de_DE.UTF-8`, `C.utf8`.
fn is_utf8(locale: &str) -> bool {
    let (_, charset) = locale.split_once('.').unwrap_or_default();
    let charset = charset.split('@').next().unwrap_or_default();
    charset.replace('-', "").eq_ignore_ascii_case("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_say_their_charset() {
        for (locale, expected) in [
            ("de_DE.UTF-8", true),
            ("C.utf8", true),
            ("de_DE.utf8@euro", true),
            ("C", false),
            ("de_DE.ISO-8859-1", false),
            ("", false),
        ] {
            assert_eq!(is_utf8(locale), expected, "{locale}");
        }
    }
}
