//! The time in which a certificate is good: the one thing that is read of it.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// GeneralizedTime without its `Z`: texts of this form stand in the order of the times that they name.
const TIME: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day][hour][minute][second]");

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const EXPLICIT_VERSION: u8 = 0xa0;

/// Whether a certificate in DER form is good at `now`, in seconds since 1970. One that cannot be read is not.
pub(super) fn is_good(certificate: &[u8], now: u64) -> bool {
    let now = i64::try_from(now).ok().and_then(|now| OffsetDateTime::from_unix_timestamp(now).ok());
    let now = now.and_then(|now| now.format(TIME).ok());
    match (now, period(certificate)) {
        (Some(now), Some((from, until))) => from <= now && now <= until,
        _ => false,
    }
}

/// # Source
/// RFC 5280, section 4.1.
fn period(certificate: &[u8]) -> Option<(String, String)> {
    let (certificate, _) = take(certificate, SEQUENCE)?;
    let (mut rest, _) = take(certificate, SEQUENCE)?;
    if let Some((_, after)) = take(rest, EXPLICIT_VERSION) {
        rest = after;
    }
    // Serial number, algorithm, issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        (_, rest) = take(rest, tag)?;
    }
    let (validity, _) = take(rest, SEQUENCE)?;
    let (from, rest) = time(validity)?;
    let (until, _) = time(rest)?;
    Some((from, until))
}

/// The time at the start of `der` in the form of [`TIME`], and what follows it.
fn time(der: &[u8]) -> Option<(String, &[u8])> {
    let (century, text, rest) = if let Some((text, rest)) = take(der, UTC_TIME) {
        // Two digits of the year stand for 1950 to 2049.
        (if *text.first()? < b'5' { "20" } else { "19" }, text, rest)
    } else {
        let (text, rest) = take(der, GENERALIZED_TIME)?;
        ("", text, rest)
    };
    let digits = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let time = format!("{century}{digits}");
    (time.len() == 14 && time.bytes().all(|byte| byte.is_ascii_digit())).then_some((time, rest))
}

/// The content of the element at the start of `der`, when it has this tag, and what follows it.
fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, length], mut rest) = der.split_first_chunk()?;
    if found != tag {
        return None;
    }
    let mut size = usize::from(length);
    if length & 0x80 != 0 {
        // The long form: so many bytes of length follow. A certificate needs no more than 4.
        let (digits, after) = rest.split_at_checked(usize::from(length & 0x7f))?;
        if digits.is_empty() || digits.len() > 4 {
            return None;
        }
        size = digits.iter().fold(0, |size, digit| size << 8 | usize::from(*digit));
        rest = after;
    }
    rest.split_at_checked(size)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(from: i32, until: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn seconds(year: i32, month: u8) -> u64 {
        date_time_ymd(year, month, 1).unix_timestamp().try_into().unwrap()
    }

    #[test]
    fn a_certificate_is_good_between_its_times_only() {
        for (from, until) in [(2020, 2030), (1999, 2049), (1999, 2050), (2050, 2060)] {
            let certificate = certificate(from, until);
            assert!(is_good(&certificate, seconds(from, 1)), "{from}");
            assert!(!is_good(&certificate, seconds(from, 1) - 1), "{from}");
            assert!(is_good(&certificate, seconds(until, 1)), "{until}");
            assert!(!is_good(&certificate, seconds(until, 1) + 1), "{until}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_never_good() {
        let whole = certificate(2020, 2030);
        let cut_before_the_times = whole.len() / 8;
        for broken in
            [&[][..], &[0x30], &[0x30, 0xff], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &whole[..cut_before_the_times]]
        {
            assert!(!is_good(broken, seconds(2025, 1)));
        }
    }
}
