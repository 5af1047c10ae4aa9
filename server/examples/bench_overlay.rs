//! Speed and agreement of the overlay on pairs that `bench/sections.py` takes out of PostGIS, one JSON line a
//! figure: `bench_overlay FILE area|geometry|check`.
//!
//! A line of the file is a pair: patch, parcel, and what PostGIS makes of them, each as hexadecimal WKB in
//! EPSG:4523. Reading WKB is part of what is timed, as it is for PostGIS; one thread.

use gengwei_server::geo::overlay::{PLANE, Region, area, intersection};
use gengwei_server::geo::{official_area, wkb};
use std::hint::black_box;
use std::time::Instant;

struct Pair {
    patch: Vec<u8>,
    parcel: Vec<u8>,
    theirs: Vec<u8>,
}

fn region(bytes: &[u8]) -> Region {
    Region::new(wkb::read(bytes).expect("a polygon"))
}

fn read(path: &str) -> Vec<Pair> {
    let text = std::fs::read_to_string(path).expect("a file of pairs");
    let pair = |line: &str| {
        let mut columns = line.split_ascii_whitespace().map(|hex| hex::decode(hex).expect("hexadecimal"));
        let mut next = || columns.next().expect("three columns");
        Pair { patch: next(), parcel: next(), theirs: next() }
    };
    text.lines().map(pair).collect()
}

fn measure(pairs: &[Pair], one: impl Fn(&Region, &Region) -> f64) {
    let start = Instant::now();
    let sum: f64 = pairs.iter().map(|pair| one(&region(&pair.patch), &region(&pair.parcel))).sum();
    let seconds = start.elapsed().as_secs_f64();
    let per_second = pairs.len() as f64 / seconds;
    println!(r#"{{"pairs":{},"per_second":{per_second:.0},"sum_m2":{sum:.2}}}"#, pairs.len());
}

/// The largest difference to PostGIS, both outputs measured by the official formula.
fn check(pairs: &[Pair]) {
    let (mut alone, mut with_geometry) = (0.0_f64, 0.0_f64);
    for pair in pairs {
        let theirs = official_area(&wkb::read(&pair.theirs).expect("a polygon"), PLANE);
        let (patch, parcel) = (region(&pair.patch), region(&pair.parcel));
        alone = alone.max((area(&patch, &parcel) - theirs).abs());
        let geometry = intersection(&patch, &parcel).geometry;
        with_geometry = with_geometry.max((official_area(&geometry, PLANE) - theirs).abs());
    }
    let count = pairs.len();
    println!(r#"{{"pairs":{count},"worst_area_m2":{alone:.4},"worst_geometry_m2":{with_geometry:.4}}}"#);
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [path, what] = &words[..] else { panic!("bench_overlay FILE area|geometry|check") };
    let pairs = read(path);
    match what.as_str() {
        "area" => measure(&pairs, area),
        "geometry" => measure(&pairs, |a, b| black_box(intersection(a, b)).area),
        "check" => check(&pairs),
        other => panic!("{other}? area, geometry or check"),
    }
}
