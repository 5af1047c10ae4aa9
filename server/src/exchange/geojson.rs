//! GeoJSON (RFC 7946, the `crs` member of the 2008 format, and one feature a line, RFC 8142), read
//! through a window of about a mebibyte however large the file is.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE};

use super::encoding::{self, Evidence, Transcoder};
use super::feature::{Columns, Parsed, parse_crs_member, parse_feature};
use super::json::{Scanner, Stop};
use super::layer::{
    DeclaredCrs, Fault, Feature, FeatureReader, Field, Layer, LayerOptions, MAX_RECORD, OpenError, RowError,
    RowErrorKind, choose,
};

/// Features read while opening, to know the columns.
const SAMPLE: usize = 256;

/// Opens a GeoJSON file.
pub(super) fn open(path: &Path, options: &LayerOptions) -> Result<Layer, OpenError> {
    let io = OpenError::io(path);
    let mut file = File::open(path).map_err(&io)?;
    let length = file.metadata().map_err(&io)?.len();
    let mut warnings = Vec::new();
    let encoding = decide_encoding(&mut file, options, &mut warnings).map_err(&io)??;
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted { file, read: Arc::clone(&read) };
    let source: Box<dyn Read + Send> =
        if encoding == UTF_8 { Box::new(counted) } else { Box::new(Transcoder::new(counted, encoding)) };
    let mut window = Window { source, bytes: Vec::new(), start: 0, ended: false };
    let head = read_head(&mut window).map_err(&io)??;

    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = head.name.clone().unwrap_or_else(|| stem.clone());
    if options.layer.as_deref() != Some(stem.as_str()) {
        choose(std::slice::from_ref(&name), options.layer.as_deref())?;
    }
    let mut reader = Reader {
        window,
        columns: Columns::default(),
        is_collection: head.is_collection,
        declared: head.crs.clone(),
        crs_chosen: options.crs.is_some(),
        row: 0,
        ended: false,
        sample: VecDeque::new(),
        read,
        length,
    };
    reader.take_sample();
    let fields = reader.columns.fields.clone();
    let crs = head.crs.unwrap_or_else(|| reader.crs_by_coordinates(options, &mut warnings));
    Ok(Layer { name, fields, crs, feature_count: None, warnings, reader: Box::new(reader) })
}

/// UTF-8 is the rule; anything else has to be asked for or be plain from the first bytes.
fn decide_encoding(
    file: &mut File,
    options: &LayerOptions,
    warnings: &mut Vec<String>,
) -> io::Result<Result<&'static encoding_rs::Encoding, OpenError>> {
    let mut head = Vec::new();
    file.by_ref().take(1 << 20).read_to_end(&mut head)?;
    file.rewind()?;
    let mut evidence = Evidence::default();
    head.split(|b| matches!(b, b'"' | b'\n')).for_each(|text| evidence.add(text));
    let marked = match head.as_slice() {
        [0xFF, 0xFE, ..] => Some(UTF_16LE),
        [0xFE, 0xFF, ..] => Some(UTF_16BE),
        [0xEF, 0xBB, 0xBF, ..] => Some(UTF_8),
        _ if evidence.is_valid_utf8() => Some(UTF_8),
        _ => None,
    };
    if let (None, Some(marked)) = (&options.encoding, marked) {
        return Ok(Ok(marked));
    }
    Ok(match encoding::decide(options.encoding.as_deref(), None, &evidence) {
        Ok(decision) => {
            warnings.extend(decision.note);
            Ok(decision.encoding)
        }
        Err(why) => Err(OpenError::Encoding(format!("GeoJSON 应是 UTF-8；{why}"))),
    })
}

/// Counts what is read of the file, for the progress.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// The part of the stream that is in memory.
struct Window {
    source: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    start: usize,
    ended: bool,
}

impl Window {
    const STEP: usize = 1 << 20;

