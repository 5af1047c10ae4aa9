//! GCJ-02 (火星坐标), the shifted coordinates of WeChat, Amap and Tencent maps, back to WGS-84.
//!
//! In 中卫 the shift is 250 to 400 m. Only the forward direction is a formula; the inverse repeats
//! "shift the guess, correct by the miss" until the guess, shifted, meets the given point. The result is good
//! to centimetres against the forward formula, far below a phone's own error, and serves positions only:
//! store the raw point with its datum, convert once, and never compute an area from converted points.

use geo::Coord;
use std::f64::consts::PI;

/// The ellipsoid (Krasovsky) that the shift's metres are turned into degrees with.
const A: f64 = 6_378_245.0;
const E2: f64 = 0.006_693_421_622_965_943;
/// A millimetre on the ground, in degrees.
const CLOSE_ENOUGH: f64 = 1e-8;

/// GCJ-02 longitude and latitude in degrees → WGS-84. Points outside the box in which GCJ-02 shifts
/// anything (72.004–137.8347°E, 0.8293–55.8271°N) come back unchanged.
pub fn to_wgs84(gcj: Coord<f64>) -> Coord<f64> {
    let mut guess = gcj;
    // The shift changes by some 1e-4 of a step, so three or four rounds reach the end.
    for _ in 0..10 {
        let miss = gcj - from_wgs84(guess);
        guess = guess + miss;
        if miss.x.abs() < CLOSE_ENOUGH && miss.y.abs() < CLOSE_ENOUGH {
            break;
        }
    }
    guess
}

/// WGS-84 longitude and latitude in degrees → GCJ-02, by the formula that is commonly published.
pub fn from_wgs84(wgs: Coord<f64>) -> Coord<f64> {
    if !(72.004..=137.8347).contains(&wgs.x) || !(0.8293..=55.8271).contains(&wgs.y) {
        return wgs;
    }
    let (east, north) = shift_metres(wgs.x - 105.0, wgs.y - 35.0);
    let lat = wgs.y.to_radians();
    let w2 = 1.0 - E2 * lat.sin().powi(2);
    let w = w2.sqrt();
    let meridian_radius = A * (1.0 - E2) / (w2 * w);
    let parallel_radius = A / w * lat.cos();
    Coord {
        x: wgs.x + (east / parallel_radius).to_degrees(),
        y: wgs.y + (north / meridian_radius).to_degrees(),
    }
}

fn shift_metres(x: f64, y: f64) -> (f64, f64) {
    let wave = |amplitude: f64, angle: f64| amplitude * (angle * PI).sin();
    let common = (wave(20.0, 6.0 * x) + wave(20.0, 2.0 * x)) * 2.0 / 3.0;
    let root = x.abs().sqrt();
    let east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root;
    let east_waves = wave(20.0, x) + wave(40.0, x / 3.0) + wave(150.0, x / 12.0) + wave(300.0, x / 30.0);
    let north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root;
    let north_waves = wave(20.0, y) + wave(40.0, y / 3.0) + wave(160.0, y / 12.0) + wave(320.0, y / 30.0);
    (east + common + east_waves * 2.0 / 3.0, north + common + north_waves * 2.0 / 3.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Distance, Haversine, Point};

    fn metres(a: Coord<f64>, b: Coord<f64>) -> f64 {
        Haversine.distance(Point::from(a), Point::from(b))
    }

    #[test]
    fn there_and_back_is_within_a_centimetre_all_over_the_city() {
        for i in 0..20 {
            for j in 0..20 {
                let wgs = Coord { x: 104.28 + 0.11 * f64::from(i), y: 36.1 + 0.1 * f64::from(j) };
                let gcj = from_wgs84(wgs);
                assert!((200.0..450.0).contains(&metres(wgs, gcj)), "{wgs:?}");
                assert!(metres(wgs, to_wgs84(gcj)) < 0.01, "{wgs:?}");
            }
        }
    }

    #[test]
    fn the_city_seat_is_shifted_by_339_metres() {
        let seat = Coord { x: 105.19, y: 37.51 };
        assert!((metres(seat, from_wgs84(seat)) - 339.0).abs() < 2.0);
    }

    #[test]
    fn outside_china_nothing_is_shifted() {
        let paris = Coord { x: 2.35, y: 48.85 };
        assert_eq!(to_wgs84(paris), paris);
        let nowhere = Coord { x: f64::NAN, y: 0.0 };
        assert!(to_wgs84(nowhere).x.is_nan());
    }
}
