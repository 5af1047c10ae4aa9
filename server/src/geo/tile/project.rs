//! Between degrees and the square of Web Mercator.

use std::f64::consts::PI;

use super::super::shape::{Point, UNITS};
use super::{EXTENT, Tile};

/// Beyond this latitude Web Mercator has no place.
const MAX_LATITUDE: f64 = 85.051_128_779_806_6;

/// Degrees → the unit square, x eastwards from the date line, y southwards.
pub(super) fn world(lon: f64, lat: f64) -> [f64; 2] {
    let lat = lat.clamp(-MAX_LATITUDE, MAX_LATITUDE).to_radians();
    [lon / 360.0 + 0.5, 0.5 - lat.tan().asinh() / (2.0 * PI)]
}

/// The unit square → degrees.
pub(super) fn place(x: f64, y: f64) -> [f64; 2] {
    [(x - 0.5) * 360.0, ((0.5 - y) * 2.0 * PI).sinh().atan().to_degrees()]
}

/// From units of 1e-7° to the coordinates of one tile.
///
/// Close to a tile of zoom 8 and more, northing is the cubic Taylor polynomial about the tile's middle: a hundredth
/// of a unit from the exact value at zoom 8, far less deeper down, and several times as fast as `tan` and `asinh`.
#[derive(Debug, Clone, Copy)]
pub struct Projector {
    x: [f64; 2],
    middle: f64,
    /// Coefficients of the powers 0 to 3 of the latitude's distance from the middle, in units of 1e-7°.
    y: [f64; 4],
    exact: bool,
    scale: f64,
    top: f64,
}

impl Projector {
    /// The projector of a tile.
    pub fn new(tile: Tile) -> Self {
        let scale = f64::from(1_u32 << tile.z) * f64::from(EXTENT);
        let [left, top] = [tile.x, tile.y].map(|part| f64::from(part) * f64::from(EXTENT));
        let middle_row = (f64::from(tile.y) + 0.5) / f64::from(1_u32 << tile.z);
        let [_, middle] = place(0.5, middle_row);
        let (lat, radians) = (middle.to_radians(), 1.0_f64.to_radians() / UNITS);
        // The derivatives of asinh(tan φ): sec φ, sec φ tan φ, sec φ (1 + 2 tan² φ).
        let (sec, tan) = (1.0 / lat.cos(), lat.tan());
        let factor = -scale / (2.0 * PI);
        let y = [
            middle_row * scale - top,
            factor * sec * radians,
            factor * sec * tan * radians.powi(2) / 2.0,
            factor * sec * (1.0 + 2.0 * tan * tan) * radians.powi(3) / 6.0,
        ];
        let x = [scale / (360.0 * UNITS), scale / 2.0 - left];
        Self { x, middle: middle * UNITS, y, exact: tile.z < 8, scale, top }
    }

    /// A vertex in tile coordinates, y southwards.
    #[inline]
    pub fn project(&self, [lon, lat]: Point) -> [f64; 2] {
        let x = f64::from(lon) * self.x[0] + self.x[1];
        if self.exact {
            return [x, world(0.0, f64::from(lat) / UNITS)[1] * self.scale - self.top];
        }
        let d = f64::from(lat) - self.middle;
        [x, self.y[0] + d * (self.y[1] + d * (self.y[2] + d * self.y[3]))]
    }
}
