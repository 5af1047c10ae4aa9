//! SQL of outlines.

use crate::db::{Session, Timestamp, Tx, sql};

/// An outline as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Stored {
    pub seq: i64,
    pub geometry: Vec<u8>,
    /// Packed, degrees.
    pub shape: Vec<u8>,
    pub area: f64,
    pub farmland: f64,
    pub permanent: f64,
    pub added: f64,
    pub outside: f64,
    pub parcels: String,
    pub drawn_at: Timestamp,
    pub drawn_by: String,
}

/// Adds a version; `bounds` are west, south, east, north in degrees.
pub(super) async fn insert(tx: &Tx, case: &str, new: &Stored, bounds: [f64; 4]) -> sqlx::Result<u64> {
    let [west, south, east, north] = bounds;
    tx.execute(
        sql("insert into case_outlines (case_id, seq, geometry, shape, west, south, east, north, area, farmland, \
             permanent, added, outside, parcels, drawn_at, drawn_by) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)")
        .bind(case)
        .bind(new.seq)
        .bind(new.geometry.as_slice())
        .bind(new.shape.as_slice())
        .bind(west)
        .bind(south)
        .bind(east)
        .bind(north)
        .bind(new.area)
        .bind(new.farmland)
        .bind(new.permanent)
        .bind(new.added)
        .bind(new.outside)
        .bind(&new.parcels)
        .bind(new.drawn_at)
        .bind(&new.drawn_by),
    )
    .await
}

/// A case's outlines, the latest first.
pub(super) async fn all(on: &impl Session, case: &str, limit: i64) -> sqlx::Result<Vec<Stored>> {
    on.all(
        sql("select seq, geometry, shape, area, farmland, permanent, added, outside, parcels, drawn_at, drawn_by \
             from case_outlines where case_id = $1 order by seq desc limit $2")
        .bind(case)
        .bind(limit),
    )
    .await
}
