//! Polygons in well-known binary (OGC 06-103r4 §8, and the EWKB flags of PostGIS).

use geo::{Coord, LineString, MultiPolygon, Polygon};

use super::layer::Fault;
use super::shp::closed_ring;

const POLYGON: u32 = 3;
const MULTI_POLYGON: u32 = 6;

/// Reads a polygon or multipolygon; Z and M are dropped. An empty geometry has no polygons.
///
/// # Errors
/// Another geometry type, or bytes that do not hold what they promise.
pub(super) fn read_wkb(bytes: &[u8]) -> Result<MultiPolygon<f64>, Fault> {
    let mut cursor = Cursor { bytes, little: true, dimensions: 2 };
    let polygons = match cursor.head()? {
        POLYGON => cursor.polygon()?.into_iter().collect(),
        MULTI_POLYGON => {
            let count = cursor.count(9)?;
            let mut polygons = Vec::with_capacity(count);
            for _ in 0..count {
                match cursor.head()? {
                    POLYGON => polygons.extend(cursor.polygon()?),
                    other => return Err(Fault::geometry_type(type_name(other))),
                }
            }
            polygons
        }
        other => return Err(Fault::geometry_type(type_name(other))),
    };
    Ok(MultiPolygon::new(polygons))
}

fn type_name(geometry_type: u32) -> String {
    const NAMES: [&str; 18] = [
        "Geometry",
        "Point",
        "LineString",
        "Polygon",
        "MultiPoint",
        "MultiLineString",
        "MultiPolygon",
        "GeometryCollection",
        "CircularString",
        "CompoundCurve",
        "CurvePolygon",
        "MultiCurve",
        "MultiSurface",
        "Curve",
        "Surface",
        "PolyhedralSurface",
        "TIN",
        "Triangle",
    ];
    NAMES.get(geometry_type as usize).map_or_else(|| format!("未知类型 {geometry_type}"), |n| (*n).into())
}

struct Cursor<'a> {
    bytes: &'a [u8],
    little: bool,
    dimensions: usize,
}

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (head, rest) = self
            .bytes
            .split_first_chunk()
            .ok_or_else(|| Fault::geometry("几何数据不完整（WKB 提前结束）"))?;
        self.bytes = rest;
        Ok(*head)
    }

    fn u32(&mut self) -> Result<u32, Fault> {
        let raw = self.take()?;
        Ok(if self.little { u32::from_le_bytes(raw) } else { u32::from_be_bytes(raw) })
    }

    fn f64(&mut self) -> Result<f64, Fault> {
        let raw = self.take()?;
        Ok(if self.little { f64::from_le_bytes(raw) } else { f64::from_be_bytes(raw) })
    }

    /// Byte order and type; the type without its ISO or EWKB marks for Z, M and SRID.
    fn head(&mut self) -> Result<u32, Fault> {
        self.little = match self.take()? {
            [0] => false,
            [1] => true,
            _ => return Err(Fault::geometry("几何数据的字节序标记不对（WKB 已损坏）")),
        };
        let raw = self.u32()?;
        let iso = raw & 0x0FFF_FFFF;
        let (z, m) = match iso / 1000 {
            0 => (raw & 0x8000_0000 != 0, raw & 0x4000_0000 != 0),
            1 => (true, false),
            2 => (false, true),
            3 => (true, true),
            _ => return Err(Fault::geometry_type(type_name(raw))),
        };
        if raw & 0x2000_0000 != 0 {
            self.u32()?;
        }
        self.dimensions = 2 + usize::from(z) + usize::from(m);
        Ok(iso % 1000)
    }

    /// A count of things of at least `size` bytes each, so that a false count allocates nothing.
    fn count(&mut self, size: usize) -> Result<usize, Fault> {
        let count = self.u32()? as usize;
        if count > self.bytes.len() / size {
            return Err(Fault::geometry("几何数据不完整（WKB 的点数超过数据长度）"));
        }
        Ok(count)
    }

    fn polygon(&mut self) -> Result<Option<Polygon<f64>>, Fault> {
        let count = self.count(4)?;
        let mut rings = (0..count).map(|_| self.ring()).collect::<Result<Vec<_>, _>>()?.into_iter();
        Ok(rings.next().map(|outer| Polygon::new(outer, rings.collect())))
    }

    fn ring(&mut self) -> Result<LineString<f64>, Fault> {
        let count = self.count(8 * self.dimensions)?;
        let mut line = Vec::with_capacity(count + 1);
        for _ in 0..count {
            let coord = Coord { x: self.f64()?, y: self.f64()? };
            for _ in 2..self.dimensions {
                self.f64()?;
            }
            if !(coord.x.is_finite() && coord.y.is_finite()) {
                return Err(Fault::geometry("坐标不是有限的数"));
            }
            line.push(coord);
        }
        closed_ring(line)
    }
}
