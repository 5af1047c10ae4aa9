//! Parcels from far away: a field of 80 m is a dot there, and a city's 500,000 outlines would be a tile of 30 MB. What
//! one wants to see is where the fields are, so a tile is divided into squares, each with the share that parcels take.

use crate::auth::Units;
use crate::geo::shape::Point;
use crate::geo::tile::{EXTENT, Kind, Layer, Projector, Tile, Value};
use crate::parcels::Locator;

/// Squares a side of a tile.
const SQUARES: usize = 128;
const SIDE: f64 = EXTENT as f64 / SQUARES as f64;

/// Draws runs of squares with the same share, in quarters: 1 (some) to 4 (nearly all).
pub(super) fn draw(locator: &Locator, tile: Tile, units: &Units) -> Vec<u8> {
    let projector = Projector::new(tile);
    let mut covered = vec![0.0_f32; SQUARES * SQUARES];
    locator.draw(tile.window(), |facts, rings| {
        if units.contain(&facts.unit) {
            Spread::of(&projector, rings).over(&mut covered);
        }
    });
    let mut layer = Layer::new("parcels", &["share"]);
    for (row, squares) in covered.chunks(SQUARES).enumerate() {
        for (from, to, share) in runs(squares) {
            let [left, right] = [from, to].map(|column| (column as f64 * SIDE) as i32);
            let [top, bottom] = [row, row + 1].map(|line| (line as f64 * SIDE) as i32);
            let ring = vec![[left, top], [right, top], [right, bottom], [left, bottom]];
            let id = (row * SQUARES + from) as u64;
            layer.push(id, Kind::Polygons, [Some(Value::Number(share))], &[ring]);
        }
    }
    layer.finish()
}

fn quarter(covered: f32) -> i64 {
    let share = f64::from(covered) / (SIDE * SIDE);
    if share <= 0.0 { 0 } else { ((share * 4.0).ceil() as i64).min(4) }
}

/// Neighbouring squares of the same share: first, one after the last, share.
fn runs(squares: &[f32]) -> impl Iterator<Item = (usize, usize, i64)> {
    squares
        .chunk_by(|a, b| quarter(*a) == quarter(*b))
        .scan(0, |at, run| {
            let from = *at;
            *at += run.len();
            Some((from, *at, quarter(run[0])))
        })
        .filter(|(_, _, share)| *share > 0)
}

/// A parcel's area, taken to lie evenly in its box.
struct Spread {
    low: [f64; 2],
    high: [f64; 2],
    area: f64,
}

impl Spread {
    fn of(projector: &Projector, rings: &mut dyn Iterator<Item = (&[Point], bool)>) -> Self {
        let (mut min, mut max, mut doubled) = ([i32::MAX; 2], [i32::MIN; 2], 0.0);
        for (ring, outer) in rings {
            let mut area = 0.0;
            let last = ring.last().copied().into_iter();
            for (from, to) in last.chain(ring.iter().copied()).zip(ring) {
                area += f64::from(from[0]) * f64::from(to[1]) - f64::from(to[0]) * f64::from(from[1]);
                for axis in 0..2 {
                    min[axis] = min[axis].min(to[axis]);
                    max[axis] = max[axis].max(to[axis]);
                }
            }
            doubled += if outer { area.abs() } else { -area.abs() };
        }
        if min[0] >= max[0] || min[1] >= max[1] {
            return Self { low: [0.0; 2], high: [0.0; 2], area: 0.0 };
        }
        let [left, bottom] = projector.project(min);
        let [right, top] = projector.project(max);
        let whole = (f64::from(max[0]) - f64::from(min[0])) * (f64::from(max[1]) - f64::from(min[1]));
        let drawn = (right - left) * (bottom - top);
        Self { low: [left, top], high: [right, bottom], area: doubled / 2.0 / whole * drawn }
    }

    fn over(&self, covered: &mut [f32]) {
        let size = (self.high[0] - self.low[0]) * (self.high[1] - self.low[1]);
        if size <= 0.0 {
            return;
        }
        let first = |axis: usize| (self.low[axis] / SIDE).floor().clamp(0.0, SQUARES as f64) as usize;
        let past = |axis: usize| (self.high[axis] / SIDE).ceil().clamp(0.0, SQUARES as f64) as usize;
        let shared = |axis: usize, square: usize| {
            let (low, high) = (square as f64 * SIDE, (square + 1) as f64 * SIDE);
            (high.min(self.high[axis]) - low.max(self.low[axis])).max(0.0)
        };
        for row in first(1)..past(1) {
            for column in first(0)..past(0) {
                let part = shared(0, column) * shared(1, row) / size;
                covered[row * SQUARES + column] += (self.area * part) as f32;
            }
        }
    }
}
