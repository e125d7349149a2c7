//! Days and moments, as a field holds them. The calendar is the `time` crate's.

use core::{fmt, str::FromStr};
use std::time::{SystemTime, UNIX_EPOCH};

use time::{
    Date as CalendarDate, OffsetDateTime,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};

use crate::error::Error;

/// A day of the proleptic Gregorian calendar, in no time zone: 0001-01-01 to 9999-12-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

impl Date {
    /// The day that many days after 1970-01-01.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] outside the years 1 to 9999.
    pub fn from_days(days: i32) -> Result<Self, Error> {
        if (FIRST_DAY..=LAST_DAY).contains(&days) { Ok(Self(days)) } else { Err(Error::Value) }
    }

    /// How many days it is after 1970-01-01.
    #[must_use]
    pub const fn days(self) -> i32 {
        self.0
    }

    /// How many months its month is after January 1970.
    pub(crate) fn months(self) -> i64 {
        // Invariant: every day of this type has a calendar date.
        self.calendar()
            .map_or(0, |date| (i64::from(date.year()) - 1970) * 12 + i64::from(u8::from(date.month())) - 1)
    }

    fn calendar(self) -> Option<CalendarDate> {
        CalendarDate::from_julian_day(self.0.checked_add(EPOCH)?).ok()
    }
}

impl FromStr for Date {
    type Err = Error;

    /// `YYYY-MM-DD`, and no other form.
    fn from_str(text: &str) -> Result<Self, Error> {
        let date = CalendarDate::parse(text, DATE).map_err(|_| Error::Value)?;
        let date = date.to_julian_day().checked_sub(EPOCH).ok_or(Error::Value).and_then(Self::from_days)?;
        // No sign, no white space.
        if date.to_string() == text { Ok(date) } else { Err(Error::Value) }
    }
}

/// `YYYY-MM-DD`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.calendar().and_then(|date| date.format(DATE).ok());
        f.write_str(&text.ok_or(fmt::Error)?)
    }
}

/// A moment, to the microsecond: from the year 1 to the year 9999, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment that many microseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] outside the years 1 to 9999.
    pub fn from_micros(micros: i64) -> Result<Self, Error> {
        let day = i32::try_from(micros.div_euclid(DAY_MICROS)).map_err(|_| Error::Value)?;
        Date::from_days(day).map(|_| Self(micros))
    }

    /// The day that it is in, UTC.
    pub(crate) fn day(self) -> Result<Date, Error> {
        i32::try_from(self.0.div_euclid(DAY_MICROS)).map_err(|_| Error::Value).and_then(Date::from_days)
    }

    /// How many microseconds it is after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = Error;

    /// Rounded down to the microsecond.
    fn try_from(time: SystemTime) -> Result<Self, Error> {
        let micros = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()),
            Err(before) => i64::try_from(before.duration().as_nanos().div_ceil(1_000)).map(|micros| -micros),
        };
        micros.map_err(|_| Error::Value).and_then(Self::from_micros)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// RFC 3339, of any offset. More than six digits of a second are refused: nothing is rounded away.
    fn from_str(text: &str) -> Result<Self, Error> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| Error::Value)?;
        let nanos = moment.unix_timestamp_nanos();
        if nanos % 1_000 != 0 {
            return Err(Error::Value);
        }
        i64::try_from(nanos / 1_000).map_err(|_| Error::Value).and_then(Self::from_micros)
    }
}

/// RFC 3339 in UTC, with as many digits of a second as it has.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000);
        let text = moment.ok().and_then(|moment| moment.format(&Rfc3339).ok());
        f.write_str(&text.ok_or(fmt::Error)?)
    }
}

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// The Julian day number of 1970-01-01.
const EPOCH: i32 = 2_440_588;

/// 0001-01-01.
const FIRST_DAY: i32 = -719_162;

/// 9999-12-31.
const LAST_DAY: i32 = 2_932_896;

const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn days_and_their_texts_are_one_to_one() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2025-06-15", 20_254),
            ("0001-01-01", FIRST_DAY),
            ("9999-12-31", LAST_DAY),
        ] {
            assert_eq!(text.parse().map(Date::days), Ok(days), "{text}");
            assert_eq!(Date::from_days(days).unwrap().to_string(), text);
        }
        for bad in [
            "",
            "1970-1-1",
            "1970-02-30",
            "1900-02-29",
            "0000-01-01",
            "10000-01-01",
            "+1970-01-01",
            " 1970-01-01",
            "1970-01-01 ",
            "19700101",
            "1970-01-01T00:00:00Z",
            "１970-01-01",
        ] {
            assert_eq!(bad.parse::<Date>().err(), Some(Error::Value), "{bad}");
        }
        for days in [FIRST_DAY - 1, LAST_DAY + 1, i32::MIN, i32::MAX] {
            assert_eq!(Date::from_days(days).err(), Some(Error::Value));
        }
    }

    #[test]
    fn moments_and_their_texts_agree() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.000001Z", 1),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("2025-06-15T15:06:40.5Z", 1_750_000_000_500_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ] {
            assert_eq!(text.parse().map(Timestamp::micros), Ok(micros), "{text}");
            assert_eq!(Timestamp::from_micros(micros).unwrap().to_string(), text);
        }
        assert_eq!("2025-06-15T23:06:40+08:00".parse().map(Timestamp::micros), Ok(1_750_000_000_000_000));
        for bad in [
            "",
            "2025-06-15",
            "2025-06-15T15:06:40",
            "2025-06-15T15:06:40.1234567Z",
            "0000-12-31T00:00:00Z",
            "2025-06-15T25:00:00Z",
        ] {
            assert_eq!(bad.parse::<Timestamp>().err(), Some(Error::Value), "{bad}");
        }
        for micros in [i64::MIN, i64::MAX, 253_402_300_800_000_000, -62_135_596_800_000_001] {
            assert_eq!(Timestamp::from_micros(micros).err(), Some(Error::Value));
        }
        let time =
            |nanos| Timestamp::try_from(UNIX_EPOCH - Duration::from_nanos(nanos)).map(Timestamp::micros);
        assert_eq!((time(0), time(1), time(1_000), time(1_001)), (Ok(0), Ok(-1), Ok(-1), Ok(-2)));
        let later = Timestamp::try_from(UNIX_EPOCH + Duration::from_nanos(1_999)).map(Timestamp::micros);
        assert_eq!(later, Ok(1));
    }
}
