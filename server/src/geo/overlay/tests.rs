//! Pieces are no larger than what they are cut from, add up, and are the same from both sides; the two ways of
//! cutting agree.

use geo::{Coord, LineString, MultiPolygon, Polygon, Validation, polygon};
use proptest::prelude::*;

use super::cut::{Cut, cut};
use super::*;

const CORNER: Coord<f64> = Coord { x: 35_520_900.0, y: 4_159_200.0 };

/// A star-shaped outline around a place near [`CORNER`], radii in metres.
fn star(centre: (f64, f64), radii: &[f64], turn: f64) -> MultiPolygon<f64> {
    let step = std::f64::consts::TAU / radii.len() as f64;
    let vertex = |(i, r): (usize, &f64)| {
        let (sin, cos) = (turn + step * i as f64).sin_cos();
        Coord { x: CORNER.x + centre.0 + r * cos, y: CORNER.y + centre.1 + r * sin }
    };
    Polygon::new(radii.iter().enumerate().map(vertex).collect(), Vec::new()).into()
}

fn rectangle(west: f64, south: f64, east: f64, north: f64) -> Polygon<f64> {
    let at = |x, y| Coord { x: CORNER.x + x, y: CORNER.y + y };
    polygon![at(west, south), at(east, south), at(east, north), at(west, north)]
}

fn region(polygon: Polygon<f64>) -> Region {
    Region::new(polygon.into())
}

/// Corners to the millimetre, as in a layer, so that outlines do touch.
fn millimetres(polygons: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    polygons.map_coords(|c| Coord { x: (c.x * 1e3).round() / 1e3, y: (c.y * 1e3).round() / 1e3 })
}

fn stars() -> impl Strategy<Value = MultiPolygon<f64>> {
    let radii = prop::collection::vec(20.0..90.0_f64, 3..14);
    ((-60.0..60.0_f64, -60.0..60.0_f64), radii, 0.0..6.0_f64)
        .prop_map(|(centre, radii, turn)| millimetres(&star(centre, &radii, turn)))
}

#[test]
fn two_rectangles_share_what_they_should() {
    let (a, b) = (region(rectangle(0.0, 0.0, 100.0, 50.0)), region(rectangle(60.0, 20.0, 160.0, 90.0)));
    let piece = intersection(&a, &b);
    let expected = official_area(&rectangle(60.0, 20.0, 100.0, 50.0).into(), PLANE);
    assert_eq!((piece.area, area(&b, &a)), (expected, expected));
    assert_eq!(piece.geometry.0.len(), 1);
    assert_eq!(piece.geometry.0[0].exterior().0.len(), 5);
    // One inside the other, and one far away.
    let inner = region(rectangle(10.0, 10.0, 20.0, 20.0));
    assert_eq!(area(&a, &inner), inner.area());
    assert_eq!(intersection(&inner, &a).geometry, *inner.polygons());
    assert_eq!(area(&inner, &b), 0.0);
}

#[test]
fn a_hole_is_not_in_common() {
    let hole = rectangle(40.0, 40.0, 60.0, 60.0).into_inner().0;
    let field = region(Polygon::new(rectangle(0.0, 0.0, 100.0, 100.0).into_inner().0, vec![hole]));
    let patch = region(rectangle(20.0, 20.0, 80.0, 80.0));
    let piece = intersection(&field, &patch);
    assert_eq!(piece.geometry.0[0].interiors().len(), 1, "the hole is kept");
    let expected = patch.area() - region(rectangle(40.0, 40.0, 60.0, 60.0)).area();
    assert!((piece.area - expected).abs() <= 0.011, "{} / {expected}", piece.area);
    // A patch that crosses the hole, and one that lies in it.
    let across = region(rectangle(50.0, 50.0, 80.0, 80.0));
    let expected = across.area() - region(rectangle(50.0, 50.0, 60.0, 60.0)).area();
    assert!((area(&across, &field) - expected).abs() <= 0.011);
    assert_eq!(area(&field, &region(rectangle(45.0, 45.0, 55.0, 55.0))), 0.0);
}

#[test]
fn neighbours_have_nothing_in_common_and_an_outline_all_with_itself() {
    let (a, b) = (region(rectangle(0.0, 0.0, 50.0, 50.0)), region(rectangle(50.0, 0.0, 100.0, 50.0)));
    assert!(matches!(cut(&a, &b), Cut::Unclear), "they share an edge");
    assert_eq!(intersection(&a, &b), Piece { geometry: MultiPolygon::new(vec![]), area: 0.0 });
    assert_eq!(area(&a, &a), a.area());
    let corner = region(rectangle(50.0, 50.0, 100.0, 100.0));
    assert_eq!(area(&a, &corner), 0.0);
}

