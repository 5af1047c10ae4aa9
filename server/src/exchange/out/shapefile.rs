//! ESRI Shapefile out: `.shp`, `.shx`, `.dbf`, `.prj` and `.cpg` in a zip (ESRI Shapefile Technical Description, July
//! 1998; dBASE III). Texts are UTF-8, which `.cpg` says.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use geo::orient::{Direction, Orient};
use geo::{BoundingRect, LineString, MultiPolygon, Rect};
use jiff::civil::Date;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Column, Kind, PRJ, hundredths};
use crate::exchange::layer::Value;

const POLYGON: u32 = 5;
const HEADER: u64 = 100;
/// An area: 16 characters, two of them decimals.
const AREA_WIDTH: u8 = 16;
/// The most bytes of one of the files that readers are sure to take.
const LARGEST: u64 = (1 << 31) - 1;

/// Why a Shapefile cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ShapefileError {
    /// More than the format holds.
    #[error("超过 Shapefile 单个文件 2 GB 的上限；请缩小导出的范围，或改用 GeoPackage")]
    TooLarge,
    /// The disk's own.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The archive's own.
    #[error(transparent)]
    Zip(#[from] zip::result::ZipError),
}

/// A Shapefile that grows row by row.
pub struct Shapefile {
    columns: &'static [Column],
    shp: BufWriter<File>,
    shx: BufWriter<File>,
    dbf: BufWriter<File>,
    /// Bytes of the `.shp` so far.
    length: u64,
    rows: u32,
    bounds: Option<Rect<f64>>,
}

impl Shapefile {
    /// An empty one with these columns, in unnamed temporary files. `today` stands in the attribute table.
    pub fn new(columns: &'static [Column], today: Date) -> Result<Self, ShapefileError> {
        let file = || tempfile::tempfile().map(BufWriter::new);
        let (mut shp, mut shx, mut dbf) = (file()?, file()?, file()?);
        shp.write_all(&[0; HEADER as usize])?;
        shx.write_all(&[0; HEADER as usize])?;
        dbf.write_all(&table_header(columns, today))?;
        Ok(Self { columns, shp, shx, dbf, length: HEADER, rows: 0, bounds: None })
    }

    /// Adds a row; `values` in the order of the columns.
    pub fn add(&mut self, outline: &MultiPolygon<f64>, values: &[Value]) -> Result<(), ShapefileError> {
        let content = content(outline);
        let words = (content.len() / 2) as u32;
        let end = self.length + 8 + content.len() as u64;
        let rows = u64::from(self.rows) + 1;
        let table = table_length(self.columns) + rows * record_length(self.columns);
        if end > LARGEST || table > LARGEST {
            return Err(ShapefileError::TooLarge);
        }
        self.rows += 1;
        self.shx.write_all(&((self.length / 2) as u32).to_be_bytes())?;
        self.shx.write_all(&words.to_be_bytes())?;
        self.shp.write_all(&self.rows.to_be_bytes())?;
        self.shp.write_all(&words.to_be_bytes())?;
        self.shp.write_all(&content)?;
        self.length = end;
        self.dbf.write_all(b" ")?;
        for (column, value) in self.columns.iter().zip(values) {
            self.dbf.write_all(&cell(column.kind, value))?;
        }
        self.bounds = match (self.bounds, outline.bounding_rect()) {
            (Some(a), Some(b)) => Some(Rect::new(
                (a.min().x.min(b.min().x), a.min().y.min(b.min().y)),
                (a.max().x.max(b.max().x), a.max().y.max(b.max().y)),
            )),
            (a, b) => a.or(b),
        };
        Ok(())
    }

    /// Packs the files under a name, with a note beside them, into `out`.
    pub fn finish(mut self, name: &str, note: &str, out: File) -> Result<File, ShapefileError> {
        let index = HEADER + 8 * u64::from(self.rows);
        put_header(&mut self.shp, self.length, self.bounds)?;
        put_header(&mut self.shx, index, self.bounds)?;
        self.dbf.write_all(&[0x1A])?;
        self.dbf.seek(SeekFrom::Start(4))?;
        self.dbf.write_all(&self.rows.to_le_bytes())?;
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let mut archive = ZipWriter::new(out);
        for (extension, file) in [("shp", self.shp), ("shx", self.shx), ("dbf", self.dbf)] {
            let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.rewind()?;
            archive.start_file(format!("{name}.{extension}"), options)?;
            io::copy(&mut file, &mut archive)?;
        }
        for (file, text) in
            [(format!("{name}.prj"), PRJ), (format!("{name}.cpg"), "UTF-8"), ("说明.txt".to_owned(), note)]
        {
            archive.start_file(file, options)?;
            archive.write_all(text.as_bytes())?;
        }
        Ok(archive.finish()?)
    }
}

