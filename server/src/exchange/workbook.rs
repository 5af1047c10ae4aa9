//! XLSX out: ledgers and tables with a title, a frozen header and typed cells.

use jiff::civil::{Date, DateTime};
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Worksheet, XlsxError,
};

/// The longest text a cell holds (Excel's specification).
const MAX_TEXT: usize = 32_767;
/// Rows a sheet holds.
const MAX_ROWS: u32 = 1_048_576;

/// Why a workbook cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    /// More rows than a sheet holds.
    #[error("超过 Excel 每个工作表 {MAX_ROWS} 行的上限；请缩小导出的范围")]
    TooManyRows,
    /// Anything else the writer refuses.
    #[error("生成 XLSX 失败：{0}")]
    Writer(#[from] XlsxError),
}

/// One column of a sheet.
#[derive(Debug, Clone)]
pub struct Column {
    header: String,
    width: f64,
}

impl Column {
    /// A column with its header and its width in characters.
    pub fn new(header: impl Into<String>, width: f64) -> Column {
        Column { header: header.into(), width }
    }
}

/// One cell to write. Text stays text: what looks like a formula is shown, never run.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text; beyond Excel's limit it is cut and ends in `…`.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number as it is.
    Number(f64),
    /// A number shown with this many decimals, such as an area in m² (2) or 亩 (1).
    Decimal(f64, u8),
    /// A day.
    Date(Date),
    /// A moment, in local time.
    DateTime(DateTime),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Empty, Into::into)
    }
}

/// A workbook being written.
pub struct Workbook {
    inner: rust_xlsxwriter::Workbook,
}

impl Workbook {
    /// An empty workbook made at `created` (local time), which the file's properties show.
    ///
    /// # Errors
    /// When Excel cannot express the time (before 1900).
    pub fn new(created: DateTime) -> Result<Workbook, WorkbookError> {
        let mut inner = rust_xlsxwriter::Workbook::new();
        let properties = DocProperties::new().set_creation_datetime(&moment(created)?);
        inner.set_properties(&properties);
        Ok(Workbook { inner })
    }

    /// Adds a sheet: the title over all columns if there is one, the header, and the panes frozen
    /// under it. Characters a sheet's name cannot have are replaced.
    ///
    /// # Errors
    /// When the writer refuses, as for a second sheet of the same name.
    pub fn sheet(
        &mut self,
        name: &str,
        title: Option<&str>,
        columns: &[Column],
    ) -> Result<Sheet<'_>, WorkbookError> {
        let inner = self.inner.add_worksheet();
        inner.set_name(sheet_name(name))?;
        inner.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
        let mut row = 0;
        if let Some(title) = title {
            write_title(inner, title, columns.len())?;
            row = 1;
        }
        let header = header_format();
        for (index, column) in (0_u16..).zip(columns) {
            inner.write_string_with_format(row, index, &column.header, &header)?;
            inner.set_column_width(index, column.width)?;
        }
        inner.set_freeze_panes(row + 1, 0)?;
        inner.set_repeat_rows(0, row)?;
        Ok(Sheet { inner, row: row + 1, formats: Formats::default() })
    }

    /// The finished file's bytes.
    ///
    /// # Errors
    /// When the writer refuses.
    pub fn finish(mut self) -> Result<Vec<u8>, WorkbookError> {
        Ok(self.inner.save_to_buffer()?)
    }
}

/// A sheet being filled.
pub struct Sheet<'a> {
    inner: &'a mut Worksheet,
    row: u32,
    formats: Formats,
}

