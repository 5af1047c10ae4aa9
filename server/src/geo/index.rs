//! Which parcel is here? The packed, immutable index of all parcels, exact and in memory.
//!
//! Outlines lie in one arena of 1e-7° integers, their boxes in a packed Hilbert R-tree. A snapshot never
//! changes: a server process builds one at start, asks it from every thread, and swaps in a new one when
//! parcels have changed ([`ParcelIndex::with_changes`]; rebuilding half a million takes a fraction of a
//! second, see `examples/bench_geo.rs`).
//!
//! **Exact**: tests are integer arithmetic without overflow or tolerance. **Half-open**: where parcels share
//! an edge, a point on it belongs to exactly one of them — the parcel that a point moved by an
//! infinitesimal step north-east would lie in (east first). Overlapping parcels, a fault of some layers,
//! are all returned. Holes and further parts count by the even-odd rule.

use super::shape::{ParcelShape, Point, ShapeError, quantise, rings_of, unpack};
use geo::{Coord, Rect};
use geo_index::IndexableNum;
use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTree, RTreeBuilder, RTreeIndex};
use std::collections::HashSet;

/// Outlines one after another; the common part of the builder and the index.
#[derive(Debug, Clone, Default)]
struct Arena {
    ids: Vec<i64>,
    points: Vec<Point>,
    /// For each ring the index in `points` after its last vertex.
    ring_ends: Vec<usize>,
    /// For each ring whether it is an outer one; the holes of a polygon follow its outer ring.
    outer: Vec<bool>,
    /// For each parcel the index in `ring_ends` after its last ring.
    parcel_ends: Vec<usize>,
}

impl Arena {
    fn outline(&self, parcel: usize) -> impl Iterator<Item = (&[Point], bool)> {
        let first = parcel.checked_sub(1).map_or(0, |before| self.parcel_ends[before]);
        self.rings(parcel).zip(self.outer[first..].iter().copied())
    }

    fn rings(&self, parcel: usize) -> impl Iterator<Item = &[Point]> {
        let before = |ends: &[usize], i: usize| i.checked_sub(1).map_or(0, |i| ends[i]);
        let first = before(&self.parcel_ends, parcel);
        let ends = &self.ring_ends[first..self.parcel_ends[parcel]];
        rings_of(&self.points, ends, before(&self.ring_ends, first))
    }

    fn push<'a>(&mut self, id: i64, rings: impl Iterator<Item = (&'a [Point], bool)>) {
        for (ring, outer) in rings {
            self.points.extend_from_slice(ring);
            self.ring_ends.push(self.points.len());
            self.outer.push(outer);
        }
        self.ids.push(id);
        self.parcel_ends.push(self.ring_ends.len());
    }
}

/// Collects parcels for a [`ParcelIndex`].
#[derive(Debug, Default)]
pub struct IndexBuilder {
    arena: Arena,
}

impl IndexBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty builder with room for this many parcels of ordinary size.
    pub fn with_capacity(parcels: usize) -> Self {
        let mut arena = Arena::default();
        arena.ids.reserve(parcels);
        arena.parcel_ends.reserve(parcels);
        arena.ring_ends.reserve(parcels);
        arena.points.reserve(parcels * 8);
        Self { arena }
    }

    /// Adds a parcel's outline.
    pub fn push(&mut self, id: i64, shape: &ParcelShape) {
        self.arena.push(id, shape.outline());
    }

    /// Adds a parcel straight from its database column. A damaged column is refused and leaves no trace.
    pub fn push_bytes(&mut self, id: i64, bytes: &[u8]) -> Result<(), ShapeError> {
        let Arena { ids, points, ring_ends, outer, parcel_ends } = &mut self.arena;
        let before = (points.len(), ring_ends.len());
        let polygon = |end: usize| {
            let first = outer.len();
            outer.resize(end, false);
            if first < end {
                outer[first] = true;
            }
        };
        if let Err(error) = unpack(bytes, points, ring_ends, polygon) {
            points.truncate(before.0);
            ring_ends.truncate(before.1);
            outer.truncate(before.1);
            return Err(error);
        }
        ids.push(id);
        parcel_ends.push(ring_ends.len());
        Ok(())
    }

    /// Packs the tree. Parcels without a vertex are kept but never found.
    pub fn build(self) -> ParcelIndex {
        let arena = self.arena;
        let count = u32::try_from(arena.ids.len()).expect("four billion parcels do not fit in memory");
        let mut boxes = RTreeBuilder::<i32>::new(count);
        for parcel in 0..arena.ids.len() {
            let [min_x, min_y, max_x, max_y] = bounds(arena.rings(parcel));
            boxes.add(min_x, min_y, max_x, max_y);
        }
        ParcelIndex { arena, tree: boxes.finish::<HilbertSort>() }
    }
}

