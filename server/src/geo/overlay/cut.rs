//! Cuts two regions whose outlines cross clearly, by following the outlines from crossing to crossing.
//!
//! Outer rings run anticlockwise and holes clockwise, so that the inside is always on the left. Then a crossing at
//! which one outline enters the other region is one at which the other outline leaves, and the outline of what
//! both have in common is: the parts of each outline that lie inside the other region, joined at the crossings.

use geo::{Area, BoundingRect, Contains, Coord, LineString, MultiPolygon, Polygon};

use super::Region;

/// Closer than a tenth of a micrometre, a vertex may lie on either side of an edge: coordinates of this size
/// (3.5e7 m) are known to 7e-9 m, their crossings a little worse.
const NEAR: f64 = 1e-7;

/// With more edge pairs than this in the common box, `BooleanOps`, which sorts, is faster.
const MOST_PAIRS: usize = 100_000;

/// What came of cutting.
pub(super) enum Cut {
    /// Nothing in common.
    Nothing,
    /// The outline of what they have in common.
    Loops(Loops),
    /// Outlines touch or run along each other: not to be decided this way.
    Unclear,
}

/// Closed rings one after another, inside on the left, the first vertex not repeated.
#[derive(Default)]
pub(super) struct Loops {
    points: Vec<Coord<f64>>,
    ends: Vec<usize>,
}

impl Loops {
    pub(super) fn iter(&self) -> impl Iterator<Item = &[Coord<f64>]> {
        self.ends.iter().scan(0, |start, &end| Some(&self.points[std::mem::replace(start, end)..end]))
    }

    /// The rings as polygons with their holes; none when a hole finds no polygon around it.
    pub(super) fn polygons(&self) -> Option<MultiPolygon<f64>> {
        let ring = |points: &[Coord<f64>]| Polygon::new(LineString(points.to_vec()), Vec::new());
        let (mut outer, holes): (Vec<_>, Vec<_>) = self.iter().map(ring).partition(|p| p.signed_area() > 0.0);
        for hole in holes {
            let first = *hole.exterior().0.first()?;
            let around = outer.iter_mut().filter(|p| p.contains(&geo::Point(first)));
            let home = around.min_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()))?;
            home.interiors_push(hole.into_inner().0);
        }
        Some(MultiPolygon::new(outer))
    }
}

/// A box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    min: Coord<f64>,
    max: Coord<f64>,
}

impl Bounds {
    /// Around polygons; for none a box that meets nothing.
    pub(super) fn of(polygons: &MultiPolygon<f64>) -> Self {
        match polygons.bounding_rect() {
            Some(rect) => Self { min: rect.min(), max: rect.max() },
            None => Self {
                min: Coord { x: f64::INFINITY, y: f64::INFINITY },
                max: Coord { x: f64::NEG_INFINITY, y: f64::NEG_INFINITY },
            },
        }
    }

    fn of_edge(from: Coord<f64>, to: Coord<f64>) -> Self {
        Self {
            min: Coord { x: from.x.min(to.x), y: from.y.min(to.y) },
            max: Coord { x: from.x.max(to.x), y: from.y.max(to.y) },
        }
    }

    /// The box that both share, grown by [`NEAR`].
    fn shared(&self, other: &Self) -> Self {
        Self {
            min: Coord { x: self.min.x.max(other.min.x) - NEAR, y: self.min.y.max(other.min.y) - NEAR },
            max: Coord { x: self.max.x.min(other.max.x) + NEAR, y: self.max.y.min(other.max.y) + NEAR },
        }
    }

    #[inline]
    fn meets(&self, other: &Self) -> bool {
        self.min.x <= other.max.x + NEAR
            && other.min.x <= self.max.x + NEAR
            && self.min.y <= other.max.y + NEAR
            && other.min.y <= self.max.y + NEAR
    }
}

/// An edge with its place: which ring of its region, which edge of that ring.
struct Edge {
    from: Coord<f64>,
    to: Coord<f64>,
    bounds: Bounds,
    ring: usize,
    number: usize,
}

/// A place on an outline.
#[derive(Clone, Copy)]
struct Place {
    ring: usize,
    edge: usize,
    /// How far along the edge, 0 to 1.
    along: f64,
}

