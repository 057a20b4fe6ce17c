//! The validity period of a certificate.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// Whether the certificate, in DER form, is valid at `now`, in seconds since 1970. False for bytes that are not a
/// certificate.
pub(super) fn is_valid(certificate: &[u8], now: u64) -> bool {
    let now = i64::try_from(now).ok().and_then(|now| ASN1Time::from_timestamp(now).ok());
    match (now, X509Certificate::from_der(certificate)) {
        (Some(now), Ok((_, certificate))) => certificate.validity().is_valid_at(now),
        _ => false,
    }
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
    fn a_certificate_is_valid_between_its_times_only() {
        for (from, until) in [(2020, 2030), (1999, 2049), (1999, 2050), (2050, 2060)] {
            let certificate = certificate(from, until);
            assert!(is_valid(&certificate, seconds(from, 1)), "{from}");
            assert!(!is_valid(&certificate, seconds(from, 1) - 1), "{from}");
            assert!(is_valid(&certificate, seconds(until, 1)), "{until}");
            assert!(!is_valid(&certificate, seconds(until, 1) + 1), "{until}");
        }
    }

    #[test]
    fn bytes_that_are_no_certificate_are_never_valid() {
        let whole = certificate(2020, 2030);
        let cut = whole.len() / 8;
        for broken in [&[][..], &[0x30], &[0x30, 0xff], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &whole[..cut]] {
            assert!(!is_valid(broken, seconds(2025, 1)));
        }
    }
}