/// Box of all vertices; for none a box that no query meets (its sides are the wrong way round).
fn bounds<'a>(rings: impl Iterator<Item = &'a [Point]>) -> [i32; 4] {
    let none = [i32::MAX, i32::MAX, i32::MIN, i32::MIN];
    rings.flatten().fold(none, |b, p| [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])])
}

/// The immutable index. Cheap to ask from many threads; share it in an `Arc`.
#[derive(Debug)]
pub struct ParcelIndex {
    arena: Arena,
    tree: RTree<i32>,
}

impl Default for ParcelIndex {
    fn default() -> Self {
        IndexBuilder::new().build()
    }
}

impl ParcelIndex {
    /// Number of parcels.
    pub fn len(&self) -> usize {
        self.arena.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.arena.ids.is_empty()
    }

    /// Bytes of memory held.
    pub fn memory_bytes(&self) -> usize {
        let Arena { ids, points, ring_ends, outer, parcel_ends } = &self.arena;
        ids.capacity() * size_of::<i64>()
            + points.capacity() * size_of::<Point>()
            + outer.capacity()
            + (ring_ends.capacity() + parcel_ends.capacity()) * size_of::<usize>()
            + self.tree.metadata().data_buffer_length()
    }

    /// The parcels at a CGCS2000 longitude and latitude in degrees, in ascending order; in a clean layer
    /// at most one. A place that is not on earth (or NaN) has none.
    pub fn at(&self, lonlat: Coord<f64>) -> Vec<i64> {
        let Some(point) = quantise(lonlat) else { return Vec::new() };
        self.collect([point[0], point[1], point[0], point[1]], |rings| holds(rings, point))
    }

    /// The parcels that meet a box in degrees, touching included, in ascending order.
    pub fn within(&self, bbox: Rect<f64>) -> Vec<i64> {
        let (Some([min_x, min_y]), Some([max_x, max_y])) = (quantise(bbox.min()), quantise(bbox.max()))
        else {
            return Vec::new();
        };
        let window = [min_x, min_y, max_x, max_y];
        self.collect(window, |rings| meets(rings, window))
    }

    /// A new snapshot with these parcels replaced or added and those removed. Costs a copy and a rebuild,
    /// so gather changes and apply them at most about once a second.
    pub fn with_changes(&self, upserts: &[(i64, ParcelShape)], removals: &[i64]) -> Self {
        let gone: HashSet<i64> = upserts.iter().map(|(id, _)| *id).chain(removals.iter().copied()).collect();
        let mut next = IndexBuilder::with_capacity(self.len() + upserts.len());
        for (parcel, id) in self.arena.ids.iter().enumerate() {
            if !gone.contains(id) {
                next.arena.push(*id, self.arena.outline(parcel));
            }
        }
        for (id, shape) in upserts {
            next.push(*id, shape);
        }
        next.build()
    }

