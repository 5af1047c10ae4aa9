//! CSV and XLSX as a table with a header row, as people fill them in.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use jiff::civil::Date;

use super::dates::{from_number, half_width, parse_date};
use super::encoding::{self, Evidence, Transcoder};
use super::xlsx;

/// What the user may say about a table.
#[derive(Debug, Clone, Default)]
pub struct TableOptions {
    /// The text encoding of a CSV (`--encoding`).
    pub encoding: Option<String>,
    /// The worksheet (`--layer`); without it the first one.
    pub sheet: Option<String>,
}

/// Why a file cannot be read as a table; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The operating system refused.
    #[error("打不开 {}：{source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is broken, too large or something else.
    #[error("{0}")]
    Damaged(String),
    /// The text encoding cannot be told.
    #[error("{0}；请用 --encoding 指明文字编码，例如 --encoding GB18030，或另存为 UTF-8")]
    Encoding(String),
    /// A needed column is not there.
    #[error("表里没有“{}”这一列；表头是：{}", wanted.join("”或“"), headers.join("、"))]
    MissingColumn {
        /// The names it may have.
        wanted: Vec<String>,
        /// The headers that are there.
        headers: Vec<String>,
    },
    /// Two columns have the same name.
    #[error("表里有两列都叫“{0}”，分不清该用哪一列")]
    TwoColumns(String),
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// A day, from a cell formatted as a date.
    Date(Date),
    /// A truth value.
    Bool(bool),
    /// An Excel error value such as `#N/A`.
    Error(String),
}

impl Cell {
    fn is_blank(&self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }
}

/// A row that cannot be used, or one cell of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("第 {row} 行{}：{reason}", column.as_ref().map(|c| format!("“{c}”列")).unwrap_or_default())]
pub struct CellError {
    /// The row's number as a spreadsheet program shows it.
    pub row: u64,
    /// The column's header, where it is about one.
    pub column: Option<String>,
    /// The reason as a Chinese sentence.
    pub reason: String,
}

/// A column found by one of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    index: usize,
    /// The header as it stands in the file.
    pub header: String,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The row's number as a spreadsheet program shows it, the header's included.
    pub number: u64,
    cells: Vec<Cell>,
}

pub(super) type RawRow = Result<(u64, Vec<Cell>), CellError>;

/// An open table: its headers, and an iterator over its rows that are not blank.
pub struct Table {
    /// The headers as they stand in the file.
    pub headers: Vec<String>,
    /// What the user should know though it stops nothing.
    pub warnings: Vec<String>,
    rows: Box<dyn Iterator<Item = RawRow> + Send>,
}

/// Opens a CSV or XLSX file; which one is told by its content.
///
/// Rows before the header with only one filled cell are taken for titles and passed over.
///
/// # Errors
/// See [`TableError`].
pub fn open(path: &Path, options: &TableOptions) -> Result<Table, TableError> {
    let file = File::open(path).map_err(|source| TableError::Io { path: path.to_owned(), source })?;
    read(file, path, options)
}

/// As [`open`], from anything that can be read; `path` only names it in errors.
///
/// # Errors
/// See [`TableError`].
pub fn read<R>(mut file: R, path: &Path, options: &TableOptions) -> Result<Table, TableError>
where
    R: Read + Seek + Send + 'static,
{
    let io_error = |source| TableError::Io { path: path.to_owned(), source };
    let mut head = Vec::new();
    file.by_ref().take(1 << 20).read_to_end(&mut head).map_err(io_error)?;
    file.rewind().map_err(io_error)?;
    let mut warnings = Vec::new();
    let rows: Box<dyn Iterator<Item = RawRow> + Send> = match head.as_slice() {
        [] => return Err(TableError::Damaged("文件是空的".into())),
        [b'P', b'K', 3, 4, ..] => Box::new(xlsx::rows(file, options.sheet.as_deref())?.into_iter().map(Ok)),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => {
            return Err(TableError::Damaged(
                "这是旧的 .xls 文件，或是加了密码的工作簿；请另存为不加密的 .xlsx".into(),
            ));
        }
        head => {
            let encoding = csv_encoding(head, options, &mut warnings)?;
            Box::new(csv_rows(file, encoding, delimiter(head)))
        }
    };
    let (headers, rows) = split_header(rows)?;
    Ok(Table { headers, warnings, rows })
}

