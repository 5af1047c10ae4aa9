//! ESRI Shapefile: `.shp` and `.dbf` side by side, `.shx`, `.prj` and `.cpg` where there are any.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use geo::MultiPolygon;

use super::dbf::{Cell, Header};
use super::encoding::{self, Declared};
use super::layer::{
    DeclaredCrs, Fault, Feature, FeatureReader, Field, FieldKind, Layer, LayerOptions, MAX_RECORD, OpenError,
    RowError, RowErrorKind, Value, choose,
};
use super::shp;

/// The largest `.prj` or `.cpg` that is looked at.
pub(super) const MAX_SIDECAR: u64 = 64 << 10;

/// The files of one layer, from a folder or unpacked from a zip.
pub(super) struct Parts {
    pub(super) name: String,
    pub(super) shp: File,
    pub(super) dbf: Option<File>,
    pub(super) shx: Option<File>,
    pub(super) prj: Option<Vec<u8>>,
    pub(super) cpg: Option<Vec<u8>>,
}

/// Opens the layer whose `.shp` is at `path`.
pub(super) fn open(path: &Path, options: &LayerOptions) -> Result<Layer, OpenError> {
    let sidecar = |extension: &str| -> Result<Option<File>, OpenError> {
        let Some(found) = sidecar_path(path, extension) else { return Ok(None) };
        File::open(&found).map(Some).map_err(OpenError::io(&found))
    };
    let small = |extension: &str| -> Result<Option<Vec<u8>>, OpenError> {
        let Some(file) = sidecar(extension)? else { return Ok(None) };
        let mut content = Vec::new();
        file.take(MAX_SIDECAR).read_to_end(&mut content).map_err(OpenError::io(path))?;
        Ok(Some(content))
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    choose(std::slice::from_ref(&name), options.layer.as_deref())?;
    let parts = Parts {
        name,
        shp: File::open(path).map_err(OpenError::io(path))?,
        dbf: sidecar("dbf")?,
        shx: sidecar("shx")?,
        prj: small("prj")?,
        cpg: small("cpg")?,
    };
    open_parts(parts, options)
}

/// The file beside `shp` with this extension in whatever case.
fn sidecar_path(shp: &Path, extension: &str) -> Option<PathBuf> {
    let usual = shp.with_extension(extension);
    if usual.is_file() {
        return Some(usual);
    }
    let folder = shp.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).find(|path| {
        path.file_stem() == shp.file_stem()
            && path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension))
    })
}

/// Opens a layer whose files are at hand.
pub(super) fn open_parts(parts: Parts, options: &LayerOptions) -> Result<Layer, OpenError> {
    let mut warnings = Vec::new();
    let damaged = |e: io::Error| OpenError::Damaged(format!("读不出图层“{}”：{e}", parts.name));
    let dbf_file = parts.dbf.as_ref().ok_or_else(|| {
        OpenError::Damaged(format!("图层“{0}”缺少属性表 {0}.dbf；请把 .shp 和 .dbf 一起给出", parts.name))
    })?;
    let length = dbf_file.metadata().map_err(damaged)?.len();
    let mut dbf = BufReader::with_capacity(256 << 10, dbf_file.try_clone().map_err(damaged)?);
    let header = Header::read(&mut dbf, length).map_err(OpenError::Damaged)?;
    let encoding = decide_encoding(&parts, &header, &mut dbf, options, &mut warnings)?;
    let fields = header
        .columns
        .iter()
        .map(|column| column.field(encoding).ok_or(encoding))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| OpenError::Encoding(format!(".dbf 的字段名不是有效的 {}", encoding::name(e))))?;
    for field in fields.iter().filter(|f| f.kind == FieldKind::Unread) {
        warnings.push(format!("字段 {} 的类型不支持，没有读", field.name));
    }
    header.rewind(&mut dbf).map_err(damaged)?;
    let shapes = Shapes::open(&parts, header.records, &mut warnings)?;
    let feature_count = Some(u64::from(header.promised));
    let crs = match &parts.prj {
        Some(text) if !text.trim_ascii().is_empty() => {
            DeclaredCrs::Wkt(String::from_utf8_lossy(text).trim_start_matches('\u{FEFF}').trim().to_owned())
        }
        _ => DeclaredCrs::None,
    };
    let record = vec![0; header.record_len];
    let reader =
        Reader { shapes, dbf, header, encoding, record, row: 0, ended: false, told: Told::default() };
    Ok(Layer { name: parts.name, fields, crs, feature_count, warnings, reader: Box::new(reader) })
}

