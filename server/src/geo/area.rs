//! The area that counts in law: 椭球面积 by 国土调查办发〔2008〕32号 (repeated in TD/T 1055).
//!
//! A plane area in zone 35 is up to 0.042 % too large within 中卫, so TBMJ is measured on the ellipsoid.
//! Each edge (B1, L1)–(B2, L2) of a ring spans a strip to a meridian L0 with the area
//!
//! S = 2 b² ΔL [A sin(ΔB/2) cos Bm − B sin(3ΔB/2) cos 3Bm + C sin(5ΔB/2) cos 5Bm − D … + E …],
//! ΔL = (L1 + L2)/2 − L0, ΔB = B2 − B1, Bm = (B1 + B2)/2,
//!
//! where B and L are rounded to a millionth of a second of arc first (that alone moves 15 ha by 0.01 m²,
//! so it is part of the rule). A ring's area is the sum over its edges; holes are subtracted; the result is
//! rounded half away from zero to 0.01 m².
//!
//! Two identities make it fast without changing it:
//!
//! - 2 sin(k ΔB/2) cos(k Bm) = sin(k B2) − sin(k B1), so S = b² ΔL (F(B2) − F(B1)), with one F a vertex
//!   instead of ten sines and cosines an edge; and sin(kB) for odd k is a polynomial in sin B.
//! - F only ever appears in differences around a closed ring, so L0 may be any meridian; with L0 through the
//!   ring's first vertex nothing large cancels.
//!
//! Neighbouring vertices lie close, so the sine and cosine are carried from one to the next by the addition
//! theorem rather than computed anew.

use super::gauss_kruger::{self, E2, GaussKruger, SinCos, rectifying};
use geo::{Coord, LineString, MultiPolygon};
use std::f64::consts::PI;

/// A millionth of a second of arc: the rule's resolution of B and L.
const UNITS_PER_DEGREE: f64 = 3_600.0e6;
const UNITS_PER_RADIAN: f64 = 180.0 / PI * UNITS_PER_DEGREE;
const RADIANS_PER_UNIT: f64 = PI / (180.0 * UNITS_PER_DEGREE);
const FULL_CIRCLE: i64 = 360 * 3_600_000_000;

/// Coefficients A to E as the rule prints them.
const STRIP: [f64; 5] = {
    let (e2, e4, e6, e8) = (E2, E2 * E2, E2 * E2 * E2, E2 * E2 * E2 * E2);
    [
        1.0 + 3.0 / 6.0 * e2 + 30.0 / 80.0 * e4 + 35.0 / 112.0 * e6 + 630.0 / 2304.0 * e8,
        1.0 / 6.0 * e2 + 15.0 / 80.0 * e4 + 21.0 / 112.0 * e6 + 420.0 / 2304.0 * e8,
        3.0 / 80.0 * e4 + 7.0 / 112.0 * e6 + 180.0 / 2304.0 * e8,
        1.0 / 112.0 * e6 + 45.0 / 2304.0 * e8,
        5.0 / 2304.0 * e8,
    ]
};

/// A sin B − B sin 3B + C sin 5B − D sin 7B + E sin 9B = sin B · Σ POLY[i] sin²ⁱB.
const POLY: [f64; 5] = {
    let [a, b, c, d, e] = STRIP;
    [
        a - 3.0 * b + 5.0 * c - 7.0 * d + 9.0 * e,
        4.0 * b - 20.0 * c + 56.0 * d - 120.0 * e,
        16.0 * c - 112.0 * d + 432.0 * e,
        64.0 * d - 576.0 * e,
        256.0 * e,
    ]
};

/// Area in m², rounded to 0.01, of polygons whose coordinates are metres in a Gauss-Krüger zone (x = east).
/// Ring orientation does not matter; rings may be closed or not.
pub fn official_area(polygons: &MultiPolygon<f64>, zone: GaussKruger) -> f64 {
    sum_rings(polygons, |ring| signed_ring_area(&ring.0, zone).abs())
}

/// The area inside one ring of a Gauss-Krüger plane, m², not rounded: positive when it runs anticlockwise.
pub(super) fn signed_ring_area(ring: &[Coord<f64>], zone: GaussKruger) -> f64 {
    ring_area(zone_vertices(ring, zone))
}

/// Rounds square metres to 0.01, halves away from zero, as the rule wants.
pub(super) fn rounded(square_metres: f64) -> f64 {
    (square_metres * 100.0).round() / 100.0
}

