//! Numbers of any precision, kept as text.

/// The largest power of ten that a number's first digit may stand for, and by its negative the smallest.
///
/// Hosts hold numbers as `big.Float`, whose range ends at about 10^646456993; nothing beyond can come from them.
const MAX_EXPONENT: i64 = 646_456_993;

/// How many zeros a plain spelling may add to a number's own digits; with more it is written as `1e100`.
///
/// Keeps the text about as long as what was sent: `1e600000000` would be 600 MB.
const MAX_PADDING: i64 = 40;

/// A number of any precision, kept as its decimal text: `0.1` stays `0.1`.
///
/// Every spelling of one number becomes the same text, so equality by text is equality by value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(String);

impl Number {
    /// The number that a decimal text stands for: `1`, `-1.50`, `1e-7`.
    ///
    /// # Errors
    /// The text, when it is not a decimal number or lies outside of what a host can hold.
    pub fn parse(text: &str) -> Result<Self, String> {
        normalise(text).map(Self).ok_or_else(|| text.to_owned())
    }

    /// Exactly the number that a binary fraction stands for; `None` for infinities and NaN.
    ///
    /// `0.1_f64` is not 0.1: it becomes the 55 decimals that it really stands for, which is how hosts mean it too.
    pub fn from_f64(value: f64) -> Option<Self> {
        // No binary64 has more than 767 significant decimal digits.
        value.is_finite().then(|| normalise(&format!("{value:.766e}"))).flatten().map(Self)
    }

    /// The decimal text: the shortest plain one, or in scientific form where that would be mostly zeros.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as an integer, when it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The number as a binary fraction, when it is exactly one: 0.5 is, 0.1 is not.
    pub fn as_f64(&self) -> Option<f64> {
        let nearest = self.0.parse().ok()?;
        (Self::from_f64(nearest)? == *self).then_some(nearest)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_string())
    }
}

/// The one spelling of a decimal number; `None` when the text is none.
fn normalise(text: &str) -> Option<String> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, i64::from(exponent.parse::<i32>().ok()?)),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }

    let significant = all.trim_start_matches('0');
    let digits = significant.trim_end_matches('0');
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    let exponent = exponent - length(fraction) + length(significant) - length(digits);
    let first = length(digits) + exponent - 1;
    (first.abs() <= MAX_EXPONENT).then(|| format!("{sign}{}", spell(digits, exponent)))
}

/// Writes `digits` × 10^`exponent`; `digits` has zeros at neither end.
fn spell(digits: &str, exponent: i64) -> String {
    let point = length(digits) + exponent;
    let padding = if exponent > 0 { exponent } else { (-point).max(0) };
    if padding > MAX_PADDING {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        return format!("{first}{dot}{rest}e{}", point - 1);
    }
    let zeros = "0".repeat(usize::try_from(padding).unwrap_or(0));
    if exponent >= 0 {
        format!("{digits}{zeros}")
    } else if point <= 0 {
        format!("0.{zeros}{digits}")
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{whole}.{fraction}")
    }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> String {
        Number::parse(text).unwrap().as_str().to_owned()
    }

    #[test]
    fn every_spelling_of_a_number_becomes_one_text() {
        for (spellings, expected) in [
            (&["0", "-0", "0.0", "00", "0e99", "-0.000e-5", "0e2147483647"][..], "0"),
            (&["1", "+1", "01", "1.0", "1.", "10e-1", "0.1e1", "1e+0", "1E0"], "1"),
            (&["-1.5", "-1.50", "-15e-1", "-0.15E1"], "-1.5"),
            (&["0.1", ".1", "0.10", "1e-1", "00.1"], "0.1"),
            (&["100", "1e2", "100.00", "0.01e4"], "100"),
            (&["9223372036854775808", "9.223372036854775808e18"], "9223372036854775808"),
            (&["1e600000000", "10e599999999", "0.1e600000001"], "1e600000000"),
            (&["-12.5e-60", "-1.25e-59"], "-1.25e-59"),
        ] {
            for spelling in spellings {
                assert_eq!(text(spelling), expected, "{spelling}");
            }
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for wrong in [
            "",
            "-",
            "+",
            ".",
            "e5",
            "1e",
            "1e+",
            "--1",
            "1.2.3",
            "0x10",
            "1_000",
            "inf",
            "NaN",
            " 1",
            "1 ",
            "1e5.0",
            "١",
            "1e999999999",
            "1e-999999999",
            "1e99999999999999999999",
        ] {
            assert_eq!(Number::parse(wrong), Err(wrong.to_owned()));
        }
    }

    #[test]
    fn integers_are_integers_however_they_are_spelt() {
        assert_eq!(Number::parse("9.223372036854775807e18").unwrap().as_i64(), Some(i64::MAX));
        assert_eq!(Number::parse("-9223372036854775808").unwrap().as_i64(), Some(i64::MIN));
        assert_eq!(Number::parse("9223372036854775808").unwrap().as_i64(), None);
        assert_eq!(Number::parse("0.5").unwrap().as_i64(), None);
    }

    #[test]
    fn only_exact_binary_fractions_are_floats() {
        for (exact, float) in [("0.5", 0.5), ("-0.375", -0.375), ("18446744073709551616", 18446744073709551616.0)] {
            assert_eq!(Number::parse(exact).unwrap().as_f64(), Some(float));
        }
        for inexact in ["0.1", "9007199254740993", "1e400", "1e-400", "1e23"] {
            assert_eq!(Number::parse(inexact).unwrap().as_f64(), None, "{inexact}");
        }
        assert_eq!(
            Number::from_f64(0.1).unwrap().as_str(),
            "0.1000000000000000055511151231257827021181583404541015625"
        );
        assert_eq!(Number::from_f64(f64::NAN), None);
        assert_eq!(Number::from_f64(f64::NEG_INFINITY), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn normal_form_is_its_own_normal_form(written in "[-+]?[0-9]{0,30}(\\.[0-9]{0,30})?([eE][-+]?[0-9]{1,9})?") {
            if let Ok(number) = Number::parse(&written) {
                prop_assert!(number.as_str().len() <= written.len() + 45);
                prop_assert_eq!(Number::parse(number.as_str()), Ok(number.clone()));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(written in "\\PC{0,20}") {
            let _ = Number::parse(&written);
        }

        #[test]
        fn every_float_survives(bits: u64) {
            let float = f64::from_bits(bits);
            if let Some(number) = Number::from_f64(float) {
                prop_assert_eq!(number.as_f64(), Some(float));
            }
        }

        #[test]
        fn every_integer_survives(integer: i64) {
            prop_assert_eq!(Number::from(integer).as_i64(), Some(integer));
            prop_assert_eq!(Number::parse(&integer.to_string()), Ok(Number::from(integer)));
        }
    }
}
