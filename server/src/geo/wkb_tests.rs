//! The WKB reader against every dialect it claims, and against bytes that are no WKB at all.

use super::*;
use geo::polygon;
use proptest::prelude::*;

fn sample() -> MultiPolygon<f64> {
    let with_hole = polygon!(
        exterior: [(x: 0.0, y: 0.0), (x: 10.0, y: 0.0), (x: 10.0, y: 10.0), (x: 0.0, y: 10.0)],
        interiors: [[(x: 2.0, y: 2.0), (x: 2.0, y: 4.0), (x: 4.0, y: 4.0)]],
    );
    let plain = polygon![(x: 20.5, y: -1.25), (x: 30.0, y: 0.0), (x: 30.0, y: 10.0)];
    MultiPolygon::new(vec![with_hole, plain])
}

/// Writes one polygon in any dialect, so that the reader meets them all.
fn polygon_wkb(little: bool, code: u32, srid: Option<u32>, extra: usize, ring: &[(f64, f64)]) -> Vec<u8> {
    let mut out = vec![u8::from(little)];
    let u32 = |out: &mut Vec<u8>, v: u32| out.extend(if little { v.to_le_bytes() } else { v.to_be_bytes() });
    u32(&mut out, code);
    if let Some(srid) = srid {
        u32(&mut out, srid);
    }
    u32(&mut out, 1);
    u32(&mut out, ring.len() as u32);
    for &(x, y) in ring {
        for v in [x, y].into_iter().chain(std::iter::repeat_n(-7.0, extra)) {
            out.extend(if little { v.to_le_bytes() } else { v.to_be_bytes() });
        }
    }
    out
}

const SQUARE: [(f64, f64); 5] = [(1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.0), (1.0, 2.0)];

fn square() -> RawPolygons {
    vec![vec![SQUARE.map(|(x, y)| Coord { x, y }).to_vec()]]
}

#[test]
fn what_is_written_is_read_back() {
    assert_eq!(read(&write(&sample())).unwrap(), sample());
    let empty = MultiPolygon::new(vec![]);
    assert_eq!(read(&write(&empty)).unwrap(), empty);
}

#[test]
fn every_dialect_gives_the_same_polygon() {
    for little in [true, false] {
        for (code, srid, extra) in [
            (3, None, 0),
            (1003, None, 1),
            (2003, None, 1),
            (3003, None, 2),
            (3 | EWKB_Z, None, 1),
            (3 | EWKB_M, None, 1),
            (3 | EWKB_Z | EWKB_M, None, 2),
            (3 | EWKB_SRID, Some(4523), 0),
            (3 | EWKB_Z | EWKB_SRID, Some(4490), 1),
        ] {
            let decoded = read_rings(&polygon_wkb(little, code, srid, extra, &SQUARE)).unwrap();
            assert_eq!(decoded, Decoded { srid, polygons: square() }, "type {code:#x}");
        }
    }
}

#[test]
fn the_geopackage_header_is_skipped_with_its_envelope() {
    for (envelope_code, envelope_len) in [(0, 0), (1, 32), (2, 48), (3, 48), (4, 64)] {
        let mut bytes = b"GP".to_vec();
        bytes.extend([0, 1 | envelope_code << 1]);
        bytes.extend(4490_u32.to_le_bytes());
        bytes.extend(vec![0; envelope_len]);
        bytes.extend(polygon_wkb(false, 3, None, 0, &SQUARE));
        assert_eq!(read_rings(&bytes).unwrap(), Decoded { srid: Some(4490), polygons: square() });
    }
    assert_eq!(read(b"GP\x00\x0b\0\0\0\0"), Err(WkbError::Header));
    assert_eq!(read(b"GP\x07\x01\0\0\0\0"), Err(WkbError::Header));
}

#[test]
fn other_geometries_are_refused_by_name() {
    let mut point = vec![1];
    point.extend(1001_u32.to_le_bytes());
    point.extend([0; 24]);
    let error = read(&point).unwrap_err();
    assert_eq!(error.to_string(), "the geometry is a Point, not a Polygon or MultiPolygon");
    assert_eq!(read(&[1, 10, 0, 0, 0]), Err(WkbError::NotPolygon(10)));
}

#[test]
fn a_claimed_count_never_outruns_the_bytes() {
    let mut bytes = vec![1];
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(u32::MAX.to_le_bytes());
    assert_eq!(read(&bytes), Err(WkbError::TooMany { at: 9, claimed: u32::MAX }));
    assert_eq!(read(&[]), Err(WkbError::Truncated(0)));
    // A polygon inside a multipolygon may not be a multipolygon again: no unbounded recursion.
    let nested: Vec<u8> = [1, 6, 0, 0, 0, 1, 0, 0, 0].repeat(100_000);
    assert_eq!(read(&nested), Err(WkbError::NotPolygon(6)));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_rings(&bytes);
    }

    #[test]
    fn a_damaged_geometry_is_read_or_refused(
        gpkg in any::<bool>(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = if gpkg { b"GP\0\x01\x8a\x11\0\0".to_vec() } else { Vec::new() };
        bytes.extend(write(&sample()));
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read_rings(&bytes);
        let _ = read(&bytes[..cut.index(bytes.len())]);
    }
}
