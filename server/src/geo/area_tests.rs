//! The official area against the 30 reference cases, the rule as printed, and geodesic areas.

use super::*;
use geo::{GeodesicArea, MapCoords, Polygon, polygon};
use proptest::prelude::*;

const VECTORS: &str = include_str!("../../tests/data/area_vectors.csv");

/// `"POLYGON((x y,…))"` → polygon.
fn wkt_polygon(text: &str) -> MultiPolygon<f64> {
    let inner = text.trim_matches('"').trim_start_matches("POLYGON((").trim_end_matches("))");
    let ring = inner.split(',').map(|pair| {
        let (x, y) = pair.split_once(' ').unwrap();
        Coord { x: x.parse().unwrap(), y: y.parse().unwrap() }
    });
    Polygon::new(ring.collect(), vec![]).into()
}

struct Case {
    name: String,
    plane: MultiPolygon<f64>,
    lonlat: MultiPolygon<f64>,
    official: f64,
    mu_4dp: f64,
}

fn cases() -> Vec<Case> {
    let mut reader = csv::Reader::from_reader(VECTORS.as_bytes());
    let number = |text: &str| text.parse::<f64>().unwrap();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        Case {
            name: row[0].to_owned(),
            plane: wkt_polygon(&row[2]),
            lonlat: wkt_polygon(&row[3]),
            official: number(&row[4]),
            mu_4dp: number(&row[10]),
        }
    });
    rows.collect()
}

#[test]
fn every_reference_case_is_met_to_the_cent() {
    let cases = cases();
    assert_eq!(cases.len(), 30);
    for case in cases {
        let area = official_area(&case.plane, GaussKruger::ZONE_35_PREFIXED);
        assert_eq!(format!("{area:.2}"), format!("{:.2}", case.official), "{}", case.name);
        assert_eq!(format!("{:.4}", mu(area)), format!("{:.4}", case.mu_4dp), "{}", case.name);
    }
}

#[test]
fn the_zone_prefix_and_the_orientation_change_nothing() {
    for case in cases() {
        let bare = case.plane.map_coords(|c| Coord { x: c.x - 35_000_000.0, y: c.y });
        assert_eq!(official_area(&bare, GaussKruger::ZONE_35), case.official);
        let mut turned = case.plane.clone();
        turned.0[0].exterior_mut(|ring| ring.0.reverse());
        assert_eq!(official_area(&turned, GaussKruger::ZONE_35_PREFIXED), case.official);
    }
}

/// The ten-digit degrees of the vectors lose up to 0.01 mm a vertex, so only nearly the same area.
#[test]
fn longitude_and_latitude_give_the_same_area() {
    for case in cases() {
        let area = official_area_lonlat(&case.lonlat);
        let tolerance = 0.01 + case.official.sqrt() * 2e-5;
        assert!((area - case.official).abs() <= tolerance, "{}: {area} / {}", case.name, case.official);
    }
}

/// The rule as printed, one edge at a time, with ten trigonometric calls an edge and L0 = 0.
fn printed_rule(ring: &[(f64, f64)]) -> f64 {
    let rounded = |degrees: f64| ((degrees * 3600.0 * 1e6).round() / 1e6 / 3600.0).to_radians();
    let mut sum = 0.0;
    for (i, &(lon1, lat1)) in ring.iter().enumerate() {
        let (lon2, lat2) = ring[(i + 1) % ring.len()];
        let (b1, b2) = (rounded(lat1), rounded(lat2));
        let dl = (rounded(lon1) + rounded(lon2)) / 2.0;
        let (db, bm) = (b2 - b1, (b1 + b2) / 2.0);
        let terms = STRIP.iter().enumerate().map(|(i, c)| {
            let k = (2 * i + 1) as f64;
            let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
            sign * c * (k * db / 2.0).sin() * (k * bm).cos()
        });
        sum += 2.0 * gauss_kruger::B * gauss_kruger::B * dl * terms.sum::<f64>();
    }
    sum.abs()
}

