//! Which parcel lies where: the packed in-memory index of all parcels in force, kept true as they change.
//!
//! Each process has its own. A change raises the topic `parcels`, every changed row carries the revision that
//! it came with, and [`Locator::refreshed`] reads just the rows of newer revisions.

use geo::{Coord, Rect};

use super::sql;
use crate::db::Db;
use crate::geo::{IndexBuilder, ParcelIndex, ParcelShape};

/// The index at one revision of the topic `parcels`.
pub struct Locator {
    index: ParcelIndex,
    revision: i64,
}

impl Default for Locator {
    fn default() -> Self {
        Self { index: IndexBuilder::new().build(), revision: 0 }
    }
}

impl Locator {
    /// Reads all parcels in force. Rows that cannot be read are left out and logged.
    pub async fn load(db: &Db, revision: i64) -> sqlx::Result<Self> {
        let mut builder = IndexBuilder::new();
        let mut after = 0;
        loop {
            let page = sql::shapes_after(db, after).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for row in page {
                if let Err(error) = builder.push_bytes(row.id, &row.shape) {
                    tracing::error!(%error, parcel = row.id, "a stored shape cannot be read");
                }
            }
        }
        let index = tokio::task::spawn_blocking(move || builder.build()).await.map_err(worker_lost)?;
        Ok(Self { index, revision })
    }

    /// This index brought up to a newer revision; a full reload when most of it changed.
    pub async fn refreshed(self: std::sync::Arc<Self>, db: &Db, revision: i64) -> sqlx::Result<Self> {
        const FEW: usize = 20_000;
        let changed = sql::shapes_since(db, self.revision, FEW as i64 + 1).await?;
        if self.index.is_empty() || changed.len() > FEW {
            return Self::load(db, revision).await;
        }
        let (mut upserts, mut removals) = (Vec::new(), Vec::new());
        for row in changed {
            match ParcelShape::from_bytes(&row.shape) {
                Ok(shape) if row.retired_on.is_none() => upserts.push((row.id, shape)),
                Ok(_) => removals.push(row.id),
                Err(error) => tracing::error!(%error, parcel = row.id, "a stored shape cannot be read"),
            }
        }
        let next = tokio::task::spawn_blocking(move || self.index.with_changes(&upserts, &removals));
        Ok(Self { index: next.await.map_err(worker_lost)?, revision })
    }

    /// The ids of the parcels at a point (degrees, CGCS2000), in ascending order; in a clean layer at most
    /// one.
    pub fn at(&self, lon: f64, lat: f64) -> Vec<i64> {
        self.index.at(Coord { x: lon, y: lat })
    }

    /// The ids of the parcels that meet a box: west, south, east, north in degrees.
    pub fn within(&self, [west, south, east, north]: [f64; 4]) -> Vec<i64> {
        self.index.within(Rect::new(Coord { x: west, y: south }, Coord { x: east, y: north }))
    }

    /// The revision of the topic `parcels` that this index shows.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// How many parcels are in force.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }
}

fn worker_lost(error: tokio::task::JoinError) -> sqlx::Error {
    sqlx::Error::Protocol(format!("the index could not be built: {error}"))
}
