//! The tile layer `grid`: where each unit's parcels lie.
//!
//! The city's register has no outlines of units, only their codes. What is drawn is the convex hull of a unit's
//! parcels: enough to find a village, and no claim about its boundary.

use std::collections::BTreeMap;

use gengwei_proto::{Level, RegionCode};
use geo::{ConvexHull, Coord, MultiPoint};

use crate::auth::Units;
use crate::geo::shape::Point;
use crate::geo::tile::{Drawing, Kind, Layer, Projector, Tile, Value};
use crate::grid::Grid;
use crate::parcels::Locator;

/// What the layer says of a unit.
pub(super) const FIELDS: [(&str, &str); 4] =
    [("code", "String"), ("name", "String"), ("level", "Number"), ("parcels", "Number")];

struct Extent {
    hull: Vec<Point>,
    parcels: i64,
}

/// The hulls of all units that have parcels, at one revision of the parcels.
#[derive(Default)]
pub(super) struct Extents {
    revision: Option<i64>,
    units: BTreeMap<RegionCode, Extent>,
}

impl Extents {
    /// Works them out: villages from their parcels, townships from their villages, and so on.
    pub(super) fn of(locator: &Locator) -> Self {
        let mut villages: BTreeMap<RegionCode, (Vec<Point>, i64)> = BTreeMap::new();
        let everywhere = [i32::MIN, i32::MIN, i32::MAX, i32::MAX];
        locator.draw(everywhere, |facts, rings| {
            let village = facts.unit.ancestor(Level::Village).unwrap_or(facts.unit);
            let (points, parcels) = villages.entry(village).or_default();
            rings.filter(|(_, outer)| *outer).for_each(|(ring, _)| points.extend_from_slice(ring));
            *parcels += 1;
            // Keeps the memory of a large village bounded.
            if points.len() > 50_000 {
                *points = hull(points);
            }
        });
        let mut units = BTreeMap::new();
        let mut level = villages;
        while !level.is_empty() {
            let mut above: BTreeMap<RegionCode, (Vec<Point>, i64)> = BTreeMap::new();
            for (unit, (points, parcels)) in level {
                let hull = hull(&points);
                if let Some(parent) = unit.parent() {
                    let (points, sum) = above.entry(parent).or_default();
                    points.extend_from_slice(&hull);
                    *sum += parcels;
                }
                units.insert(unit, Extent { hull, parcels });
            }
            level = above;
        }
        Self { revision: Some(locator.revision()), units }
    }

    /// Whether they are those of a revision.
    pub(super) fn are_of(&self, revision: i64) -> bool {
        self.revision == Some(revision)
    }

    /// Draws the units of a scope, at the level that suits the zoom.
    pub(super) fn draw(&self, grid: &Grid, tile: Tile, scope: &Units) -> Vec<u8> {
        let level = match tile.z {
            0..=8 => Level::County,
            9..=11 => Level::Township,
            _ => Level::Village,
        };
        let projector = Projector::new(tile);
        let (mut layer, mut drawing) =
            (Layer::new("grid", &FIELDS.map(|(name, _)| name)), Drawing::default());
        for (code, extent) in
            self.units.iter().filter(|(code, _)| code.level() == level && scope.contain(code))
        {
            if drawing.polygons(&projector, std::iter::once((&extent.hull[..], true))) {
                let properties = [
                    Some(Value::from(code.as_str())),
                    Some(Value::from(grid.name(code))),
                    Some(Value::Number(level.number().into())),
                    Some(Value::Number(extent.parcels)),
                ];
                layer.push(code.number(), Kind::Polygons, properties, drawing.rings());
            }
        }
        layer.finish()
    }
}

fn hull(points: &[Point]) -> Vec<Point> {
    let places: MultiPoint<f64> = points
        .iter()
        .map(|p| Coord { x: f64::from(p[0]), y: f64::from(p[1]) })
        .map(geo::Point::from)
        .collect();
    let polygon = places.convex_hull();
    let open = polygon.exterior().0.split_last().map_or(&[][..], |(_, open)| open);
    open.iter().map(|c| [c.x as i32, c.y as i32]).collect()
}
