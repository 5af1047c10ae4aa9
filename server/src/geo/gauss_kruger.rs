//! Gauss-Krüger 3° zones of CGCS2000 (高斯-克吕格投影), forward and inverse.
//!
//! The plane in which surveyors work: one strip of 3° of longitude a zone, central meridian = 3° × zone,
//! scale 1, easting 500 000 m on the central meridian. Files write the easting with the zone number in
//! front (35 500 000, EPSG:4513–4533) or without it (500 000, EPSG:4534–4554). 中卫 lies in zone 35,
//! central meridian 105°E.
//!
//! Both directions are the classic series that the Chinese rules print, carried some terms further. The
//! printed inverse of 国土调查办发〔2008〕32号 is off by up to 0.05 mm, more than the step of a millionth of a
//! second (0.03 mm) to which the same rule rounds, so with it areas would depend on where the series was cut.
//! This one agrees with PROJ to far below that step anywhere in a zone and its margins.

use geo::Coord;

/// Semi-major axis of the CGCS2000 ellipsoid, metres.
pub const A: f64 = 6_378_137.0;
/// Semi-minor axis of the CGCS2000 ellipsoid, metres.
pub const B: f64 = 6_356_752.314_140_36;
/// First eccentricity squared, as printed in the rule.
pub const E2: f64 = 0.006_694_380_022_9;
/// Flattening.
const F: f64 = 1.0 / 298.257_222_101;
/// Second eccentricity squared.
const E2_PRIME: f64 = F * (2.0 - F) / ((1.0 - F) * (1.0 - F));
/// Polar radius of curvature a²/b, metres.
const C: f64 = A / (1.0 - F);
/// Third flattening, the parameter of the meridian series.
const N: f64 = F / (2.0 - F);
/// Radius of the sphere with the same meridian length, metres.
const RECTIFYING_RADIUS: f64 = A / (1.0 + N) * (1.0 + N * N / 4.0 + N * N * N * N / 64.0);
/// Rectifying → footpoint latitude, and geographic → rectifying latitude.
const TO_FOOT: [f64; 5] = {
    let (n2, n3, n4, n5) = (N * N, N * N * N, N * N * N * N, N * N * N * N * N);
    in_powers([
        3.0 / 2.0 * N - 27.0 / 32.0 * n3 + 269.0 / 512.0 * n5,
        21.0 / 16.0 * n2 - 55.0 / 32.0 * n4,
        151.0 / 96.0 * n3 - 417.0 / 128.0 * n5,
        1097.0 / 512.0 * n4,
        8011.0 / 2560.0 * n5,
    ])
};
const TO_RECTIFYING: [f64; 5] = {
    let (n2, n3, n4, n5) = (N * N, N * N * N, N * N * N * N, N * N * N * N * N);
    in_powers([
        -3.0 / 2.0 * N + 9.0 / 16.0 * n3 - 3.0 / 32.0 * n5,
        15.0 / 16.0 * n2 - 15.0 / 32.0 * n4,
        -35.0 / 48.0 * n3 + 105.0 / 256.0 * n5,
        315.0 / 512.0 * n4,
        -693.0 / 1280.0 * n5,
    ])
};

/// Σ c[j] sin(2(j+1)x) = sin x cos x · Σ p[i] sin²ⁱx: the p for these c, so that one sine serves all terms.
const fn in_powers([c2, c4, c6, c8, c10]: [f64; 5]) -> [f64; 5] {
    [
        2.0 * (c2 + 2.0 * c4 + 3.0 * c6 + 4.0 * c8 + 5.0 * c10),
        -2.0 * (4.0 * c4 + 16.0 * c6 + 40.0 * c8 + 80.0 * c10),
        2.0 * (16.0 * c6 + 96.0 * c8 + 336.0 * c10),
        -2.0 * (64.0 * c8 + 512.0 * c10),
        512.0 * c10,
    ]
}

const FALSE_EASTING: f64 = 500_000.0;
const ZONE_WIDTH_M: f64 = 1_000_000.0;