fn csv_encoding(
    head: &[u8],
    options: &TableOptions,
    warnings: &mut Vec<String>,
) -> Result<&'static Encoding, TableError> {
    match (head, &options.encoding) {
        ([0xFF, 0xFE, ..], None) => return Ok(UTF_16LE),
        ([0xFE, 0xFF, ..], None) => return Ok(UTF_16BE),
        _ => {}
    }
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let mut evidence = Evidence::default();
    head.split(|b| matches!(b, b',' | b'\n' | b'\t')).for_each(|text| evidence.add(text));
    // UTF-8 is what is expected; only another guess is worth a word.
    if options.encoding.is_none() && evidence.is_valid_utf8() {
        return Ok(UTF_8);
    }
    let decision =
        encoding::decide(options.encoding.as_deref(), None, &evidence).map_err(TableError::Encoding)?;
    warnings.extend(decision.note);
    Ok(decision.encoding)
}

/// Tabs, when the first line has some and no comma.
fn delimiter(head: &[u8]) -> u8 {
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    if line.contains(&b'\t') && !line.contains(&b',') { b'\t' } else { b',' }
}

fn csv_rows(
    file: impl Read + Send,
    encoding: &'static Encoding,
    delimiter: u8,
) -> impl Iterator<Item = RawRow> + Send {
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(Transcoder::new(file, encoding));
    let mut line = 0;
    reader.into_records().map(move |record| {
        let error = |row, reason: String| CellError { row, column: None, reason };
        let record = record.map_err(|e| error(line + 1, format!("这一行读不出来：{e}")))?;
        line = record.position().map_or(line + 1, csv::Position::line);
        if record.iter().any(|cell| cell.contains('\u{FFFD}')) {
            return Err(error(line, format!("文字里有不是 {} 的字节", encoding::name(encoding))));
        }
        Ok((line, record.iter().map(|cell| Cell::Text(cell.to_owned())).collect()))
    })
}

/// How many rows may stand before the header.
const TITLES: usize = 10;

type Rows = Box<dyn Iterator<Item = RawRow> + Send>;

fn split_header(mut rows: Rows) -> Result<(Vec<String>, Rows), TableError> {
    let mut titles = Vec::new();
    while titles.len() < TITLES {
        let Some(row) = rows.next() else { break };
        let (number, cells) = row.map_err(|e| TableError::Damaged(e.to_string()))?;
        match cells.iter().filter(|cell| !cell.is_blank()).count() {
            0 => {}
            1 => titles.push(Ok((number, cells))),
            _ => return Ok((headers(&cells), rows)),
        }
    }
    // A table of one column has its header on top.
    if titles.is_empty() {
        return Err(TableError::Damaged("表里没有表头".into()));
    }
    let header = titles
        .remove(0)
        .map(|(_, cells)| headers(&cells))
        .map_err(|e: CellError| TableError::Damaged(e.to_string()))?;
    Ok((header, Box::new(titles.into_iter().chain(rows))))
}

fn headers(cells: &[Cell]) -> Vec<String> {
    cells.iter().map(|cell| plain_text(cell).unwrap_or_default()).collect()
}

/// What two headers are compared by: half-width, lower case, no blanks, no brackets' kind.
fn comparable(header: &str) -> String {
    half_width(header).to_lowercase().chars().filter(|c| !c.is_whitespace() && *c != '\u{FEFF}').collect()
}

impl Table {
    /// The column that has one of `names`, the first name first. Case, blanks and full width do not
    /// matter.
    ///
    /// # Errors
    /// [`TableError::TwoColumns`] when a name fits two columns.
    pub fn find(&self, names: &[&str]) -> Result<Option<Column>, TableError> {
        for name in names.iter().map(|name| comparable(name)) {
            let mut matching = (0..self.headers.len()).filter(|i| comparable(&self.headers[*i]) == name);
            if let Some(index) = matching.next() {
                let header = self.headers[index].clone();
                return match matching.next() {
                    None => Ok(Some(Column { index, header })),
                    Some(_) => Err(TableError::TwoColumns(header)),
                };
            }
        }
        Ok(None)
    }

