//! What a label looks like, in millimetres, before it becomes SVG, PNG or PDF.

pub(crate) mod raster;
pub(crate) mod svg;
pub(crate) mod typeface;

use super::qr::{QUIET_ZONE, Symbol};

/// Millimetres of 1/100 inch.
const DOT: f32 = 0.254;

/// The few colours of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Black,
    White,
    Green,
    Grey,
}

impl Ink {
    pub(crate) fn rgb(self) -> [u8; 3] {
        match self {
            Self::Black => [0, 0, 0],
            Self::White => [255, 255, 255],
            Self::Green => [16, 92, 52],
            Self::Grey => [150, 150, 150],
        }
    }
}

/// A filled rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bar {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub ink: Ink,
}

/// One line of text from `x`, standing on `baseline`; `size` is the em.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub x: f32,
    pub baseline: f32,
    pub size: f32,
    pub ink: Ink,
    pub text: String,
}

/// A white square of side `side` for a symbol and its quiet zone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub x: f32,
    pub y: f32,
    pub side: f32,
    pub symbol: Symbol,
}

impl Placed {
    /// The symbol at the left of a square of `room` from (`x`, `y`), half-way down, its module the largest that is a
    /// whole number of dots at 100, 200, 300 … dots per inch: no printer or renderer gives it a ragged edge.
    pub(crate) fn within(x: f32, y: f32, room: f32, symbol: Symbol) -> Self {
        let modules = symbol.full_width() as f32;
        let dots = (room / modules / DOT).floor().max(1.0);
        let side = (dots * DOT * modules).min(room);
        Self { x, y: y + (room - side) / 2.0, side, symbol }
    }

    /// Side of a module.
    pub(crate) fn module(&self) -> f32 {
        self.side / self.symbol.full_width() as f32
    }

    /// Left and upper edge of the symbol within its quiet zone.
    pub(crate) fn origin(&self) -> (f32, f32) {
        let quiet = self.module() * QUIET_ZONE as f32;
        (self.x + quiet, self.y + quiet)
    }
}

/// A label laid out: y grows downwards from the upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drawing {
    pub width: f32,
    pub height: f32,
    pub title: String,
    pub bars: Vec<Bar>,
    pub lines: Vec<Line>,
    pub symbol: Placed,
}
