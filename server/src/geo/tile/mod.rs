//! Vector tiles: the grid of Web Mercator tiles, and Mapbox Vector Tiles 2.1 written straight from packed outlines.
//!
//! CGCS2000 is drawn as WGS-84 (they agree to some centimetres). Coordinates in a tile are integers from 0 to
//! [`EXTENT`], y pointing south; geometry reaches [`BUFFER`] beyond, so that outlines do not show at the seams.

mod clip;
mod encode;
mod project;

pub use encode::{Kind, Layer, Value};
pub use project::Projector;

use super::shape::{Point, UNITS};

/// Units a side of a tile.
pub const EXTENT: i32 = 4096;
/// Units drawn beyond each side.
pub const BUFFER: i32 = 64;
/// The deepest zoom: 4 cm a unit.
pub const MAX_ZOOM: u8 = 18;

/// A tile's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Zoom: the world is 2^zoom tiles wide.
    pub z: u8,
    /// Column from the date line eastwards.
    pub x: u32,
    /// Row from the north southwards.
    pub y: u32,
}

impl Tile {
    /// A tile that exists; `None` beyond [`MAX_ZOOM`] or off the world.
    pub fn new(z: u8, x: u32, y: u32) -> Option<Self> {
        (z <= MAX_ZOOM && x < 1 << z && y < 1 << z).then_some(Self { z, x, y })
    }

    /// The box around it with its buffer, in units of 1e-7°: west, south, east, north.
    pub fn window(&self) -> [i32; 4] {
        let margin = f64::from(BUFFER) / f64::from(EXTENT);
        let side = f64::from(1 << self.z);
        let (x, y) = (f64::from(self.x), f64::from(self.y));
        let [west, north] = project::place((x - margin) / side, (y - margin) / side);
        let [east, south] = project::place((x + 1.0 + margin) / side, (y + 1.0 + margin) / side);
        [(west * UNITS).floor(), (south * UNITS).floor(), (east * UNITS).ceil(), (north * UNITS).ceil()]
            .map(|units| units as i32)
    }
}

/// Rings of one feature in tile coordinates, reused from feature to feature.
#[derive(Debug, Default)]
pub struct Drawing {
    rings: Vec<Vec<[i32; 2]>>,
    used: usize,
    scratch: Vec<[f64; 2]>,
    spare: Vec<[f64; 2]>,
}

impl Drawing {
    /// Draws a polygon feature; answers whether anything of it is to be seen. Each ring comes with whether it is an
    /// outer one; a hole follows its outer ring. A ring smaller than the tile can show is left out, with its holes.
    pub fn polygons<'a>(
        &mut self,
        projector: &Projector,
        rings: impl Iterator<Item = (&'a [Point], bool)>,
    ) -> bool {
        self.used = 0;
        let mut outer_seen = false;
        for (ring, outer) in rings {
            if !outer && !outer_seen {
                continue;
            }
            self.scratch.clear();
            self.scratch.extend(ring.iter().map(|&point| projector.project(point)));
            clip::to_square(
                &mut self.scratch,
                &mut self.spare,
                -f64::from(BUFFER),
                f64::from(EXTENT + BUFFER),
            );
            let shown = self.keep(outer);
            outer_seen = if outer { shown } else { outer_seen };
        }
        self.used > 0
    }

    /// Rounds the scratch ring, drops repeated vertices, and turns it the way that its role asks for.
    fn keep(&mut self, outer: bool) -> bool {
        if self.used == self.rings.len() {
            self.rings.push(Vec::new());
        }
        let ring = &mut self.rings[self.used];
        ring.clear();
        for &[x, y] in &self.scratch {
            let point = [x.round() as i32, y.round() as i32];
            if ring.last() != Some(&point) {
                ring.push(point);
            }
        }
        while ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
        let area = doubled_area(ring);
        if ring.len() < 3 || area == 0 {
            return false;
        }
        // With y pointing south the outer ring's area is positive, a hole's negative (MVT 2.1, 4.3.4.4).
        if (area > 0) != outer {
            ring.reverse();
        }
        self.used += 1;
        true
    }

    /// The rings drawn last.
    pub fn rings(&self) -> &[Vec<[i32; 2]>] {
        &self.rings[..self.used]
    }
}

fn doubled_area(ring: &[[i32; 2]]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter()
        .zip(next)
        .map(|(a, b)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1]))
        .sum()
}

#[cfg(test)]
mod tests;
