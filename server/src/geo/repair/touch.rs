//! Rings that meet themselves: crossing is refused, touching is split into simple rings.
//!
//! A ring touches itself where a vertex lies on another vertex or edge of it. Cutting it there yields simple
//! loops. Loops that run the way the whole ring does are land of their own; loops the other way must lie
//! inside one of those (a hole drawn without lifting the pen). Anything else — a bow-tie tied in a vertex —
//! has no reading that is not a guess, and is refused.

use super::ring::{Ring, without_spikes};
use super::{Counts, Defect, Place, Reason};
use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::{Coord, Relate};
use std::collections::HashMap;

/// The simple rings that a ring consists of.
pub(super) struct Loops {
    /// Those that run its way; never empty.
    pub(super) solids: Vec<Ring>,
    /// Those inside them that run the other way.
    pub(super) gaps: Vec<Ring>,
}

/// A vertex found on the inside of an edge.
struct OnEdge {
    edge: usize,
    point: Coord<f64>,
}

pub(super) fn split(ring: Ring, place: Place, counts: &mut Counts) -> Result<Loops, Defect> {
    let crossing = |at| place.defect(Reason::SelfCrossing, Some(at));
    let Some(on_edges) = contacts(&ring.0).map_err(crossing)? else {
        return Ok(Loops { solids: vec![ring], gaps: Vec::new() });
    };
    counts.split += 1;
    let whole = ring.area();
    let (touch, loops) = cut(insert(ring.0, on_edges));
    let (solids, gaps): (Vec<Ring>, Vec<Ring>) =
        loops.into_iter().partition(|l| (l.area() > 0.0) == (whole > 0.0));
    let at = touch.or_else(|| gaps.first()?.first()).unwrap_or_default();
    let shells: Vec<_> = solids.iter().map(Ring::to_polygon).collect();
    let homeless = |gap: &Ring| !shells.iter().any(|s| s.relate(&gap.to_polygon()).is_contains());
    if solids.is_empty() || gaps.iter().any(homeless) {
        return Err(crossing(at));
    }
    Ok(Loops { solids, gaps })
}

/// `Ok(None)` for a simple ring; the vertices that lie on edges (none when only vertices meet) for a touching
/// one; the place for a crossing one.
fn contacts(ring: &[Coord<f64>]) -> Result<Option<Vec<OnEdge>>, Coord<f64>> {
    let n = ring.len();
    let edge = |i: usize| [ring[i], ring[(i + 1) % n]];
    // Edges in order of their western end: only those that start before this one ends can meet it.
    let mut order: Vec<usize> = (0..n).collect();
    let west = |i: usize| edge(i)[0].x.min(edge(i)[1].x);
    order.sort_unstable_by(|&a, &b| west(a).total_cmp(&west(b)));
    let mut touches = false;
    let mut on_edges = Vec::new();
    for (k, &i) in order.iter().enumerate() {
        let [a, b] = edge(i);
        let east = a.x.max(b.x);
        for &j in order[k + 1..].iter().take_while(|&&j| west(j) <= east) {
            let [c, d] = edge(j);
            let neighbours = (i + 1) % n == j || (j + 1) % n == i;
            let apart = a.y.max(b.y) < c.y.min(d.y) || c.y.max(d.y) < a.y.min(b.y);
            if neighbours || apart {
                continue;
            }
            let before = on_edges.len();
            let meeting = meet([a, b], [c, d])?;
            on_edges.extend(meeting.on_first.into_iter().flatten().map(|point| OnEdge { edge: i, point }));
            on_edges.extend(meeting.on_second.into_iter().flatten().map(|point| OnEdge { edge: j, point }));
            touches |= meeting.at_vertex || on_edges.len() > before;
        }
    }
    Ok(touches.then_some(on_edges))
}

#[derive(Default)]
struct Meeting {
    /// Vertices of the second edge inside the first.
    on_first: [Option<Coord<f64>>; 2],
    /// Vertices of the first edge inside the second.
    on_second: [Option<Coord<f64>>; 2],
    /// A vertex of one is a vertex of the other.
    at_vertex: bool,
}