#[test]
fn every_coordinate_system_gives_the_same_piece() {
    let a = rectangle(0.0, 0.0, 300.0, 200.0);
    let b = region(star((200.0, 150.0), &[120.0; 9], 0.3).0.remove(0));
    let direct = area(&region(a.clone()), &b);
    let bare: MultiPolygon<f64> = a.map_coords(|c| Coord { x: c.x - 35_000_000.0, y: c.y }).into();
    let lonlat: MultiPolygon<f64> = a.map_coords(|c| PLANE.inverse(c)).into();
    for (polygons, crs) in [(bare, Crs::GaussKruger(GaussKruger::ZONE_35)), (lonlat, Crs::Geographic)] {
        let moved = Region::new(to_plane(polygons, &crs).unwrap());
        assert!((area(&moved, &b) - direct).abs() <= 0.01, "{crs}");
    }
}

#[test]
fn ground_that_two_pieces_cover_counts_once() {
    let patch = region(rectangle(0.0, 0.0, 100.0, 100.0));
    let halves = [rectangle(-9.0, -9.0, 60.0, 109.0), rectangle(40.0, -9.0, 109.0, 109.0)];
    let pieces = halves.map(|half| intersection(&region(half), &patch));
    assert!((union_area(&pieces) - patch.area()).abs() <= 0.01);
    let apart = [rectangle(0.0, 0.0, 10.0, 10.0), rectangle(20.0, 0.0, 30.0, 10.0)];
    let pieces = apart.map(|part| intersection(&region(part), &patch));
    assert_eq!(union_area(&pieces), rounded(pieces[0].area + pieces[1].area));
    assert!(union_area(&[]) == 0.0 && union_area(&[]).is_sign_positive());
}

#[test]
fn an_outline_of_many_vertices_goes_the_other_way_and_agrees() {
    let radii: Vec<_> = (0..900).map(|i| 200.0 + f64::from(i % 7) * 3.0).collect();
    let (a, b) = (Region::new(star((0.0, 0.0), &radii, 0.0)), Region::new(star((41.0, 7.0), &radii, 0.01)));
    assert!(matches!(cut(&a, &b), Cut::Unclear));
    let piece = intersection(&a, &b);
    assert!(piece.area > 0.5 * a.area() && piece.area < a.area());
}

/// Areas are rounded to a hundredth, and what two ways compute may lie on either side of where that turns over: one
/// hundredth, which as a difference of floats is a little more or less.
const HUNDREDTH: f64 = 0.0101;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_piece_is_the_same_from_both_sides_and_no_larger_than_either(a in stars(), b in stars()) {
        let (a, b) = (Region::new(a), Region::new(b));
        let piece = intersection(&a, &b);
        prop_assert!(piece.area <= a.area() + HUNDREDTH && piece.area <= b.area() + HUNDREDTH);
        prop_assert!((piece.area - area(&b, &a)).abs() <= HUNDREDTH);
        prop_assert_eq!(piece.area, area(&a, &b));
        prop_assert!(piece.geometry.is_valid(), "{:?}", piece.geometry);
        prop_assert!((Region::new(piece.geometry).area() - piece.area).abs() <= HUNDREDTH);
    }

    #[test]
    fn both_ways_of_cutting_agree(a in stars(), b in stars()) {
        let (a, b) = (Region::new(a), Region::new(b));
        prop_assert!((area(&a, &b) - snapped(&a, &b).area).abs() <= HUNDREDTH);
    }

    #[test]
    fn the_pieces_of_a_cut_field_add_up(a in stars(), x in -50.0..50.0_f64, y in -50.0..50.0_f64) {
        let a = Region::new(a);
        let far = 500.0;
        let quarters = [
            rectangle(-far, -far, x, y), rectangle(x, -far, far, y),
            rectangle(-far, y, x, far), rectangle(x, y, far, far),
        ];
        let sum: f64 = quarters.into_iter().map(|quarter| area(&a, &region(quarter))).sum();
        // Each vertex that a cut adds is rounded by itself, and a straight line of the plane is no straight line
        // of the formula: an edge of 150 m may gain or lose a few hundredths of a square metre where it is cut.
        prop_assert!((sum - a.area()).abs() <= 0.05, "{} / {}", sum, a.area());
    }

    #[test]
    fn outlines_that_share_vertices_are_cut_too(a in stars(), keep in 2..6_usize, out in 5.0..40.0_f64) {
        // A patch that follows the field's outline for some vertices and leaves it outwards: nothing else in common.
        let ring = &a.0[0].exterior().0;
        let mut shared: Vec<_> = ring.iter().take(keep.min(ring.len() - 2) + 1).copied().collect();
        let centre = Coord { x: ring.iter().map(|c| c.x).sum::<f64>() / ring.len() as f64,
                             y: ring.iter().map(|c| c.y).sum::<f64>() / ring.len() as f64 };
        let away = |c: &Coord<f64>| *c + (*c - centre) * (out / 20.0);
        let outer: Vec<_> = shared.iter().rev().map(away).collect();
        shared.extend(outer);
        let strip: MultiPolygon<f64> = Polygon::new(LineString(shared), Vec::new()).into();
        prop_assume!(strip.is_valid());
        let (field, strip) = (Region::new(a), Region::new(strip));
        let piece = intersection(&field, &strip);
        prop_assert!((piece.area - area(&strip, &field)).abs() <= HUNDREDTH);
        prop_assert!(piece.area <= strip.area() + 0.01);
    }
}