/// A 3° Gauss-Krüger zone of CGCS2000, with or without the zone number in front of the easting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GaussKruger {
    zone: u8,
    prefixed: bool,
}

/// A sine and cosine of one angle, carried along so that neighbouring angles need no new call of `sin_cos`.
#[derive(Clone, Copy)]
pub(super) struct SinCos {
    pub(super) sin: f64,
    pub(super) cos: f64,
}

impl SinCos {
    pub(super) fn of(angle: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self { sin, cos }
    }

    /// Sine and cosine of (this angle + `delta`), by the addition theorem. Below 1/64 rad (100 km on the
    /// ground) the short series for `delta` are exact to the last bit.
    pub(super) fn turned(self, delta: f64) -> Self {
        let (sin, cos) = if delta.abs() < 1.0 / 64.0 {
            let d2 = delta * delta;
            let sin = delta * (1.0 - d2 / 6.0 * (1.0 - d2 / 20.0 * (1.0 - d2 / 42.0)));
            let cos = 1.0 - d2 / 2.0 * (1.0 - d2 / 12.0 * (1.0 - d2 / 30.0));
            (sin, cos)
        } else {
            delta.sin_cos()
        };
        Self { sin: self.sin * cos + self.cos * sin, cos: self.cos * cos - self.sin * sin }
    }

    /// A series of even sines in the form that [`in_powers`] gives.
    #[inline]
    fn series(self, p: &[f64; 5]) -> f64 {
        let s2 = self.sin * self.sin;
        self.sin * self.cos * (p[0] + s2 * (p[1] + s2 * (p[2] + s2 * (p[3] + s2 * p[4]))))
    }
}

/// What the inverse series yields: angles in radians, longitude counted from the central meridian.
pub(super) struct Inverse {
    /// Footpoint latitude, and its sine and cosine.
    pub(super) foot: f64,
    pub(super) foot_sc: SinCos,
    pub(super) lat: f64,
    pub(super) dlon: f64,
}

impl GaussKruger {
    /// Zones 25 to 45 (central meridians 75°E to 135°E) cover China.
    pub const ZONES: std::ops::RangeInclusive<u8> = 25..=45;
    /// The zone that holds 中卫: central meridian 105°E, no zone number in the easting (EPSG:4544).
    pub const ZONE_35: Self = Self { zone: 35, prefixed: false };
    /// The same with the zone number (EPSG:4523): the plane of the provincial databases.
    pub const ZONE_35_PREFIXED: Self = Self { zone: 35, prefixed: true };

    /// The zone with this number, or `None` outside 25–45.
    pub fn new(zone: u8, prefixed: bool) -> Option<Self> {
        Self::ZONES.contains(&zone).then_some(Self { zone, prefixed })
    }

    /// The zone with this EPSG code (4513–4533 with prefix, 4534–4554 without).
    pub fn from_epsg(code: u32) -> Option<Self> {
        let (offset, prefixed) = match code {
            4513..=4533 => (code - 4513, true),
            4534..=4554 => (code - 4534, false),
            _ => return None,
        };
        Self::new(25 + offset as u8, prefixed)
    }

    /// The EPSG code.
    pub fn epsg(self) -> u32 {
        let base = if self.prefixed { 4513 } else { 4534 };
        base + u32::from(self.zone - 25)
    }

    /// Zone number (带号).
    pub fn zone(self) -> u8 {
        self.zone
    }

    /// Whether eastings carry the zone number.
    pub fn is_prefixed(self) -> bool {
        self.prefixed
    }

    /// Central meridian (中央子午线), degrees east.
    pub fn central_meridian(self) -> f64 {
        f64::from(self.zone) * 3.0
    }

    /// Easting of the central meridian, metres.
    pub fn false_easting(self) -> f64 {
        if self.prefixed { f64::from(self.zone) * ZONE_WIDTH_M + FALSE_EASTING } else { FALSE_EASTING }
    }

