//! A JSON scanner over a window of bytes, made for GeoJSON: it never recurses, so nesting cannot
//! overflow the stack, and it tells "needs more bytes" from "is wrong", so a stream can be read
//! through a small window.

use std::borrow::Cow;

use super::layer::{Fault, RowErrorKind};

/// Why scanning stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The window ends inside a value.
    NeedMore,
    /// What stands there is wrong.
    Wrong(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Stop::Wrong(fault)
    }
}

type Scan<T> = Result<T, Stop>;

pub(super) fn malformed<T>(what: &str) -> Scan<T> {
    Err(Stop::Wrong(Fault::new(RowErrorKind::Malformed, format!("不是正确的 JSON：{what}"))))
}

/// A value that is not an object or array.
#[derive(Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Text(Cow<'a, str>),
    Integer(i64),
    Real(f64),
}

/// A position in a window.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Scanner { bytes, at: 0 }
    }

    /// How many bytes have been passed.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The bytes from `start` to here.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.at]
    }

    /// The next byte that is not white space, not passed.
    #[inline]
    pub(super) fn peek(&mut self) -> Scan<u8> {
        while let Some(&byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(byte);
            }
            self.at += 1;
        }
        Err(Stop::NeedMore)
    }

    /// Passes `byte` if it comes next.
    #[inline]
    pub(super) fn accept(&mut self, byte: u8) -> Scan<bool> {
        let found = self.peek()? == byte;
        self.at += usize::from(found);
        Ok(found)
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Scan<()> {
        match self.accept(byte)? {
            true => Ok(()),
            false => malformed(&format!("应有“{}”", char::from(byte))),
        }
    }

    /// Passes the comma before the next member or element, or the closing byte; whether one follows.
    #[inline]
    pub(super) fn more(&mut self, close: u8, first: bool) -> Scan<bool> {
        if self.accept(close)? {
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
        }
        Ok(true)
    }

    /// The next member's key, its colon passed; `None` at the object's end.
    pub(super) fn key(&mut self, first: bool) -> Scan<Option<Cow<'a, str>>> {
        if !self.more(b'}', first)? {
            return Ok(None);
        }
        let key = self.string()?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// A string, its escapes resolved.
    pub(super) fn string(&mut self) -> Scan<Cow<'a, str>> {
        // Blanks may stand before it: where it starts is known only after they have been passed.
        let quoted = self.peek()? == b'"';
        let start = self.at + usize::from(quoted);
        let escaped = self.pass_string()?;
        let raw = &self.bytes[start..self.at - 1];
        if escaped {
            let quoted = &self.bytes[start - 1..self.at];
            return match serde_json::from_slice::<String>(quoted) {
                Ok(text) => Ok(Cow::Owned(text)),
                Err(_) if std::str::from_utf8(raw).is_err() => wrong_encoding(),
                Err(_) => malformed("字符串里的转义不对"),
            };
        }
        match std::str::from_utf8(raw) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(_) => wrong_encoding(),
        }
    }

    /// Passes a string; whether it has escapes.
    fn pass_string(&mut self) -> Scan<bool> {
        self.expect(b'"')?;
        let mut escaped = false;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => return Ok(escaped),
                b'\\' => {
                    escaped = true;
                    self.at += 1;
                }
                _ => {}
            }
        }
        Err(Stop::NeedMore)
    }

    /// Passes any value, however deeply nested, looking only at strings and brackets.
    pub(super) fn skip_value(&mut self) -> Scan<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => drop(self.pass_string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return malformed("多了一个括号"),
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b',' | b':' => return malformed("缺少一个值"),
                _ => self.pass_word()?,
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Passes a number or a word.
    fn pass_word(&mut self) -> Scan<()> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| {
            matches!(b, b',' | b':' | b'}' | b']' | b'{' | b'[' | b'"') || b.is_ascii_whitespace()
        });
        match length {
            None => Err(Stop::NeedMore),
            // A form feed ends a word but is no white space in JSON: without this nothing would move.
            Some(0) => malformed("这里不是一个值"),
            Some(length) => {
                self.at += length;
                Ok(())
            }
        }
    }

    /// A scalar; an object or array is left in place and gives `None`.
    pub(super) fn scalar(&mut self) -> Scan<Option<Scalar<'a>>> {
        Ok(Some(match self.peek()? {
            b'{' | b'[' => return Ok(None),
            b'"' => Scalar::Text(self.string()?),
            b'-' | b'0'..=b'9' => self.number_or_integer()?,
            _ => {
                let start = self.at;
                self.pass_word()?;
                match self.since(start) {
                    b"null" | b"NaN" => Scalar::Null,
                    b"true" => Scalar::Bool(true),
                    b"false" => Scalar::Bool(false),
                    _ => return malformed("这里不是一个值"),
                }
            }
        }))
    }

    fn number_or_integer(&mut self) -> Scan<Scalar<'a>> {
        let start = self.at;
        let number = self.number()?;
        let text = std::str::from_utf8(self.since(start)).unwrap_or_default();
        Ok(text.parse().map_or(Scalar::Real(number), Scalar::Integer))
    }

    /// A finite number, correctly rounded.
    #[inline]
    pub(super) fn number(&mut self) -> Scan<f64> {
        self.peek()?;
        let start = self.at;
        let negative = self.bytes[start] == b'-';
        let mut at = start + usize::from(negative);
        let mut digits = 0_u32;
        let mut mantissa = 0_u64;
        let mut point = None;
        let end = loop {
            let Some(&byte) = self.bytes.get(at) else { return Err(Stop::NeedMore) };
            match byte {
                b'0'..=b'9' => {
                    mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                    digits += 1;
                }
                b'.' if point.is_none() => point = Some(digits),
                _ => break byte,
            }
            at += 1;
        };
        self.at = at;
        let decimals = point.map_or(0, |whole| digits - whole) as usize;
        // Up to 2^53 and 10^22 both sides are exact, so one division rounds correctly (Clinger 1990).
        if digits > 0 && digits <= 19 && mantissa <= 1 << 53 && decimals <= 22 && !matches!(end, b'e' | b'E')
        {
            let value = mantissa as f64 / POWERS[decimals];
            return Ok(if negative { -value } else { value });
        }
        self.slow_number(start)
    }

    fn slow_number(&mut self, start: usize) -> Scan<f64> {
        let is_number = |b: &u8| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
        let length = self.bytes[start..].iter().position(|b| !is_number(b)).ok_or(Stop::NeedMore)?;
        self.at = start + length;
        let text = std::str::from_utf8(self.since(start)).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(_) => malformed("数字超出范围"),
            Err(_) => malformed("这里应是一个数"),
        }
    }
}

fn wrong_encoding<T>() -> Scan<T> {
    Err(Stop::Wrong(Fault::new(RowErrorKind::Encoding, "文字不是有效的 UTF-8")))
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];
