//! One vector layer of a file as a stream of features, whatever the format.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use geo::MultiPolygon;

use super::{geojson, geopackage, shapefile, zipped};

/// What the user may say about a file that the file does not say itself.
#[derive(Debug, Clone, Default)]
pub struct LayerOptions {
    /// The layer's name (`--layer`), needed when a file holds several.
    pub layer: Option<String>,
    /// The text encoding (`--encoding`), for Shapefile and GeoJSON; wins over what the file says.
    pub encoding: Option<String>,
    /// The coordinate reference system (`--crs`): `EPSG:4523`, `4523` or WKT; wins over the file's.
    pub crs: Option<String>,
    /// The most bytes one member of a zip may unpack to; `None` means [`MAX_UNPACKED`].
    pub max_unpacked: Option<u64>,
}

/// The default bound for one unpacked zip member: a DBF or SHP cannot be larger than 4 GiB.
pub const MAX_UNPACKED: u64 = 4 << 30;

/// The largest single geometry or feature that is read, in bytes of the file.
pub(super) const MAX_RECORD: u64 = 32 << 20;

/// The coordinate reference system a file declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeclaredCrs {
    /// An EPSG code.
    Epsg(u32),
    /// Well-known text without a usable code, as in a `.prj`.
    Wkt(String),
    /// Nothing is declared: the user has to say (`--crs`).
    None,
}

/// What a field holds, as far as the file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers with decimals.
    Real,
    /// Something that is not read; its values are null and a warning says so.
    Unread,
}

/// One attribute column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name as it stands in the file, decoded.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
}

/// One attribute value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value, or blank text.
    Null,
    /// Text without trailing blanks.
    Text(String),
    /// A whole number, or a truth value as 1 or 0.
    Integer(i64),
    /// A number with decimals.
    Real(f64),
}

/// The one null that missing values borrow.
pub(super) static NULL: Value = Value::Null;

impl Value {
    /// The value as trimmed text; `None` when null or blank. Whole numbers have no decimal point.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Value::Null => None,
            Value::Text(text) => Some(text.trim()).filter(|t| !t.is_empty()).map(Cow::Borrowed),
            Value::Integer(n) => Some(n.to_string().into()),
            Value::Real(x) => Some(x.to_string().into()),
        }
    }

    /// The value as a finite number, numeric text included; `None` when it is not one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Null => None,
            Value::Text(text) => text.trim().parse().ok().filter(|x: &f64| x.is_finite()),
            Value::Integer(n) => Some(*n as f64),
            Value::Real(x) => Some(*x),
        }
    }

    /// The value as a whole number, `"3"` and `3.0` included; `None` when it is not one.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Integer(n) => Some(*n),
            Value::Text(text) if !text.contains(['.', 'e', 'E']) => text.trim().parse().ok(),
            other => other.as_f64().filter(|x| x.fract() == 0.0 && x.abs() < 9e15).map(|x| x as i64),
        }
    }

    /// Whether there is nothing in it.
    pub fn is_blank(&self) -> bool {
        self.as_text().is_none()
    }
}

/// One row of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// The row's number in the file, from 1.
    pub row: u64,
    /// The area in source coordinates (x east, y north); `None` when the row has no geometry.
    pub geometry: Option<MultiPolygon<f64>>,
    /// The values, one for each of [`Layer::fields`].
    pub values: Vec<Value>,
}

/// Why a row could not be read, as a stable word for the reject file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowErrorKind {
    /// The geometry is no polygon or multipolygon.
    GeometryType,
    /// The geometry's bytes or coordinates are wrong.
    Geometry,
    /// An attribute cannot be read.
    Attribute,
    /// Text is not in the encoding of the file.
    Encoding,
    /// The row as such is malformed.
    Malformed,
    /// The file ends early or is broken from here on.
    Truncated,
    /// The declared coordinate reference system comes too late to have been applied.
    Crs,
}

