//! Which parcel lies where: the packed in-memory index of all parcels in force, kept true as they change.
//!
//! Each process has its own. A change raises the topic `parcels`, every changed row carries the revision that
//! it came with, and [`Locator::refreshed`] reads just the rows of newer revisions.
//!
//! Beside the outlines lie the few [`Facts`] that a map shows and a scope asks for, some fifty bytes a parcel, so
//! that drawing a tile needs no database.

use std::collections::HashSet;

use gengwei_proto::{ParcelCode, RegionCode};
use geo::{Coord, Rect};

use super::sql;
use crate::db::Db;
use crate::geo::shape::Point;
use crate::geo::{IndexBuilder, ParcelIndex, ParcelShape};

/// What is known of a parcel without asking the database.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The county's 6 digits, then a serial of 10.
    pub id: i64,
    /// The village or group it belongs to now.
    pub unit: RegionCode,
    /// 20 characters; farmland only.
    pub code: Option<ParcelCode>,
    /// 永久基本农田
    pub permanent: bool,
    class: [u8; 6],
}

impl Facts {
    fn of(row: &sql::ShapeRow) -> Self {
        let mut class = [b' '; 6];
        // The longest land class has five characters (0201K).
        for (to, from) in class.iter_mut().zip(row.dlbm.bytes().filter(u8::is_ascii_graphic)) {
            *to = from;
        }
        Self {
            id: row.id,
            unit: row.unit.0,
            code: row.code.as_ref().map(|c| c.0),
            permanent: row.permanent,
            class,
        }
    }

    /// 地类编码, 三调工作分类.
    pub fn class(&self) -> &str {
        std::str::from_utf8(&self.class).unwrap_or_default().trim_end()
    }
}

/// The index at one revision of the topic `parcels`.
pub struct Locator {
    index: ParcelIndex,
    /// By id.
    facts: Vec<Facts>,
    revision: i64,
}

impl Default for Locator {
    fn default() -> Self {
        Self { index: IndexBuilder::new().build(), facts: Vec::new(), revision: 0 }
    }
}

impl Locator {
    /// Reads all parcels in force. Rows that cannot be read are left out and logged.
    pub async fn load(db: &Db, revision: i64) -> sqlx::Result<Self> {
        let (mut builder, mut facts) = (IndexBuilder::new(), Vec::new());
        let mut after = 0;
        loop {
            let page = sql::shapes_after(db, after).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for row in page {
                match builder.push_bytes(row.id, &row.shape) {
                    Ok(()) => facts.push(Facts::of(&row)),
                    Err(error) => tracing::error!(%error, parcel = row.id, "a stored shape cannot be read"),
                }
            }
        }
        let index = tokio::task::spawn_blocking(move || builder.build()).await.map_err(worker_lost)?;
        Ok(Self { index, facts, revision })
    }

    /// This index brought up to a newer revision; a full reload when most of it changed.
    pub async fn refreshed(self: std::sync::Arc<Self>, db: &Db, revision: i64) -> sqlx::Result<Self> {
        const FEW: usize = 20_000;
        let changed = sql::shapes_since(db, self.revision, FEW as i64 + 1).await?;
        if self.index.is_empty() || changed.len() > FEW {
            return Self::load(db, revision).await;
        }
        let gone: HashSet<i64> = changed.iter().map(|row| row.id).collect();
        let mut facts: Vec<Facts> = self.facts.iter().filter(|f| !gone.contains(&f.id)).copied().collect();
        let (mut upserts, mut removals) = (Vec::new(), Vec::new());
        for row in changed {
            match ParcelShape::from_bytes(&row.shape) {
                Ok(shape) if row.retired_on.is_none() => {
                    facts.push(Facts::of(&row));
                    upserts.push((row.id, shape));
                }
                Ok(_) => removals.push(row.id),
                Err(error) => tracing::error!(%error, parcel = row.id, "a stored shape cannot be read"),
            }
        }
        facts.sort_unstable_by_key(|f| f.id);
        let next = tokio::task::spawn_blocking(move || self.index.with_changes(&upserts, &removals));
        Ok(Self { index: next.await.map_err(worker_lost)?, facts, revision })
    }

    /// The parcel with an id, as far as it is known without the database.
    pub fn facts(&self, id: i64) -> Option<&Facts> {
        self.facts.binary_search_by_key(&id, |f| f.id).ok().map(|at| &self.facts[at])
    }

    /// All parcels in force, by id.
    pub fn all(&self) -> &[Facts] {
        &self.facts
    }

    /// Walks the parcels whose boxes meet a window (west, south, east, north in units of 1e-7°): what is known of
    /// each, and its rings with whether each is an outer one.
    pub fn draw<'a>(
        &'a self,
        window: [i32; 4],
        mut parcel: impl FnMut(&'a Facts, &mut dyn Iterator<Item = (&'a [Point], bool)>),
    ) {
        self.index.draw(window, |id, rings| {
            if let Some(facts) = self.facts(id) {
                parcel(facts, rings);
            }
        });
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
