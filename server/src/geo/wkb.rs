//! Well-known binary: polygons out of GeoPackage and PostGIS, and back in.
//!
//! Reads ISO WKB, EWKB (with SRID and dimension flags) and the GeoPackage header before either, in both byte
//! orders. Only Polygon and MultiPolygon are taken; Z and M are dropped. The bytes come from files that
//! nobody here has seen: every length is checked against the bytes that are left before anything is
//! allocated, and no input makes this panic.

use super::RawPolygons;
use geo::{Coord, LineString, MultiPolygon, Polygon};

const POLYGON: u32 = 3;
const MULTI_POLYGON: u32 = 6;
const EWKB_Z: u32 = 0x8000_0000;
const EWKB_M: u32 = 0x4000_0000;
const EWKB_SRID: u32 = 0x2000_0000;

/// Why bytes are not a polygon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WkbError {
    /// The bytes end in the middle of the geometry.
    #[error("the geometry is cut off at byte {0}")]
    Truncated(usize),
    /// A byte order mark other than 0 or 1.
    #[error("byte {0} is not a WKB byte order mark")]
    ByteOrder(usize),
    /// A geometry that is no polygon; its ISO type number.
    #[error("the geometry is a {}, not a Polygon or MultiPolygon", type_name(*.0))]
    NotPolygon(u32),
    /// More rings or vertices claimed than the remaining bytes can hold.
    #[error("at byte {at} the geometry claims {claimed} items, more than the bytes that follow can hold")]
    TooMany {
        /// Offset of the count.
        at: usize,
        /// The count.
        claimed: u32,
    },
    /// A GeoPackage header that is not understood.
    #[error("the GeoPackage geometry header is damaged or of an unknown version")]
    Header,
}

fn type_name(code: u32) -> &'static str {
    match code {
        1 => "Point",
        2 => "LineString",
        4 => "MultiPoint",
        5 => "MultiLineString",
        7 => "GeometryCollection",
        8 => "CircularString",
        9 => "CompoundCurve",
        10 => "CurvePolygon (has arcs; convert it to a linear geometry first)",
        12 => "MultiSurface (may have arcs; convert it to a linear geometry first)",
        15 => "PolyhedralSurface",
        16 => "TIN",
        17 => "Triangle",
        _ => "geometry of unknown type",
    }
}

/// What was read: the rings as they stand, and the spatial reference number if the bytes carry one.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// SRID of EWKB or `srs_id` of a GeoPackage header; 0 and below (undefined) are `None`.
    pub srid: Option<u32>,
    /// Polygons, rings, vertices; unclosed rings stay unclosed.
    pub polygons: RawPolygons,
}

/// Reads polygons with rings and SRID as they stand; [`super::repair_rings`] takes it from here.
pub fn read_rings(bytes: &[u8]) -> Result<Decoded, WkbError> {
    let mut reader = Reader { bytes, at: 0, little: true };
    let header_srid = reader.gpkg_header()?;
    let mut polygons = Vec::new();
    let srid = reader.geometry(&mut polygons, true)?;
    Ok(Decoded {
        srid: srid.or(header_srid).and_then(|s| u32::try_from(s).ok()).filter(|&s| s > 0),
        polygons,
    })
}

/// Reads polygons for computing; rings are closed where they were not.
pub fn read(bytes: &[u8]) -> Result<MultiPolygon<f64>, WkbError> {
    Ok(to_multi_polygon(read_rings(bytes)?.polygons))
}

/// Rings → `geo` polygons, closing what is open. A polygon without rings becomes an empty one.
pub fn to_multi_polygon(polygons: RawPolygons) -> MultiPolygon<f64> {
    let polygon = |rings: Vec<Vec<Coord<f64>>>| {
        let mut rings = rings.into_iter().map(LineString);
        let exterior = rings.next().unwrap_or_else(|| LineString(Vec::new()));
        Polygon::new(exterior, rings.collect())
    };
    polygons.into_iter().map(polygon).collect()
}

