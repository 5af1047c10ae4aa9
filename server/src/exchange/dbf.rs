//! The attribute table of a Shapefile (dBASE III to V, FoxPro), read from its bytes so that the text
//! encoding is ours to decide.

use std::io::{self, Read, Seek, SeekFrom};

use encoding_rs::Encoding;

use super::encoding::{self, Evidence};
use super::layer::{Field, FieldKind, Value};

/// The header: where the columns lie in a record.
#[derive(Debug)]
pub(super) struct Header {
    /// Records the header promises.
    pub(super) promised: u32,
    /// Records that are really there.
    pub(super) records: u32,
    /// The language driver byte.
    pub(super) language: u8,
    pub(super) columns: Vec<Column>,
    header_len: u64,
    pub(super) record_len: usize,
}

/// One column: its raw name and its place in a record.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: Vec<u8>,
    kind: u8,
    start: usize,
    width: usize,
    decimals: u8,
}

/// One decoded cell.
#[derive(Debug, PartialEq)]
pub(super) enum Cell {
    Value(Value),
    /// Text whose last character was cut in two by the field's width.
    CutText(Value),
    /// Text that is not in the file's encoding.
    WrongEncoding,
}

impl Header {
    /// Reads the header of a table of `length` bytes.
    ///
    /// # Errors
    /// A Chinese sentence saying what is wrong.
    pub(super) fn read(source: &mut (impl Read + Seek), length: u64) -> Result<Header, String> {
        let unreadable = |e: io::Error| format!(".dbf 文件不完整，读不出表头（{e}）");
        source.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let mut fixed = [0; 32];
        source.read_exact(&mut fixed).map_err(unreadable)?;
        if fixed[0] & 7 == 4 {
            return Err(".dbf 是 dBASE 7 格式，请另存为 dBASE III/IV（普通 Shapefile）".into());
        }
        let header_len = u64::from(u16::from_le_bytes([fixed[8], fixed[9]]));
        let record_len = usize::from(u16::from_le_bytes([fixed[10], fixed[11]]));
        if header_len < 33 || record_len == 0 {
            return Err(".dbf 表头的长度不对，文件已损坏".into());
        }
        let mut descriptors = vec![0; header_len as usize - 32];
        source.read_exact(&mut descriptors).map_err(unreadable)?;
        let columns = columns(&descriptors, record_len)?;
        let promised = u32::from_le_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
        let present = length.saturating_sub(header_len) / record_len as u64;
        let records = promised.min(u32::try_from(present).unwrap_or(u32::MAX));
        Ok(Header { promised, records, language: fixed[29], columns, header_len, record_len })
    }

    /// Puts `source` at the first record.
    pub(super) fn rewind(&self, source: &mut impl Seek) -> io::Result<()> {
        source.seek(SeekFrom::Start(self.header_len)).map(drop)
    }

    /// Collects what the field names and the texts show about the encoding, reading records until
    /// there is enough of it.
    pub(super) fn evidence(&self, source: &mut (impl Read + Seek)) -> io::Result<Evidence> {
        let mut evidence = Evidence::default();
        self.columns.iter().for_each(|column| evidence.add(&column.name));
        self.rewind(source)?;
        let mut record = vec![0; self.record_len];
        for _ in 0..self.records {
            if evidence.is_enough() {
                break;
            }
            source.read_exact(&mut record)?;
            if record.is_ascii() {
                continue;
            }
            for column in self.columns.iter().filter(|c| c.is_text()) {
                evidence.add(trim_end(column.slice(&record)));
            }
        }
        Ok(evidence)
    }
}

fn columns(descriptors: &[u8], record_len: usize) -> Result<Vec<Column>, String> {
    let mut start = 1;
    let mut columns = Vec::new();
    for descriptor in descriptors.chunks_exact(32).take_while(|d| d[0] != 0x0D) {
        let kind = descriptor[11];
        // Clipper writes the high byte of a long text's width where other kinds have decimals.
        let (width, decimals) = match kind {
            b'C' => (usize::from(u16::from_le_bytes([descriptor[16], descriptor[17]])), 0),
            _ => (usize::from(descriptor[16]), descriptor[17]),
        };
        let name = descriptor[..11].split(|b| *b == 0).next().unwrap_or_default();
        columns.push(Column { name: trim_end(name).to_vec(), kind, start, width, decimals });
        start += width;
        if start > record_len {
            return Err(".dbf 各字段宽度之和超过记录长度，文件已损坏".into());
        }
    }
    Ok(columns)
}

