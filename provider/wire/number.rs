//! Numbers of any precision.

/// The largest exponent of a number in scientific notation. Its negative is the smallest.
///
/// Hosts store numbers as `big.Float`, whose range ends at about 10^646456993.
const MAX_EXPONENT: i64 = 646_456_993;

/// The most zeros that plain notation may add to the digits of a number. With more, scientific notation is used.
///
/// Otherwise the text of `1e600000000` would have 600 MB.
const MAX_PADDING: i64 = 40;

/// A number of any precision, stored as decimal text, so that `0.1` stays `0.1`.
///
/// All notations of a number become the same text, so two numbers are equal if their texts are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(String);

impl Number {
    /// Parses a decimal number: `1`, `-1.50`, `1e-7`.
    ///
    /// # Errors
    /// Returns the text if it is not a decimal number, or is outside of the range of the hosts.
    pub fn parse(text: &str) -> Result<Self, String> {
        normalize(text).map(Self).ok_or_else(|| text.to_owned())
    }

    /// The exact value of a float. `None` for infinities and NaN.
    ///
    /// `0.1_f64` is not 0.1: it becomes the 55 decimals of its exact value, as in the hosts.
    pub fn from_f64(value: f64) -> Option<Self> {
        // No binary64 has more than 767 significant decimal digits.
        value.is_finite().then(|| normalize(&format!("{value:.766e}"))).flatten().map(Self)
    }

    /// The number in the shortest plain notation, or in scientific notation if the plain one would be mostly zeros.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as an integer. `None` if it is not one, or does not fit.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The number as a float. `None` if no float is exact: there is one for 0.5, but not for 0.1.
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

/// The normal notation of a decimal number. `None` if the text is not a number.
fn normalize(text: &str) -> Option<String> {
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
    (first.abs() <= MAX_EXPONENT).then(|| format!("{sign}{}", format_digits(digits, exponent)))
}

/// Formats `digits` × 10^`exponent`. `digits` neither starts nor ends with a zero.
fn format_digits(digits: &str, exponent: i64) -> String {
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
    fn all_notations_of_a_number_have_one_normal_form() {
        for (notations, expected) in [
            (&["0", "-0", "0.0", "00", "0e99", "-0.000e-5", "0e2147483647"][..], "0"),
            (&["1", "+1", "01", "1.0", "1.", "10e-1", "0.1e1", "1e+0", "1E0"], "1"),
            (&["-1.5", "-1.50", "-15e-1", "-0.15E1"], "-1.5"),
            (&["0.1", ".1", "0.10", "1e-1", "00.1"], "0.1"),
            (&["100", "1e2", "100.00", "0.01e4"], "100"),
            (&["9223372036854775808", "9.223372036854775808e18"], "9223372036854775808"),
            (&["1e600000000", "10e599999999", "0.1e600000001"], "1e600000000"),
            (&["-12.5e-60", "-1.25e-59"], "-1.25e-59"),
        ] {
            for notation in notations {
                assert_eq!(text(notation), expected, "{notation}");
            }
        }
    }

    #[test]
    fn invalid_numbers_are_rejected() {
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
    fn an_integer_in_any_notation_converts_to_i64() {
        assert_eq!(Number::parse("9.223372036854775807e18").unwrap().as_i64(), Some(i64::MAX));
        assert_eq!(Number::parse("-9223372036854775808").unwrap().as_i64(), Some(i64::MIN));
        assert_eq!(Number::parse("9223372036854775808").unwrap().as_i64(), None);
        assert_eq!(Number::parse("0.5").unwrap().as_i64(), None);
    }

    #[test]
    fn only_exact_values_convert_to_f64() {
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
        fn normalizing_twice_changes_nothing(written in "[-+]?[0-9]{0,30}(\\.[0-9]{0,30})?([eE][-+]?[0-9]{1,9})?") {
            if let Ok(number) = Number::parse(&written) {
                prop_assert!(number.as_str().len() <= written.len() + 45);
                prop_assert_eq!(Number::parse(number.as_str()), Ok(number.clone()));
            }
        }

        #[test]
        fn parsing_arbitrary_text_never_panics(written in "\\PC{0,20}") {
            let _ = Number::parse(&written);
        }

        #[test]
        fn every_finite_float_round_trips(bits: u64) {
            let float = f64::from_bits(bits);
            if let Some(number) = Number::from_f64(float) {
                prop_assert_eq!(number.as_f64(), Some(float));
            }
        }

        #[test]
        fn every_integer_round_trips(integer: i64) {
            prop_assert_eq!(Number::from(integer).as_i64(), Some(integer));
            prop_assert_eq!(Number::parse(&integer.to_string()), Ok(Number::from(integer)));
        }
    }
}