/// Little-endian ISO WKB of a MultiPolygon.
pub fn write(polygons: &MultiPolygon<f64>) -> Vec<u8> {
    let mut out = Vec::new();
    head(&mut out, MULTI_POLYGON, polygons.0.len());
    for polygon in polygons {
        head(&mut out, POLYGON, 1 + polygon.interiors().len());
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            out.extend((ring.0.len() as u32).to_le_bytes());
            for c in &ring.0 {
                out.extend(c.x.to_le_bytes());
                out.extend(c.y.to_le_bytes());
            }
        }
    }
    out
}

fn head(out: &mut Vec<u8>, kind: u32, count: usize) {
    out.push(1);
    out.extend(kind.to_le_bytes());
    out.extend((count as u32).to_le_bytes());
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    little: bool,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], WkbError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let chunk = rest.first_chunk::<N>().ok_or(WkbError::Truncated(self.bytes.len()))?;
        self.at += N;
        Ok(*chunk)
    }

    fn u32(&mut self) -> Result<u32, WkbError> {
        let bytes = self.take()?;
        Ok(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn f64(&mut self) -> Result<f64, WkbError> {
        let bytes = self.take()?;
        Ok(if self.little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    /// A count of items of at least `size` bytes each, refused when the bytes left cannot hold them.
    fn count(&mut self, size: usize) -> Result<usize, WkbError> {
        let at = self.at;
        let claimed = self.u32()?;
        let room = (self.bytes.len() - self.at) / size;
        if claimed as usize <= room { Ok(claimed as usize) } else { Err(WkbError::TooMany { at, claimed }) }
    }

    /// Skips a GeoPackage header ("GP", version, flags, srs_id, envelope) and returns its srs_id.
    fn gpkg_header(&mut self) -> Result<Option<i32>, WkbError> {
        if !self.bytes.starts_with(b"GP") {
            return Ok(None);
        }
        let [_, _, version, flags] = self.take()?;
        let envelope = match (flags >> 1) & 7 {
            0 => 0,
            1 => 32,
            2 | 3 => 48,
            4 => 64,
            _ => return Err(WkbError::Header),
        };
        // Bit 5 marks an extended type, whose body is no WKB.
        if version != 0 || flags & 0x20 != 0 {
            return Err(WkbError::Header);
        }
        self.little = flags & 1 == 1;
        let srid = self.u32()? as i32;
        self.at += envelope;
        Ok(Some(srid))
    }

    /// Reads a Polygon or, where `multi` allows, a MultiPolygon into `out`; returns the SRID of EWKB.
    fn geometry(&mut self, out: &mut RawPolygons, multi: bool) -> Result<Option<i32>, WkbError> {
        self.little = match self.take()? {
            [0] => false,
            [1] => true,
            _ => return Err(WkbError::ByteOrder(self.at - 1)),
        };
        let code = self.u32()?;
        let srid = if code & EWKB_SRID != 0 { Some(self.u32()? as i32) } else { None };
        let iso = code & !(EWKB_Z | EWKB_M | EWKB_SRID);
        let (kind, thousands) = (iso % 1000, iso / 1000);
        let z = code & EWKB_Z != 0 || matches!(thousands, 1 | 3);
        let m = code & EWKB_M != 0 || matches!(thousands, 2 | 3);
        match kind {
            POLYGON if thousands <= 3 => out.push(self.polygon(usize::from(z) + usize::from(m))?),
            MULTI_POLYGON if thousands <= 3 && multi => {
                // The smallest polygon: byte order, type, ring count.
                let count = self.count(9)?;
                for _ in 0..count {
                    self.geometry(out, false)?;
                }
            }
            _ => return Err(WkbError::NotPolygon(if thousands <= 3 { kind } else { iso })),
        }
        Ok(srid)
    }

    fn polygon(&mut self, extra: usize) -> Result<Vec<Vec<Coord<f64>>>, WkbError> {
        let rings = self.count(4)?;
        (0..rings).map(|_| self.ring(extra)).collect()
    }

    fn ring(&mut self, extra: usize) -> Result<Vec<Coord<f64>>, WkbError> {
        let count = self.count((2 + extra) * 8)?;
        let mut ring = Vec::with_capacity(count);
        for _ in 0..count {
            ring.push(Coord { x: self.f64()?, y: self.f64()? });
            self.at += extra * 8;
        }
        Ok(ring)
    }
}

#[cfg(test)]
#[path = "wkb_tests.rs"]
mod tests;
