//! Speed of the geometry core on a generated layer, one JSON line a figure (`make bench` reads them):
//! `cargo run --release -p gengwei-server --example bench_geo [parcels]`.
//!
//! The layer has the given number of parcels (500 000 by default) of 0.6 ha and 8 vertices in a grid, seed
//! fixed. Each figure is the best of five runs on one thread; the peer for areas, geographiclib, runs beside.

use gengwei_server::geo::repair::repair;
use gengwei_server::geo::{GaussKruger, IndexBuilder, ParcelShape, official_area, official_area_lonlat, wkb};
use geo::{Coord, GeodesicArea, MapCoords, MultiPolygon, Polygon, Rect};
use std::hint::black_box;
use std::time::Instant;

const ZONE: GaussKruger = GaussKruger::ZONE_35_PREFIXED;
const SPACING: f64 = 82.0;

/// A small seeded generator (SplitMix64): the same layer on every machine.
struct Seeded(u64);

impl Seeded {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn parcel(column: usize, row: usize, random: &mut Seeded) -> MultiPolygon<f64> {
    let centre = Coord { x: 35_460_000.0 + column as f64 * SPACING, y: 4_060_000.0 + row as f64 * SPACING };
    let vertices = (0..8).map(|i| {
        let (sin, cos) = (f64::from(i) * std::f64::consts::FRAC_PI_4).sin_cos();
        let radius = 36.0 + 10.0 * random.unit();
        Coord { x: centre.x + radius * cos, y: centre.y + radius * sin }
    });
    Polygon::new(vertices.collect(), vec![]).into()
}

/// Runs five times and prints the best rate.
fn measure<T>(name: &str, items: usize, mut run: impl FnMut() -> T) {
    let best = (0..5)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    let rate = items as f64 / best;
    println!(r#"{{"bench":"{name}","items":{items},"seconds":{best:.4},"per_second":{rate:.0}}}"#);
}

fn main() {
    let count = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(500_000_usize);
    let side = (count as f64).sqrt().ceil() as usize;
    let mut random = Seeded(20_261_124);
    let plane: Vec<_> = (0..count).map(|i| parcel(i % side, i / side, &mut random)).collect();
    let lonlat: Vec<_> = plane.iter().map(|p| p.map_coords(|c| ZONE.inverse(c))).collect();

    measure("area_official_plane", count, || plane.iter().map(|p| official_area(p, ZONE)).sum::<f64>());
    measure("area_official_lonlat", count, || lonlat.iter().map(official_area_lonlat).sum::<f64>());
    let sample = &lonlat[..count.min(50_000)];
    measure("area_peer_geographiclib", sample.len(), || {
        sample.iter().map(GeodesicArea::geodesic_area_unsigned).sum::<f64>()
    });

    measure("repair_clean", count, || plane.iter().filter(|p| repair(p).is_ok()).count());
    let encoded: Vec<_> = plane.iter().map(wkb::write).collect();
    measure("wkb_read", count, || encoded.iter().filter(|b| wkb::read(b).is_ok()).count());

    let shapes: Vec<_> = lonlat
        .iter()
        .map(|p| ParcelShape::from_lonlat(p).expect("the layer is in degrees").to_bytes())
        .collect();
    let bytes: usize = shapes.iter().map(Vec::len).sum();
    let build = || {
        let mut builder = IndexBuilder::with_capacity(count);
        for (id, shape) in shapes.iter().enumerate() {
            builder.push_bytes(id as i64, shape).expect("just written");
        }
        builder.build()
    };
    measure("index_build", count, build);
    let index = build();
    println!(
        r#"{{"bench":"index_size","parcels":{count},"column_bytes_per_parcel":{:.1},"memory_bytes_per_parcel":{:.1}}}"#,
        bytes as f64 / count as f64,
        index.memory_bytes() as f64 / count as f64
    );
    let changed: Vec<_> =
        lonlat.iter().take(100).map(|p| ParcelShape::from_lonlat(p).expect("in degrees")).zip(0..).collect();
    let changed: Vec<_> = changed.into_iter().map(|(shape, id)| (id, shape)).collect();
    measure("index_with_100_changes", count, || index.with_changes(&changed, &[]));

    let span = side as f64 * SPACING;
    let points: Vec<_> = (0..1_000_000)
        .map(|_| {
            let plane =
                Coord { x: 35_460_000.0 + random.unit() * span, y: 4_060_000.0 + random.unit() * span };
            ZONE.inverse(plane)
        })
        .collect();
    measure("point_to_parcel", points.len(), || points.iter().map(|&p| index.at(p).len()).sum::<usize>());
    let half_kilometre = Coord { x: 0.0057, y: 0.0045 };
    let boxes: Vec<_> = points.iter().take(100_000).map(|&p| Rect::new(p, p + half_kilometre)).collect();
    measure("box_to_parcels", boxes.len(), || boxes.iter().map(|&b| index.within(b).len()).sum::<usize>());
}
