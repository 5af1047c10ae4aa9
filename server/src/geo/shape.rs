//! A parcel's outline as compact integers, for the database column and the index.
//!
//! Vertices are longitude and latitude in units of 1e-7° (about a centimetre), rings without their closing
//! vertex. Bytes: a version (1), the number of polygons, and for each polygon the number of rings, for each
//! ring the number of vertices and the vertices as differences from the one before — across rings too —
//! all as LEB128 varints, the differences zigzag. A parcel of 0.6 ha and 8 vertices takes some fifty bytes
//! (WKB: 149). The outline is for lookup and tiles; areas come from the source coordinates.

use geo::{Coord, LineString, MultiPolygon, Polygon};

/// Units a degree.
pub const UNITS: f64 = 1e7;
const MAX_LON: i64 = 1_800_000_000;
const MAX_LAT: i64 = 900_000_000;
const VERSION: u8 = 1;

/// Longitude and latitude in units of 1e-7°.
pub type Point = [i32; 2];

/// Why an outline could not be packed or unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// A vertex is not a longitude and latitude in degrees.
    #[error("vertex {0} is not a longitude and latitude in degrees")]
    NotDegrees(usize),
    /// The stored bytes are no outline: damaged, or written by a newer version of this program.
    #[error("the stored outline is damaged at byte {0}")]
    Damaged(usize),
}

/// An outline in memory: flat vertices, and where each ring and each polygon ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParcelShape {
    /// Vertices of all rings.
    points: Vec<Point>,
    /// For each ring the index in `points` after its last vertex.
    ring_ends: Vec<usize>,
    /// For each polygon the index in `ring_ends` after its last ring.
    polygon_ends: Vec<usize>,
}

/// Degrees → units, or `None` when that is no place on earth.
pub fn quantise(lonlat: Coord<f64>) -> Option<Point> {
    let unit = |degrees: f64, max: i64| {
        let units = (degrees * UNITS).round();
        (units.abs() <= max as f64).then_some(units as i32)
    };
    Some([unit(lonlat.x, MAX_LON)?, unit(lonlat.y, MAX_LAT)?])
}

impl ParcelShape {
    /// From CGCS2000 longitude and latitude, degrees.
    pub fn from_lonlat(polygons: &MultiPolygon<f64>) -> Result<Self, ShapeError> {
        let mut shape = Self::default();
        for polygon in polygons {
            for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                let open =
                    if ring.is_closed() { &ring.0[..ring.0.len().saturating_sub(1)] } else { &ring.0[..] };
                for &c in open {
                    shape.points.push(quantise(c).ok_or(ShapeError::NotDegrees(shape.points.len()))?);
                }
                shape.ring_ends.push(shape.points.len());
            }
            shape.polygon_ends.push(shape.ring_ends.len());
        }
        Ok(shape)
    }

    /// To degrees.
    pub fn to_lonlat(&self) -> MultiPolygon<f64> {
        let degrees = |p: &Point| Coord { x: f64::from(p[0]) / UNITS, y: f64::from(p[1]) / UNITS };
        let mut rings = self.rings();
        let mut done = 0;
        let polygon = |&end: &usize| {
            let mut own = rings.by_ref().take(end - done).map(|r| r.iter().map(degrees).collect());
            done = end;
            let exterior = own.next().unwrap_or_else(|| LineString(Vec::new()));
            Polygon::new(exterior, own.collect())
        };
        self.polygon_ends.iter().map(polygon).collect()
    }

    /// All rings with whether each is an outer one; a polygon's holes follow it.
    pub fn outline(&self) -> impl Iterator<Item = (&[Point], bool)> {
        let mut begins = std::iter::once(0).chain(self.polygon_ends.iter().copied()).peekable();
        self.rings().enumerate().map(move |(ring, points)| {
            // Polygons without a ring begin where the next one does.
            while begins.peek().is_some_and(|begin| *begin < ring) {
                begins.next();
            }
            (points, begins.peek() == Some(&ring))
        })
    }

    /// All rings of all polygons, without closing vertices.
    pub fn rings(&self) -> impl Iterator<Item = &[Point]> {
        rings_of(&self.points, &self.ring_ends, 0)
    }

    /// The box around it in degrees: west, south, east, north. An outline without vertices has none on earth.
    pub fn bounds(&self) -> [f64; 4] {
        let (mut min, mut max) = ([i32::MAX; 2], [i32::MIN; 2]);
        for point in &self.points {
            for axis in 0..2 {
                min[axis] = min[axis].min(point[axis]);
                max[axis] = max[axis].max(point[axis]);
            }
        }
        [min[0], min[1], max[0], max[1]].map(|units| f64::from(units) / UNITS)
    }

    /// The bytes for the database column.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(8 + self.points.len() * 5);
        out.push(VERSION);
        put(&mut out, self.polygon_ends.len() as u64);
        let (mut last, mut ring, mut at) = ([0, 0], 0, 0);
        for &polygon_end in &self.polygon_ends {
            put(&mut out, (polygon_end - ring) as u64);
            for &ring_end in &self.ring_ends[ring..polygon_end] {
                put(&mut out, (ring_end - at) as u64);
                for &point in &self.points[at..ring_end] {
                    put_step(&mut out, point[0], last[0]);
                    put_step(&mut out, point[1], last[1]);
                    last = point;
                }
                at = ring_end;
            }
            ring = polygon_end;
        }
        out
    }

    /// From the bytes of the database column. Any bytes are read or refused; never a panic.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ShapeError> {
        let mut shape = Self::default();
        unpack(bytes, &mut shape.points, &mut shape.ring_ends, |end| shape.polygon_ends.push(end))?;
        Ok(shape)
    }
}

