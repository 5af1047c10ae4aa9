//! Documents on A4 as PDF: headings, wrapped text, facts in two columns, sketches and photos, flowing from page
//! to page, with page numbers and a note about who may see them in the footer.

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};

use crate::posts::drawing::typeface;

const A4: (f32, f32) = (210.0, 297.0);
const MARGIN: f32 = 20.0;
const WIDTH: f32 = A4.0 - 2.0 * MARGIN;
const BOTTOM: f32 = A4.1 - 22.0;
const POINTS_PER_MM: f32 = 72.0 / 25.4;
const TEXT: f32 = 3.7;
const HEADING: f32 = 4.6;
/// Height of a line over its size.
const LEADING: f32 = 1.6;
/// Where the value of a fact begins.
const VALUE: f32 = 32.0;

/// Why a document cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the PDF cannot be written: {0}")]
pub struct PaperError(String);

/// A polygon's ring or a point, in the sketch's own units (metres), y upwards.
pub type Ring = Vec<(f64, f64)>;

enum Item {
    Text { x: f32, y: f32, size: f32, grey: bool, text: String },
    Rule { y: f32 },
    Ring { points: Vec<(f32, f32)> },
    Dot { x: f32, y: f32 },
    Picture { image: Image, x: f32, y: f32, width: f32, height: f32 },
}

/// A document being written.
pub struct Paper {
    title: String,
    note: String,
    pages: Vec<Vec<Item>>,
    /// Millimetres from the top of the page.
    y: f32,
}

impl Paper {
    /// An empty document; `note` stands in every footer.
    pub fn new(title: &str, note: &str) -> Self {
        let mut paper =
            Self { title: title.to_owned(), note: note.to_owned(), pages: vec![Vec::new()], y: MARGIN };
        for line in wrapped(title, WIDTH / 6.5) {
            let x = MARGIN + (WIDTH - typeface::width(&line) * 6.5) / 2.0;
            paper.line(x, 6.5, false, line);
        }
        paper.y += 3.0;
        paper
    }

    fn put(&mut self, item: Item) {
        if let Some(page) = self.pages.last_mut() {
            page.push(item);
        }
    }