    /// Easting and northing in metres → longitude and latitude in degrees.
    pub fn inverse(self, plane: Coord<f64>) -> Coord<f64> {
        let e = rectifying(plane.y);
        let inverse = self.inverse_from(e, SinCos::of(e), plane.x);
        Coord { x: self.central_meridian() + inverse.dlon.to_degrees(), y: inverse.lat.to_degrees() }
    }

    /// The inverse series from the angle `e` = [`rectifying`]`(northing)`, whose sine and cosine the
    /// caller has at hand.
    #[inline]
    pub(super) fn inverse_from(self, e: f64, sc: SinCos, easting: f64) -> Inverse {
        let to_foot = sc.series(&TO_FOOT);
        let foot = e + to_foot;
        let foot_sc = sc.turned(to_foot);

        let sec = 1.0 / foot_sc.cos;
        let t = foot_sc.sin * sec;
        let t2 = t * t;
        let eta2 = E2_PRIME * foot_sc.cos * foot_sc.cos;
        let v2 = 1.0 + eta2;
        // y / N, the distance from the central meridian in radii of the prime vertical.
        let u = (easting - self.false_easting()) * v2.sqrt() / C;
        let u2 = u * u;
        let lat_4 = (5.0 + 3.0 * t2 + eta2 * (1.0 - 9.0 * t2 - 4.0 * eta2)) / 24.0;
        let lat_6 = (61.0 + t2 * (90.0 + 45.0 * t2) + eta2 * (107.0 - t2 * (162.0 + 45.0 * t2))) / 720.0;
        let lat_8 = (1385.0 + t2 * (3633.0 + t2 * (4095.0 + 1575.0 * t2))) / 40_320.0;
        let lat = foot - v2 * t * u2 * (0.5 - u2 * (lat_4 - u2 * (lat_6 - u2 * lat_8)));
        let lon_3 = (1.0 + 2.0 * t2 + eta2) / 6.0;
        let lon_5 = (5.0 + t2 * (28.0 + 24.0 * t2) + eta2 * (6.0 + 8.0 * t2)) / 120.0;
        let lon_7 = (61.0 + t2 * (662.0 + t2 * (1320.0 + 720.0 * t2))) / 5040.0;
        let dlon = sec * u * (1.0 - u2 * (lon_3 - u2 * (lon_5 - u2 * lon_7)));
        Inverse { foot, foot_sc, lat, dlon }
    }

    /// Longitude and latitude in degrees → easting and northing in metres. Agrees with PROJ to
    /// a micrometre within 2° of the central meridian.
    pub fn forward(self, lonlat: Coord<f64>) -> Coord<f64> {
        let lat = lonlat.y.to_radians();
        let sc = SinCos::of(lat);
        let SinCos { sin, cos } = sc;
        let t2 = (sin / cos).powi(2);
        let eta2 = E2_PRIME * cos * cos;
        let n = C / (1.0 + eta2).sqrt();
        let l = (lonlat.x - self.central_meridian()).to_radians() * cos;
        let l2 = l * l;
        let east_3 = (1.0 - t2 + eta2) / 6.0;
        let east_5 = (5.0 + t2 * (t2 - 18.0) + eta2 * (14.0 - 58.0 * t2)) / 120.0;
        let north_4 = (5.0 - t2 + eta2 * (9.0 + 4.0 * eta2)) / 24.0;
        let north_6 = (61.0 + t2 * (t2 - 58.0) + eta2 * (270.0 - 330.0 * t2)) / 720.0;
        let east_7 = (61.0 - t2 * (479.0 - t2 * (179.0 - t2))) / 5040.0;
        let north_8 = (1385.0 - t2 * (3111.0 - t2 * (543.0 - t2))) / 40_320.0;
        let arc = RECTIFYING_RADIUS * (lat + sc.series(&TO_RECTIFYING));
        Coord {
            x: self.false_easting() + n * l * (1.0 + l2 * (east_3 + l2 * (east_5 + l2 * east_7))),
            y: arc + n * (sin / cos) * l2 * (0.5 + l2 * (north_4 + l2 * (north_6 + l2 * north_8))),
        }
    }
}