/// The rings whose ends are listed, the first of them starting at `start`.
pub(super) fn rings_of<'a>(
    points: &'a [Point],
    ring_ends: &'a [usize],
    start: usize,
) -> impl Iterator<Item = &'a [Point]> {
    ring_ends.iter().scan(start, move |at, &end| {
        let ring = &points[*at..end];
        *at = end;
        Some(ring)
    })
}

/// Appends a LEB128 varint, which is the one of protocol buffers too.
pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_step(out: &mut Vec<u8>, to: i32, from: i32) {
    let step = i64::from(to) - i64::from(from);
    put(out, ((step << 1) ^ (step >> 63)) as u64);
}

/// Appends the outline in `bytes` to an arena of points and ring ends, and tells each polygon's end.
/// On an error the arena holds part of the outline; the caller cuts it back.
pub(super) fn unpack(
    bytes: &[u8],
    points: &mut Vec<Point>,
    ring_ends: &mut Vec<usize>,
    mut polygon_end: impl FnMut(usize),
) -> Result<(), ShapeError> {
    let mut reader = Reader { bytes, at: 0 };
    if reader.byte()? != VERSION {
        return Err(ShapeError::Damaged(0));
    }
    let mut last = [0_i64; 2];
    for _ in 0..reader.count(1)? {
        for _ in 0..reader.count(1)? {
            let vertices = reader.count(2)?;
            points.reserve(vertices);
            for _ in 0..vertices {
                last = [reader.step(last[0], MAX_LON)?, reader.step(last[1], MAX_LAT)?];
                points.push(last.map(|v| v as i32));
            }
            ring_ends.push(points.len());
        }
        polygon_end(ring_ends.len());
    }
    if reader.at == bytes.len() { Ok(()) } else { Err(reader.damaged()) }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn damaged(&self) -> ShapeError {
        ShapeError::Damaged(self.at)
    }

    #[inline]
    fn byte(&mut self) -> Result<u8, ShapeError> {
        let byte = *self.bytes.get(self.at).ok_or(ShapeError::Damaged(self.at))?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, ShapeError> {
        let mut value = 0;
        // Five groups of seven bits hold every difference of two i32.
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.damaged())
    }

    /// A count of items of at least `size` bytes each that the bytes left can hold.
    fn count(&mut self, size: usize) -> Result<usize, ShapeError> {
        let count = self.varint()? as usize;
        if count <= (self.bytes.len() - self.at) / size { Ok(count) } else { Err(self.damaged()) }
    }

    #[inline]
    fn step(&mut self, from: i64, max: i64) -> Result<i64, ShapeError> {
        let zigzag = self.varint()? as i64;
        let to = from + ((zigzag >> 1) ^ -(zigzag & 1));
        if to.abs() <= max { Ok(to) } else { Err(self.damaged()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;
    use proptest::prelude::*;

    fn sample() -> MultiPolygon<f64> {
        let with_hole = polygon!(
            exterior: [(x: 105.1, y: 37.5), (x: 105.11, y: 37.5), (x: 105.11, y: 37.51), (x: 105.1, y: 37.51)],
            interiors: [[(x: 105.102, y: 37.502), (x: 105.102, y: 37.504), (x: 105.104, y: 37.504)]],
        );
        let far = polygon![(x: -180.0, y: -90.0), (x: 180.0, y: -90.0), (x: 180.0, y: 90.0)];
        MultiPolygon::new(vec![with_hole, far])
    }

    #[test]
    fn an_outline_survives_the_database() {
        let shape = ParcelShape::from_lonlat(&sample()).unwrap();
        assert_eq!(ParcelShape::from_bytes(&shape.to_bytes()), Ok(shape.clone()));
        assert_eq!(shape.to_lonlat(), sample());
        assert_eq!(shape.rings().map(<[Point]>::len).collect::<Vec<_>>(), [4, 3, 3]);
        assert_eq!(shape.outline().map(|(_, outer)| outer).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn an_ordinary_parcel_takes_less_than_61_bytes() {
        let vertices = (0..8).map(|i| {
            let angle = f64::from(i) * std::f64::consts::FRAC_PI_4;
            Coord { x: 105.19 + 5e-4 * angle.cos(), y: 37.5 + 4e-4 * angle.sin() }
        });
        let parcel = Polygon::new(vertices.collect(), vec![]);
        let bytes = ParcelShape::from_lonlat(&parcel.into()).unwrap().to_bytes();
        assert!(bytes.len() < 61, "{} bytes", bytes.len());
    }

    #[test]
    fn metres_are_not_degrees() {
        let plane = polygon![(x: 105.0, y: 37.0), (x: 35_438_019.0, y: 4_141_133.0), (x: 106.0, y: 37.0)];
        assert_eq!(ParcelShape::from_lonlat(&plane.into()), Err(ShapeError::NotDegrees(1)));
        let nan = polygon![(x: f64::NAN, y: 37.0), (x: 105.0, y: 37.0), (x: 106.0, y: 37.0)];
        assert!(ParcelShape::from_lonlat(&nan.into()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = ParcelShape::from_bytes(&bytes);
            let _ = ParcelShape::from_bytes(&[&[VERSION], &bytes[..]].concat());
        }

        #[test]
        fn damaged_bytes_are_read_or_refused(
            hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut bytes = ParcelShape::from_lonlat(&sample()).unwrap().to_bytes();
            for (at, byte) in hits {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            // What is read can be written and read again; counts may have been spelt in more bytes.
            if let Ok(shape) = ParcelShape::from_bytes(&bytes) {
                prop_assert_eq!(ParcelShape::from_bytes(&shape.to_bytes()), Ok(shape));
            }
        }
    }
}