    fn rest(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Reads on; `false` when there is nothing more. What is kept doubles, so that even the largest
    /// feature is scanned only a few times.
    fn grow(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.bytes.drain(..self.start);
        self.start = 0;
        let kept = self.bytes.len();
        let wanted = kept.max(Self::STEP).min((MAX_RECORD as usize).saturating_sub(kept));
        if wanted == 0 {
            return Err(io::Error::other(format!("一个要素超过上限 {MAX_RECORD} 字节")));
        }
        let got = self.source.by_ref().take(wanted as u64).read_to_end(&mut self.bytes)?;
        self.ended = got < wanted;
        Ok(got > 0)
    }

    /// Passes the rest of the line; the end of the stream ends a line too.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            if let Some(at) = self.rest().iter().position(|b| *b == b'\n') {
                self.start += at + 1;
                return Ok(());
            }
            if !self.grow()? {
                self.start = self.bytes.len();
                return Ok(());
            }
        }
    }

    /// Runs `scan` on the window, reading on as often as it needs more.
    fn scan<T>(
        &mut self,
        mut scan: impl FnMut(&mut Scanner<'_>) -> Result<T, Stop>,
    ) -> io::Result<Result<T, Stop>> {
        loop {
            let mut scanner = Scanner::new(self.rest());
            match scan(&mut scanner) {
                Err(Stop::NeedMore) => {
                    if !self.grow()? {
                        return Ok(Err(Stop::NeedMore));
                    }
                }
                Err(wrong) => return Ok(Err(wrong)),
                Ok(value) => {
                    self.start += scanner.position();
                    return Ok(Ok(value));
                }
            }
        }
    }
}

/// What stands before the first feature.
struct Head {
    is_collection: bool,
    name: Option<String>,
    crs: Option<DeclaredCrs>,
}

/// Reads up to the first feature; a file of single features is left at its beginning.
fn read_head(window: &mut Window) -> io::Result<Result<Head, OpenError>> {
    window.grow()?;
    if window.rest().starts_with(b"\xEF\xBB\xBF") {
        window.start += 3;
    }
    skip_separators(window)?;
    let head = window.scan(|scanner| {
        let mut look = scanner.clone();
        let head = scan_head(&mut look)?;
        if head.as_ref().is_ok_and(|head| head.is_collection) {
            *scanner = look;
        }
        Ok(head)
    })?;
    let text = |why: &str| OpenError::Damaged(format!("不是完整的 GeoJSON：{why}"));
    Ok(match head {
        Ok(head) => head.map_err(|why| text(&why)),
        Err(Stop::NeedMore) => Err(text("文件在第一个要素之前就结束了")),
        Err(Stop::Wrong(fault)) => Err(text(&fault.reason)),
    })
}

fn scan_head(scanner: &mut Scanner<'_>) -> Result<Result<Head, String>, Stop> {
    scanner.expect(b'{')?;
    let mut head = Head { is_collection: false, name: None, crs: None };
    let mut first = true;
    while let Some(key) = scanner.key(first)? {
        first = false;
        match key.as_ref() {
            "type" => match scanner.string()?.as_ref() {
                "Feature" => return Ok(Ok(Head { is_collection: false, name: None, crs: None })),
                "FeatureCollection" => {}
                other => return Ok(Err(format!("最外层的类型是 {other}，应是 FeatureCollection"))),
            },
            "geometry" | "properties" => return Ok(Ok(Head { is_collection: false, name: None, crs: None })),
            "crs" => head.crs = parse_crs_member(scanner)?,
            "name" if scanner.peek()? == b'"' => head.name = Some(scanner.string()?.into_owned()),
            "features" => {
                if !scanner.accept(b'[')? {
                    return Ok(Err("features 不是数组".into()));
                }
                head.is_collection = true;
                return Ok(Ok(head));
            }
            _ => scanner.skip_value()?,
        }
    }
    Ok(Err("没有 features".into()))
}

/// Passes white space, record separators and commas; `false` at the end of the stream.
fn skip_separators(window: &mut Window) -> io::Result<bool> {
    loop {
        let rest = window.rest();
        let separator = |b: &u8| b.is_ascii_whitespace() || matches!(b, 0x1E | b',');
        match rest.iter().position(|b| !separator(b)) {
            Some(at) => {
                window.start += at;
                return Ok(true);
            }
            None => {
                window.start = window.bytes.len();
                if !window.grow()? {
                    return Ok(false);
                }
            }
        }
    }
}

struct Reader {
    window: Window,
    columns: Columns,
    is_collection: bool,
    declared: Option<DeclaredCrs>,
    crs_chosen: bool,
    row: u64,
    ended: bool,
    sample: VecDeque<Result<Feature, RowError>>,
    read: Arc<AtomicU64>,
    length: u64,
}

impl FeatureReader for Reader {
    fn next_feature(
        &mut self,
        fields: &mut Vec<Field>,
        _: &mut Vec<String>,
    ) -> Option<Result<Feature, RowError>> {
        let item = self.sample.pop_front().or_else(|| self.read_next());
        if fields.len() < self.columns.fields.len() {
            fields.extend_from_slice(&self.columns.fields[fields.len()..]);
        }
        item
    }

