//! What a column may hold: the few types that read and write the same on both databases.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Type};

/// China's offset from UTC; it has no summer time.
const CHINA: Offset = Offset::constant(8);

/// A moment, in microseconds since 1970-01-01 UTC. Stored as an integer, because text timestamps sort
/// wrongly on SQLite; written RFC 3339 with China's offset in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, sqlx::Type)]
#[sqlx(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The date in China at this moment.
    pub fn date(self) -> Date {
        self.civil().date()
    }

    /// This moment plus so many seconds.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Seconds from `earlier` to this moment.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0) / 1_000_000
    }

    /// The start of a day in China.
    pub fn start_of(date: Date) -> Self {
        let midnight = CHINA.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Self(midnight.as_microsecond())
    }

    /// Date and time of day in China.
    pub fn civil(self) -> DateTime {
        CHINA.to_datetime(jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+08:00", self.civil())
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.parse::<jiff::Timestamp>()?.as_microsecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(|_| {
            serde::de::Error::custom(format!("“{text}” is not a time such as 2026-11-24T08:30:00+08:00"))
        })
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

/// A column of text that holds a `T`: a code, a date, a word of a fixed list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Text<T>(pub T);

impl<T> Deref for Text<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T> Deserialize<'de> for Text<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let error = |e| serde::de::Error::custom(format!("“{text}”: {e}"));
        text.parse().map(Self).map_err(error)
    }
}

impl<T, DB: Database> Type<DB> for Text<T>
where
    String: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <String as Type<DB>>::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        <String as Type<DB>>::compatible(ty)
    }
}

impl<'r, T, DB: Database> Decode<'r, DB> for Text<T>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
    &'r str: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(<&str as Decode<DB>>::decode(value)?.parse()?))
    }
}

/// One bound argument. Nulls keep their type, because PostgreSQL wants to know it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'q> {
    /// `bigint`
    Int(Option<i64>),
    /// `double precision`
    Real(Option<f64>),
    /// `boolean`
    Bool(Option<bool>),
    /// `text`
    Text(Option<Cow<'q, str>>),
    /// `blob`, `bytea`
    Bytes(Option<Cow<'q, [u8]>>),
}

macro_rules! value_from {
    ($($from:ty => $variant:ident |$v:ident| $into:expr;)*) => {$(
        impl<'q> From<$from> for Value<'q> {
            fn from($v: $from) -> Self {
                Self::$variant(Some($into))
            }
        }
        impl<'q> From<Option<$from>> for Value<'q> {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value.map(|$v| $into))
            }
        }
    )*};
}

value_from! {
    i64 => Int |v| v;
    u32 => Int |v| i64::from(v);
    i32 => Int |v| i64::from(v);
    Timestamp => Int |v| v.0;
    f64 => Real |v| v;
    bool => Bool |v| v;
    String => Text |v| Cow::Owned(v);
    &'q str => Text |v| Cow::Borrowed(v);
    &'q String => Text |v| Cow::Borrowed(v.as_str());
    Cow<'q, str> => Text |v| v;
    Date => Text |v| Cow::Owned(v.to_string());
    Vec<u8> => Bytes |v| Cow::Owned(v);
    &'q [u8] => Bytes |v| Cow::Borrowed(v);
}

impl<'q> From<&'q gengwei_proto::RegionCode> for Value<'q> {
    fn from(code: &'q gengwei_proto::RegionCode) -> Self {
        Self::Text(Some(Cow::Borrowed(code.as_str())))
    }
}

impl<'q> From<&'q gengwei_proto::ParcelCode> for Value<'q> {
    fn from(code: &'q gengwei_proto::ParcelCode) -> Self {
        Self::Text(Some(Cow::Borrowed(code.as_str())))
    }
}
