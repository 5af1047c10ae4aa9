//! Normalising what people type and what spreadsheets hold.

use super::CodeError;

/// The characters of a code in ASCII, at most `N`; `count` goes on counting beyond that.
pub(super) struct Normalised<const N: usize> {
    pub(super) bytes: [u8; N],
    pub(super) count: usize,
}

/// Drops spaces of any width, turns full-width characters into ASCII and checks each by
/// `allowed(position from 1, upper-case character)`.
pub(super) fn normalise<const N: usize>(
    text: &str,
    allowed: fn(usize, u8) -> bool,
) -> Result<Normalised<N>, CodeError> {
    let mut bytes = [b'0'; N];
    let mut count = 0;
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        let byte = ascii_of(c);
        if let Some(slot) = bytes.get_mut(count) {
            *slot = byte;
        }
        count += 1;
        if !allowed(count, byte) {
            return Err(CodeError::NotADigit { position: count });
        }
    }
    Ok(Normalised { bytes, count })
}

/// The upper-case ASCII form of a character; what has none becomes 0, which no code allows.
fn ascii_of(c: char) -> u8 {
    const FULL_WIDTH: u32 = '！' as u32 - '!' as u32;
    let narrow = match c {
        '！'..='～' => char::from_u32(c as u32 - FULL_WIDTH).unwrap_or('\0'),
        other => other,
    };
    u8::try_from(narrow).map_or(0, |byte| byte.to_ascii_uppercase())
}

/// The text of bytes that are ASCII by construction; written so that no panic is linked into a firmware.
pub(super) fn text(ascii: &[u8]) -> &str {
    core::str::from_utf8(ascii).unwrap_or_default()
}

/// Writes `value` in decimal, right-aligned, with leading zeros; higher digits are cut off.
pub(super) fn write_decimal(to: &mut [u8], mut value: u64) {
    for digit in to.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Reads digits that are ASCII by construction.
pub(super) fn read_decimal(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
}
