//! What happens to bad geometry: mended where that changes no land, refused with a reason and a place where
//! it would be a guess.
//!
//! | Input | Treatment |
//! |---|---|
//! | ring not closed | closed |
//! | vertex repeated in a row | dropped |
//! | spike without width (the line goes out and comes back on itself) | removed |
//! | outer ring clockwise, hole anticlockwise | turned; usual in Shapefiles |
//! | hole without area | dropped |
//! | ring that touches itself at a point, or runs along itself back and forth | split into valid parts and holes |
//! | NaN or infinite coordinate, fewer than 3 points, no area | refused |
//! | ring that crosses itself (bow-tie), covers ground twice | refused |
//! | hole outside its parcel or along its edge; holes or parts that overlap; parts that share an edge | refused |
//!
//! What comes out is valid in the sense of OGC Simple Features as `geo::Validation` checks it. Decisions rest
//! on robust predicates and on vertices that were in the file: no coordinate is ever moved or made up.

mod ring;
mod touch;

use super::RawPolygons;
use geo::coordinate_position::CoordPos;
use geo::dimensions::Dimensions;
use geo::{BoundingRect, Coord, Intersects, LineString, MultiPolygon, Polygon, Relate};
use ring::Ring;
use std::fmt;

/// A harmless change, with how often it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Rings that were not closed.
    RingsClosed(usize),
    /// Vertices equal to the one before.
    RepeatedVertices(usize),
    /// Spikes without width.
    SpikesRemoved(usize),
    /// Rings whose orientation was turned.
    RingsTurned(usize),
    /// Holes without area.
    HolesDropped(usize),
    /// Rings that touched themselves and were split.
    RingsSplit(usize),
}

impl Repair {
    /// What was done, in Chinese.
    pub fn message_zh(self) -> String {
        match self {
            Self::RingsClosed(n) => format!("已闭合 {n} 个未闭合的环"),
            Self::RepeatedVertices(n) => format!("已删除 {n} 个重复的连续顶点"),
            Self::SpikesRemoved(n) => format!("已删除 {n} 处无宽度的尖刺"),
            Self::RingsTurned(n) => format!("已调整 {n} 个环的方向"),
            Self::HolesDropped(n) => format!("已删除 {n} 个无面积的内环"),
            Self::RingsSplit(n) => format!("{n} 个环自相接触，已拆分"),
        }
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RingsClosed(n) => write!(f, "closed {n} open ring(s)"),
            Self::RepeatedVertices(n) => write!(f, "dropped {n} repeated vertices"),
            Self::SpikesRemoved(n) => write!(f, "removed {n} spike(s) without width"),
            Self::RingsTurned(n) => write!(f, "turned the orientation of {n} ring(s)"),
            Self::HolesDropped(n) => write!(f, "dropped {n} hole(s) without area"),
            Self::RingsSplit(n) => write!(f, "split {n} ring(s) that touched themselves"),
        }
    }
}

/// Why a geometry is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No polygon at all.
    Empty,
    /// NaN or infinite; the vertex, counted from 1.
    NotFinite(usize),
    /// Fewer than three different points.
    TooFewPoints,
    /// All points on one line.
    NoArea,
    /// The ring crosses itself or covers ground twice.
    SelfCrossing,
    /// A hole is not inside its parcel.
    HoleOutside,
    /// A hole runs along the parcel's edge or another hole's.
    HoleSharesEdge,
    /// Two holes overlap.
    HolesOverlap,
    /// Two parts overlap.
    PartsOverlap,
    /// Two parts share an edge.
    PartsShareEdge,
}

impl Reason {
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Empty => ("the geometry is empty", "图形为空"),
            Self::NotFinite(_) => ("a coordinate is not a number", "坐标不是有效数值"),
            Self::TooFewPoints => ("the ring has fewer than three different points", "环的不同顶点少于三个"),
            Self::NoArea => ("the ring encloses no area", "环的面积为零"),
            Self::SelfCrossing => ("the ring crosses itself", "环自相交"),
            Self::HoleOutside => ("the hole is not inside the parcel", "内环不在外环之内"),
            Self::HoleSharesEdge => ("the hole shares an edge with another ring", "内环与其他环共边"),
            Self::HolesOverlap => ("two holes overlap", "内环相互重叠"),
            Self::PartsOverlap => ("two parts overlap", "图形各部分相互重叠"),
            Self::PartsShareEdge => ("two parts share an edge", "图形各部分共边"),
        }
    }
}

