//! One ring: cleaned of repeated vertices and spikes, with its signed area and orientation.

use super::{Counts, Defect, Place, Reason};
use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::{Coord, LineString, Polygon};

/// A ring without its closing vertex: at least three vertices, none repeated in a row, no spikes.
pub(super) struct Ring(pub(super) Vec<Coord<f64>>);

impl Ring {
    pub(super) fn first(&self) -> Option<Coord<f64>> {
        self.0.first().copied()
    }

    /// Signed area, positive anticlockwise; relative to the first vertex, so that large coordinates cost
    /// no digits.
    pub(super) fn area(&self) -> f64 {
        let Some(origin) = self.first() else { return 0.0 };
        let cross = |w: &[Coord<f64>]| {
            let (a, b) = (w[0] - origin, w[1] - origin);
            a.x * b.y - b.x * a.y
        };
        self.0.windows(2).map(cross).sum::<f64>() / 2.0
    }

    pub(super) fn to_polygon(&self) -> Polygon<f64> {
        Polygon::new(LineString(self.0.clone()), Vec::new())
    }

    /// The closed ring, turned anticlockwise (or clockwise) if it was not so already.
    pub(super) fn wound(mut self, anticlockwise: bool, counts: &mut Counts) -> LineString<f64> {
        if (self.area() > 0.0) != anticlockwise {
            self.0.reverse();
            counts.turned += 1;
        }
        self.0.extend(self.first());
        LineString(self.0)
    }
}

/// Drops what adds nothing to a ring; refuses it when nothing is left or a coordinate is no number.
pub(super) fn clean(mut ring: Vec<Coord<f64>>, place: Place, counts: &mut Counts) -> Result<Ring, Defect> {
    if let Some(i) = ring.iter().position(|c| !(c.x.is_finite() && c.y.is_finite())) {
        return Err(place.defect(Reason::NotFinite(i + 1), None));
    }
    let first = ring.first().copied();
    if ring.len() > 1 && ring.last().copied() == first {
        ring.pop();
    } else {
        counts.closed += 1;
    }
    let before = ring.len();
    ring.dedup();
    while ring.len() > 1 && ring.last().copied() == first {
        ring.pop();
    }
    counts.repeated += before - ring.len();
    let distinct = ring.len();
    let ring = without_spikes(ring);
    if ring.len() < 3 {
        let reason = if distinct < 3 { Reason::TooFewPoints } else { Reason::NoArea };
        return Err(place.defect(reason, first));
    }
    counts.spikes += usize::from(ring.len() < distinct);
    Ok(Ring(ring))
}

/// Removes vertices at which the line turns back on itself, and the repetitions that this leaves.
pub(super) fn without_spikes(ring: Vec<Coord<f64>>) -> Vec<Coord<f64>> {
    let mut kept: Vec<Coord<f64>> = Vec::with_capacity(ring.len());
    for vertex in ring {
        kept.push(vertex);
        while let [.., a, b, c] = kept[..] {
            if !idle(a, b, c) {
                break;
            }
            kept.truncate(kept.len() - 2);
            if a != c {
                kept.push(c);
            }
        }
    }
    // The same across the ring's seam.
    while kept.len() >= 3 {
        let n = kept.len();
        if idle(kept[n - 2], kept[n - 1], kept[0]) {
            kept.pop();
            if kept.last() == kept.first() {
                kept.pop();
            }
        } else if idle(kept[n - 1], kept[0], kept[1]) {
            kept.remove(0);
            if kept.last() == kept.first() {
                kept.pop();
            }
        } else {
            break;
        }
    }
    kept
}

/// Whether at `b` the line from `a` turns back along itself towards `c`.
fn idle(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>) -> bool {
    let back = (b.x - a.x) * (c.x - b.x) + (b.y - a.y) * (c.y - b.y) < 0.0;
    back && RobustKernel::orient2d(a, b, c) == Orientation::Collinear
}
