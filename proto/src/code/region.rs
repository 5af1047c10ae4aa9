use core::fmt;
use core::str::FromStr;

use super::CodeError;
use super::digits::{normalise, read_decimal, text, write_decimal};

const LENGTHS: &str = "4, 6, 9, 12, 14 or 19 digits";

/// A level of responsibility: 二级市, 三级县, 四级乡, 五级村, 六级村民小组. A higher level compares as less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// 市, a prefecture-level city.
    City = 2,
    /// 县 or 市辖区.
    County = 3,
    /// 乡, 镇 or 街道.
    Township = 4,
    /// 村 or 社区.
    Village = 5,
    /// 村民小组.
    Group = 6,
}

impl Level {
    /// All levels, from the city down.
    pub const ALL: [Self; 5] = [Self::City, Self::County, Self::Township, Self::Village, Self::Group];

    /// The number in the names of the levels, 2 to 6.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The level of a number, 2 to 6.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }

    /// How many digits of a code are significant at this level: 4, 6, 9, 12 or 14.
    #[must_use]
    pub const fn digits(self) -> usize {
        match self {
            Self::City => 4,
            Self::County => 6,
            Self::Township => 9,
            Self::Village => 12,
            Self::Group => 14,
        }
    }
}

/// The code of an administrative unit: 12 digits, padded with zeros, from the city to the village (GB/T 2260 and
/// GB/T 10114), 14 digits for a village group (组级区域代码).
///
/// Codes order like their texts, so a unit comes before everything below it and `prefix()` bounds a range scan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionCode([u8; Level::Group.digits()]);

impl RegionCode {
    /// Reads a code as people and registers write it: the significant 4, 6, 9, 12 or 14 digits, or the 19 of a unit
    /// code (ZLDWDM, QSDWDM). Full-width digits are taken, spaces are ignored, a group 00 means the village itself.
    ///
    /// # Errors
    /// When the text has another length or other characters than digits, names a province or nothing, leaves out
    /// a level, or has digits where a unit code ends in zeros.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let digits = normalise::<19>(text, |_, byte| byte.is_ascii_digit())?;
        if !matches!(digits.count, 4 | 6 | 9 | 12 | 14 | 19) {
            return Err(CodeError::Length { got: digits.count, expected: LENGTHS });
        }
        let (code, rest) = digits.bytes.split_at(Level::Group.digits());
        if rest.iter().any(|digit| *digit != b'0') {
            return Err(CodeError::Trailing);
        }
        let mut bytes = [b'0'; Level::Group.digits()];
        bytes.copy_from_slice(code);
        Self::from_digits(bytes)
    }

    /// Takes 14 ASCII digits and checks that no level is left out.
    pub(super) fn from_digits(digits: [u8; Level::Group.digits()]) -> Result<Self, CodeError> {
        let code = Self(digits);
        if code.part(Level::City) == b"00" || code.0.starts_with(b"00") {
            return Err(CodeError::Level);
        }
        let level = code.level();
        let complete = Level::ALL.into_iter().filter(|upper| *upper <= level).all(|upper| code.names(upper));
        if complete { Ok(code) } else { Err(CodeError::MissingParent) }
    }

    /// The full code: 12 digits, or 14 for a village group.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.0[..self.level().digits().max(Level::Village.digits())])
    }

    /// The significant digits only: 4, 6, 9, 12 or 14. Every code below this unit starts with them.
    #[must_use]
    pub fn prefix(&self) -> &str {
        text(&self.0[..self.level().digits()])
    }

    /// The unit's level.
    #[must_use]
    pub fn level(&self) -> Level {
        Level::ALL.into_iter().rev().find(|level| self.names(*level)).unwrap_or(Level::City)
    }

    /// The unit directly above; none above the city.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.ancestor(Level::from_number(self.level().number() - 1)?)
    }

    /// The unit of `level` that this one belongs to, itself when it is of that level; none when `level` lies below.
    #[must_use]
    pub fn ancestor(&self, level: Level) -> Option<Self> {
        if level > self.level() {
            return None;
        }
        let mut bytes = [b'0'; Level::Group.digits()];
        bytes[..level.digits()].copy_from_slice(&self.0[..level.digits()]);
        Some(Self(bytes))
    }

    /// Whether `other` is this unit or lies within it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(self.prefix().as_bytes())
    }

    /// A village's group (村民小组) 1 to 99; none for another number or when this is no village.
    #[must_use]
    pub fn group(&self, number: u8) -> Option<Self> {
        if self.level() != Level::Village || !(1..=99).contains(&number) {
            return None;
        }
        let mut bytes = self.0;
        write_decimal(&mut bytes[Level::Village.digits()..], number.into());
        Some(Self(bytes))
    }

    /// The code with its group, 14 digits, as a number: 8 bytes instead of 14 on the wire.
    #[must_use]
    pub fn number(&self) -> u64 {
        read_decimal(&self.0)
    }

    /// The code of a [`number`](Self::number).
    ///
    /// # Errors
    /// When the number has more than 14 digits or names no unit.
    pub fn from_number(number: u64) -> Result<Self, CodeError> {
        if number >= 10_u64.pow(Level::Group.digits() as u32) {
            return Err(CodeError::Length { got: 15, expected: "14 digits" });
        }
        let mut digits = [0; Level::Group.digits()];
        write_decimal(&mut digits, number);
        Self::from_digits(digits)
    }

    /// The digits that `level` adds to those of the level above; for the city those after the province.
    fn part(&self, level: Level) -> &[u8] {
        let start = Level::from_number(level.number() - 1).map_or(2, Level::digits);
        &self.0[start..level.digits()]
    }

    /// Whether the code names a unit of `level`: its part is not all zeros.
    fn names(&self, level: Level) -> bool {
        self.part(level).iter().any(|digit| *digit != b'0')
    }

    /// The 12 digits up to the village, for a parcel's code.
    pub(super) fn village_digits(&self) -> &[u8] {
        &self.0[..Level::Village.digits()]
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegionCode({self})")
    }
}

impl FromStr for RegionCode {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        Self::parse(text)
    }
}
