//! Each treatment of the table in the module's head, and `geo::Validation` as the judge of random rings.

use super::*;
use geo::{Area, Validation};
use proptest::prelude::*;

fn ring(points: &[(f64, f64)]) -> Vec<Coord<f64>> {
    points.iter().map(|&(x, y)| Coord { x, y }).collect()
}

fn one(points: &[(f64, f64)]) -> Result<Repaired, Defect> {
    repair_rings(vec![vec![ring(points)]])
}

fn square(x: f64, y: f64, size: f64) -> Vec<Coord<f64>> {
    ring(&[(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)])
}

fn reversed(mut ring: Vec<Coord<f64>>) -> Vec<Coord<f64>> {
    ring.reverse();
    ring
}

#[track_caller]
fn mended(polygons: RawPolygons, repairs: &[Repair], area: f64, parts: usize) -> Repaired {
    let repaired = repair_rings(polygons).unwrap();
    assert_eq!(repaired.repairs, repairs);
    assert!(repaired.polygons.is_valid());
    assert_eq!(repaired.polygons.signed_area(), area);
    assert_eq!(repaired.polygons.0.len(), parts);
    repaired
}

#[track_caller]
fn refused(polygons: RawPolygons, reason: Reason, part: usize, ring: usize) -> Defect {
    let defect = repair_rings(polygons).unwrap_err();
    assert_eq!((defect.reason, defect.part, defect.ring), (reason, part, ring));
    defect
}

#[test]
fn a_good_parcel_is_left_alone() {
    let hole = reversed(square(2.0, 2.0, 2.0));
    let parts = vec![vec![square(0.0, 0.0, 10.0), hole], vec![square(20.0, 0.0, 1.0)]];
    let repaired = mended(parts.clone(), &[], 97.0, 2);
    assert_eq!(repaired.polygons, crate::geo::wkb::to_multi_polygon(parts));
}