/// The header of `.shp` and `.shx`.
fn put_header(file: &mut BufWriter<File>, length: u64, bounds: Option<Rect<f64>>) -> io::Result<()> {
    let mut header = Vec::with_capacity(HEADER as usize);
    header.extend(9994_u32.to_be_bytes());
    header.extend([0; 20]);
    header.extend(((length / 2) as u32).to_be_bytes());
    header.extend(1000_u32.to_le_bytes());
    header.extend(POLYGON.to_le_bytes());
    header.extend(bounds.map_or([0; 32], box_of));
    header.extend([0; 32]);
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header)
}

fn box_of(rect: Rect<f64>) -> [u8; 32] {
    let mut bytes = [0; 32];
    let sides = [rect.min().x, rect.min().y, rect.max().x, rect.max().y];
    for (place, side) in bytes.chunks_exact_mut(8).zip(sides) {
        place.copy_from_slice(&side.to_le_bytes());
    }
    bytes
}

/// A record without its head: outer rings clockwise, holes against it.
fn content(outline: &MultiPolygon<f64>) -> Vec<u8> {
    let outline = outline.orient(Direction::Reversed);
    let rings: Vec<&LineString<f64>> =
        outline.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())).collect();
    let points: usize = rings.iter().map(|ring| ring.0.len()).sum();
    let mut bytes = Vec::with_capacity(44 + 4 * rings.len() + 16 * points);
    let Some(rect) = outline.bounding_rect() else { return 0_u32.to_le_bytes().to_vec() };
    bytes.extend(POLYGON.to_le_bytes());
    bytes.extend(box_of(rect));
    bytes.extend((rings.len() as u32).to_le_bytes());
    bytes.extend((points as u32).to_le_bytes());
    let mut start = 0_u32;
    for ring in &rings {
        bytes.extend(start.to_le_bytes());
        start += ring.0.len() as u32;
    }
    for point in rings.iter().flat_map(|ring| &ring.0) {
        bytes.extend(point.x.to_le_bytes());
        bytes.extend(point.y.to_le_bytes());
    }
    bytes
}

/// The letter, width and decimals of a column in the attribute table.
fn form(kind: Kind) -> (u8, u8, u8) {
    match kind {
        Kind::Text(bytes) => (b'C', bytes.min(254), 0),
        Kind::Date => (b'D', 8, 0),
        Kind::Area => (b'N', AREA_WIDTH, 2),
    }
}

fn record_length(columns: &[Column]) -> u64 {
    1 + columns.iter().map(|column| u64::from(form(column.kind).1)).sum::<u64>()
}

fn table_length(columns: &[Column]) -> u64 {
    33 + 32 * columns.len() as u64
}

fn table_header(columns: &[Column], today: Date) -> Vec<u8> {
    let mut header = vec![3, (today.year() - 1900) as u8, today.month() as u8, today.day() as u8];
    header.extend([0; 4]);
    header.extend((table_length(columns) as u16).to_le_bytes());
    header.extend((record_length(columns) as u16).to_le_bytes());
    header.resize(32, 0);
    for column in columns {
        let (letter, width, decimals) = form(column.kind);
        let mut descriptor = [0; 32];
        for (place, byte) in descriptor.iter_mut().zip(column.name.bytes().take(10)) {
            *place = byte;
        }
        [descriptor[11], descriptor[16], descriptor[17]] = [letter, width, decimals];
        header.extend(descriptor);
    }
    header.push(0x0D);
    header
}

/// A cell, filled up with blanks to its column's width.
fn cell(kind: Kind, value: &Value) -> Vec<u8> {
    let (_, width, decimals) = form(kind);
    let width = usize::from(width);
    let text = match kind {
        Kind::Text(_) => value.as_text().map_or_else(String::new, |text| cut(&text, width).to_owned()),
        Kind::Date => value.as_text().map_or_else(String::new, |day| day.replace('-', "")),
        Kind::Area => {
            let area = hundredths(value);
            let text = area.map(|area| format!("{area:>width$.*}", usize::from(decimals)));
            text.filter(|text| text.len() <= width).unwrap_or_default()
        }
    };
    let mut bytes = cut(&text, width).as_bytes().to_vec();
    bytes.resize(width, b' ');
    bytes
}

/// As much of a text as so many bytes hold, without half a character.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