    /// Begins a new page unless so much is left on this one.
    fn room(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.pages.push(Vec::new());
            self.y = MARGIN;
        }
    }

    fn line(&mut self, x: f32, size: f32, grey: bool, text: String) {
        self.room(size * LEADING);
        let y = self.y + size;
        self.put(Item::Text { x, y, size, grey, text });
        self.y += size * LEADING;
    }

    /// A heading with a rule under it, never alone at the foot of a page.
    pub fn heading(&mut self, text: &str) {
        self.y += 3.0;
        self.room(HEADING * LEADING + 3.0 * TEXT * LEADING);
        self.line(MARGIN, HEADING, false, text.to_owned());
        let y = self.y;
        self.put(Item::Rule { y });
        self.y += 1.5;
    }

    /// Text, wrapped.
    pub fn text(&mut self, text: &str) {
        self.wrapped(MARGIN, WIDTH, false, text);
    }

    /// Text of less weight, set in.
    pub fn remark(&mut self, text: &str) {
        self.wrapped(MARGIN + 6.0, WIDTH - 6.0, true, text);
    }

    fn wrapped(&mut self, x: f32, width: f32, grey: bool, text: &str) {
        for paragraph in text.lines() {
            for line in wrapped(paragraph, width / TEXT) {
                self.line(x, TEXT, grey, line);
            }
        }
    }

    /// What something is, and its value beside it.
    pub fn fact(&mut self, label: &str, value: &str) {
        self.room(TEXT * LEADING);
        let y = self.y + TEXT;
        self.put(Item::Text { x: MARGIN, y, size: TEXT, grey: true, text: label.to_owned() });
        self.wrapped(MARGIN + VALUE, WIDTH - VALUE, false, value);
    }

    /// A sketch of rings and a spot, north up, with its scale; nothing when there is nothing to draw.
    pub fn sketch(&mut self, rings: &[Ring], spot: Option<(f64, f64)>) {
        const SIDE: f32 = 80.0;
        let all: Vec<(f64, f64)> = rings.iter().flatten().copied().chain(spot).collect();
        let bounds = |pick: fn(&(f64, f64)) -> f64| {
            let values = all.iter().map(pick);
            values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)))
        };
        if all.is_empty() {
            return;
        }
        let ((west, east), (south, north)) = (bounds(|p| p.0), bounds(|p| p.1));
        // Metres that the side of the box stands for: the whole, with a tenth of margin, fifty at least.
        let metres = ((east - west).max(north - south) * 1.2).max(50.0);
        self.room(SIDE + 10.0);
        let (left, top) = (MARGIN, self.y);
        let place = |(x, y): (f64, f64)| {
            let scale = f64::from(SIDE) / metres;
            let x = f64::from(SIDE) / 2.0 + (x - (west + east) / 2.0) * scale;
            let y = f64::from(SIDE) / 2.0 - (y - (south + north) / 2.0) * scale;
            (left + x as f32, top + y as f32)
        };
        let frame = vec![(left, top), (left + SIDE, top), (left + SIDE, top + SIDE), (left, top + SIDE)];
        self.put(Item::Ring { points: frame });
        for ring in rings {
            self.put(Item::Ring { points: ring.iter().copied().map(place).collect() });
        }
        if let Some((x, y)) = spot.map(place) {
            self.put(Item::Dot { x, y });
        }
        self.y += SIDE + 1.0;
        self.line(MARGIN, 3.0, true, format!("上北下南；图框边长约 {metres:.0} 米；示意图，不作权属依据"));
    }

    /// A photo with its caption, at most half a page high. One that no PDF can hold leaves its caption.
    pub fn photo(&mut self, bytes: &[u8], caption: &str) {
        const HIGHEST: f32 = 95.0;
        if let Some(image) = image(bytes) {
            let (width, height) = image.size();
            let ratio = height as f32 / (width as f32).max(1.0);
            let width = (WIDTH * 0.75).min(HIGHEST / ratio.max(0.01));
            let height = width * ratio;
            self.room(height + 3.0 * LEADING * 2.0);
            let y = self.y;
            self.put(Item::Picture { image, x: MARGIN, y, width, height });
            self.y += height + 1.0;
        }
        for line in wrapped(caption, WIDTH / 3.0) {
            self.line(MARGIN, 3.0, true, line);
        }
        self.y += 2.0;
    }

    /// The PDF.
    ///
    /// # Errors
    /// When the writer refuses.
    pub fn finish(self) -> Result<Vec<u8>, PaperError> {
        let settings = SerializeSettings { enable_tagging: false, ..SerializeSettings::default() };
        let mut document = Document::new_with(settings);
        let about = Metadata::new().title(self.title.clone()).language("zh-CN".to_owned());
        document.set_metadata(about.creator("耕卫 Gengwei".to_owned()));
        let font = Font::new(typeface::FONT.into(), 0)
            .ok_or_else(|| PaperError("the embedded typeface is not read".to_owned()))?;
        let count = self.pages.len();
        for (number, items) in (1..).zip(&self.pages) {
            let size = PageSettings::from_wh(A4.0 * POINTS_PER_MM, A4.1 * POINTS_PER_MM)
                .ok_or_else(|| PaperError("A4 is no page size".to_owned()))?;
            let mut page = document.start_page_with(size);
            let mut surface = page.surface();
            for item in items {
                draw(&mut surface, &font, item);
            }
            let foot = format!("{}　第 {number} 页，共 {count} 页", self.note);
            text(&mut surface, &font, (MARGIN, A4.1 - 12.0), 3.0, true, &foot);
            surface.finish();
            page.finish();
        }
        document.finish().map_err(|error| PaperError(format!("{error:?}")))
    }
}

/// A picture that a PDF can hold, judged by its bytes.
fn image(bytes: &[u8]) -> Option<Image> {
    let data = || bytes.to_vec().into();
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Image::from_jpeg(data(), true).ok(),
        [0x89, b'P', b'N', b'G', ..] => Image::from_png(data(), true).ok(),
        [b'R', b'I', b'F', b'F', ..] => Image::from_webp(data(), true).ok(),
        _ => None,
    }
}

