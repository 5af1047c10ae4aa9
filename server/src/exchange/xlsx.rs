//! The cells of one XLSX worksheet.

use std::io::{self, BufReader, Read, Seek};

use calamine::{DataRef, Reader, Xlsx, XlsxError};
use jiff::civil::Date;
use zip::ZipArchive;

use super::dates::parse_date;
use super::layer::{OpenError, choose};
use super::table::{Cell, TableError};

/// A workbook that unpacks to more than this is refused.
const MAX_UNPACKED: u64 = 256 << 20;
/// Columns and cells beyond which a sheet is no table filled in by people.
const MAX_COLUMNS: u32 = 512;
const MAX_CELLS: usize = 8_000_000;

/// The rows of a worksheet with their numbers from 1; blank ones are left out.
pub(super) fn rows(
    mut file: impl Read + Seek,
    sheet: Option<&str>,
) -> Result<Vec<(u64, Vec<Cell>)>, TableError> {
    check_size(&mut file)?;
    let mut workbook = Xlsx::new(BufReader::new(file)).map_err(damaged)?;
    let names = workbook.sheet_names();
    let chosen = match (sheet, names.as_slice()) {
        (None, [_, ..]) => 0,
        _ => choose(&names, sheet).map_err(|e: OpenError| TableError::Damaged(e.to_string()))?,
    };
    let mut reader = workbook.worksheet_cells_reader(&names[chosen]).map_err(damaged)?;
    let mut rows: Vec<(u64, Vec<Cell>)> = Vec::new();
    let mut cells = 0;
    while let Some(cell) = reader.next_cell().map_err(damaged)? {
        let (row, column) = cell.get_position();
        let value = convert(cell.get_value());
        if value == Cell::Empty {
            continue;
        }
        if column >= MAX_COLUMNS {
            return Err(TableError::Damaged(format!("工作表的列数超过 {MAX_COLUMNS}")));
        }
        let number = u64::from(row) + 1;
        match rows.last() {
            Some((last, _)) if *last > number => {
                return Err(TableError::Damaged("工作表的行没有按顺序排列，文件已损坏".into()));
            }
            Some((last, _)) if *last == number => {}
            _ => rows.push((number, Vec::new())),
        }
        let Some((_, row)) = rows.last_mut() else { continue };
        let column = column as usize;
        cells += (column + 1).saturating_sub(row.len());
        if cells > MAX_CELLS {
            return Err(TableError::Damaged(format!("工作表超过 {MAX_CELLS} 个单元格，请分成几个文件")));
        }
        row.resize(row.len().max(column + 1), Cell::Empty);
        row[column] = value;
    }
    Ok(rows)
}

fn damaged(error: XlsxError) -> TableError {
    TableError::Damaged(format!("读不出这个 XLSX，文件可能已损坏：{error}"))
}

/// Unpacks everything once without keeping it, because the sizes a zip declares need not be true.
fn check_size(file: &mut (impl Read + Seek)) -> Result<(), TableError> {
    let unreadable =
        |e: &dyn std::fmt::Display| TableError::Damaged(format!("读不出这个 XLSX，文件可能已损坏：{e}"));
    let mut archive = ZipArchive::new(BufReader::new(&mut *file)).map_err(|e| unreadable(&e))?;
    let mut left = MAX_UNPACKED + 1;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|e| unreadable(&e))?;
        left -= io::copy(&mut entry.take(left), &mut io::sink()).map_err(|e| unreadable(&e))?;
        if left == 0 {
            return Err(TableError::Damaged(format!("工作簿解压后超过上限 {MAX_UNPACKED} 字节")));
        }
    }
    drop(archive);
    file.rewind().map_err(|e| unreadable(&e))
}

fn convert(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::String(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Float(x) => Cell::Number(*x),
        DataRef::Int(n) => Cell::Number(*n as f64),
        DataRef::Bool(b) => Cell::Bool(*b),
        DataRef::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            i16::try_from(year)
                .ok()
                .and_then(|year| Date::new(year, month as i8, day as i8).ok())
                .map_or(Cell::Number(moment.as_f64()), Cell::Date)
        }
        DataRef::DateTime(duration) => Cell::Number(duration.as_f64()),
        DataRef::DateTimeIso(text) => parse_date(text).map_or_else(|| Cell::Text(text.clone()), Cell::Date),
        DataRef::DurationIso(text) => Cell::Text(text.clone()),
        DataRef::Error(error) => Cell::Error(error.to_string()),
    }
}