impl Sheet<'_> {
    /// Adds a row.
    ///
    /// # Errors
    /// [`WorkbookError::TooManyRows`], or when a date is before 1900.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), WorkbookError> {
        if self.row >= MAX_ROWS {
            return Err(WorkbookError::TooManyRows);
        }
        for (column, cell) in (0_u16..).zip(cells) {
            self.cell(column, cell)?;
        }
        self.row += 1;
        Ok(())
    }

    fn cell(&mut self, column: u16, cell: &Cell) -> Result<(), WorkbookError> {
        let (sheet, row, formats) = (&mut *self.inner, self.row, &self.formats);
        match cell {
            Cell::Empty => sheet.write_blank(row, column, &formats.plain)?,
            Cell::Text(text) => sheet.write_string_with_format(row, column, fitting(text), &formats.plain)?,
            Cell::Integer(n) => sheet.write_number_with_format(row, column, *n as f64, &formats.integer)?,
            Cell::Number(x) => sheet.write_number_with_format(row, column, *x, &formats.plain)?,
            Cell::Decimal(x, decimals) => {
                let format = formats.plain.clone().set_num_format(decimal_pattern(*decimals));
                sheet.write_number_with_format(row, column, *x, &format)?
            }
            Cell::Date(date) => {
                let day = ExcelDateTime::from_ymd(
                    date.year().unsigned_abs(),
                    date.month() as u8,
                    date.day() as u8,
                )?;
                sheet.write_datetime_with_format(row, column, &day, &formats.date)?
            }
            Cell::DateTime(at) => {
                sheet.write_datetime_with_format(row, column, &moment(*at)?, &formats.moment)?
            }
        };
        Ok(())
    }
}

struct Formats {
    plain: Format,
    integer: Format,
    date: Format,
    moment: Format,
}

impl Default for Formats {
    fn default() -> Self {
        let plain = Format::new().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter);
        Formats {
            integer: plain.clone().set_num_format("0"),
            date: plain.clone().set_num_format("yyyy-mm-dd"),
            moment: plain.clone().set_num_format("yyyy-mm-dd hh:mm"),
            plain: plain.set_text_wrap(),
        }
    }
}

fn header_format() -> Format {
    Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
        .set_border(FormatBorder::Thin)
        .set_background_color(Color::RGB(0xE2_EF_DA))
}

fn write_title(sheet: &mut Worksheet, title: &str, columns: usize) -> Result<(), WorkbookError> {
    let format = Format::new()
        .set_bold()
        .set_font_size(16)
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter);
    sheet.set_row_height(0, 30)?;
    match u16::try_from(columns) {
        Ok(columns) if columns > 1 => sheet.merge_range(0, 0, 0, columns - 1, &fitting(title), &format)?,
        _ => sheet.write_string_with_format(0, 0, fitting(title), &format)?,
    };
    Ok(())
}

fn decimal_pattern(decimals: u8) -> String {
    match decimals {
        0 => "0".to_owned(),
        n => format!("0.{}", "0".repeat(usize::from(n))),
    }
}

/// The text as Excel can hold it; Excel counts UTF-16 units.
fn fitting(text: &str) -> String {
    if text.encode_utf16().count() <= MAX_TEXT {
        return text.to_owned();
    }
    let mut room = MAX_TEXT - 1;
    let kept: String = text
        .chars()
        .take_while(|c| {
            let fits = c.len_utf16() <= room;
            room = room.saturating_sub(c.len_utf16());
            fits
        })
        .collect();
    kept + "…"
}

/// A sheet's name: at most 31 characters, none of `[ ] : * ? / \`, no apostrophe at the ends.
fn sheet_name(name: &str) -> String {
    let name: String = name
        .trim_matches('\'')
        .chars()
        .map(|c| if matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\') { '_' } else { c })
        .take(31)
        .collect();
    if name.trim().is_empty() { "Sheet".to_owned() } else { name }
}

fn moment(at: DateTime) -> Result<ExcelDateTime, XlsxError> {
    ExcelDateTime::from_ymd(at.year().unsigned_abs(), at.month() as u8, at.day() as u8)?.and_hms(
        at.hour() as u16,
        at.minute() as u8,
        f64::from(at.second()),
    )
}
