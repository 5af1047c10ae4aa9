//! A label for a post: what it says, how it is laid out, and single labels as SVG and PNG.

use std::fmt;
use std::str::FromStr;

use gengwei_proto::ParcelCode;

use super::drawing::{Bar, Drawing, Ink, Line, Placed, raster, svg, typeface};
use super::qr::{QrError, Symbol, label_url};
use super::tag::Tag;

/// Why a label could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// The address does not fit a symbol.
    #[error(transparent)]
    Qr(#[from] QrError),
    /// A picture so coarse that phones would fail, or larger than the server makes.
    #[error("{dpi} dots per inch cannot be had for this label: choose {least} to {MAX_DPI}")]
    Resolution {
        /// What was asked for.
        dpi: u32,
        /// The lowest resolution for this size.
        least: u32,
    },
    /// No label size of this name.
    #[error("no label size {0:?}: choose 3x8, 2x5 or 1x2")]
    Size(String),
    /// The PDF or PNG could not be written.
    #[error("the document could not be written: {0}")]
    Document(String),
}

/// The finest picture made: a plate at 600 dots per inch takes 43 MB while it is painted.
pub const MAX_DPI: u32 = 600;

/// The sizes of labels, by how many stand on a sheet of A4 (columns × rows).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelSize {
    /// `3x8`: 63.5 × 33.9 mm, the common 24-label adhesive sheet.
    Paper,
    /// `2x5`: 95 × 54 mm, for cards and boards.
    Card,
    /// `1x2`: 190 × 134 mm, the plate of a post (二维码警示桩) or sign.
    Plate,
}

impl LabelSize {
    /// Every size.
    pub const ALL: [Self; 3] = [Self::Paper, Self::Card, Self::Plate];

    /// Width and height in millimetres.
    #[must_use]
    pub fn millimetres(self) -> (f32, f32) {
        match self {
            Self::Paper => (63.5, 33.9),
            Self::Card => (95.0, 54.0),
            Self::Plate => (190.0, 134.0),
        }
    }

    /// Columns and rows on a sheet of A4.
    #[must_use]
    pub fn grid(self) -> (usize, usize) {
        match self {
            Self::Paper => (3, 8),
            Self::Card => (2, 5),
            Self::Plate => (1, 2),
        }
    }

    /// Height of the coloured band with the title, in millimetres; the smallest label gives its room to the symbol.
    fn band(self) -> f32 {
        match self {
            Self::Paper => 0.0,
            Self::Card => 8.5,
            Self::Plate => 25.0,
        }
    }
}

impl fmt::Display for LabelSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (columns, rows) = self.grid();
        write!(f, "{columns}x{rows}")
    }
}

impl FromStr for LabelSize {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        let wanted = text.trim().to_lowercase().replace('×', "x");
        Self::ALL
            .into_iter()
            .find(|size| size.to_string() == wanted)
            .ok_or_else(|| LabelError::Size(text.to_owned()))
    }
}

/// What a label says. Nothing personal stands on it: names and telephones are on the public page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    code: ParcelCode,
    url: String,
    post: String,
    village: String,
    unit: String,
}

/// The number that takes reports of any kind in every city (政务服务便民热线), named in the notice.
const HOTLINE: &str = "12345";
const TITLE: &str = "耕地保护码";

impl Label {
    /// A label for the post of `tag` at the parcel `code` in `village`, set up by `unit` (设立单位).
    ///
    /// # Errors
    /// [`LabelError::Qr`] when the server's public address is unfit.
    pub fn new(
        public_url: &str,
        code: ParcelCode,
        tag: &Tag,
        village: &str,
        unit: &str,
    ) -> Result<Self, LabelError> {
        Ok(Self {
            code,
            url: label_url(public_url, &code, tag)?,
            post: tag.post().to_string(),
            village: one_line(village),
            unit: one_line(unit),
        })
    }

