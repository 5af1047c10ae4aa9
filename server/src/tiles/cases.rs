//! The tile layer `cases`: a point for each case with a place.

use super::sql::CasePoint;
use crate::geo::tile::{EXTENT, Kind, Layer, Projector, Tile, Value};

/// What the layer says of a case.
pub(super) const FIELDS: [(&str, &str); 6] = [
    ("id", "String"),
    ("kind", "String"),
    ("source", "String"),
    ("severity", "String"),
    ("state", "String"),
    ("unit", "String"),
];

/// Draws cases; those in the buffer belong to the neighbouring tile.
pub(super) fn draw(tile: Tile, cases: Vec<CasePoint>) -> Vec<u8> {
    let projector = Projector::new(tile);
    let mut layer = Layer::new("cases", &FIELDS.map(|(name, _)| name));
    for (number, case) in (1..).zip(cases) {
        let Some(point) = crate::geo::shape::quantise(geo::Coord { x: case.lon, y: case.lat }) else {
            continue;
        };
        let place = projector.project(point).map(|c| c.floor() as i32);
        if place.iter().all(|c| (0..EXTENT).contains(c)) {
            let texts = [case.id, case.kind, case.source, case.severity, case.state, case.unit];
            let properties = texts.map(|text| Some(Value::Text(text)));
            layer.push(number, Kind::Points, properties, &[vec![place]]);
        }
    }
    layer.finish()
}