impl RowErrorKind {
    /// The reason code written to the reject file.
    pub fn code(self) -> &'static str {
        match self {
            RowErrorKind::GeometryType => "geometry-type",
            RowErrorKind::Geometry => "geometry",
            RowErrorKind::Attribute => "attribute",
            RowErrorKind::Encoding => "encoding",
            RowErrorKind::Malformed => "malformed",
            RowErrorKind::Truncated => "truncated",
            RowErrorKind::Crs => "crs",
        }
    }
}

/// A row that could not be read. Reading goes on with the next one unless [`RowError::is_fatal`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("第 {row} 行：{reason}")]
pub struct RowError {
    /// The row's number in the file, from 1.
    pub row: u64,
    /// The field it is about, where it is about one.
    pub field: Option<String>,
    /// What kind of trouble it is.
    pub kind: RowErrorKind,
    /// The reason as a Chinese sentence for the reject file.
    pub reason: String,
}

impl RowError {
    pub(super) fn new(row: u64, kind: RowErrorKind, reason: impl Into<String>) -> Self {
        RowError { row, field: None, kind, reason: reason.into() }
    }

    /// Whether what follows in the file is lost, so that an import must not pass for complete.
    pub fn is_fatal(&self) -> bool {
        matches!(self.kind, RowErrorKind::Truncated | RowErrorKind::Crs)
    }
}

/// What a reader finds wrong with a row before it knows the row's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: RowErrorKind,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(kind: RowErrorKind, reason: impl Into<String>) -> Self {
        Fault { kind, reason: reason.into() }
    }

    pub(super) fn geometry(reason: impl Into<String>) -> Self {
        Fault::new(RowErrorKind::Geometry, reason)
    }

    pub(super) fn geometry_type(name: impl fmt::Display) -> Self {
        Fault::new(RowErrorKind::GeometryType, format!("几何类型是 {name}，这里只收多边形和多部件多边形"))
    }

    pub(super) fn at(self, row: u64) -> RowError {
        RowError::new(row, self.kind, self.reason)
    }
}

/// Why a file cannot be opened as a layer; the text says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The operating system refused.
    #[error("打不开 {}：{source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The content is none of the formats read here.
    #[error(
        "认不出这个文件的格式：{0}。请给出 Shapefile（.shp，或装有 .shp/.dbf 的 .zip）、GeoPackage（.gpkg）或 GeoJSON 文件"
    )]
    UnknownFormat(String),
    /// The file is broken or incomplete.
    #[error("{0}")]
    Damaged(String),
    /// The file has several layers, or not the one asked for.
    #[error("{problem}；文件里的图层有：{}。请用 --layer 指明一个", layers.join("、"))]
    Layer {
        /// What is wrong.
        problem: String,
        /// The layers that are there.
        layers: Vec<String>,
    },
    /// The text encoding cannot be told, or contradicts what the file declares.
    #[error("{0}；请用 --encoding 指明文字编码，例如 --encoding GB18030 或 --encoding UTF-8")]
    Encoding(String),
    /// The `--crs` option cannot be understood.
    #[error("看不懂坐标系“{0}”；请写成 EPSG 编号，例如 --crs EPSG:4523")]
    Crs(String),
    /// A bound against hostile files was hit.
    #[error("{0}")]
    TooLarge(String),
}

impl OpenError {
    pub(super) fn io(path: &Path) -> impl Fn(io::Error) -> OpenError + '_ {
        move |source| OpenError::Io { path: path.to_owned(), source }
    }
}

/// What every format's reader does.
pub(super) trait FeatureReader: Send {
    /// The next row; `fields` and `warnings` are the layer's and may grow.
    fn next_feature(
        &mut self,
        fields: &mut Vec<Field>,
        warnings: &mut Vec<String>,
    ) -> Option<Result<Feature, RowError>>;

    /// How much has been read, from 0 to 1.
    fn progress(&self) -> f64;
}