/// How two edges meet, or the point where they cross (or run along each other the same way).
fn meet([a, b]: [Coord<f64>; 2], [c, d]: [Coord<f64>; 2]) -> Result<Meeting, Coord<f64>> {
    use Orientation::Collinear;
    let side = RobustKernel::orient2d;
    let (sc, sd, sa, sb) = (side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b));
    if [sc, sd, sa, sb].iter().all(|s| *s != Collinear) {
        return if sc != sd && sa != sb { Err(crossing_point(a, b, c, d)) } else { Ok(Meeting::default()) };
    }
    let inside = |p: Coord<f64>, from: Coord<f64>, to: Coord<f64>, s: Orientation| {
        let between = |p: f64, a: f64, b: f64| a.min(b) <= p && p <= a.max(b);
        let on = s == Collinear && between(p.x, from.x, to.x) && between(p.y, from.y, to.y);
        (on && p != from && p != to).then_some(p)
    };
    let meeting = Meeting {
        on_first: [inside(c, a, b, sc), inside(d, a, b, sd)],
        on_second: [inside(a, c, d, sa), inside(b, c, d, sb)],
        at_vertex: a == c || a == d || b == c || b == d,
    };
    let same_way = (b.x - a.x) * (d.x - c.x) + (b.y - a.y) * (d.y - c.y) > 0.0;
    let shared =
        meeting.on_first.iter().chain(&meeting.on_second).flatten().count() > 0 || (a == c && b == d);
    if sc == Collinear && sd == Collinear && same_way && shared {
        return Err(if inside(c, a, b, sc).is_some() { c } else { a });
    }
    Ok(meeting)
}

fn crossing_point(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>, d: Coord<f64>) -> Coord<f64> {
    let (r, s) = (b - a, d - c);
    let t = ((c.x - a.x) * s.y - (c.y - a.y) * s.x) / (r.x * s.y - r.y * s.x);
    a + r * t.clamp(0.0, 1.0)
}

/// Makes the touching points vertices of the edges they lie on.
fn insert(ring: Vec<Coord<f64>>, mut on_edges: Vec<OnEdge>) -> Vec<Coord<f64>> {
    let along = |o: &OnEdge| (o.point - ring[o.edge]).x.abs() + (o.point - ring[o.edge]).y.abs();
    on_edges.sort_by(|p, q| p.edge.cmp(&q.edge).then(along(p).total_cmp(&along(q))));
    let mut out = Vec::with_capacity(ring.len() + on_edges.len());
    let mut inserts = on_edges.into_iter().peekable();
    for (i, vertex) in ring.into_iter().enumerate() {
        out.push(vertex);
        while let Some(next) = inserts.next_if(|o| o.edge == i) {
            if out.last() != Some(&next.point) {
                out.push(next.point);
            }
        }
    }
    out
}

/// Cuts at every vertex that comes twice. Returns the first such place and the loops that have area.
fn cut(ring: Vec<Coord<f64>>) -> (Option<Coord<f64>>, Vec<Ring>) {
    // Adding zero makes -0.0 and 0.0 one key.
    let key = |c: Coord<f64>| ((c.x + 0.0).to_bits(), (c.y + 0.0).to_bits());
    let mut path: Vec<Coord<f64>> = Vec::new();
    let mut place_on_path = HashMap::new();
    let (mut touch, mut loops) = (None, Vec::new());
    for vertex in ring {
        if let Some(&start) = place_on_path.get(&key(vertex)) {
            touch = touch.or(Some(vertex));
            let closed = path.split_off(start);
            for c in &closed {
                place_on_path.remove(&key(*c));
            }
            loops.push(closed);
        }
        place_on_path.insert(key(vertex), path.len());
        path.push(vertex);
    }
    loops.push(path);
    let simple = loops.into_iter().map(without_spikes).filter(|l| l.len() >= 3).map(Ring);
    (touch, simple.collect())
}