/// A refusal: why, in which ring, and where in the coordinates of the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Defect {
    /// Why.
    pub reason: Reason,
    /// Part of the multipolygon, counted from 1.
    pub part: usize,
    /// Ring of the part, counted from 1; 1 is the outer ring.
    pub ring: usize,
    /// A point to look at, in the coordinates that came in.
    pub at: Option<Coord<f64>>,
}

impl Defect {
    /// The refusal in Chinese.
    pub fn message_zh(&self) -> String {
        let mut text = format!("{}（第 {} 部分第 {} 环", self.reason.texts().1, self.part, self.ring);
        if let Reason::NotFinite(vertex) = self.reason {
            text += &format!("，第 {vertex} 个顶点");
        }
        if let Some(at) = self.at {
            text += &format!("，位于 {} {}", at.x, at.y);
        }
        text + "）"
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (part {}, ring {}", self.reason.texts().0, self.part, self.ring)?;
        if let Reason::NotFinite(vertex) = self.reason {
            write!(f, ", vertex {vertex}")?;
        }
        if let Some(at) = self.at {
            write!(f, ", at {} {}", at.x, at.y)?;
        }
        write!(f, ")")
    }
}

impl std::error::Error for Defect {}

/// A valid geometry — outer rings anticlockwise, holes clockwise, all closed — and what was done to get it.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    /// The geometry, in the coordinates that came in.
    pub polygons: MultiPolygon<f64>,
    /// Each kind of repair at most once; empty when nothing was wrong.
    pub repairs: Vec<Repair>,
}

/// Where a ring stood in the input, counted from 1.
#[derive(Clone, Copy)]
struct Place {
    part: usize,
    ring: usize,
}

impl Place {
    fn defect(self, reason: Reason, at: Option<Coord<f64>>) -> Defect {
        Defect { reason, part: self.part, ring: self.ring, at }
    }
}

#[derive(Default)]
struct Counts {
    closed: usize,
    repeated: usize,
    spikes: usize,
    turned: usize,
    holes: usize,
    split: usize,
}

impl Counts {
    fn repairs(&self) -> Vec<Repair> {
        let all = [
            (self.closed, Repair::RingsClosed as fn(usize) -> Repair),
            (self.repeated, Repair::RepeatedVertices),
            (self.spikes, Repair::SpikesRemoved),
            (self.turned, Repair::RingsTurned),
            (self.holes, Repair::HolesDropped),
            (self.split, Repair::RingsSplit),
        ];
        all.into_iter().filter(|(n, _)| *n > 0).map(|(n, repair)| repair(n)).collect()
    }
}

/// A part on its way through: the outer ring, its holes, and where they stood.
struct Part {
    outer: Ring,
    holes: Vec<(Ring, Place)>,
    place: Place,
}

/// Mends or refuses a geometry whose rings are closed already.
pub fn repair(polygons: &MultiPolygon<f64>) -> Result<Repaired, Defect> {
    let rings = |p: &Polygon<f64>| {
        std::iter::once(p.exterior()).chain(p.interiors()).map(|ring| ring.0.clone()).collect()
    };
    repair_rings(polygons.iter().map(rings).collect())
}

/// Mends or refuses rings as a file gives them.
pub fn repair_rings(polygons: RawPolygons) -> Result<Repaired, Defect> {
    let mut counts = Counts::default();
    let mut parts = Vec::with_capacity(polygons.len());
    for (i, rings) in polygons.into_iter().enumerate() {
        add_polygon(rings, i + 1, &mut parts, &mut counts)?;
    }
    if parts.is_empty() {
        return Err(Place { part: 1, ring: 1 }.defect(Reason::Empty, None));
    }
    let places: Vec<Place> = parts.iter().map(|p| p.place).collect();
    let polygons = parts.into_iter().map(|p| finish(p, &mut counts)).collect::<Result<Vec<_>, _>>()?;
    check_parts(&polygons, &places)?;
    Ok(Repaired { polygons: MultiPolygon::new(polygons), repairs: counts.repairs() })
}