fn decide_encoding(
    parts: &Parts,
    header: &Header,
    dbf: &mut BufReader<File>,
    options: &LayerOptions,
    warnings: &mut Vec<String>,
) -> Result<&'static Encoding, OpenError> {
    let cpg = parts.cpg.as_deref().map(|raw| String::from_utf8_lossy(raw).trim().to_owned());
    let from_cpg = cpg.as_deref().and_then(encoding::by_label);
    if let (Some(label), None) = (&cpg, from_cpg) {
        warnings.push(format!(".cpg 文件写的文字编码“{label}”不认识，未采用"));
    }
    let declared = from_cpg.map(|encoding| Declared { encoding, place: ".cpg 文件" }).or_else(|| {
        encoding::by_language_driver(header.language)
            .map(|encoding| Declared { encoding, place: ".dbf 的语言标记" })
    });
    let evidence =
        header.evidence(dbf).map_err(|e| OpenError::Damaged(format!("读不出 .dbf 属性表：{e}")))?;
    let decision = encoding::decide(options.encoding.as_deref(), declared, &evidence)
        .map_err(|why| OpenError::Encoding(format!("图层“{}”：{why}", parts.name)))?;
    warnings.extend(decision.note);
    Ok(decision.encoding)
}

/// What has been said once and need not be said for every row.
#[derive(Default)]
struct Told {
    deleted: bool,
    cut: bool,
}

struct Reader {
    shapes: Shapes,
    dbf: BufReader<File>,
    header: Header,
    encoding: &'static Encoding,
    record: Vec<u8>,
    row: u32,
    ended: bool,
    told: Told,
}

impl FeatureReader for Reader {
    fn next_feature(
        &mut self,
        fields: &mut Vec<Field>,
        warnings: &mut Vec<String>,
    ) -> Option<Result<Feature, RowError>> {
        while !self.ended {
            let shape = self.shapes.next();
            let at_end = self.row >= self.header.records;
            self.row = self.row.saturating_add(1);
            let row = u64::from(self.row);
            if at_end {
                return self.past_the_table(row, shape);
            }
            if let Err(e) = self.dbf.read_exact(&mut self.record) {
                return self.end(row, format!(".dbf 读不下去了：{e}"));
            }
            if self.record[0] == b'*' {
                note_once(&mut self.told.deleted, warnings, || {
                    format!("第 {row} 行等在 .dbf 中已标记删除，没有读")
                });
                continue;
            }
            return Some(match shape {
                None => Err(RowError::new(row, RowErrorKind::Geometry, ".shp 中没有与这一行对应的几何")),
                Some(Err(fault)) => {
                    self.ended = fault.kind == RowErrorKind::Truncated;
                    Err(fault.at(row))
                }
                Some(Ok(geometry)) => {
                    self.values(row, fields, warnings).map(|values| Feature { row, geometry, values })
                }
            });
        }
        None
    }

    fn progress(&self) -> f64 {
        f64::from(self.row.min(self.header.records)) / f64::from(self.header.records.max(1))
    }
}

impl Reader {
    fn end(&mut self, row: u64, reason: String) -> Option<Result<Feature, RowError>> {
        self.ended = true;
        Some(Err(RowError::new(row, RowErrorKind::Truncated, reason)))
    }

    fn past_the_table(
        &mut self,
        row: u64,
        shape: Option<Result<Option<MultiPolygon<f64>>, Fault>>,
    ) -> Option<Result<Feature, RowError>> {
        let Header { promised, records, .. } = self.header;
        if promised > records {
            return self.end(row, format!(".dbf 不完整：表头说有 {promised} 行，实际只有 {records} 行"));
        }
        if let Some(Err(fault)) = &shape
            && fault.kind == RowErrorKind::Truncated
        {
            return self.end(row, fault.reason.clone());
        }
        if shape.is_some() {
            return Some(Err(RowError::new(
                row,
                RowErrorKind::Attribute,
                ".dbf 中没有与这个几何对应的属性行",
            )));
        }
        self.ended = true;
        None
    }