    /// Walks the parcels whose boxes meet a window (west, south, east, north in units of 1e-7°), in no order: the
    /// id, and each ring with whether it is an outer one.
    pub fn draw<'a>(
        &'a self,
        window: [i32; 4],
        mut parcel: impl FnMut(i64, &mut dyn Iterator<Item = (&'a [Point], bool)>),
    ) {
        visit(&self.tree, window, |found| parcel(self.arena.ids[found], &mut self.arena.outline(found)));
    }

    fn collect(&self, window: [i32; 4], exact: impl Fn(RingsOf<'_>) -> bool) -> Vec<i64> {
        let mut found = Vec::new();
        visit(&self.tree, window, |parcel| {
            if exact(RingsOf { arena: &self.arena, parcel }) {
                found.push(self.arena.ids[parcel]);
            }
        });
        found.sort_unstable();
        found
    }
}

/// The rings of one parcel, to be walked more than once.
#[derive(Clone, Copy)]
struct RingsOf<'a> {
    arena: &'a Arena,
    parcel: usize,
}

impl<'a> RingsOf<'a> {
    /// All edges, each from vertex to vertex, the closing one included.
    fn edges(self) -> impl Iterator<Item = [Point; 2]> {
        self.arena.rings(self.parcel).flat_map(|ring| {
            let last = ring.last().copied().into_iter();
            last.chain(ring.iter().copied()).zip(ring).map(|(from, to)| [from, *to])
        })
    }

    fn vertices(self) -> impl Iterator<Item = &'a Point> {
        self.arena.rings(self.parcel).flatten()
    }
}

/// Walks the leaves whose boxes meet the window, without allocating for trees of ordinary depth.
fn visit<N: IndexableNum>(tree: &RTree<N>, window: [N; 4], mut leaf: impl FnMut(usize)) {
    let (boxes, indices, levels) = (tree.boxes(), tree.indices(), tree.level_bounds());
    let fan = tree.node_size() as usize * 4;
    let leaves = tree.num_items() as usize * 4;
    let [min_x, min_y, max_x, max_y] = window;
    let Some(root) = boxes.len().checked_sub(4) else { return };
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        // A node's children stand together and never past the end of their level.
        let level_end = levels.iter().copied().find(|&end| end > node).unwrap_or(boxes.len());
        let end = (node + fan).min(level_end);
        for (i, b) in boxes[node..end].chunks_exact(4).enumerate() {
            if max_x < b[0] || max_y < b[1] || min_x > b[2] || min_y > b[3] {
                continue;
            }
            let index = indices.get((node >> 2) + i);
            if node < leaves { leaf(index) } else { open.push(index) }
        }
    }
}

/// Even-odd test with the half-open rule. Differences of longitudes fit 32 bits unsigned, of latitudes 31:
/// their products fit i64, and they are compared, not subtracted.
fn holds(rings: RingsOf<'_>, [x, y]: Point) -> bool {
    let mut inside = false;
    for [from, to] in rings.edges() {
        if (from[1] > y) == (to[1] > y) {
            continue;
        }
        let (low, high) = if from[1] < to[1] { (from, to) } else { (to, from) };
        let d = |a: i32, b: i32| i64::from(a) - i64::from(b);
        // The edge lies strictly east of the point.
        inside ^= d(x, low[0]) * d(high[1], low[1]) < d(y, low[1]) * d(high[0], low[0]);
    }
    inside
}

/// Whether a closed box and a parcel (interior or boundary) have a point in common.
fn meets(rings: RingsOf<'_>, window: [i32; 4]) -> bool {
    let [min_x, min_y, max_x, max_y] = window;
    let inside = |p: &Point| (min_x..=max_x).contains(&p[0]) && (min_y..=max_y).contains(&p[1]);
    rings.vertices().any(inside)
        || rings.edges().any(|edge| edge_meets(edge, window))
        // No boundary in the box: it is wholly inside or wholly outside.
        || holds(rings, [min_x, min_y])
}

fn edge_meets([from, to]: [Point; 2], [min_x, min_y, max_x, max_y]: [i32; 4]) -> bool {
    let apart = from[0].max(to[0]) < min_x
        || from[0].min(to[0]) > max_x
        || from[1].max(to[1]) < min_y
        || from[1].min(to[1]) > max_y;
    if apart {
        return false;
    }
    // The boxes overlap; they miss each other only when all corners lie on one side of the edge.
    let d = |a: i32, b: i32| i64::from(a) - i64::from(b);
    let side = |x, y| (d(to[0], from[0]) * d(y, from[1])).cmp(&(d(to[1], from[1]) * d(x, from[0])));
    let sides = [side(min_x, min_y), side(max_x, min_y), side(max_x, max_y), side(min_x, max_y)];
    !(sides.iter().all(|s| s.is_gt()) || sides.iter().all(|s| s.is_lt()))
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
