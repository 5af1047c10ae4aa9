//! A drawing as SVG. Text becomes outlines: the label looks the same on a machine without a Chinese font, and
//! at the printer's. What it says stands in `<title>` for screen readers and search.

use std::fmt::{self, Write};

use ttf_parser::OutlineBuilder;

use super::{Bar, Drawing, Ink, Line, Placed, typeface};

/// The drawing as an SVG document, measured in millimetres.
pub(crate) fn svg(drawing: &Drawing) -> String {
    let mut out = String::with_capacity(48 * 1024);
    // Writing to a string cannot fail.
    let _ = write(drawing, &mut out);
    out
}

fn write(drawing: &Drawing, out: &mut String) -> fmt::Result {
    let Drawing { width: w, height: h, title, .. } = drawing;
    write!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}mm" height="{h}mm" viewBox="0 0 {w} {h}" role="img">"#
    )?;
    write!(out, "<title>{}</title>", escape(title))?;
    write!(out, r##"<rect width="{w}" height="{h}" fill="#fff"/>"##)?;
    for bar in &drawing.bars {
        write_bar(bar, out)?;
    }
    write_symbol(&drawing.symbol, out)?;
    for line in &drawing.lines {
        write_line(line, out)?;
    }
    out.write_str("</svg>\n")
}

fn write_bar(bar: &Bar, out: &mut String) -> fmt::Result {
    let Bar { x, y, width, height, ink } = bar;
    write!(out, r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{}"/>"#, colour(*ink))
}

/// One path for all modules, in whole numbers of modules: no seams between neighbours.
fn write_symbol(placed: &Placed, out: &mut String) -> fmt::Result {
    let ((x, y), module) = (placed.origin(), placed.module());
    write!(out, r#"<path transform="translate({x} {y}) scale({module})" shape-rendering="crispEdges" d=""#)?;
    for block in placed.symbol.blocks() {
        write!(out, "M{} {}h{w}v{}h-{w}z", block.x, block.y, block.height, w = block.width)?;
    }
    out.write_str(r#""/>"#)
}

fn write_line(line: &Line, out: &mut String) -> fmt::Result {
    let scale = line.size / typeface::units_per_em();
    let (x, y, fill) = (line.x, line.baseline, colour(line.ink));
    write!(out, r#"<path transform="translate({x} {y}) scale({scale} -{scale})" fill="{fill}" d=""#)?;
    let mut pen = Pen { out, x: 0.0 };
    for glyph in typeface::glyphs(&line.text) {
        typeface::outline(glyph.id, &mut pen);
        pen.x += glyph.advance * typeface::units_per_em();
    }
    out.write_str(r#""/>"#)
}

fn colour(ink: Ink) -> String {
    let [r, g, b] = ink.rgb();
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Writes outlines as path commands, `x` font units to the right.
struct Pen<'a> {
    out: &'a mut String,
    x: f32,
}

impl Pen<'_> {
    fn put(&mut self, command: char, points: &[(f32, f32)]) {
        self.out.push(command);
        for (at, (x, y)) in points.iter().enumerate() {
            let gap = if at == 0 { "" } else { " " };
            let _ = write!(self.out, "{gap}{} {}", x + self.x, y);
        }
    }
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.put('M', &[(x, y)]);
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.put('L', &[(x, y)]);
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.put('Q', &[(x1, y1), (x, y)]);
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.put('C', &[(x1, y1), (x2, y2), (x, y)]);
    }
    fn close(&mut self) {
        self.out.push('Z');
    }
}
