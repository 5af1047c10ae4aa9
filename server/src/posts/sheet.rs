//! Sheets of labels as PDF on A4: vector symbols, embedded and subset Chinese text, cut marks, page numbers.

use std::collections::BTreeMap;

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Transform};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};

use super::drawing::{Bar, Drawing, Ink, Line, Placed, typeface};
use super::label::{Label, LabelError, LabelSize, missing, one_line};

const A4: (f32, f32) = (210.0, 297.0);
/// Millimetres of 1/50 inch.
const GRID: f32 = 25.4 / 50.0;
/// Points by which edges stay off the exact borders of pixels, where rounding would tip them either way.
const OFF_EDGE: f32 = 0.01;
const POINTS_PER_MM: f32 = 72.0 / 25.4;

/// A finished sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The PDF document.
    pub pdf: Vec<u8>,
    /// Its pages.
    pub pages: usize,
    /// The largest symbol version on it; beyond [`ROBUST_VERSION`] the public address is too long for labels that
    /// must be read when soiled, and whoever prints should be told.
    ///
    /// [`ROBUST_VERSION`]: super::qr::ROBUST_VERSION
    pub symbol_version: usize,
    /// Characters that the typeface lacks, printed as 〓, and how often: to be shown to whoever prints.
    pub missing: BTreeMap<char, usize>,
}

/// Sets labels on as many A4 pages as they take, in their order, row by row; `title` stands in the footer.
///
/// The same labels give the same bytes. No labels give one page that says so.
///
/// # Errors
/// [`LabelError::Qr`] when an address does not fit a symbol, [`LabelError::Document`] when the PDF cannot be
/// written.
pub fn sheet(title: &str, labels: &[Label], size: LabelSize) -> Result<Sheet, LabelError> {
    let title = one_line(title);
    let grid = Grid::new(size);
    let pages = labels.len().div_ceil(grid.per_page()).max(1);
    let mut pdf = Pdf::new(&title)?;
    let mut symbol_version = 0;
    for number in 1..=pages {
        let first = (number - 1) * grid.per_page();
        let on_page = &labels[first..labels.len().min(first + grid.per_page())];
        let drawings = on_page.iter().map(|label| label.draw(size)).collect::<Result<Vec<_>, _>>()?;
        symbol_version =
            drawings.iter().map(|drawing| drawing.symbol.symbol.version()).fold(symbol_version, usize::max);
        let footer = footer(&title, labels.len(), number, pages);
        pdf.page(&grid, &drawings, &footer)?;
    }
    let mut missed = BTreeMap::new();
    for character in missing(&title).chain(labels.iter().flat_map(Label::missing_characters)) {
        *missed.entry(character).or_insert(0) += 1;
    }
    Ok(Sheet { pdf: pdf.finish()?, pages, symbol_version, missing: missed })
}

fn footer(title: &str, labels: usize, number: usize, pages: usize) -> [Line; 2] {
    let line = |text: String| Line { x: 0.0, baseline: A4.1 - 6.5, size: 2.8, ink: Ink::Grey, text };
    let mut left = line(if labels == 0 {
        format!("{title}（无标签）")
    } else {
        format!("{title}（{labels} 张）")
    });
    let mut right = line(format!("第 {number} 页，共 {pages} 页"));
    left.x = 12.0;
    right.x = A4.0 - 12.0 - typeface::width(&right.text) * right.size;
    [left, right]
}

/// Where labels stand on a page.
struct Grid {
    columns: usize,
    rows: usize,
    cell: (f32, f32),
    /// White between columns; rows touch, one cut parts them.
    gap: f32,
    left: f32,
    top: f32,
}

impl Grid {
    fn new(size: LabelSize) -> Self {
        let (columns, rows) = size.grid();
        let cell = size.millimetres();
        let gap = if size == LabelSize::Paper { 2.5 } else { 0.0 };
        let width = columns as f32 * cell.0 + (columns - 1) as f32 * gap;
        let left = (A4.0 - width) / 2.0;
        let top = (A4.1 - rows as f32 * cell.1) / 2.0;
        Self { columns, rows, cell, gap, left, top }
    }

    fn per_page(&self) -> usize {
        self.columns * self.rows
    }

    /// Upper left corner of the cell at `index`.
    fn corner(&self, index: usize) -> (f32, f32) {
        let (column, row) = (index % self.columns, index / self.columns);
        (self.left + column as f32 * (self.cell.0 + self.gap), self.top + row as f32 * self.cell.1)
    }

    /// Ticks in the margins at every edge to be cut: clear of the labels, so nothing of them stays on the plate.
    fn cut_marks(&self) -> Vec<Bar> {
        const LENGTH: f32 = 4.0;
        const CLEAR: f32 = 1.0;
        const THIN: f32 = 0.1;
        let bottom = self.top + self.rows as f32 * self.cell.1;
        let right = A4.0 - self.left;
        let upright =
            |x: f32, y: f32| Bar { x: x - THIN / 2.0, y, width: THIN, height: LENGTH, ink: Ink::Grey };
        let level =
            |x: f32, y: f32| Bar { x, y: y - THIN / 2.0, width: LENGTH, height: THIN, ink: Ink::Grey };
        let columns = (0..self.columns).flat_map(|column| {
            let x = self.corner(column).0;
            [x, x + self.cell.0]
        });
        let rows = (0..=self.rows).map(|row| self.top + row as f32 * self.cell.1);
        columns
            .flat_map(|x| [upright(x, self.top - CLEAR - LENGTH), upright(x, bottom + CLEAR)])
            .chain(rows.flat_map(|y| [level(self.left - CLEAR - LENGTH, y), level(right + CLEAR, y)]))
            .collect()
    }
}

