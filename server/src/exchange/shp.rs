//! Polygons in the bytes of a `.shp` (ESRI Shapefile Technical Description, July 1998).

use geo::algorithm::coordinate_position::{CoordPos, coord_pos_relative_to_ring};
use geo::{Area, BoundingRect, Coord, LineString, MultiPolygon, Polygon, Rect};

use super::layer::Fault;

const NULL_SHAPE: u32 = 0;
const POLYGON: [u32; 3] = [5, 15, 25];

/// Beyond this many pairs of a hole and an outer ring, assigning holes would take minutes.
const MAX_PAIRS: usize = 20_000_000;

fn type_name(shape_type: u32) -> String {
    match shape_type {
        1 | 11 | 21 => "点（Point）".into(),
        3 | 13 | 23 => "线（PolyLine）".into(),
        8 | 18 | 28 => "多点（MultiPoint）".into(),
        31 => "三维面片（MultiPatch）".into(),
        other => format!("未知类型 {other}"),
    }
}

/// Reads the content of one record. `None` is the null shape.
pub(super) fn read_shape(content: &[u8]) -> Result<Option<MultiPolygon<f64>>, Fault> {
    match u32_at(content, 0) {
        None => Err(Fault::geometry("几何记录是空的")),
        Some(NULL_SHAPE) => Ok(None),
        Some(t) if POLYGON.contains(&t) => assemble(rings(content)?),
        Some(other) => Err(Fault::geometry_type(type_name(other))),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn f64_at(bytes: &[u8]) -> f64 {
    f64::from_le_bytes(std::array::from_fn(|i| bytes[i]))
}

fn rings(content: &[u8]) -> Result<Vec<LineString<f64>>, Fault> {
    let short = || Fault::geometry("几何记录的长度与点数不符，文件已损坏");
    let parts = u32_at(content, 36).ok_or_else(short)? as usize;
    let points = u32_at(content, 40).ok_or_else(short)? as usize;
    let points_at = 44 + 4 * parts;
    let coordinates = content.get(points_at..points_at + 16 * points).ok_or_else(short)?;
    let mut starts: Vec<usize> =
        (0..parts).filter_map(|i| u32_at(content, 44 + 4 * i)).map(|s| s as usize).collect();
    starts.push(points);
    if starts[0] != 0 && points > 0 || !starts.is_sorted() {
        return Err(Fault::geometry("几何记录的分部位置不对，文件已损坏"));
    }
    starts.windows(2).map(|w| ring(&coordinates[16 * w[0]..16 * w[1]])).collect()
}

fn ring(bytes: &[u8]) -> Result<LineString<f64>, Fault> {
    let mut line = Vec::with_capacity(bytes.len() / 16 + 1);
    for point in bytes.chunks_exact(16) {
        let coord = Coord { x: f64_at(&point[..8]), y: f64_at(&point[8..]) };
        if !(coord.x.is_finite() && coord.y.is_finite()) {
            return Err(Fault::geometry("坐标不是有限的数"));
        }
        line.push(coord);
    }
    closed_ring(line)
}

/// Closes a ring and refuses one that encloses nothing by its number of points.
pub(super) fn closed_ring(mut line: Vec<Coord<f64>>) -> Result<LineString<f64>, Fault> {
    if line.first() != line.last() {
        line.extend(line.first().copied());
    }
    if line.len() < 4 {
        return Err(Fault::geometry(format!("一个环只有 {} 个点，围不成面", line.len().saturating_sub(1))));
    }
    Ok(LineString::new(line))
}

/// Makes polygons of rings: clockwise ones are outer, the others are holes of the smallest outer
/// ring around them. A counter-clockwise ring that lies in none was wound wrongly and is outer.
fn assemble(rings: Vec<LineString<f64>>) -> Result<Option<MultiPolygon<f64>>, Fault> {
    if rings.is_empty() {
        return Ok(None);
    }
    if rings.len() == 1 {
        let only = rings.into_iter().map(|ring| Polygon::new(ring, vec![])).collect();
        return Ok(Some(MultiPolygon::new(only)));
    }
    let (mut outers, holes): (Vec<_>, Vec<_>) =
        rings.into_iter().map(Ring::new).partition(|r| r.signed_area <= 0.0);
    if outers.len().saturating_mul(holes.len()) > MAX_PAIRS {
        return Err(Fault::geometry("几何的环太多，无法配对"));
    }
    let wound_rightly = outers.len();
    for hole in holes {
        match smallest_around(&outers[..wound_rightly], &hole) {
            Some(owner) => outers[owner].holes.push(hole.line),
            None => outers.push(hole),
        }
    }
    let polygons = outers.into_iter().map(|ring| Polygon::new(ring.line, ring.holes)).collect();
    Ok(Some(MultiPolygon::new(polygons)))
}

struct Ring {
    line: LineString<f64>,
    signed_area: f64,
    bounds: Option<Rect<f64>>,
    holes: Vec<LineString<f64>>,
}

impl Ring {
    fn new(line: LineString<f64>) -> Ring {
        let polygon = Polygon::new(line, vec![]);
        let signed_area = polygon.signed_area();
        let bounds = polygon.bounding_rect();
        Ring { line: polygon.into_inner().0, signed_area, bounds, holes: vec![] }
    }

    fn surrounds(&self, hole: &Ring) -> bool {
        let (Some(mine), Some(its)) = (self.bounds, hole.bounds) else { return false };
        let apart = its.min().x < mine.min().x
            || its.min().y < mine.min().y
            || its.max().x > mine.max().x
            || its.max().y > mine.max().y;
        !apart && hole.signed_area <= -self.signed_area && self.has_inside(&hole.line)
    }

    /// Whether a ring that may touch this one from inside lies in it: the first of its vertices and
    /// edge centres that is not on the boundary tells.
    fn has_inside(&self, hole: &LineString<f64>) -> bool {
        let centres = hole.lines().map(|edge| (edge.start + edge.end) / 2.0);
        hole.coords()
            .copied()
            .chain(centres)
            .map(|point| coord_pos_relative_to_ring(point, &self.line))
            .find(|position| *position != CoordPos::OnBoundary)
            .is_none_or(|position| position == CoordPos::Inside)
    }
}

fn smallest_around(outers: &[Ring], hole: &Ring) -> Option<usize> {
    let around = (0..outers.len()).filter(|i| outers[*i].surrounds(hole));
    around.min_by(|a, b| outers[*b].signed_area.total_cmp(&outers[*a].signed_area))
}