/// An open layer: its description, and an iterator over its rows.
///
/// Reading blocks, so iterate on a blocking thread. Memory does not grow with the file.
pub struct Layer {
    /// The layer's name.
    pub name: String,
    /// The attribute columns. While a GeoJSON file is read, columns that appear first in a late
    /// feature are added at the end; a [`super::fieldmap::Binding`] notices.
    pub fields: Vec<Field>,
    /// The coordinate reference system, the user's override already applied.
    pub crs: DeclaredCrs,
    /// How many rows there are, where the file tells.
    pub feature_count: Option<u64>,
    /// What the user should know though it stops nothing; may grow while reading.
    pub warnings: Vec<String>,
    pub(super) reader: Box<dyn FeatureReader>,
}

impl Layer {
    /// How much of the file has been read, from 0 to 1, for a progress bar.
    pub fn progress(&self) -> f64 {
        self.reader.progress()
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer")
            .field("name", &self.name)
            .field("fields", &self.fields)
            .field("crs", &self.crs)
            .field("feature_count", &self.feature_count)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

impl Iterator for Layer {
    type Item = Result<Feature, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut item = self.reader.next_feature(&mut self.fields, &mut self.warnings)?;
        if let Ok(feature) = &mut item {
            feature.values.resize(self.fields.len(), Value::Null);
        }
        Some(item)
    }
}

/// Opens a layer. The format is told by the content, not by the file's name.
///
/// # Errors
/// See [`OpenError`]; every message says what to do.
pub fn open(path: &Path, options: &LayerOptions) -> Result<Layer, OpenError> {
    let crs = options.crs.as_deref().map(parse_crs).transpose()?;
    let mut layer = match sniff(path)? {
        Format::Zip => zipped::open(path, options)?,
        Format::Shapefile => shapefile::open(path, options)?,
        Format::GeoPackage => geopackage::open(path, options)?,
        Format::GeoJson => geojson::open(path, options)?,
    };
    if let Some(crs) = crs {
        layer.crs = crs;
    }
    Ok(layer)
}

enum Format {
    Zip,
    Shapefile,
    GeoPackage,
    GeoJson,
}

fn sniff(path: &Path) -> Result<Format, OpenError> {
    let mut head = Vec::with_capacity(1024);
    File::open(path).and_then(|file| file.take(1024).read_to_end(&mut head)).map_err(OpenError::io(path))?;
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head);
    let first = text.iter().find(|b| !b.is_ascii_whitespace() && **b != 0x1E);
    match head.as_slice() {
        [] => Err(OpenError::UnknownFormat("文件是空的".into())),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Ok(Format::Zip),
        [0, 0, 0x27, 0x0A, ..] => Ok(Format::Shapefile),
        h if h.starts_with(b"SQLite format 3\0") => Ok(Format::GeoPackage),
        _ if first == Some(&b'{') => Ok(Format::GeoJson),
        _ => Err(OpenError::UnknownFormat(format!("{} 的开头不像任何一种", path.display()))),
    }
}

/// Reads `EPSG:4523`, `4523` or WKT.
fn parse_crs(text: &str) -> Result<DeclaredCrs, OpenError> {
    let text = text.trim();
    if text.contains('[') {
        return Ok(DeclaredCrs::Wkt(text.to_owned()));
    }
    let digits = match text.split_once(':') {
        Some((authority, code)) if authority.eq_ignore_ascii_case("EPSG") => code,
        Some(_) => "",
        None => text,
    };
    digits.trim().parse().map(DeclaredCrs::Epsg).map_err(|_| OpenError::Crs(text.to_owned()))
}

/// Picks the layer asked for out of those that are there.
pub(super) fn choose(names: &[String], wanted: Option<&str>) -> Result<usize, OpenError> {
    let layers = || names.to_vec();
    match (wanted, names) {
        (Some(wanted), _) => names
            .iter()
            .position(|name| name == wanted)
            .or_else(|| names.iter().position(|name| name.eq_ignore_ascii_case(wanted)))
            .ok_or_else(|| OpenError::Layer {
                problem: format!("没有图层“{wanted}”"), layers: layers()
            }),
        (None, [_]) => Ok(0),
        (None, _) => Err(OpenError::Layer {
            problem: format!("文件里有 {} 个图层", names.len()),
            layers: layers(),
        }),
    }
}
