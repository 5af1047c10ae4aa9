//! What kind of picture some bytes are, judged by themselves and not by what the sender says.

use std::fmt;
use std::str::FromStr;

/// The kinds that phones and tablets make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `image/jpeg`
    Jpeg,
    /// `image/png`
    Png,
    /// `image/webp`
    Webp,
    /// `image/heic`
    Heic,
}

const NAMES: [(MediaType, &str); 4] = [
    (MediaType::Jpeg, "image/jpeg"),
    (MediaType::Png, "image/png"),
    (MediaType::Webp, "image/webp"),
    (MediaType::Heic, "image/heic"),
];

impl MediaType {
    /// By the first bytes; `None` for anything else.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let box_type = || (bytes.get(4..8)? == b"ftyp").then(|| bytes.get(8..12))?;
        if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::Webp)
        } else if matches!(box_type(), Some(b"heic" | b"heix" | b"mif1" | b"msf1")) {
            Some(Self::Heic)
        } else {
            None
        }
    }

    /// `image/jpeg`
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name of none of the kinds.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is no media type of a photo")]
pub struct Unknown(String);

impl FromStr for MediaType {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        NAMES.iter().find(|(_, name)| *name == text).map(|(m, _)| *m).ok_or_else(|| Unknown(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_speak_for_themselves() {
        assert_eq!(MediaType::of(&[0xFF, 0xD8, 0xFF, 0xE0]), Some(MediaType::Jpeg));
        assert_eq!(MediaType::of(b"RIFF\0\0\0\0WEBPVP8 "), Some(MediaType::Webp));
        assert_eq!(MediaType::of(b"\0\0\0\x18ftypheic"), Some(MediaType::Heic));
        assert_eq!(MediaType::of(b"<svg xmlns="), None);
        assert_eq!(MediaType::of(b""), None);
    }
}
