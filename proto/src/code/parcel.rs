use core::fmt;
use core::ops::Range;
use core::str::FromStr;

use super::digits::{normalise, read_decimal, text, write_decimal};
use super::{CodeError, Level, RegionCode};

const BODY: usize = 19;
const LENGTH: usize = BODY + 1;
const VILLAGE: Range<usize> = 0..12;
const GROUP: Range<usize> = 12..14;
const SERIAL: Range<usize> = 14..19;

/// The code of a parcel (一地一码): county 6, township 3, village 3, group 2 and serial 5 digits, laid out as the DKBM
/// of NY/T 2538, then a check character 0–9 or X (GB/T 17710, MOD 11-2).
///
/// The check finds every single wrong digit and every swap of two neighbours. Codes order like their texts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParcelCode([u8; LENGTH]);

impl ParcelCode {
    /// Reads a code as people type it: spaces are ignored, a lower-case x and full-width characters are taken.
    ///
    /// # Errors
    /// When the length is not 20, a character does not belong, the check character is wrong, the serial is 00000,
    /// or the digits before the group name no village.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let code =
            normalise::<LENGTH>(text, |at, byte| byte.is_ascii_digit() || (at == LENGTH && byte == b'X'))?;
        if code.count != LENGTH {
            return Err(CodeError::Length { got: code.count, expected: "20 characters" });
        }
        let mut body = [0; BODY];
        body.copy_from_slice(&code.bytes[..BODY]);
        let (expected, got) = (check_character(&body), code.bytes[BODY]);
        if expected != got {
            return Err(CodeError::CheckCharacter { expected: expected.into(), got: got.into() });
        }
        Self::from_digits(body)
    }

    /// Makes the code of a village's parcel. Group 0 stands for a parcel not yet assigned to a group.
    ///
    /// # Errors
    /// When `village` is of another level, `group` above 99, or `serial` not within 1..=99999.
    pub fn mint(village: &RegionCode, group: u8, serial: u32) -> Result<Self, CodeError> {
        if village.level() != Level::Village {
            return Err(CodeError::Level);
        }
        if group > 99 {
            return Err(CodeError::Group);
        }
        if serial > 99_999 {
            return Err(CodeError::Serial);
        }
        let mut body = [b'0'; BODY];
        body[VILLAGE].copy_from_slice(village.village_digits());
        write_decimal(&mut body[GROUP], group.into());
        write_decimal(&mut body[SERIAL], serial.into());
        Self::from_digits(body)
    }

    /// Makes the code of a contracted parcel from its DKBM (NY/T 2538): 19 digits, written as [`parse`](Self::parse)
    /// takes them; the check character is computed.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), but for the check character.
    pub fn from_body(body19: &str) -> Result<Self, CodeError> {
        let body = normalise::<BODY>(body19, |_, byte| byte.is_ascii_digit())?;
        if body.count != BODY {
            return Err(CodeError::Length { got: body.count, expected: "19 digits" });
        }
        Self::from_digits(body.bytes)
    }

    /// The 19 digits before the check character as a number: 8 bytes instead of 20 on the wire.
    #[must_use]
    pub fn body_number(&self) -> u64 {
        read_decimal(&self.0[..BODY])
    }

    /// The code of a [`body_number`](Self::body_number).
    ///
    /// # Errors
    /// As [`from_body`](Self::from_body).
    pub fn from_body_number(number: u64) -> Result<Self, CodeError> {
        if number >= 10_u64.pow(BODY as u32) {
            return Err(CodeError::Length { got: LENGTH, expected: "19 digits" });
        }
        let mut body = [0; BODY];
        write_decimal(&mut body, number);
        Self::from_digits(body)
    }

    /// Takes 19 ASCII digits, checks what they name and adds the check character.
    fn from_digits(body: [u8; BODY]) -> Result<Self, CodeError> {
        if village_of(&body)?.level() != Level::Village {
            return Err(CodeError::Level);
        }
        if read_decimal(&body[SERIAL]) == 0 {
            return Err(CodeError::Serial);
        }
        let mut bytes = [check_character(&body); LENGTH];
        bytes[..BODY].copy_from_slice(&body);
        Ok(Self(bytes))
    }

    /// The 20 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }

    /// The 19 digits before the check character.
    #[must_use]
    pub fn body(&self) -> &str {
        text(&self.0[..BODY])
    }

    /// The county that gave the code. A later change of boundaries does not change it.
    #[must_use]
    pub fn county(&self) -> RegionCode {
        let village = self.village();
        village.ancestor(Level::County).unwrap_or(village)
    }

    /// The village that gave the code.
    #[must_use]
    pub fn village(&self) -> RegionCode {
        village_of(&self.0).expect("the constructors checked that the code names a village")
    }

    /// The group's number when the code was given, 0 when there was none.
    ///
    /// Responsibility follows the parcel's dated assignment to a group, never this number.
    #[must_use]
    pub fn group(&self) -> u8 {
        read_decimal(&self.0[GROUP]) as u8
    }

    /// The serial number within the group, 1 to 99999.
    #[must_use]
    pub fn serial(&self) -> u32 {
        read_decimal(&self.0[SERIAL]) as u32
    }

    /// The code in groups for people to read: `640502 102 210 01 00001 X`.
    pub fn display(&self) -> impl fmt::Display + use<> {
        Grouped(*self)
    }
}

fn village_of(digits: &[u8]) -> Result<RegionCode, CodeError> {
    let mut village = [b'0'; Level::Group.digits()];
    village[VILLAGE].copy_from_slice(&digits[VILLAGE]);
    RegionCode::from_digits(village)
}

/// The check character of GB/T 17710 (ISO/IEC 7064) MOD 11-2, as on identity cards.
fn check_character(body: &[u8; BODY]) -> u8 {
    let sum = body.iter().fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    b"10X98765432"[sum as usize]
}

struct Grouped(ParcelCode);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.0.as_str();
        for range in [0..6, 6..9, 9..12, GROUP, SERIAL] {
            write!(f, "{} ", &code[range])?;
        }
        f.write_str(&code[BODY..])
    }
}

impl fmt::Display for ParcelCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ParcelCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParcelCode({self})")
    }
}

impl FromStr for ParcelCode {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        Self::parse(text)
    }
}