/// The document being written.
struct Pdf {
    document: Document,
    font: Font,
}

impl Pdf {
    fn new(title: &str) -> Result<Self, LabelError> {
        let settings = SerializeSettings { enable_tagging: false, ..SerializeSettings::default() };
        let mut document = Document::new_with(settings);
        let about = Metadata::new().title(title.to_owned()).language("zh-CN".to_owned());
        document.set_metadata(about.creator("耕卫 Gengwei".to_owned()));
        let font = Font::new(typeface::FONT.into(), 0)
            .ok_or_else(|| LabelError::Document("the embedded typeface is not read".to_owned()))?;
        Ok(Self { document, font })
    }

    fn page(&mut self, grid: &Grid, drawings: &[Drawing], footer: &[Line]) -> Result<(), LabelError> {
        let a4 = PageSettings::from_wh(A4.0 * POINTS_PER_MM, A4.1 * POINTS_PER_MM)
            .ok_or_else(|| LabelError::Document("A4 is no page size".to_owned()))?;
        let mut page = self.document.start_page_with(a4);
        let mut surface = page.surface();
        for mark in grid.cut_marks() {
            bar(&mut surface, &mark, (0.0, 0.0));
        }
        for (index, drawing) in drawings.iter().enumerate() {
            let corner = grid.corner(index);
            for each in &drawing.bars {
                bar(&mut surface, each, corner);
            }
            symbol(&mut surface, &drawing.symbol, corner);
            for each in &drawing.lines {
                line(&mut surface, &self.font, each, corner);
            }
        }
        for each in footer {
            line(&mut surface, &self.font, each, (0.0, 0.0));
        }
        surface.finish();
        page.finish();
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>, LabelError> {
        self.document.finish().map_err(|error| LabelError::Document(format!("{error:?}")))
    }
}

fn ink(surface: &mut Surface<'_>, ink: Ink) {
    let [r, g, b] = ink.rgb();
    let paint = rgb::Color::new(r, g, b).into();
    surface.set_fill(Some(Fill { paint, opacity: NormalizedF32::ONE, rule: FillRule::NonZero }));
}

fn push(path: &mut PathBuilder, x: f32, y: f32, width: f32, height: f32) {
    if let Some(rect) = Rect::from_xywh(x, y, width, height) {
        path.push_rect(rect);
    }
}

fn bar(surface: &mut Surface<'_>, bar: &Bar, (left, top): (f32, f32)) {
    ink(surface, bar.ink);
    let mut path = PathBuilder::new();
    let [x, y, width, height] =
        [left + bar.x, top + bar.y, bar.width, bar.height].map(|mm| mm * POINTS_PER_MM);
    push(&mut path, x, y, width, height);
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

/// All modules are one path, so that no viewer shows seams between neighbours.
///
/// The symbol moves by up to ¼ mm to a grid of 1/50 inch, so that all symbols of a page are rendered alike: zbar gives up
/// on a page of 24 when their finder patterns come out a pixel different and sort among the look-alikes.
fn symbol(surface: &mut Surface<'_>, placed: &Placed, (left, top): (f32, f32)) {
    ink(surface, Ink::Black);
    let ((x, y), module) = (placed.origin(), placed.module());
    let [x, y] = [left + x, top + y].map(|mm| (mm / GRID).round() * GRID * POINTS_PER_MM + OFF_EDGE);
    let module = module * POINTS_PER_MM;
    // In units of a module all coordinates are small whole numbers: less than half the bytes.
    surface.push_transform(&Transform::from_row(module, 0.0, 0.0, module, x, y));
    let mut path = PathBuilder::new();
    for block in placed.symbol.blocks() {
        let [x, y, width, height] = [block.x, block.y, block.width, block.height].map(|n| n as f32);
        push(&mut path, x, y, width, height);
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
    surface.pop();
}

fn line(surface: &mut Surface<'_>, font: &Font, line: &Line, (left, top): (f32, f32)) {
    ink(surface, line.ink);
    let glyphs: Vec<KrillaGlyph> = typeface::glyphs(&line.text)
        .map(|glyph| {
            let id = GlyphId::new(glyph.id.0.into());
            KrillaGlyph::new(id, glyph.advance, 0.0, 0.0, 0.0, glyph.range, None)
        })
        .collect();
    let start = Point::from_xy((left + line.x) * POINTS_PER_MM, (top + line.baseline) * POINTS_PER_MM);
    surface.draw_glyphs(start, &glyphs, font.clone(), &line.text, line.size * POINTS_PER_MM, false);
}

#[cfg(test)]
#[path = "sheet_tests.rs"]
mod tests;
