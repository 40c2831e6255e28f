//! Dates as HTTP writes them: the IMF-fixdate of RFC 9110, section 5.6.7, from seconds since 1970.
//!
//! It does not read a clock and does not parse; whoever answers gives the second and gets 29 bytes.

/// Length of an IMF-fixdate in bytes: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub const LENGTH: usize = 29;

const DAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];
const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// The last second that four digits of a year can say: 9999-12-31T23:59:59Z. Later ones are written as this one.
const LAST_SECOND: u64 = 253_402_300_799;

/// Writes the second `unix_seconds` (since 1970-01-01T00:00:00Z) as an IMF-fixdate.
pub fn imf_fixdate(unix_seconds: u64) -> [u8; LENGTH] {
    let seconds = unix_seconds.min(LAST_SECOND);
    let days = seconds / 86_400;
    let of_day = seconds % 86_400;
    let (year, month, day) = civil(days);
    let mut out = *b"Thu, 01 Jan 1970 00:00:00 GMT";
    out[0..3].copy_from_slice(name(&DAYS, days % 7));
    put2(&mut out, 5, day);
    out[8..11].copy_from_slice(name(&MONTHS, month - 1));
    put2(&mut out, 12, year / 100);
    put2(&mut out, 14, year % 100);
    put2(&mut out, 17, of_day / 3600);
    put2(&mut out, 20, of_day / 60 % 60);
    put2(&mut out, 23, of_day % 60);
    out
}

fn put2(out: &mut [u8; LENGTH], at: usize, value: u64) {
    out[at] = digit(value / 10 % 10);
    out[at + 1] = digit(value % 10);
}

fn digit(value: u64) -> u8 {
    b'0' + u8::try_from(value % 10).unwrap_or(0)
}

fn name<'a>(names: &'a [&'a [u8; 3]], index: u64) -> &'a [u8; 3] {
    names[usize::try_from(index).unwrap_or(0)]
}

/// Year, month (1-12) and day (1-31) of the proleptic Gregorian calendar, counted in eras of 400 years that begin
/// on 1 March, so that the leap day is the last day of a year.
fn civil(days_since_1970: u64) -> (u64, u64, u64) {
    let shifted = days_since_1970 + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_rfc_9110_shows_them() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (LAST_SECOND, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (u64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&imf_fixdate(seconds)),
                text,
                "{seconds}"
            );
        }
    }
}
