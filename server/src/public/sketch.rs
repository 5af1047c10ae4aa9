//! A sketch of a parcel: its outline with a scale and north, no coordinate and no neighbour.
//!
//! Maps for the public need an approval number (地图审核管理规定) and survey data may be secret, so this is a drawing of
//! one shape, rounded to one three-hundredth of its size and laid on nothing.

use std::fmt::Write;

use geo::{BoundingRect, MultiPolygon};

use crate::error::{Problem, Result};
use crate::parcels::outline::Outlines;
use crate::parcels::sql::geometries;
use crate::state::App;

/// Side of the square that the outline is fitted into, in the drawing's units.
const SIDE: f64 = 300.0;
/// Room around it for the scale and the arrow.
const MARGIN: f64 = 30.0;
/// Metres of a degree of latitude, good enough for a shape.
const DEGREE: f64 = 111_000.0;

/// The sketch of a parcel as SVG.
pub(super) async fn of(app: &App, parcel: i64) -> Result<String> {
    let found = geometries(app.db(), &[parcel]).await?;
    let stored = found.first().ok_or_else(Problem::not_found)?;
    draw(&Outlines::default().lonlat(&stored.geometry)?).ok_or_else(Problem::not_found)
}

/// Draws polygons in degrees; none when there is nothing to draw.
fn draw(outline: &MultiPolygon<f64>) -> Option<String> {
    let frame = outline.bounding_rect()?;
    let flat = frame.center().y.to_radians().cos();
    let size = (frame.width() * flat).max(frame.height()) * DEGREE;
    if !(size.is_finite() && size > 0.0) {
        return None;
    }
    let scale = SIDE / size;
    let across = |lon: f64| (MARGIN + (lon - frame.min().x) * flat * DEGREE * scale).round();
    let down = |lat: f64| (MARGIN + (frame.max().y - lat) * DEGREE * scale).round();
    let mut path = String::new();
    for ring in outline.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())) {
        let mut last = None;
        for place in ring.coords() {
            let point = (across(place.x), down(place.y));
            if last.replace(point) != Some(point) {
                let step = if path.is_empty() || path.ends_with('Z') { 'M' } else { 'L' };
                write!(path, "{step}{} {}", point.0, point.1).expect("a string can be written to");
            }
        }
        path.push('Z');
    }
    let metres = scale_bar(size);
    let (box_side, bottom) = (SIDE + 2.0 * MARGIN, SIDE + 2.0 * MARGIN - 8.0);
    let bar = (metres * scale).round();
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {box_side} {box_side}\" role=\"img\">\
         <title>地块示意图，上为北</title><style>\
         text{{font:14px sans-serif;fill:#1d2a1f}}path,line{{stroke:#1f6b35;stroke-width:3;fill:none}}\
         .f{{fill:#8fbf7f;fill-rule:evenodd}}.b{{fill:#f6f8f2}}</style>\
         <rect class=\"b\" width=\"{box_side}\" height=\"{box_side}\"/><path class=\"f\" d=\"{path}\"/>\
         <line x1=\"10\" y1=\"{bottom}\" x2=\"{}\" y2=\"{bottom}\"/><text x=\"10\" y=\"{}\">{metres} 米</text>\
         <path d=\"M{2} 24V6m-6 7l6-7l6 7\"/><text x=\"{3}\" y=\"22\">北</text></svg>",
        bar + 10.0,
        bottom - 6.0,
        box_side - 20.0,
        box_side - 50.0,
    ))
}

/// A round length between a tenth and a third of a size in metres.
fn scale_bar(size: f64) -> f64 {
    let decade = 10_f64.powf((size / 3.0).log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|step| step * decade).find(|l| *l <= size / 3.0).unwrap_or(decade)
}

#[cfg(test)]
mod tests {
    use geo::polygon;

    use super::*;

    #[test]
    fn a_sketch_keeps_the_shape_and_tells_no_place() {
        let field = polygon![(x: 105.2, y: 37.5), (x: 105.202, y: 37.5), (x: 105.202, y: 37.501), (x: 105.2, y: 37.501)];
        let svg = draw(&MultiPolygon::new(vec![field])).unwrap();
        // 0.002° of longitude at 37.5° are some 176 m, 0.001° of latitude 111 m.
        assert!(svg.contains("M30 219L330 219L330 30L30 30"), "{svg}");
        assert!(svg.contains("50 米") && svg.len() < 1_500, "{svg}");
        assert!(!svg.contains("105.2") && !svg.contains("37.5"), "{svg}");
    }

    #[test]
    fn scales_are_round_and_fit() {
        assert_eq!([30.0, 176.0, 1_000.0, 9.0].map(scale_bar), [10.0, 50.0, 200.0, 2.0]);
    }
}