    fn progress(&self) -> f64 {
        let ahead = if self.ended { 0 } else { self.window.rest().len() as u64 };
        let passed = self.read.load(Ordering::Relaxed).saturating_sub(ahead);
        passed as f64 / self.length.max(1) as f64
    }
}

impl Reader {
    fn take_sample(&mut self) {
        // At most one window's worth, so that large features are not held by the hundred.
        while self.sample.len() < SAMPLE && self.read.load(Ordering::Relaxed) <= 2 * Window::STEP as u64 {
            let Some(item) = self.read_next() else { break };
            self.sample.push_back(item);
        }
    }

    /// RFC 7946 says WGS 84 when nothing is declared; coordinates that cannot be degrees say no.
    fn crs_by_coordinates(&self, options: &LayerOptions, warnings: &mut Vec<String>) -> DeclaredCrs {
        use geo::CoordsIter;
        let in_degrees =
            self.sample.iter().flatten().filter_map(|f| f.geometry.as_ref()).all(|geometry| {
                geometry.exterior_coords_iter().all(|c| c.x.abs() <= 180.0 && c.y.abs() <= 90.0)
            });
        if in_degrees {
            return DeclaredCrs::Epsg(4326);
        }
        if options.crs.is_none() {
            warnings
                .push("文件没有声明坐标系，坐标又不是经纬度；请用 --crs 指明，例如 --crs EPSG:4523".into());
        }
        DeclaredCrs::None
    }

    fn read_next(&mut self) -> Option<Result<Feature, RowError>> {
        if self.ended {
            return None;
        }
        let item = self.try_next().unwrap_or_else(|e| self.end(format!("文件读不下去了：{e}")));
        item.map(|result| result.map_err(|fault| fault.at(self.row)))
    }

    /// Ends reading with an error that says the rest is lost.
    fn end(&mut self, reason: String) -> Option<Result<Feature, Fault>> {
        self.ended = true;
        self.row += 1;
        Some(Err(Fault::new(RowErrorKind::Truncated, reason)))
    }

    fn try_next(&mut self) -> io::Result<Option<Result<Feature, Fault>>> {
        if !skip_separators(&mut self.window)? {
            self.ended = true;
            let cut = "文件不完整：要素列表没有结束".to_owned();
            return Ok(if self.is_collection { self.end(cut) } else { None });
        }
        if self.is_collection && self.window.rest()[0] == b']' {
            self.window.start += 1;
            return self.finish();
        }
        let columns = &mut self.columns;
        let row = self.row + 1;
        match self.window.scan(|scanner| parse_feature(scanner, columns))? {
            Ok(Parsed { geometry, values }) => {
                self.row = row;
                Ok(Some(Ok(Feature { row, geometry, values })))
            }
            Err(Stop::NeedMore) => Ok(self.end("文件不完整：最后一个要素没有结束".into())),
            Err(Stop::Wrong(fault)) => self.pass_over(fault),
        }
    }

    /// Goes on behind a feature that is wrong, if its end can be found: its closing bracket in a
    /// collection, the end of the line otherwise.
    fn pass_over(&mut self, fault: Fault) -> io::Result<Option<Result<Feature, Fault>>> {
        let passed = match self.is_collection {
            true => self.window.scan(|scanner| scanner.skip_value())?.is_ok(),
            false => self.window.skip_line().map(|()| true)?,
        };
        if !passed {
            return Ok(self.end(format!("{}；找不到这个要素的结尾，后面的没有读", fault.reason)));
        }
        self.row += 1;
        Ok(Some(Err(fault)))
    }

    /// Reads what follows the features: a `crs` there must not say anything new.
    fn finish(&mut self) -> io::Result<Option<Result<Feature, Fault>>> {
        let late = self.window.scan(|scanner| {
            let mut late = None;
            while let Some(key) = scanner.key(false)? {
                match key.as_ref() {
                    "crs" => late = parse_crs_member(scanner)?,
                    _ => scanner.skip_value()?,
                }
            }
            Ok(late)
        })?;
        self.ended = true;
        Ok(match late {
            Err(_) => self.end("文件不完整：要素列表之后没有正确结束".into()),
            Ok(late) if late.is_some() && late != self.declared && !self.crs_chosen => {
                self.row += 1;
                let reason =
                    format!("坐标系写在要素之后（{late:?}），读的时候还不知道；请用 --crs 指明坐标系再导入");
                Some(Err(Fault::new(RowErrorKind::Crs, reason)))
            }
            Ok(_) => None,
        })
    }
}