/// The same for polygons in CGCS2000 longitude and latitude, degrees.
pub fn official_area_lonlat(polygons: &MultiPolygon<f64>) -> f64 {
    sum_rings(polygons, |ring| ring_area(lonlat_vertices(&ring.0)).abs())
}

/// Square metres → 亩 (1 亩 = 2000/3 m²).
pub fn mu(square_metres: f64) -> f64 {
    square_metres * 3.0 / 2000.0
}

fn sum_rings(polygons: &MultiPolygon<f64>, area: impl Fn(&LineString<f64>) -> f64) -> f64 {
    let total: f64 = polygons
        .iter()
        .map(|polygon| area(polygon.exterior()) - polygon.interiors().iter().map(&area).sum::<f64>())
        .sum();
    rounded(total)
}

/// A vertex as the sum needs it: longitude in millionths of a second, and F of the rounded latitude.
struct Vertex {
    lon: i64,
    f: f64,
}

/// The strip sum around a ring, m²: positive when it runs anticlockwise.
fn ring_area(mut vertices: impl Iterator<Item = Vertex>) -> f64 {
    let Some(first) = vertices.next() else { return 0.0 };
    // ΔL counts from the first vertex, in half units, the short way round the antimeridian.
    let from_first = |lon: i64| {
        let d = lon - first.lon;
        if d.abs() <= FULL_CIRCLE / 2 { d } else { d - d.signum() * FULL_CIRCLE }
    };
    let mut sum = 0.0;
    let (mut last_f, mut last_lon) = (first.f, 0);
    for vertex in vertices {
        let lon = from_first(vertex.lon);
        sum += (last_lon + lon) as f64 * (vertex.f - last_f);
        (last_f, last_lon) = (vertex.f, lon);
    }
    // The edge back to the first vertex; it adds nothing when the ring was closed already.
    sum += last_lon as f64 * (first.f - last_f);
    let b = gauss_kruger::B;
    b * b * 0.5 * RADIANS_PER_UNIT * sum
}

fn zone_vertices(ring: &[Coord<f64>], zone: GaussKruger) -> impl Iterator<Item = Vertex> {
    let meridian = i64::from(zone.zone()) * 3 * UNITS_PER_DEGREE as i64;
    let mut at = Turning::start(ring, |c| rectifying(c.y));
    ring.iter().map(move |&Coord { x, y }| {
        let e = rectifying(y);
        let inverse = zone.inverse_from(e, at.turn_to(e), x);
        let lat = to_units(inverse.lat * UNITS_PER_RADIAN) as f64 * RADIANS_PER_UNIT;
        let sin_lat = inverse.foot_sc.turned(lat - inverse.foot).sin;
        Vertex { lon: meridian + to_units(inverse.dlon * UNITS_PER_RADIAN), f: strip_f(sin_lat) }
    })
}

fn lonlat_vertices(ring: &[Coord<f64>]) -> impl Iterator<Item = Vertex> {
    let mut at = Turning::start(ring, |c| c.y.to_radians());
    ring.iter().map(move |&Coord { x, y }| {
        let lat = to_units(y * UNITS_PER_DEGREE) as f64 * RADIANS_PER_UNIT;
        Vertex { lon: to_units(x * UNITS_PER_DEGREE), f: strip_f(at.turn_to(lat).sin) }
    })
}

/// Sine and cosine at a ring's first vertex, from which those of the others follow.
struct Turning {
    angle: f64,
    sc: SinCos,
}

impl Turning {
    fn start(ring: &[Coord<f64>], angle: impl Fn(&Coord<f64>) -> f64) -> Self {
        let angle = ring.first().map_or(0.0, angle);
        Self { angle, sc: SinCos::of(angle) }
    }

    /// Always from the first vertex, never from turn to turn: errors must not add up along a long ring.
    #[inline]
    fn turn_to(&mut self, angle: f64) -> SinCos {
        self.sc.turned(angle - self.angle)
    }
}

/// Rounds to whole units, halves away from zero; a plain cast is several times faster than `f64::round`.
#[inline]
fn to_units(value: f64) -> i64 {
    (value + 0.5_f64.copysign(value)) as i64
}

/// F(B) from sin B: the authalic strip function, in units of b².
#[inline]
fn strip_f(sin: f64) -> f64 {
    let s2 = sin * sin;
    sin * (POLY[0] + s2 * (POLY[1] + s2 * (POLY[2] + s2 * (POLY[3] + s2 * POLY[4]))))
}

#[cfg(test)]
#[path = "area_tests.rs"]
mod tests;