struct Crossing {
    at: Coord<f64>,
    /// On the first region's outline and on the second's.
    places: [Place; 2],
    /// Whether the first outline enters the second region here.
    enters: bool,
}

impl Crossing {
    /// Whether the part of `side`'s outline that begins here lies inside the other region.
    fn begins(&self, side: usize) -> bool {
        self.enters == (side == 0)
    }
}

/// What two regions have in common, if that is clear.
pub(super) fn cut(a: &Region, b: &Region) -> Cut {
    if !a.bounds.meets(&b.bounds) {
        return Cut::Nothing;
    }
    let window = a.bounds.shared(&b.bounds);
    let edges = [edges_in(a, &window), edges_in(b, &window)];
    if edges[0].len() * edges[1].len() > MOST_PAIRS {
        return Cut::Unclear;
    }
    let Some(crossings) = crossings(&edges) else { return Cut::Unclear };
    let rings = [a.rings().collect::<Vec<_>>(), b.rings().collect::<Vec<_>>()];
    match Follower::new(&rings, &crossings).and_then(|follower| follower.loops()) {
        Some(loops) if loops.ends.is_empty() => Cut::Nothing,
        Some(loops) => Cut::Loops(loops),
        None => Cut::Unclear,
    }
}

fn edges_in(region: &Region, window: &Bounds) -> Vec<Edge> {
    let mut found = Vec::with_capacity(16);
    for (ring, points) in region.rings().enumerate() {
        for (number, pair) in points.windows(2).enumerate() {
            let bounds = Bounds::of_edge(pair[0], pair[1]);
            if bounds.meets(window) {
                found.push(Edge { from: pair[0], to: pair[1], bounds, ring, number });
            }
        }
    }
    found
}

/// All crossings; none when one of them is not clear.
fn crossings(edges: &[Vec<Edge>; 2]) -> Option<Vec<Crossing>> {
    let mut found = Vec::with_capacity(8);
    for a in &edges[0] {
        for b in &edges[1] {
            if a.bounds.meets(&b.bounds) {
                match meeting(a, b) {
                    Meeting::Apart => {}
                    Meeting::Unclear => return None,
                    Meeting::Cross(crossing) => found.push(crossing),
                }
            }
        }
    }
    Some(found)
}

enum Meeting {
    Apart,
    Unclear,
    Cross(Crossing),
}

/// On which side of an edge a point lies: twice the area of the triangle, and −1, 1, or 0 for "on it, perhaps".
#[inline]
fn side(edge: &Edge, point: Coord<f64>) -> (f64, i8) {
    let (d, p) = (edge.to - edge.from, point - edge.from);
    let twice = d.x * p.y - d.y * p.x;
    let near = twice * twice <= NEAR * NEAR * (d.x * d.x + d.y * d.y);
    (
        twice,
        if near {
            0
        } else if twice > 0.0 {
            1
        } else {
            -1
        },
    )
}

#[inline]
fn meeting(a: &Edge, b: &Edge) -> Meeting {
    let ((from, from_side), (to, to_side)) = (side(b, a.from), side(b, a.to));
    if from_side * to_side == 1 {
        return Meeting::Apart;
    }
    let ((b_from, b_from_side), (b_to, b_to_side)) = (side(a, b.from), side(a, b.to));
    if b_from_side * b_to_side == 1 {
        return Meeting::Apart;
    }
    if from_side * to_side == 0 || b_from_side * b_to_side == 0 {
        return Meeting::Unclear;
    }
    let along = from / (from - to);
    let place = |edge: &Edge, along| Place { ring: edge.ring, edge: edge.number, along };
    Meeting::Cross(Crossing {
        at: a.from + (a.to - a.from) * along,
        places: [place(a, along), place(b, b_from / (b_from - b_to))],
        enters: to_side == 1,
    })
}

/// Where the part of an outline that begins at a crossing leads.
#[derive(Clone, Copy)]
struct Part {
    side: usize,
    end: usize,
}

/// Follows outlines from crossing to crossing.
struct Follower<'a> {
    rings: &'a [Vec<&'a [Coord<f64>]>; 2],
    crossings: &'a [Crossing],
    /// The part that begins at each crossing.
    parts: Vec<Part>,
    loops: Loops,
}