fn star(lon: f64, lat: f64, radii: &[f64]) -> Vec<(f64, f64)> {
    let step = std::f64::consts::TAU / radii.len() as f64;
    radii
        .iter()
        .enumerate()
        .map(|(i, r)| (lon + r * (i as f64 * step).cos(), lat + r * (i as f64 * step).sin()))
        .collect()
}

fn to_polygon(ring: &[(f64, f64)]) -> Polygon<f64> {
    Polygon::new(ring.iter().map(|&(x, y)| Coord { x, y }).collect(), vec![])
}

proptest! {
    #[test]
    fn the_fast_sum_is_the_printed_rule(
        lon in 73.0..135.0_f64, lat in -54.0..54.0_f64,
        radii in prop::collection::vec(1e-4..0.02_f64, 3..30),
    ) {
        let ring = star(lon, lat, &radii);
        let fast = official_area_lonlat(&to_polygon(&ring).into());
        let printed = printed_rule(&ring);
        // The printed form with L0 = 0 loses some 1e-9 of the ΔL × b² that it sums up.
        prop_assert!((fast - printed).abs() < 0.006 + printed * 1e-8, "{fast} / {printed}");
    }

    #[test]
    fn it_is_close_to_the_geodesic_area(
        lon in 73.0..135.0_f64, lat in 18.0..54.0_f64,
        radii in prop::collection::vec(1e-4..3e-4_f64, 3..12),
    ) {
        let polygon = to_polygon(&star(lon, lat, &radii));
        let geodesic = polygon.geodesic_area_unsigned();
        // An edge is straight in latitude and longitude, a geodesic bulges to the pole: length³ tan B / 12 R,
        // some 0.004 m² for the 60 m that an edge here may have. Rounding adds less than 0.002.
        let tolerance = 0.006 + 0.006 * radii.len() as f64;
        let ours = official_area_lonlat(&polygon.into());
        prop_assert!((ours - geodesic).abs() < tolerance, "{ours} / {geodesic}");
    }
}

#[test]
fn holes_are_subtracted_and_parts_added() {
    let outer =
        polygon![(x: 105.0, y: 37.0), (x: 105.01, y: 37.0), (x: 105.01, y: 37.01), (x: 105.0, y: 37.01)];
    let hole = polygon![(x: 105.002, y: 37.002), (x: 105.004, y: 37.002), (x: 105.004, y: 37.004)];
    let with_hole = Polygon::new(outer.exterior().clone(), vec![hole.exterior().clone()]);
    let area = |p: &Polygon<f64>| official_area_lonlat(&p.clone().into());
    let (full, gap) = (area(&outer), area(&hole));
    assert!((area(&with_hole) - (full - gap)).abs() < 0.011);
    let both = MultiPolygon::new(vec![outer, hole]);
    assert!((official_area_lonlat(&both) - (full + gap)).abs() < 0.011);
    assert_eq!(official_area_lonlat(&MultiPolygon::new(vec![])), 0.0);
}

#[test]
fn a_ring_across_the_antimeridian_is_not_the_rest_of_the_world() {
    let east =
        polygon![(x: 179.99, y: 10.0), (x: -179.99, y: 10.0), (x: -179.99, y: 10.01), (x: 179.99, y: 10.01)];
    let home = polygon![(x: 9.99, y: 10.0), (x: 10.01, y: 10.0), (x: 10.01, y: 10.01), (x: 9.99, y: 10.01)];
    assert_eq!(official_area_lonlat(&east.into()), official_area_lonlat(&home.into()));
}

/// The polynomial must be the closed form of the authalic integral, cut at e⁸.
#[test]
fn the_coefficients_are_the_binomial_series() {
    for (i, c) in POLY.iter().enumerate() {
        let k = i as f64;
        let series = (k + 1.0) / (2.0 * k + 1.0) * E2.powi(i as i32);
        assert!((c - series).abs() < 1e-15, "{i}: {c} / {series}");
    }
}

#[test]
fn mu_is_two_thirds_of_a_thousand_square_metres() {
    assert_eq!(mu(2000.0), 3.0);
    assert_eq!(format!("{:.4}", mu(599.94)), "0.8999");
}
