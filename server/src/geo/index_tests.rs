//! The index against `geo`'s robust predicates, on random parcels and on shared edges.

use super::*;
use geo::{Contains, Intersects, MapCoords, MultiPolygon, Polygon, polygon};
use proptest::prelude::*;

/// A polygon on a small grid of 1e-7° units, so that points fall on edges and vertices all the time.
fn shape_of(units: &MultiPolygon<f64>) -> ParcelShape {
    ParcelShape::from_lonlat(&units.map_coords(|c| Coord { x: c.x / 1e7, y: c.y / 1e7 })).unwrap()
}

fn degrees(x: i32, y: i32) -> Coord<f64> {
    Coord { x: f64::from(x) / 1e7, y: f64::from(y) / 1e7 }
}

fn index_of(shapes: &[MultiPolygon<f64>]) -> ParcelIndex {
    let mut builder = IndexBuilder::new();
    for (i, units) in shapes.iter().enumerate() {
        builder.push(i as i64, &shape_of(units));
    }
    builder.build()
}

/// Star-shaped rings around a centre are simple whatever the radii.
fn star(cx: f64, cy: f64, radii: &[f64]) -> Vec<Coord<f64>> {
    let step = std::f64::consts::TAU / radii.len() as f64;
    let vertex = |(i, r): (usize, &f64)| {
        let (sin, cos) = (i as f64 * step).sin_cos();
        Coord { x: (cx + r * cos).round(), y: (cy + r * sin).round() }
    };
    radii.iter().enumerate().map(vertex).collect()
}

prop_compose! {
    fn parcel()(
        cx in -300.0..300.0_f64, cy in -300.0..300.0_f64,
        radii in prop::collection::vec(40.0..160.0_f64, 4..14),
        hole in prop::option::of(prop::collection::vec(5.0..18.0_f64, 3..8)),
        far in any::<bool>(),
    ) -> MultiPolygon<f64> {
        let holes = hole.map(|h| star(cx, cy, &h).into()).into_iter().collect();
        let mut parts = vec![Polygon::new(star(cx, cy, &radii).into(), holes)];
        if far {
            parts.push(Polygon::new(star(cx + 1000.0, cy, &radii).into(), vec![]));
        }
        MultiPolygon::new(parts)
    }
}

proptest! {
    #[test]
    fn points_off_the_boundary_are_found_as_geo_finds_them(
        parcels in prop::collection::vec(parcel(), 1..40),
        points in prop::collection::vec((-500..500_i32, -500..500_i32), 1..60),
    ) {
        let index = index_of(&parcels);
        for (x, y) in points {
            let at = Coord { x: f64::from(x), y: f64::from(y) };
            let found = index.at(degrees(x, y));
            for (i, parcel) in parcels.iter().enumerate() {
                // `contains` is the open interior, `intersects` the closed polygon; between them lies
                // the boundary, where the half-open rule decides.
                let ours = found.contains(&(i as i64));
                prop_assert!(!parcel.contains(&at) || ours, "missed {i} at {x} {y}");
                prop_assert!(parcel.intersects(&at) || !ours, "{i} is not at {x} {y}");
            }
        }
    }

    #[test]
    fn boxes_meet_what_they_meet_in_geo(
        parcels in prop::collection::vec(parcel(), 1..40),
        x in -600..600_i32, y in -600..600_i32, w in 0..400_i32, h in 0..400_i32,
    ) {
        let index = index_of(&parcels);
        let corner = |x: i32, y: i32| Coord { x: f64::from(x), y: f64::from(y) };
        let bbox = Rect::new(corner(x, y), corner(x + w, y + h));
        let expected: Vec<i64> =
            (0..parcels.len()).filter(|&i| parcels[i].intersects(&bbox)).map(|i| i as i64).collect();
        prop_assert_eq!(index.within(Rect::new(degrees(x, y), degrees(x + w, y + h))), expected);
    }

    /// Triangles around one vertex tile a square: every point of it, on edges or not, is in exactly one.
    #[test]
    fn a_point_on_a_shared_edge_belongs_to_exactly_one(
        cx in 1..100_i32, cy in 1..100_i32,
        points in prop::collection::vec((0..100_i32, 0..100_i32), 50),
    ) {
        let corners = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)];
        let centre = (f64::from(cx), f64::from(cy));
        let triangles: Vec<MultiPolygon<f64>> = (0..4)
            .map(|i| Polygon::new(vec![corners[i], corners[(i + 1) % 4], centre].into(), vec![]).into())
            .collect();
        let index = index_of(&triangles);
        // The square itself is half-open: its south and west sides belong to it.
        for (x, y) in points.into_iter().chain([(cx.min(99), cy.min(99)), (0, 0), (50, 0), (0, 50)]) {
            prop_assert_eq!(index.at(degrees(x, y)).len(), 1, "at {} {}", x, y);
        }
    }

    #[test]
    fn changes_are_the_same_as_building_anew(
        parcels in prop::collection::vec(parcel(), 1..20),
        changed in prop::collection::vec((0..25_i64, parcel()), 0..6),
        removals in prop::collection::vec(0..25_i64, 0..6),
    ) {
        let mut changed = changed;
        changed.sort_by_key(|(id, _)| *id);
        changed.dedup_by_key(|(id, _)| *id);
        let upserts: Vec<_> = changed.iter().map(|(id, p)| (*id, shape_of(p))).collect();
        let changed_index = index_of(&parcels).with_changes(&upserts, &removals);

        let mut fresh = IndexBuilder::new();
        for (i, parcel) in parcels.iter().enumerate() {
            let id = i as i64;
            if !removals.contains(&id) && !upserts.iter().any(|(other, _)| *other == id) {
                fresh.push(id, &shape_of(parcel));
            }
        }
        for (id, shape) in &upserts {
            fresh.push_bytes(*id, &shape.to_bytes()).unwrap();
        }
        let fresh = fresh.build();
        prop_assert_eq!(changed_index.len(), fresh.len());
        for x in (-500..500).step_by(50) {
            for y in (-500..500).step_by(50) {
                prop_assert_eq!(changed_index.at(degrees(x, y)), fresh.at(degrees(x, y)));
            }
        }
    }
}

