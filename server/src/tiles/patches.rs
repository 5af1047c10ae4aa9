//! The tile layer `patches`: the outline of each change patch, from the zoom on at which it can be seen.

use super::sql::PatchOutline;
use crate::geo::ParcelShape;
use crate::geo::tile::{Drawing, Kind, Layer, Projector, Tile, Value};

/// What the layer says of a patch.
pub(super) const FIELDS: [(&str, &str); 6] = [
    ("id", "String"),
    ("number", "String"),
    ("verdict", "String"),
    ("unit", "String"),
    ("case", "String"),
    ("state", "String"),
];

/// Draws patches. One whose outline cannot be read is left out and logged.
pub(super) fn draw(tile: Tile, patches: Vec<PatchOutline>) -> Vec<u8> {
    let projector = Projector::new(tile);
    let mut layer = Layer::new("patches", &FIELDS.map(|(name, _)| name));
    let mut drawing = Drawing::default();
    for (number, patch) in (1..).zip(patches) {
        match ParcelShape::from_bytes(&patch.shape) {
            Ok(shape) => {
                if drawing.polygons(&projector, shape.outline()) {
                    let texts =
                        [patch.id, patch.number, patch.verdict, patch.unit, patch.case_id, patch.state];
                    let properties = texts.map(|text| Some(Value::Text(text)));
                    layer.push(number, Kind::Polygons, properties, drawing.rings());
                }
            }
            Err(error) => tracing::error!(%error, patch = patch.id, "a stored shape cannot be read"),
        }
    }
    layer.finish()
}
