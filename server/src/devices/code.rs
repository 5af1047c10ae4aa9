//! Codes that bring a device to its keys.

use std::fmt;

use sha2::{Digest, Sha256};

/// Without letters that look like digits, and without U (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 10;

/// Ten characters, 50 random bits: with an hour to live and one device to find, nobody guesses one.
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; LENGTH]);

impl Code {
    /// A code out of random bytes.
    pub fn new(random: [u8; LENGTH]) -> Self {
        Self(random.map(|byte| ALPHABET[usize::from(byte & 31)]))
    }

    /// Reads what somebody typed: case, spaces and dashes do not count, O is 0, I and L are 1.
    pub fn parse(text: &str) -> Option<Self> {
        let mut typed = text.bytes().filter(|byte| !matches!(byte, b' ' | b'-')).map(|byte| {
            match byte.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            }
        });
        let mut code = [0; LENGTH];
        for place in &mut code {
            *place = typed.next().filter(|byte| ALPHABET.contains(byte))?;
        }
        typed.next().is_none().then_some(Self(code))
    }

    /// What the database knows of it.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.0))
    }

    /// What the QR code says: the page on which a tablet enrols by itself, with the code behind `#`, which no
    /// browser sends to a server.
    pub fn url(&self, public_url: &str) -> String {
        format!("{public_url}/tablet#enrol={self}")
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = std::str::from_utf8(&self.0).map_err(|_| fmt::Error)?;
        write!(f, "{}-{}", &text[..LENGTH / 2], &text[LENGTH / 2..])
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(withheld)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = Code::new([0, 1, 31, 30, 200, 17, 9, 8, 24, 63]);
        let typed = code.to_string().to_lowercase().replace('0', "o").replace('1', "l").replace('-', " ");
        assert_eq!(Code::parse(&typed), Some(code.clone()));
        assert_eq!(Code::parse(&code.to_string()).unwrap().digest(), code.digest());
        for wrong in ["", "K7QM2-XFD9", "K7QM2-XFD9AA", "K7QM2-XFD9U", "耕卫"] {
            assert_eq!(Code::parse(wrong), None, "{wrong}");
        }
    }
}
