//! Vector tiles of parcels, patches, cases and the grid, each caller's own: nobody's tile shows what lies outside his scope.
//!
//! Parcels and the grid are drawn from memory ([`crate::parcels::Locator`]) and kept by revision and scope; cases and
//! patches are few and change by the minute, so they are read for each tile. A layer thins out as one zooms away: parcels become
//! squares that say how much of them is parcels, the grid goes from villages to counties.

mod cases;
mod extents;
mod http;
mod overview;
mod parcels;
mod patches;
mod sql;

use std::sync::Arc;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache as QuickCache;

use crate::auth::Units;
use crate::geo::tile::Tile;
use crate::parcels::Locator;
use extents::Extents;

pub use http::routes;

/// From this zoom on every parcel is drawn by itself.
const PARCELS_FROM: u8 = 12;
/// How much memory drawn tiles may take.
const CACHE_BYTES: u64 = 64 << 20;

/// The layers that are drawn from memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Drawn {
    Parcels,
    Grid,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    layer: Drawn,
    tile: Tile,
    /// Revisions of the parcels and the grid.
    revisions: [i64; 2],
    scope: Arc<str>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Bytes> for Weight {
    fn weight(&self, key: &Key, tile: &Bytes) -> u64 {
        (tile.len() + key.scope.len() + 128) as u64
    }
}

/// Tiles drawn before, the least useful dropped first, and the extents of units at one revision of the parcels.
pub struct Cache {
    tiles: QuickCache<Key, Bytes, Weight>,
    extents: std::sync::Mutex<Arc<Extents>>,
}

impl Default for Cache {
    fn default() -> Self {
        // An ordinary tile of fields takes some 20 kB.
        let tiles = QuickCache::with_weighter(4096, CACHE_BYTES, Weight);
        Self { tiles, extents: std::sync::Mutex::default() }
    }
}

impl Cache {
    /// The extents of the units at the locator's revision, worked out once.
    fn extents(&self, locator: &Locator) -> Arc<Extents> {
        let mut extents = self.extents.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !extents.are_of(locator.revision()) {
            *extents = Arc::new(Extents::of(locator));
        }
        Arc::clone(&extents)
    }
}

/// A scope as a text: the same units, the same tiles.
fn scope_name(units: &Units) -> Arc<str> {
    units.iter().map(|unit| unit.prefix().to_owned()).collect::<Vec<_>>().join("+").into()
}

#[cfg(test)]
mod tests;