/// Rectifying latitude of a northing, radians: where the footpoint series starts.
#[inline]
pub(super) fn rectifying(northing: f64) -> f64 {
    northing * (1.0 / RECTIFYING_RADIUS)
}

/// What the size of an easting says about its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneHint {
    /// Eight digits before the point: the first two are this zone.
    Prefixed(u8),
    /// Six digits before the point: a plane coordinate without its zone.
    Bare,
    /// Neither: degrees, another projection, or an easting outside any zone of China.
    None,
}

/// Reads the zone off an easting: `35_438_019.33` is in zone 35, `438_019.33` does not tell.
pub fn detect_zone(easting: f64) -> ZoneHint {
    if (100_000.0..1_000_000.0).contains(&easting) {
        return ZoneHint::Bare;
    }
    let zone = (easting / ZONE_WIDTH_M).floor();
    if (25.0..46.0).contains(&zone) { ZoneHint::Prefixed(zone as u8) } else { ZoneHint::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longitude, latitude, and the EPSG:4523 plane as PROJ gives it (`gdaltransform`, PROJ 9.1).
    const PROJ: &str = include_str!("../../tests/data/gauss_kruger_proj.csv");

    fn proj_points() -> impl Iterator<Item = (Coord<f64>, Coord<f64>)> {
        PROJ.lines().skip(1).map(|line| {
            let n: Vec<f64> = line.split(',').map(|f| f.parse().unwrap()).collect();
            (Coord { x: n[0], y: n[1] }, Coord { x: n[2], y: n[3] })
        })
    }

    #[test]
    fn both_directions_agree_with_proj_to_ten_micrometres() {
        let gk = GaussKruger::ZONE_35_PREFIXED;
        let mut seen = 0;
        for (lonlat, plane) in proj_points() {
            let ours = gk.forward(lonlat);
            assert!((ours - plane).x.abs() < 1e-5 && (ours - plane).y.abs() < 1e-5, "{lonlat:?} → {ours:?}");
            let back = gk.inverse(plane);
            let metres = (back - lonlat) * 111_320.0;
            assert!(metres.x.abs() < 1e-5 && metres.y.abs() < 1e-5, "{plane:?} → {back:?}");
            seen += 1;
        }
        assert!(seen >= 30);
    }

    #[test]
    fn epsg_codes_go_both_ways() {
        for code in 4513..=4554 {
            assert_eq!(GaussKruger::from_epsg(code).unwrap().epsg(), code);
        }
        assert_eq!(GaussKruger::from_epsg(4523), Some(GaussKruger::ZONE_35_PREFIXED));
        assert_eq!(GaussKruger::from_epsg(4544), Some(GaussKruger::ZONE_35));
        assert_eq!(GaussKruger::from_epsg(4545).unwrap().central_meridian(), 108.0);
        assert_eq!(GaussKruger::from_epsg(4512), None);
        assert_eq!(GaussKruger::from_epsg(4555), None);
    }

    #[test]
    fn the_easting_tells_its_zone() {
        assert_eq!(detect_zone(35_438_019.33), ZoneHint::Prefixed(35));
        assert_eq!(detect_zone(36_999_999.9), ZoneHint::Prefixed(36));
        assert_eq!(detect_zone(438_019.33), ZoneHint::Bare);
        assert_eq!(detect_zone(105.19), ZoneHint::None);
        assert_eq!(detect_zone(99_500_000.0), ZoneHint::None);
        assert_eq!(detect_zone(f64::NAN), ZoneHint::None);
        assert_eq!(detect_zone(-35_438_019.33), ZoneHint::None);
    }

    #[test]
    fn a_turned_angle_is_as_good_as_a_new_sine() {
        for (angle, delta) in [(0.65, 1e-5), (0.65, 0.015), (0.1, -0.0156), (1.2, 0.4)] {
            let turned = SinCos::of(angle).turned(delta);
            let fresh = SinCos::of(angle + delta);
            assert!((turned.sin - fresh.sin).abs() < 3e-16 && (turned.cos - fresh.cos).abs() < 3e-16);
        }
    }
}