impl<'a> Follower<'a> {
    /// None when the crossings do not take turns, which valid outlines that cross clearly always do.
    fn new(rings: &'a [Vec<&'a [Coord<f64>]>; 2], crossings: &'a [Crossing]) -> Option<Self> {
        let nowhere = Part { side: 0, end: usize::MAX };
        let mut follower =
            Self { rings, crossings, parts: vec![nowhere; crossings.len()], loops: Loops::default() };
        for side in 0..2 {
            follower.lay_parts(side)?;
        }
        Some(follower)
    }

    fn lay_parts(&mut self, side: usize) -> Option<()> {
        let place = |crossing: usize| self.crossings[crossing].places[side];
        let mut order: Vec<usize> = (0..self.crossings.len()).collect();
        order.sort_unstable_by(|&i, &j| {
            let (p, q) = (place(i), place(j));
            (p.ring, p.edge).cmp(&(q.ring, q.edge)).then(p.along.total_cmp(&q.along))
        });
        let mut rest = &order[..];
        for (ring, points) in self.rings[side].iter().enumerate() {
            let count = rest.iter().take_while(|&&c| place(c).ring == ring).count();
            let (own, others) = rest.split_at(count);
            rest = others;
            if own.is_empty() {
                if inside(points.first().copied()?, &self.rings[1 - side]) {
                    self.loops.points.extend_from_slice(&points[..points.len() - 1]);
                    self.loops.ends.push(self.loops.points.len());
                }
                continue;
            }
            for (i, &crossing) in own.iter().enumerate() {
                let next = own[(i + 1) % own.len()];
                if self.crossings[crossing].begins(side) == self.crossings[next].begins(side) {
                    return None;
                }
                if too_close(place(crossing), place(next), points) {
                    return None;
                }
                if self.crossings[crossing].begins(side) {
                    self.parts[crossing] = Part { side, end: next };
                }
            }
        }
        Some(())
    }

    fn loops(mut self) -> Option<Loops> {
        let mut done = vec![false; self.crossings.len()];
        for first in 0..self.crossings.len() {
            let mut at = first;
            while !std::mem::replace(&mut done[at], true) {
                let part = self.parts[at];
                self.walk(at, part);
                at = part.end;
                if at == first {
                    self.loops.ends.push(self.loops.points.len());
                }
            }
        }
        let closed = self.loops.ends.last().copied().unwrap_or_default();
        (closed == self.loops.points.len()).then_some(self.loops)
    }

    /// Adds the crossing and the vertices from it to the part's end.
    fn walk(&mut self, from: usize, part: Part) {
        let points = self.rings[part.side][self.crossings[from].places[part.side].ring];
        let edges = points.len() - 1;
        let (start, end) =
            (self.crossings[from].places[part.side], self.crossings[part.end].places[part.side]);
        let straight = start.edge == end.edge && start.along < end.along;
        let vertices = if straight { 0 } else { (end.edge + edges - start.edge - 1) % edges + 1 };
        self.loops.points.push(self.crossings[from].at);
        self.loops.points.extend((1..=vertices).map(|step| points[(start.edge + step) % edges]));
    }
}

/// Whether two crossings that follow each other on an edge lie so close that their order is a guess.
fn too_close(a: Place, b: Place, points: &[Coord<f64>]) -> bool {
    if a.edge != b.edge {
        return false;
    }
    let d = points[a.edge + 1] - points[a.edge];
    ((b.along - a.along) * d.x.hypot(d.y)).abs() < 10.0 * NEAR
}

/// Whether a point lies inside rings, by the even-odd rule. It is not near any edge.
fn inside(point: Coord<f64>, rings: &[&[Coord<f64>]]) -> bool {
    let mut inside = false;
    for pair in rings.iter().flat_map(|ring| ring.windows(2)) {
        let (from, to) = (pair[0], pair[1]);
        if (from.y > point.y) != (to.y > point.y) {
            let x = from.x + (point.y - from.y) / (to.y - from.y) * (to.x - from.x);
            inside ^= x > point.x;
        }
    }
    inside
}