/// Cleans and splits one polygon's rings into parts with their holes.
fn add_polygon(
    rings: Vec<Vec<Coord<f64>>>,
    part: usize,
    parts: &mut Vec<Part>,
    counts: &mut Counts,
) -> Result<(), Defect> {
    let mut rings = rings.into_iter().enumerate().map(|(i, r)| (r, Place { part, ring: i + 1 }));
    let Some((outer, place)) = rings.next() else { return Ok(()) };
    let outer = ring::clean(outer, place, counts)?;
    let outer = touch::split(outer, place, counts)?;
    let mut own: Vec<Part> =
        outer.solids.into_iter().map(|outer| Part { outer, holes: Vec::new(), place }).collect();
    let mut holes: Vec<_> = outer.gaps.into_iter().map(|gap| (gap, place)).collect();
    let mut islands = Vec::new();
    for (hole, place) in rings {
        let hole = match ring::clean(hole, place, counts) {
            Err(Defect { reason: Reason::TooFewPoints | Reason::NoArea, .. }) => {
                counts.holes += 1;
                continue;
            }
            other => other?,
        };
        let hole = touch::split(hole, place, counts)?;
        holes.extend(hole.solids.into_iter().map(|solid| (solid, place)));
        // Land that a hole encloses by touching itself is a part of its own.
        islands.extend(hole.gaps.into_iter().map(|outer| Part { outer, holes: Vec::new(), place }));
    }
    for (hole, place) in holes {
        let home = home_of(&hole, &own);
        own[home].holes.push((hole, place));
    }
    parts.extend(own);
    parts.extend(islands);
    Ok(())
}

/// The smallest part that holds the hole; if none does, the first, whose check then refuses it.
fn home_of(hole: &Ring, parts: &[Part]) -> usize {
    if parts.len() == 1 {
        return 0;
    }
    let hole = hole.to_polygon();
    (0..parts.len())
        .filter(|&i| parts[i].outer.to_polygon().relate(&hole).is_contains())
        .min_by(|&a, &b| parts[a].outer.area().abs().total_cmp(&parts[b].outer.area().abs()))
        .unwrap_or(0)
}

/// Turns the rings the right way, checks the holes against their part and each other, and closes all.
fn finish(part: Part, counts: &mut Counts) -> Result<Polygon<f64>, Defect> {
    let Part { outer, holes, .. } = part;
    let shell = outer.to_polygon();
    check_holes(&shell, &holes)?;
    let exterior = outer.wound(true, counts);
    let interiors: Vec<LineString<f64>> =
        holes.into_iter().map(|(hole, _)| hole.wound(false, counts)).collect();
    Ok(Polygon::new(exterior, interiors))
}

fn check_holes(shell: &Polygon<f64>, holes: &[(Ring, Place)]) -> Result<(), Defect> {
    let polygons: Vec<Polygon<f64>> = holes.iter().map(|(hole, _)| hole.to_polygon()).collect();
    for (i, (hole, place)) in holes.iter().enumerate() {
        let refuse = |reason| Err(place.defect(reason, hole.first()));
        let matrix = shell.relate(&polygons[i]);
        if !matrix.is_contains() {
            return refuse(Reason::HoleOutside);
        }
        if matrix.get(CoordPos::OnBoundary, CoordPos::OnBoundary) == Dimensions::OneDimensional {
            return refuse(Reason::HoleSharesEdge);
        }
        match contact(&polygons[i], &polygons[..i]) {
            Some(Contact::Overlap) => return refuse(Reason::HolesOverlap),
            Some(Contact::Edge) => return refuse(Reason::HoleSharesEdge),
            None => {}
        }
    }
    Ok(())
}

fn check_parts(polygons: &[Polygon<f64>], places: &[Place]) -> Result<(), Defect> {
    for (i, polygon) in polygons.iter().enumerate() {
        let reason = match contact(polygon, &polygons[..i]) {
            // Loops of one ring that lie over each other: the ring covers that ground twice.
            Some(Contact::Overlap) if places[..i].iter().any(|p| p.part == places[i].part) => {
                Reason::SelfCrossing
            }
            Some(Contact::Overlap) => Reason::PartsOverlap,
            Some(Contact::Edge) => Reason::PartsShareEdge,
            None => continue,
        };
        return Err(places[i].defect(reason, polygon.exterior().0.first().copied()));
    }
    Ok(())
}

enum Contact {
    Overlap,
    Edge,
}

/// Whether a polygon overlaps one of the others, or shares an edge with one; touching at points is allowed.
fn contact(polygon: &Polygon<f64>, others: &[Polygon<f64>]) -> Option<Contact> {
    let bounds = polygon.bounding_rect()?;
    others.iter().find_map(|other| {
        if !other.bounding_rect()?.intersects(&bounds) {
            return None;
        }
        let matrix = polygon.relate(other);
        if matrix.get(CoordPos::Inside, CoordPos::Inside) == Dimensions::TwoDimensional {
            Some(Contact::Overlap)
        } else if matrix.get(CoordPos::OnBoundary, CoordPos::OnBoundary) == Dimensions::OneDimensional {
            Some(Contact::Edge)
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests;
