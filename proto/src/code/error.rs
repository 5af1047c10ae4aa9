use core::fmt;

/// Why a text is not a code. The `Display` text is for the person who typed or imported it.
///
/// Positions count from 1 and leave out spaces, as one counts when reading a code aloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeError {
    /// The number of characters, spaces left out, is none of those a code has.
    Length {
        /// How many characters there are.
        got: usize,
        /// How many there may be, in words.
        expected: &'static str,
    },
    /// A character is no digit. (The check character of a parcel code may also be X.)
    NotADigit {
        /// Which character, counted from 1.
        position: usize,
    },
    /// The check character does not match the 19 digits before it: something was mistyped.
    CheckCharacter {
        /// The check character that the digits call for.
        expected: char,
        /// The one that was there.
        got: char,
    },
    /// A parcel's serial number is not within 1..=99999.
    Serial,
    /// A village group's number is not within 0..=99.
    Group,
    /// The division is not of a level that this code can have, such as a province or a parcel without a village.
    Level,
    /// A division is given below one that is missing, such as a township (乡) without a county (县).
    MissingParent,
    /// Digits follow the code where a 19-digit unit code (ZLDWDM, QSDWDM) has zeros.
    Trailing,
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { got, expected } => write!(f, "{expected} expected, got {got}"),
            Self::NotADigit { position } => write!(f, "character {position} is not a digit"),
            Self::CheckCharacter { expected, got } => {
                write!(
                    f,
                    "the check character is {got} but the digits before it call for {expected}: check for a typing error"
                )
            }
            Self::Serial => f.write_str("the serial number must be from 00001 to 99999"),
            Self::Group => f.write_str("the village group's number must be from 00 to 99"),
            Self::Level => {
                f.write_str("the code names no administrative unit of a level that is allowed here")
            }
            Self::MissingParent => f.write_str("the code names a unit without the one above it"),
            Self::Trailing => {
                f.write_str("a 19-digit unit code must end in zeros after the village or group")
            }
        }
    }
}

impl core::error::Error for CodeError {}