#[test]
fn harmless_faults_are_mended_and_told() {
    let open = ring(&[(0.0, 0.0), (4.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]);
    mended(vec![vec![open]], &[Repair::RingsClosed(1), Repair::RepeatedVertices(1)], 16.0, 1);
    let clockwise = reversed(square(0.0, 0.0, 4.0));
    mended(vec![vec![clockwise]], &[Repair::RingsTurned(1)], 16.0, 1);
    let spike = ring(&[(0.0, 0.0), (4.0, 0.0), (9.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0)]);
    mended(vec![vec![spike]], &[Repair::SpikesRemoved(1)], 16.0, 1);
    let spike_at_seam = ring(&[(-3.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0), (-3.0, 0.0)]);
    mended(vec![vec![spike_at_seam]], &[Repair::SpikesRemoved(1)], 16.0, 1);
    let flat_hole = ring(&[(1.0, 1.0), (2.0, 1.0), (1.0, 1.0)]);
    mended(vec![vec![square(0.0, 0.0, 4.0), flat_hole]], &[Repair::HolesDropped(1)], 16.0, 1);
}

#[test]
fn a_ring_that_touches_itself_is_split() {
    // Two squares corner to corner, drawn in one line.
    let pinch = ring(&[
        (0.0, 0.0),
        (4.0, 0.0),
        (4.0, 4.0),
        (8.0, 4.0),
        (8.0, 8.0),
        (4.0, 8.0),
        (4.0, 4.0),
        (0.0, 4.0),
        (0.0, 0.0),
    ]);
    mended(vec![vec![pinch]], &[Repair::RingsSplit(1)], 32.0, 2);
    // A hole drawn without lifting the pen: it touches the outer ring in (0, 0).
    let inverted = ring(&[
        (0.0, 0.0),
        (9.0, 0.0),
        (9.0, 9.0),
        (0.0, 9.0),
        (0.0, 0.0),
        (2.0, 4.0),
        (4.0, 2.0),
        (0.0, 0.0),
    ]);
    let repaired = mended(vec![vec![inverted]], &[Repair::RingsSplit(1)], 75.0, 1);
    assert_eq!(repaired.polygons.0[0].interiors().len(), 1);
    // The vertex (5, 0) of the notch lies on the bottom edge.
    let notch = ring(&[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (5.0, 0.0), (0.0, 9.0), (0.0, 0.0)]);
    mended(vec![vec![notch]], &[Repair::RingsSplit(1)], 40.5, 2);
    // A hole reached by a corridor without width, (0, 4)–(2, 4) there and back.
    let corridor = ring(&[
        (0.0, 0.0),
        (9.0, 0.0),
        (9.0, 9.0),
        (0.0, 9.0),
        (0.0, 4.0),
        (2.0, 4.0),
        (2.0, 6.0),
        (4.0, 6.0),
        (4.0, 4.0),
        (2.0, 4.0),
        (0.0, 4.0),
        (0.0, 0.0),
    ]);
    let repaired = mended(vec![vec![corridor]], &[Repair::RingsSplit(1)], 77.0, 1);
    assert_eq!(repaired.polygons.0[0].interiors().len(), 1);
}

#[test]
fn holes_follow_their_part_when_a_ring_is_split() {
    let pinch = ring(&[
        (0.0, 0.0),
        (4.0, 0.0),
        (4.0, 4.0),
        (8.0, 4.0),
        (8.0, 8.0),
        (4.0, 8.0),
        (4.0, 4.0),
        (0.0, 4.0),
        (0.0, 0.0),
    ]);
    let hole = reversed(square(5.0, 5.0, 1.0));
    let repaired = mended(vec![vec![pinch, hole]], &[Repair::RingsSplit(1)], 31.0, 2);
    let holes: Vec<usize> = repaired.polygons.iter().map(|p| p.interiors().len()).collect();
    assert_eq!(holes.iter().sum::<usize>(), 1);
}

#[test]
fn a_bow_tie_is_refused_where_it_crosses() {
    let defect = one(&[(0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 4.0), (0.0, 0.0)]).unwrap_err();
    assert_eq!(defect.reason, Reason::SelfCrossing);
    assert_eq!(defect.at, Some(Coord { x: 2.0, y: 2.0 }));
    assert_eq!(defect.to_string(), "the ring crosses itself (part 1, ring 1, at 2 2)");
    assert_eq!(defect.message_zh(), "环自相交（第 1 部分第 1 环，位于 2 2）");
    // The same knot tied in a vertex, and lopsided.
    let knot = [(0.0, 0.0), (2.0, 2.0), (4.0, 4.0), (4.0, 0.0), (2.0, 2.0), (0.0, 3.0), (0.0, 0.0)];
    assert_eq!(one(&knot).unwrap_err().reason, Reason::SelfCrossing);
    // Twice around the same ground.
    let twice = [square(0.0, 0.0, 4.0), square(0.0, 0.0, 4.0)].concat();
    refused(vec![vec![twice]], Reason::SelfCrossing, 1, 1);
}

#[test]
fn what_is_no_area_is_refused() {
    refused(vec![], Reason::Empty, 1, 1);
    refused(vec![vec![]], Reason::Empty, 1, 1);
    refused(vec![vec![vec![]]], Reason::TooFewPoints, 1, 1);
    refused(vec![vec![ring(&[(1.0, 1.0), (2.0, 2.0), (1.0, 1.0)])]], Reason::TooFewPoints, 1, 1);
    refused(vec![vec![ring(&[(0.0, 0.0), (1.0, 1.0), (3.0, 3.0), (2.0, 2.0)])]], Reason::NoArea, 1, 1);
    let bad = ring(&[(0.0, 0.0), (1.0, f64::NAN), (3.0, 3.0)]);
    let defect = refused(vec![vec![square(0.0, 0.0, 1.0)], vec![bad]], Reason::NotFinite(2), 2, 1);
    assert_eq!(defect.to_string(), "a coordinate is not a number (part 2, ring 1, vertex 2)");
    refused(vec![vec![ring(&[(0.0, 0.0), (f64::INFINITY, 0.0), (3.0, 3.0)])]], Reason::NotFinite(2), 1, 1);
}

#[test]
fn holes_and_parts_in_the_wrong_place_are_refused() {
    let outer = || square(0.0, 0.0, 10.0);
    refused(vec![vec![outer(), square(20.0, 0.0, 1.0)]], Reason::HoleOutside, 1, 2);
    refused(vec![vec![outer(), square(8.0, 8.0, 4.0)]], Reason::HoleOutside, 1, 2);
    refused(vec![vec![outer(), square(0.0, 4.0, 2.0)]], Reason::HoleSharesEdge, 1, 2);
    let holes = vec![outer(), square(2.0, 2.0, 3.0), square(4.0, 4.0, 3.0)];
    refused(vec![holes], Reason::HolesOverlap, 1, 3);
    refused(vec![vec![outer(), square(2.0, 2.0, 2.0), square(4.0, 2.0, 2.0)]], Reason::HoleSharesEdge, 1, 3);
    refused(vec![vec![outer()], vec![square(5.0, 5.0, 10.0)]], Reason::PartsOverlap, 2, 1);
    refused(vec![vec![outer()], vec![square(10.0, 0.0, 10.0)]], Reason::PartsShareEdge, 2, 1);
    // Corner to corner is allowed.
    assert!(repair_rings(vec![vec![outer()], vec![square(10.0, 10.0, 10.0)]]).is_ok());
}

/// A comb of many teeth is checked by the sweep, not by comparing all pairs.
#[test]
fn a_ring_of_a_hundred_thousand_vertices_is_no_burden() {
    let teeth = 50_000;
    let tooth = |i: i32| [(f64::from(2 * i), 0.0), (f64::from(2 * i + 1), 5.0)];
    let mut points: Vec<_> = (0..teeth).flat_map(tooth).collect();
    points.extend([(f64::from(2 * teeth), 0.0), (f64::from(2 * teeth), 9.0), (0.0, 9.0)]);
    let repaired = one(&points).unwrap();
    assert_eq!(repaired.polygons.0[0].exterior().0.len(), points.len() + 1);
}

prop_compose! {
    fn grid_ring()(points in prop::collection::vec((0..6_i32, 0..6_i32), 3..9)) -> Vec<Coord<f64>> {
        points.into_iter().map(|(x, y)| Coord { x: f64::from(x), y: f64::from(y) }).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_is_accepted_is_valid(rings in prop::collection::vec(grid_ring(), 1..3), two in any::<bool>()) {
        let polygons = if two { rings.into_iter().map(|r| vec![r]).collect() } else { vec![rings] };
        if let Ok(repaired) = repair_rings(polygons) {
            prop_assert!(repaired.polygons.is_valid(), "{:?}", repaired.polygons);
            prop_assert!(repaired.polygons.signed_area() > 0.0);
            // Mending is done once: the result needs no more.
            prop_assert_eq!(repair(&repaired.polygons).map(|r| r.repairs), Ok(vec![]));
        }
    }

    #[test]
    fn what_is_valid_is_accepted_with_its_area(rings in prop::collection::vec(grid_ring(), 1..3)) {
        let polygon = crate::geo::wkb::to_multi_polygon(vec![rings.clone()]);
        // `geo` lets rings pass whose points all lie on one line.
        let flat = |ring: &LineString<f64>| Polygon::new(ring.clone(), vec![]).unsigned_area() == 0.0;
        if polygon.is_valid() && !flat(polygon.0[0].exterior()) {
            let repaired = repair_rings(vec![rings]);
            prop_assert!(repaired.is_ok(), "{repaired:?}");
            prop_assert_eq!(repaired.unwrap().polygons.unsigned_area(), polygon.unsigned_area());
        }
    }
}