#[test]
fn the_ends_of_the_earth_do_not_overflow() {
    let world = polygon![(x: -1.8e9, y: -9e8), (x: 1.8e9, y: -9e8), (x: 1.8e9, y: 9e8), (x: -1.8e9, y: 9e8)];
    let slanted = polygon![(x: -1.8e9, y: -9e8), (x: 1.8e9, y: -9e8), (x: 1.8e9, y: 9e8)];
    let index = index_of(&[world.into(), slanted.into()]);
    assert_eq!(index.at(degrees(-1_800_000_000, 899_999_999)), [0]);
    assert_eq!(index.at(degrees(1_799_999_999, -900_000_000)), [0, 1]);
    let all = Rect::new(degrees(-1_800_000_000, -900_000_000), degrees(1_800_000_000, 900_000_000));
    assert_eq!(index.within(all), [0, 1]);
    let corner = degrees(-1_800_000_000, 900_000_000);
    assert_eq!(index.within(Rect::new(corner, corner)), [0]);
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let empty = ParcelIndex::default();
    assert!(empty.is_empty());
    assert!(empty.at(degrees(0, 0)).is_empty());
    let one = index_of(&[polygon![(x: 0.0, y: 0.0), (x: 9.0, y: 0.0), (x: 9.0, y: 9.0)].into()]);
    assert_eq!(one.at(degrees(5, 2)), [0]);
    assert!(one.at(Coord { x: f64::NAN, y: 0.0 }).is_empty());
    assert!(one.at(Coord { x: 35_438_019.0, y: 4_141_133.0 }).is_empty());
    let hollow = index_of(&[MultiPolygon::new(vec![]), MultiPolygon::new(vec![])]);
    assert_eq!(hollow.len(), 2);
    assert!(hollow.at(degrees(0, 0)).is_empty());
}

#[test]
fn a_damaged_column_leaves_no_trace() {
    let shape = shape_of(&polygon![(x: 0.0, y: 0.0), (x: 9.0, y: 0.0), (x: 9.0, y: 9.0)].into());
    let mut bytes = shape.to_bytes();
    let mut builder = IndexBuilder::new();
    builder.push_bytes(1, &bytes).unwrap();
    bytes.pop();
    assert!(builder.push_bytes(2, &bytes).is_err());
    builder.push(3, &shape);
    let index = builder.build();
    assert_eq!(index.len(), 2);
    assert_eq!(index.at(degrees(5, 2)), [1, 3]);
}
