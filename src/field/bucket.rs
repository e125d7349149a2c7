//! Numbers, dates and moments in buckets, and in their order.

use core::cmp::Ordering;

use crate::{error::Error, field::Value, tenant::policy::Bucket};

/// The number of the bucket that a value is in: rounded down, so that bucket 0 begins at 0 or 1970-01-01.
///
/// # Errors
///
/// [`Error::WrongType`].
pub(crate) fn number(bucket: Bucket, value: Value<'_>) -> Result<i64, Error> {
    let (place, width) = match (bucket, value) {
        (Bucket::Units(width), Value::I64(number)) => (number, width),
        (Bucket::Units(width), Value::Decimal(text)) => (floor(text), width),
        (Bucket::Days(width), Value::Date(date)) => (date.days().into(), width),
        (Bucket::Days(width), Value::Timestamp(time)) => (time.day()?.days().into(), width),
        (Bucket::Months(width), Value::Date(date)) => (date.months(), width),
        (Bucket::Months(width), Value::Timestamp(time)) => (time.day()?.months(), width),
        _ => return Err(Error::WrongType),
    };
    place.checked_div_euclid(width.into()).ok_or(Error::Value)
}

/// Which of two values of one type is smaller.
///
/// # Errors
///
/// [`Error::WrongType`] of types that have no order.
pub(crate) fn compare(left: Value<'_>, right: Value<'_>) -> Result<Ordering, Error> {
    Ok(match (left, right) {
        (Value::Date(left), Value::Date(right)) => left.cmp(&right),
        (Value::Decimal(left), Value::Decimal(right)) => compare_decimals(left, right),
        (Value::I64(left), Value::I64(right)) => left.cmp(&right),
        (Value::Timestamp(left), Value::Timestamp(right)) => left.cmp(&right),
        _ => return Err(Error::WrongType),
    })
}

/// The largest integer that is not above a decimal; beyond those of an i64 the last of them.
fn floor(decimal: &str) -> i64 {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let is_negative = decimal.starts_with('-');
    let number = whole.parse().unwrap_or(if is_negative { i64::MIN } else { i64::MAX });
    let below = is_negative && fraction.bytes().any(|digit| digit != b'0');
    number.saturating_sub(i64::from(below))
}

fn compare_decimals(left: &str, right: &str) -> Ordering {
    match (left.strip_prefix('-'), right.strip_prefix('-')) {
        (None, None) => compare_digits(left, right),
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(left), Some(right)) => compare_digits(right, left),
    }
}

/// Of digits without a needless zero in front, the longer whole part is larger.
fn compare_digits(left: &str, right: &str) -> Ordering {
    let parts = |digits: &str| {
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        (whole.len(), whole.to_owned(), fraction.trim_end_matches('0').to_owned())
    };
    parts(left).cmp(&parts(right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{Date, Timestamp};

    #[test]
    fn buckets_are_rounded_down_on_both_sides_of_zero() {
        for (value, width, expected) in [
            (0, 10, 0),
            (9, 10, 0),
            (10, 10, 1),
            (-1, 10, -1),
            (-10, 10, -1),
            (-11, 10, -2),
            (i64::MIN, 1, i64::MIN),
            (i64::MAX, 1 << 31, 4_294_967_295),
        ] {
            assert_eq!(number(Bucket::Units(width), Value::I64(value)), Ok(expected), "{value}");
        }
        for (text, expected) in [
            ("0.99", Ok(0)),
            ("10", Ok(1)),
            ("-0.01", Ok(-1)),
            ("-10", Ok(-1)),
            ("-10.00", Ok(-1)),
            ("-10.01", Ok(-2)),
            ("9223372036854775807.9", Ok(922_337_203_685_477_580)),
            ("9223372036854775808", Ok(922_337_203_685_477_580)),
            ("99999999999999999999.5", Ok(922_337_203_685_477_580)),
            ("-9223372036854775808.1", Ok(-922_337_203_685_477_581)),
            ("-99999999999999999999.5", Ok(-922_337_203_685_477_581)),
        ] {
            assert_eq!(number(Bucket::Units(10), Value::Decimal(text)), expected, "{text}");
        }
        for (date, days, months) in [
            ("1970-01-01", 0, 0),
            ("1969-12-31", -1, -1),
            ("1970-01-07", 0, 0),
            ("1970-01-08", 1, 0),
            ("2025-06-15", 2_893, 221),
            ("0001-01-01", -102_738, -7_876),
            ("9999-12-31", 418_985, 32_119),
        ] {
            let date: Date = date.parse().unwrap();
            assert_eq!(number(Bucket::Days(7), Value::Date(date)), Ok(days), "{date}");
            assert_eq!(number(Bucket::Months(3), Value::Date(date)), Ok(i64::div_euclid(date.months(), 3)));
            let noon = Timestamp::from_micros(i64::from(date.days()) * 86_400_000_000 + 1).unwrap();
            assert_eq!(number(Bucket::Days(7), Value::Timestamp(noon)), Ok(days));
            assert_eq!(number(Bucket::Months(3), Value::Timestamp(noon)), Ok(months), "{date}");
        }
        assert_eq!(number(Bucket::Units(1), Value::Text("1")), Err(Error::WrongType));
        assert_eq!(number(Bucket::Days(1), Value::I64(1)), Err(Error::WrongType));
    }

    #[test]
    fn decimals_are_ordered_as_numbers() {
        let ordered = [
            "-100.5", "-99.51", "-99.5", "-1", "-0.5", "0", "0.05", "0.5", "0.51", "1.0", "9", "10", "10.01",
            "100",
        ];
        for (at, left) in ordered.iter().enumerate() {
            for (other, right) in ordered.iter().enumerate() {
                assert_eq!(
                    compare(Value::Decimal(left), Value::Decimal(right)),
                    Ok(at.cmp(&other)),
                    "{left} {right}"
                );
            }
        }
        assert_eq!(compare(Value::Decimal("1.50"), Value::Decimal("1.5")), Ok(Ordering::Equal));
        assert_eq!(compare(Value::F64(1.0), Value::F64(1.0)), Err(Error::WrongType));
    }
}
