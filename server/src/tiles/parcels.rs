//! The tile layer `parcels`: each outline from zoom 12 on, an overview before.

use super::{PARCELS_FROM, overview};
use crate::auth::Units;
use crate::geo::tile::{Drawing, Kind, Layer, Projector, Tile, Value};
use crate::parcels::{Facts, Locator, classes};

/// What the layer says of a parcel; `share` only below zoom 12, the rest only from there on.
pub(super) const FIELDS: [(&str, &str); 6] = [
    ("code", "String"),
    ("class", "String"),
    ("class_name", "String"),
    ("permanent", "Boolean"),
    ("unit", "String"),
    ("share", "Number"),
];

/// Draws the parcels of some units.
pub(super) fn draw(locator: &Locator, tile: Tile, units: &Units) -> Vec<u8> {
    if tile.z < PARCELS_FROM {
        return overview::draw(locator, tile, units);
    }
    let projector = Projector::new(tile);
    let mut layer = Layer::new("parcels", &FIELDS.map(|(name, _)| name)[..5]);
    let mut drawing = Drawing::default();
    locator.draw(tile.window(), |facts, rings| {
        if units.contain(&facts.unit) && drawing.polygons(&projector, rings) {
            layer.push(facts.id as u64, Kind::Polygons, properties(facts), drawing.rings());
        }
    });
    layer.finish()
}

fn properties(facts: &Facts) -> [Option<Value>; 5] {
    [
        facts.code.map(|code| Value::from(code.as_str())),
        Some(Value::from(facts.class())),
        classes::name(facts.class()).map(Value::from),
        Some(Value::Flag(facts.permanent)),
        Some(Value::from(facts.unit.as_str())),
    ]
}