    /// Like [`Table::find`], for a column that must be there.
    ///
    /// # Errors
    /// [`TableError::MissingColumn`] names what was looked for and what is there.
    pub fn column(&self, names: &[&str]) -> Result<Column, TableError> {
        self.find(names)?.ok_or_else(|| TableError::MissingColumn {
            wanted: names.iter().map(|name| (*name).to_owned()).collect(),
            headers: self.headers.iter().filter(|h| !h.is_empty()).cloned().collect(),
        })
    }
}

impl Iterator for Table {
    type Item = Result<Row, CellError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (number, cells) = match self.rows.next()? {
                Ok(row) => row,
                Err(e) => return Some(Err(e)),
            };
            if cells.iter().all(Cell::is_blank) {
                continue;
            }
            let surplus = cells.iter().skip(self.headers.len()).any(|cell| !cell.is_blank());
            return Some(match surplus {
                true => Err(CellError {
                    row: number, column: None, reason: "这一行的列数比表头多".into()
                }),
                false => Ok(Row { number, cells }),
            });
        }
    }
}

impl Row {
    fn cell(&self, column: &Column) -> &Cell {
        self.cells.get(column.index).unwrap_or(&Cell::Empty)
    }

    fn error(&self, column: &Column, reason: impl Into<String>) -> CellError {
        CellError { row: self.number, column: Some(column.header.clone()), reason: reason.into() }
    }

    /// The cell as trimmed text with half-width digits and letters; `None` when blank.
    ///
    /// # Errors
    /// A code that was typed as a number of more than 15 digits: Excel has already changed its last
    /// digits. An Excel error value.
    pub fn text(&self, column: &Column) -> Result<Option<String>, CellError> {
        match self.cell(column) {
            Cell::Number(x) if x.abs() >= 1e15 => Err(self
                .error(column, "数字超过 15 位，Excel 已改动了末尾几位；请把这一列设为文本格式后重新填写")),
            Cell::Error(name) => Err(self.error(column, format!("单元格里是错误值 {name}"))),
            cell => Ok(plain_text(cell)),
        }
    }

    /// Like [`Row::text`], for a cell that must be filled.
    ///
    /// # Errors
    /// As [`Row::text`], and when it is blank.
    pub fn required_text(&self, column: &Column) -> Result<String, CellError> {
        self.text(column)?.ok_or_else(|| self.error(column, "没有填写"))
    }

    /// The cell as a date; `None` when blank.
    ///
    /// # Errors
    /// When it is filled with something else.
    pub fn date(&self, column: &Column) -> Result<Option<Date>, CellError> {
        let date = match self.cell(column) {
            Cell::Date(date) => Some(*date),
            Cell::Number(x) => from_number(*x),
            _ => match self.text(column)? {
                None => return Ok(None),
                Some(text) => parse_date(&text),
            },
        };
        let shown = || plain_text(self.cell(column)).unwrap_or_default();
        date.map(Some)
            .ok_or_else(|| self.error(column, format!("“{}”不是日期，请写成 2023-11-22 这样", shown())))
    }

    /// The cell as a finite number; `None` when blank. Thousands separators are allowed.
    ///
    /// # Errors
    /// When it is filled with something else.
    pub fn number(&self, column: &Column) -> Result<Option<f64>, CellError> {
        if let Cell::Number(x) = self.cell(column) {
            return Ok(Some(*x));
        }
        let Some(text) = self.text(column)? else { return Ok(None) };
        match half_width(&text).replace(',', "").parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(Some(x)),
            _ => Err(self.error(column, format!("“{text}”不是数字"))),
        }
    }
}

fn plain_text(cell: &Cell) -> Option<String> {
    let text = match cell {
        Cell::Empty | Cell::Error(_) => return None,
        Cell::Text(text) => half_width_codes(text.trim()),
        Cell::Number(x) => x.to_string(),
        Cell::Date(date) => date.to_string(),
        Cell::Bool(b) => if *b { "是" } else { "否" }.to_owned(),
    };
    (!text.is_empty()).then_some(text)
}

/// Digits and letters half-width; Chinese punctuation stays as it is.
fn half_width_codes(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            other => other,
        })
        .collect()
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("headers", &self.headers).finish_non_exhaustive()
    }
}