    /// The address in the symbol.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Characters that the typeface lacks and that are printed as 〓, each as often as it stands in the label.
    pub fn missing_characters(&self) -> impl Iterator<Item = char> {
        missing(&self.village).chain(missing(&self.unit))
    }

    /// The label as an SVG document with its text as outlines.
    ///
    /// # Errors
    /// [`LabelError::Qr`] when the address does not fit a symbol.
    pub fn svg(&self, size: LabelSize) -> Result<String, LabelError> {
        Ok(svg::svg(&self.draw(size)?))
    }

    /// The label as a PNG at `dpi` dots per inch, its modules whole numbers of pixels.
    ///
    /// # Errors
    /// [`LabelError::Resolution`] when `dpi` is too low to be read or above [`MAX_DPI`]; [`LabelError::Qr`].
    pub fn png(&self, size: LabelSize, dpi: u32) -> Result<Vec<u8>, LabelError> {
        let drawing = self.draw(size)?;
        let least = raster::least_dpi(&drawing);
        if !(least..=MAX_DPI).contains(&dpi) {
            return Err(LabelError::Resolution { dpi, least });
        }
        encode_png(&raster::paint(&drawing, dpi), dpi)
            .map_err(|error| LabelError::Document(error.to_string()))
    }

    /// Lays the label out: the symbol at the left, the words at the right, the title over both where there is room.
    pub(crate) fn draw(&self, size: LabelSize) -> Result<Drawing, LabelError> {
        let (width, height) = size.millimetres();
        let band = size.band();
        let margin = if band > 0.0 { height * 0.03 } else { 1.0 };
        let side = height - band - 2.0 * margin;
        let symbol = Placed::within(margin, band + margin, side, Symbol::encode(&self.url)?);
        let clear = (symbol.origin().1 - (band + margin)).min(margin);
        let left = symbol.x + symbol.side + 0.005 * width;
        let column = Column {
            x: left,
            y: band + margin + clear,
            width: width * 0.965 - left,
            height: side - 2.0 * clear,
        };
        let mut lines = column.set(self.rows(band == 0.0));
        let mut bars = Vec::new();
        if band > 0.0 {
            bars.push(Bar { x: 0.0, y: 0.0, width, height: band, ink: Ink::Green });
            lines.push(band_title(width, band));
        }
        Ok(Drawing { width, height, title: self.title(), bars, lines, symbol })
    }

    fn title(&self) -> String {
        format!("{TITLE} {} {} 桩号 {}", self.code.display(), self.village, self.post)
    }

    fn rows(&self, with_title: bool) -> Vec<Row> {
        let grouped = self.code.display().to_string();
        // 6-3-3 names the village, 2-5-1 the parcel in it: a line each can be read out over the telephone.
        let (village_part, parcel_part) =
            grouped.split_at(grouped.match_indices(' ').nth(2).map_or(0, |(at, _)| at));
        let title = with_title.then(|| Row::new(TITLE.to_owned(), 4.0, Ink::Green));
        title
            .into_iter()
            .chain([
                Row::new(village_part.to_owned(), 3.9, Ink::Black),
                Row::new(parcel_part.trim_start().to_owned(), 3.9, Ink::Black).joined(),
                Row::new(self.village.clone(), 3.1, Ink::Black),
                Row::new(format!("桩号 {}", self.post), 2.6, Ink::Black),
                Row::new(format!("举报请扫码或拨打 {HOTLINE}"), 2.5, Ink::Green),
                Row::new(format!("设立单位：{}", self.unit), 2.1, Ink::Black),
            ])
            .collect()
    }
}

fn band_title(width: f32, band: f32) -> Line {
    // Letter-spaced by blanks, as titles of Chinese signs are.
    let text = TITLE.chars().map(String::from).collect::<Vec<_>>().join(" ");
    let size = band * 0.56;
    let x = (width - typeface::width(&text) * size) / 2.0;
    Line { x, baseline: band / 2.0 + size * MIDDLE, size, ink: Ink::White, text }
}