    fn values(
        &mut self,
        row: u64,
        fields: &[Field],
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Value>, RowError> {
        let mut values = Vec::with_capacity(fields.len());
        for (column, field) in self.header.columns.iter().zip(fields) {
            values.push(match column.cell(&self.record, self.encoding) {
                Cell::Value(value) => value,
                Cell::CutText(value) => {
                    note_once(&mut self.told.cut, warnings, || {
                        format!(
                            "第 {row} 行字段 {} 的最后一个字被字段宽度截断，已去掉这半个字；其他行可能也有",
                            field.name
                        )
                    });
                    value
                }
                Cell::WrongEncoding => {
                    let reason =
                        format!("字段 {} 的文字不是有效的 {}", field.name, encoding::name(self.encoding));
                    let error = RowError::new(row, RowErrorKind::Encoding, reason);
                    return Err(RowError { field: Some(field.name.clone()), ..error });
                }
            });
        }
        Ok(values)
    }
}

fn note_once(told: &mut bool, warnings: &mut Vec<String>, note: impl FnOnce() -> String) {
    if !std::mem::replace(told, true) {
        warnings.push(note());
    }
}

/// The records of a `.shp`, found through the `.shx` where it is sound, else one after the other.
struct Shapes {
    shp: BufReader<File>,
    /// Where `shp` stands.
    position: u64,
    length: u64,
    index: Option<BufReader<File>>,
    content: Vec<u8>,
}

impl Shapes {
    fn open(parts: &Parts, rows: u32, warnings: &mut Vec<String>) -> Result<Shapes, OpenError> {
        let damaged = |e: io::Error| OpenError::Damaged(format!("{}.shp 不完整：{e}", parts.name));
        let actual = parts.shp.metadata().map_err(damaged)?.len();
        let mut shp = BufReader::with_capacity(256 << 10, parts.shp.try_clone().map_err(damaged)?);
        let mut header = [0; 100];
        shp.seek(SeekFrom::Start(0)).map_err(damaged)?;
        shp.read_exact(&mut header).map_err(damaged)?;
        let promised = 2 * u64::from(u32::from_be_bytes([header[24], header[25], header[26], header[27]]));
        if promised > actual {
            warnings.push(format!("{}.shp 不完整：应有 {promised} 字节，实际只有 {actual} 字节", parts.name));
        }
        let index = parts.shx.as_ref().and_then(|shx| match open_index(shx, rows) {
            Some(index) => Some(index),
            None => {
                warnings.push(format!("{}.shx 与属性表的行数对不上，改为按顺序读 .shp", parts.name));
                None
            }
        });
        Ok(Shapes { shp, position: 100, length: actual, index, content: Vec::new() })
    }

    fn next(&mut self) -> Option<Result<Option<MultiPolygon<f64>>, Fault>> {
        let indexed = self.index.is_some();
        let offset = match &mut self.index {
            Some(index) => {
                let mut entry = [0; 8];
                index.read_exact(&mut entry).ok()?;
                2 * u64::from(u32::from_be_bytes([entry[0], entry[1], entry[2], entry[3]]))
            }
            None if self.position >= self.length => return None,
            None => self.position,
        };
        Some(self.read_at(offset).map_err(|fault| match fault.kind {
            // With an index the next record can still be found, from a place that is known again.
            RowErrorKind::Truncated if indexed && self.restart() => {
                Fault { kind: RowErrorKind::Geometry, ..fault }
            }
            _ => fault,
        }))
    }

    fn read_at(&mut self, offset: u64) -> Result<Option<MultiPolygon<f64>>, Fault> {
        let lost = || Fault::new(RowErrorKind::Truncated, "几何记录超出 .shp 的末尾，.shp 不完整");
        self.seek(offset).map_err(|_| lost())?;
        let mut head = [0; 8];
        self.shp.read_exact(&mut head).map_err(|_| lost())?;
        self.position += 8;
        let size = 2 * u64::from(u32::from_be_bytes([head[4], head[5], head[6], head[7]]));
        if self.position + size > self.length {
            return Err(lost());
        }
        if size > MAX_RECORD {
            self.seek(self.position + size).map_err(|_| lost())?;
            return Err(Fault::geometry(format!("这个几何有 {size} 字节，超过上限 {MAX_RECORD} 字节")));
        }
        self.content.resize(size as usize, 0);
        self.shp.read_exact(&mut self.content).map_err(|_| lost())?;
        self.position += size;
        shp::read_shape(&self.content)
    }

    /// Goes back behind the header: a read that failed leaves `shp` anywhere.
    fn restart(&mut self) -> bool {
        self.position = 100;
        self.shp.seek(SeekFrom::Start(100)).is_ok()
    }

    /// Moves without throwing away what is buffered when the way is short.
    fn seek(&mut self, to: u64) -> io::Result<()> {
        if to > self.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.shp.seek_relative(to as i64 - self.position as i64)?;
        self.position = to;
        Ok(())
    }
}

/// The `.shx` behind its header, if it has an entry for each row of the attribute table.
fn open_index(shx: &File, rows: u32) -> Option<BufReader<File>> {
    let length = shx.metadata().ok()?.len();
    if length < 100 || (length - 100) / 8 != u64::from(rows) {
        return None;
    }
    let mut reader = BufReader::new(shx.try_clone().ok()?);
    let mut header = [0; 100];
    reader.seek(SeekFrom::Start(0)).ok()?;
    reader.read_exact(&mut header).ok()?;
    header.starts_with(&[0, 0, 0x27, 0x0A]).then_some(reader)
}