/// Lines of at most so many ems, broken anywhere, as Chinese is, but not within a run of ASCII that fits.
fn wrapped(text: &str, ems: f32) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0.0;
    for word in words(text) {
        let width = typeface::width(word);
        if used + width > ems && used > 0.0 {
            lines.push(String::new());
            used = 0.0;
        }
        for character in word.chars() {
            let width = typeface::width(character.encode_utf8(&mut [0; 4]));
            if used + width > ems && used > 0.0 {
                lines.push(String::new());
                used = 0.0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(character);
            }
            used += width;
        }
    }
    lines
}

/// Runs of ASCII, and every other character by itself.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_word = |c: char| c.is_ascii_graphic();
        let end =
            if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

fn ink(surface: &mut Surface<'_>, grey: bool) {
    let level = if grey { 110 } else { 0 };
    let paint = rgb::Color::new(level, level, level).into();
    surface.set_fill(Some(Fill { paint, opacity: NormalizedF32::ONE, rule: FillRule::NonZero }));
}

fn draw(surface: &mut Surface<'_>, font: &Font, item: &Item) {
    match item {
        Item::Text { x, y, size, grey, text: said } => text(surface, font, (*x, *y), *size, *grey, said),
        Item::Rule { y } => outline(surface, &[(MARGIN, *y), (A4.0 - MARGIN, *y)]),
        Item::Ring { points } => outline(surface, points),
        Item::Dot { x, y } => {
            let arm = 1.5;
            outline(surface, &[(x - arm, y - arm), (x + arm, y + arm)]);
            outline(surface, &[(x - arm, y + arm), (x + arm, y - arm)]);
        }
        Item::Picture { image, x, y, width, height } => {
            surface.push_transform(&Transform::from_translate(x * POINTS_PER_MM, y * POINTS_PER_MM));
            if let Some(size) = Size::from_wh(width * POINTS_PER_MM, height * POINTS_PER_MM) {
                surface.draw_image(image.clone(), size);
            }
            surface.pop();
        }
    }
}

fn outline(surface: &mut Surface<'_>, points: &[(f32, f32)]) {
    let mut path = PathBuilder::new();
    for (n, (x, y)) in points.iter().enumerate() {
        let (x, y) = (x * POINTS_PER_MM, y * POINTS_PER_MM);
        if n == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    path.close();
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke { width: 0.6, ..Stroke::default() }));
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
    surface.set_stroke(None);
}

fn text(surface: &mut Surface<'_>, font: &Font, (x, y): (f32, f32), size: f32, grey: bool, text: &str) {
    ink(surface, grey);
    let glyphs: Vec<KrillaGlyph> = typeface::glyphs(text)
        .map(|glyph| {
            let id = GlyphId::new(glyph.id.0.into());
            KrillaGlyph::new(id, glyph.advance, 0.0, 0.0, 0.0, glyph.range, None)
        })
        .collect();
    let start = Point::from_xy(x * POINTS_PER_MM, y * POINTS_PER_MM);
    surface.draw_glyphs(start, &glyphs, font.clone(), text, size * POINTS_PER_MM, false);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_lose_nothing() {
        let text = "沙坡头区东园镇白桥村第1村民小组 640502102210010001X 占用耕地堆放砂石。".repeat(5);
        let lines = wrapped(&text, 20.0);
        assert!(lines.iter().all(|line| typeface::width(line) <= 20.0));
        assert_eq!(lines.concat(), text);
        assert!(lines.iter().any(|line| line.contains("640502102210010001X")), "a code is not broken");
        // A run that is longer than a line is broken all the same.
        assert!(wrapped(&"x".repeat(200), 10.0).len() > 5);
        assert_eq!(wrapped("", 10.0), [""]);
    }

    #[test]
    fn a_long_document_has_its_pages_and_a_bad_photo_leaves_its_caption() {
        let mut paper = Paper::new("案卷", "内部资料");
        paper.heading("经过");
        for n in 0..120 {
            paper.text(&format!("第 {n} 件事"));
        }
        paper.photo(b"\xff\xd8\xff not a picture", "照片 1");
        paper.sketch(&[vec![(0.0, 0.0), (100.0, 0.0), (100.0, 80.0)]], Some((50.0, 20.0)));
        assert_eq!(paper.pages.len(), 4);
        let pdf = paper.finish().unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
    }
}