/// How far below the middle of a Chinese character its baseline stands, in ems.
const MIDDLE: f32 = 0.36;

/// Distance of baselines within a row that was broken, in sizes.
const LEADING: f32 = 1.2;

/// Words that belong together, at their wished size in units of the column's width / 28.
struct Row {
    text: String,
    size: f32,
    ink: Ink,
    /// Stands close below the row before it.
    joined: bool,
}

impl Row {
    fn new(text: String, size: f32, ink: Ink) -> Self {
        Self { text, size, ink, joined: false }
    }

    fn joined(self) -> Self {
        Self { joined: true, ..self }
    }
}

/// Where a label's words stand, in millimetres.
struct Column {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

impl Column {
    /// Sets the rows one below the other, spread over the whole height; smaller if they would not fit.
    fn set(&self, rows: Vec<Row>) -> Vec<Line> {
        let unit = (self.width / 28.0).min(self.height / 28.0);
        let set: Vec<(Row, f32, Vec<String>)> = rows
            .into_iter()
            .map(|row| {
                let (size, texts) = fit(&row.text, row.size * unit, self.width);
                (row, size, texts)
            })
            .collect();
        let tall: f32 = set.iter().map(|(_, size, texts)| size * LEADING * texts.len() as f32).sum();
        let shrink = (self.height / tall).min(1.0);
        let gaps = set.iter().skip(1).filter(|(row, ..)| !row.joined).count().max(1);
        let gap = (self.height - tall * shrink) / gaps as f32;
        let mut y = self.y;
        let mut lines = Vec::new();
        for (at, (row, size, texts)) in set.into_iter().enumerate() {
            if at > 0 && !row.joined {
                y += gap;
            }
            let (size, ink) = (size * shrink, row.ink);
            for text in texts {
                let baseline = y + size * (LEADING / 2.0 + MIDDLE);
                lines.push(Line { x: self.x, baseline, size, ink, text });
                y += size * LEADING;
            }
        }
        lines
    }
}

/// The size and the lines in which `text` fits `width`: a little smaller on one line, else on two, else smaller still.
///
/// Nothing is cut off: an endless name gets many small lines, and the column shrinks to hold them.
fn fit(text: &str, wished: f32, width: f32) -> (f32, Vec<String>) {
    let ems = typeface::width(text);
    let on_one_line = width / ems.max(1.0);
    if on_one_line >= wished * 0.8 {
        return (wished.min(on_one_line * 0.999), vec![text.to_owned()]);
    }
    let smallest = wished * 0.6;
    let mut size = wished;
    while size > smallest && broken(text, width / size).len() > 2 {
        size = (size * 0.95).max(smallest);
    }
    // Lines of like length: no single character is left over on the last.
    let full = width / size;
    let lines = (ems / full).ceil();
    let even = broken(text, (ems / lines + 1.0).min(full));
    let plain = broken(text, full);
    (size, if even.len() <= plain.len() { even } else { plain })
}

/// Breaks a text into lines of at most `width` ems, at any character, as Chinese is.
fn broken(text: &str, width: f32) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0.0;
    for glyph in typeface::glyphs(text) {
        if used + glyph.advance > width && used > 0.0 {
            lines.push(String::new());
            used = 0.0;
        }
        used += glyph.advance;
        if let Some(line) = lines.last_mut() {
            line.push_str(&text[glyph.range]);
        }
    }
    lines
}

/// The text on one line: white space and control characters become single blanks.
pub(crate) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The characters of a text that the typeface lacks.
pub(crate) fn missing(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|&character| !typeface::has(character))
}

fn encode_png(picture: &raster::Picture, dpi: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width as u32, picture.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let per_metre = (dpi as f32 / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: per_metre,
        yppu: per_metre,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(picture.pixels.as_flattened())?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "label_tests.rs"]
mod tests;