/// Drops the blanks and NULs a fixed-width field is filled up with.
fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| !matches!(b, 0 | b' ')).map_or(0, |last| last + 1);
    &bytes[..end]
}

impl Column {
    fn slice<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        &record[self.start..self.start + self.width]
    }

    fn is_text(&self) -> bool {
        matches!(self.kind, b'C' | b'V')
    }

    /// The field as the layer shows it; `None` when its name is not in the encoding.
    pub(super) fn field(&self, encoding: &'static Encoding) -> Option<Field> {
        let name = encoding::decode(encoding, &self.name, self.name.len() >= 10)?.text.trim().to_owned();
        let kind = match self.kind {
            b'C' | b'V' | b'D' => FieldKind::Text,
            b'N' if self.decimals == 0 && self.width <= 18 => FieldKind::Integer,
            b'I' | b'+' | b'L' => FieldKind::Integer,
            b'N' | b'F' => FieldKind::Real,
            b'B' | b'O' if self.width == 8 => FieldKind::Real,
            _ => FieldKind::Unread,
        };
        Some(Field { name, kind })
    }

    /// The cell of this column in a record.
    pub(super) fn cell(&self, record: &[u8], encoding: &'static Encoding) -> Cell {
        let raw = self.slice(record);
        let value = match self.kind {
            b'C' | b'V' => return text(raw, encoding),
            b'N' | b'F' => number(raw, self.decimals),
            b'D' => date(raw),
            b'L' => match raw.first() {
                Some(b'Y' | b'y' | b'T' | b't' | b'1') => Value::Integer(1),
                Some(b'N' | b'n' | b'F' | b'f' | b'0') => Value::Integer(0),
                _ => Value::Null,
            },
            b'I' | b'+' => raw
                .try_into()
                .map_or(Value::Null, |b: [u8; 4]| Value::Integer(i64::from(i32::from_le_bytes(b)))),
            b'B' | b'O' => raw
                .try_into()
                .map(f64::from_le_bytes)
                .ok()
                .filter(|x| x.is_finite())
                .map_or(Value::Null, Value::Real),
            _ => Value::Null,
        };
        Cell::Value(value)
    }
}

fn text(raw: &[u8], encoding: &'static Encoding) -> Cell {
    let trimmed = trim_end(raw);
    if trimmed.is_empty() {
        return Cell::Value(Value::Null);
    }
    match encoding::decode(encoding, trimmed, trimmed.len() == raw.len()) {
        None => Cell::WrongEncoding,
        Some(decoded) if decoded.cut => Cell::CutText(Value::Text(decoded.text)),
        Some(decoded) => Cell::Value(Value::Text(decoded.text)),
    }
}

/// A number written as text. Stars are how dBASE writes "does not fit": no value. What is no number
/// stays text, so that whoever needs a number can say what stood there.
fn number(raw: &[u8], decimals: u8) -> Value {
    let text = String::from_utf8_lossy(raw);
    let text = text.trim_matches([' ', '\0']);
    if text.is_empty() || text.bytes().all(|b| b == b'*') {
        return Value::Null;
    }
    if decimals == 0
        && let Ok(n) = text.parse()
    {
        return Value::Integer(n);
    }
    match text.parse::<f64>() {
        Ok(x) if x.is_finite() => Value::Real(x),
        _ => Value::Text(text.to_owned()),
    }
}

/// Eight digits, kept as text; blank or zero means none.
fn date(raw: &[u8]) -> Value {
    match std::str::from_utf8(raw).map(str::trim) {
        Ok("" | "0" | "00000000") => Value::Null,
        Ok(text) => Value::Text(text.trim_matches('\0').to_owned()),
        Err(_) => Value::Null,
    }
}
