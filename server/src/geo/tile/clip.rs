//! Clipping of rings to a square (Sutherland and Hodgman 1974).
//!
//! A ring that leaves the square and comes back is joined along its border, which lies in the buffer and is never
//! shown.

/// Cuts `ring` down to what lies between `low` and `high` on both axes; `spare` is working space.
pub(super) fn to_square(ring: &mut Vec<[f64; 2]>, spare: &mut Vec<[f64; 2]>, low: f64, high: f64) {
    if ring.iter().flatten().all(|c| (low..=high).contains(c)) {
        return;
    }
    for axis in 0..2 {
        cut(ring, spare, axis, low, |c| c >= low);
        cut(ring, spare, axis, high, |c| c <= high);
    }
}

fn cut(
    ring: &mut Vec<[f64; 2]>,
    spare: &mut Vec<[f64; 2]>,
    axis: usize,
    at: f64,
    inside: impl Fn(f64) -> bool,
) {
    spare.clear();
    let Some(&(mut from)) = ring.last() else { return };
    for &to in ring.iter() {
        if inside(from[axis]) != inside(to[axis]) {
            spare.push(crossing(from, to, axis, at));
        }
        if inside(to[axis]) {
            spare.push(to);
        }
        from = to;
    }
    std::mem::swap(ring, spare);
}

fn crossing(from: [f64; 2], to: [f64; 2], axis: usize, at: f64) -> [f64; 2] {
    let share = (at - from[axis]) / (to[axis] - from[axis]);
    let other = 1 - axis;
    let mut point = [0.0; 2];
    point[axis] = at;
    point[other] = from[other] + share * (to[other] - from[other]);
    point
}
