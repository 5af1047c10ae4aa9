//! A drawing as pixels. Modules are whole numbers of pixels, so that no scanner meets a grey edge.

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use ttf_parser::OutlineBuilder;

use super::{Bar, Drawing, Ink, Line, Placed, typeface};
use crate::posts::qr::QUIET_ZONE;

/// Pixels of a module below which phones begin to fail.
const LEAST_MODULE: f32 = 2.0;

const MM_PER_INCH: f32 = 25.4;

/// An RGB picture, rows from above.
pub(crate) struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[u8; 3]>,
}

/// The lowest resolution in dots per inch at which the drawing's symbol is still safe to read.
pub(crate) fn least_dpi(drawing: &Drawing) -> u32 {
    // One pixel for rounding the symbol's place to whole pixels.
    let pixels = LEAST_MODULE * drawing.symbol.symbol.full_width() as f32 + 1.0;
    (pixels * MM_PER_INCH / drawing.symbol.side).ceil() as u32
}

/// Paints the drawing at `dpi` dots per inch.
pub(crate) fn paint(drawing: &Drawing, dpi: u32) -> Picture {
    let scale = dpi as f32 / MM_PER_INCH;
    let pixels = |mm: f32| (mm * scale).round() as usize;
    let (width, height) = (pixels(drawing.width), pixels(drawing.height));
    let mut picture = Picture { width, height, pixels: vec![Ink::White.rgb(); width * height] };
    for bar in &drawing.bars {
        picture.bar(bar, scale);
    }
    picture.symbol(&drawing.symbol, scale);
    for line in &drawing.lines {
        picture.line(line, scale);
    }
    picture
}

impl Picture {
    fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, ink: Ink) {
        let (right, bottom) = ((x + width).min(self.width), (y + height).min(self.height));
        for row in y..bottom {
            self.pixels[row * self.width + x.min(right)..row * self.width + right].fill(ink.rgb());
        }
    }

    fn bar(&mut self, bar: &Bar, scale: f32) {
        let [left, top, right, bottom] = [bar.x, bar.y, bar.x + bar.width, bar.y + bar.height]
            .map(|mm| (mm * scale).round().max(0.0) as usize);
        self.fill(left, top, right - left, bottom - top, bar.ink);
    }

    /// The symbol in the middle of its square, with the largest whole module that fits.
    fn symbol(&mut self, placed: &Placed, scale: f32) {
        let side = placed.side * scale;
        let modules = placed.symbol.full_width();
        // The small addend takes up rounding where a module is a whole number of pixels by design.
        let module = (side / modules as f32 + 0.001).floor().max(1.0) as usize;
        let slack = ((side - (module * modules) as f32) / 2.0).max(0.0);
        let quiet = module * QUIET_ZONE;
        let left = (placed.x * scale + slack).floor() as usize + quiet;
        let top = (placed.y * scale + slack).floor() as usize + quiet;
        for block in placed.symbol.blocks() {
            let (x, y) = (left + block.x * module, top + block.y * module);
            self.fill(x, y, block.width * module, block.height * module, Ink::Black);
        }
    }

    fn line(&mut self, line: &Line, scale: f32) {
        self.text(&line.text, line.x * scale, line.baseline * scale, line.size * scale, line.ink);
    }

    /// Paints a line of text from `x`, standing on `baseline`; all in pixels.
    pub(crate) fn text(&mut self, text: &str, mut x: f32, baseline: f32, em: f32, ink: Ink) {
        for glyph in typeface::glyphs(text) {
            self.glyph(glyph.id, x, baseline, em, ink);
            x += glyph.advance * em;
        }
    }

    /// Paints one glyph with its origin at (`x`, `baseline`), smoothed by the share of each pixel it covers.
    fn glyph(&mut self, id: ttf_parser::GlyphId, x: f32, baseline: f32, em: f32, ink: Ink) {
        let Some(bounds) = typeface::bounds(id) else { return };
        let unit = em / typeface::units_per_em();
        let left = (x + f32::from(bounds.x_min) * unit).floor() - 1.0;
        let top = (baseline - f32::from(bounds.y_max) * unit).floor() - 1.0;
        let width = f32::from(bounds.x_max - bounds.x_min) * unit + 4.0;
        let height = f32::from(bounds.y_max - bounds.y_min) * unit + 4.0;
        let mut pen = Pen {
            raster: Rasterizer::new(width.ceil() as usize, height.ceil() as usize),
            unit,
            origin: point(x - left, baseline - top),
            start: point(0.0, 0.0),
            at: point(0.0, 0.0),
        };
        typeface::outline(id, &mut pen);
        pen.raster.for_each_pixel_2d(|dx, dy, cover| {
            self.blend(left as i64 + i64::from(dx), top as i64 + i64::from(dy), cover.min(1.0), ink);
        });
    }

    fn blend(&mut self, x: i64, y: i64, cover: f32, ink: Ink) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x >= self.width || y >= self.height || cover <= 0.0 {
            return;
        }
        let pixel = &mut self.pixels[y * self.width + x];
        for (channel, colour) in pixel.iter_mut().zip(ink.rgb()) {
            let (under, over) = (f32::from(*channel), f32::from(colour));
            *channel = (under + (over - under) * cover).round() as u8;
        }
    }
}

/// Feeds an outline in font units to the rasteriser, whose y grows downwards.
struct Pen {
    raster: Rasterizer,
    unit: f32,
    origin: Point,
    start: Point,
    at: Point,
}

impl Pen {
    fn place(&self, x: f32, y: f32) -> Point {
        point(self.origin.x + x * self.unit, self.origin.y - y * self.unit)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.at = self.place(x, y);
        self.start = self.at;
    }
    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.place(x, y);
        self.raster.draw_line(self.at, to);
        self.at = to;
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let to = self.place(x, y);
        self.raster.draw_quad(self.at, self.place(x1, y1), to);
        self.at = to;
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let to = self.place(x, y);
        self.raster.draw_cubic(self.at, self.place(x1, y1), self.place(x2, y2), to);
        self.at = to;
    }
    fn close(&mut self) {
        self.raster.draw_line(self.at, self.start);
        self.at = self.start;
    }
}
