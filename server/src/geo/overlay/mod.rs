//! What two areas have in common, to the square centimetre that the law counts.
//!
//! A change patch is cut with the parcels that it meets in the plane of EPSG:4523, and the pieces are measured by
//! the official ellipsoidal formula ([`super::area`]), vertex by vertex, whatever system the layers came in.
//!
//! - [`area`] tells the area alone, [`intersection`] the piece itself too.
//! - Where all edges cross clearly — no vertex within a tenth of a micrometre of the other outline — the outlines
//!   are followed from crossing to crossing ([`cut`]): every edge pair is looked at once and nothing is sorted
//!   but the crossings.
//! - Where outlines share vertices or run along each other, as neighbours do, that would be guessing. Such pairs
//!   go to `geo`'s `BooleanOps`, which snaps to a grid of a few tenths of a micrometre first.
//!
//! Both ways agree to a few thousandths of a square metre (tested on random and on shared outlines).

mod cut;
#[cfg(test)]
mod tests;

use geo::{BooleanOps, Coord, MapCoords, MultiPolygon, Orient, Polygon, orient::Direction, unary_union};

use super::area::{official_area, rounded, signed_ring_area};
use super::{Crs, CrsError, GaussKruger, Transformer};
use cut::{Bounds, Cut, Loops};

/// The plane that everything is cut in: EPSG:4523, metres, x = east with the zone's number.
pub const PLANE: GaussKruger = GaussKruger::ZONE_35_PREFIXED;

/// A piece smaller than a square centimetre is rounding, not land.
const SLIVER: f64 = 1e-4;

/// Polygons of any coordinate system, in the plane of EPSG:4523.
///
/// # Errors
/// [`CrsError::OutOfArea`] for coordinates that the system does not have.
pub fn to_plane(polygons: MultiPolygon<f64>, crs: &Crs) -> Result<MultiPolygon<f64>, CrsError> {
    match crs {
        Crs::GaussKruger(zone) if *zone == PLANE => Ok(polygons),
        Crs::GaussKruger(zone) if zone.zone() == PLANE.zone() => {
            let shift = PLANE.false_easting() - zone.false_easting();
            Ok(polygons.map_coords(|c| Coord { x: c.x + shift, y: c.y }))
        }
        other => {
            let lonlat = Transformer::new(other.clone())?.polygons_to_lonlat(&polygons)?;
            Ok(lonlat.map_coords(|c| PLANE.forward(c)))
        }
    }
}

/// An area in the plane of EPSG:4523, ready to be cut with others.
#[derive(Clone, Debug)]
pub struct Region {
    polygons: MultiPolygon<f64>,
    bounds: Bounds,
}

/// What two regions have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// In the plane of EPSG:4523; empty when they have nothing in common.
    pub geometry: MultiPolygon<f64>,
    /// By the official formula, m², rounded to 0.01.
    pub area: f64,
}

impl Region {
    /// From valid polygons (as [`super::repair`] leaves them) in the plane of EPSG:4523.
    pub fn new(polygons: MultiPolygon<f64>) -> Self {
        let polygons = polygons.orient(Direction::Default);
        let bounds = Bounds::of(&polygons);
        Self { polygons, bounds }
    }

    /// The polygons, outer rings anticlockwise, holes clockwise.
    pub fn polygons(&self) -> &MultiPolygon<f64> {
        &self.polygons
    }

    /// The whole area by the official formula, m².
    pub fn area(&self) -> f64 {
        official_area(&self.polygons, PLANE)
    }

    fn rings(&self) -> impl Iterator<Item = &[Coord<f64>]> {
        let rings = |p| std::iter::once(Polygon::exterior(p)).chain(p.interiors());
        self.polygons.iter().flat_map(rings).map(|ring| &ring.0[..])
    }
}

/// The area that two regions have in common, m² by the official formula.
pub fn area(a: &Region, b: &Region) -> f64 {
    match cut::cut(a, b) {
        Cut::Nothing => 0.0,
        Cut::Loops(loops) => loops_area(&loops),
        Cut::Unclear => snapped(a, b).area,
    }
}

/// What two regions have in common.
pub fn intersection(a: &Region, b: &Region) -> Piece {
    match cut::cut(a, b) {
        Cut::Nothing => Piece { geometry: MultiPolygon::new(Vec::new()), area: 0.0 },
        Cut::Loops(loops) => match loops.polygons() {
            Some(geometry) => Piece { geometry, area: loops_area(&loops) },
            None => snapped(a, b),
        },
        Cut::Unclear => snapped(a, b),
    }
}

/// The area that several pieces cover together, m²: ground that two of them cover counts once.
pub fn union_area(pieces: &[Piece]) -> f64 {
    let regions: Vec<_> = pieces.iter().map(|piece| Region::new(piece.geometry.clone())).collect();
    let overlap = |i: usize| regions[..i].iter().any(|other| area(other, &regions[i]) > 0.0);
    if (1..regions.len()).any(overlap) {
        let union = unary_union(regions.iter().flat_map(|region| region.polygons.iter()));
        return official_area(&union, PLANE);
    }
    // An empty sum of floats is −0.
    rounded(pieces.iter().fold(0.0, |sum, piece| sum + piece.area))
}

fn loops_area(loops: &Loops) -> f64 {
    rounded(loops.iter().map(|ring| signed_ring_area(ring, PLANE)).sum::<f64>().max(0.0))
}

/// By `geo`'s `BooleanOps`, for whatever is not clear.
fn snapped(a: &Region, b: &Region) -> Piece {
    use geo::Area;
    let mut geometry = a.polygons.intersection(&b.polygons);
    geometry.0.retain(|polygon| polygon.unsigned_area() >= SLIVER);
    Piece { area: official_area(&geometry, PLANE), geometry }
}
