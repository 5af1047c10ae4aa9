//! SQL of targets.

use gengwei_proto::RegionCode;

use super::{InForce, Kind, Target};
use crate::auth::Units;
use crate::db::{Session, Timestamp, Tx, sql};

/// What was entered for a year: 亩 and document.
pub(super) async fn find(
    on: &impl Session,
    unit: &RegionCode,
    year: i64,
    kind: Kind,
) -> sqlx::Result<Option<(f64, String)>> {
    on.first(
        sql("select mu, document from targets where unit = $1 and year = $2 and kind = $3")
            .bind(unit)
            .bind(year)
            .bind(kind.to_string()),
    )
    .await
}

/// The latest target up to a year.
pub(super) async fn in_force(
    on: &impl Session,
    unit: &RegionCode,
    year: i64,
    kind: Kind,
) -> sqlx::Result<Option<InForce>> {
    on.first(
        sql("select year, mu, document from targets where unit = $1 and kind = $2 and year <= $3 \
             order by year desc limit 1")
        .bind(unit)
        .bind(kind.to_string())
        .bind(year),
    )
    .await
}

pub(super) async fn put(tx: &Tx, target: &Target, now: Timestamp, by: &str) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into targets (unit, year, kind, mu, document, recorded_at, recorded_by) \
             values ($1, $2, $3, $4, $5, $6, $7) on conflict (unit, year, kind) do update \
             set mu = excluded.mu, document = excluded.document, \
             recorded_at = excluded.recorded_at, recorded_by = excluded.recorded_by")
        .bind(&target.unit)
        .bind(target.year)
        .bind(target.kind.to_string())
        .bind(target.mu)
        .bind(&target.document)
        .bind(now)
        .bind(by),
    )
    .await
}

/// What the parcels of some units add up to; areas in m².
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Sums {
    pub cropland_parcels: i64,
    pub cropland: f64,
    pub permanent_parcels: i64,
    pub permanent: f64,
    /// Area × 耕地等别 of the cropland that has one, and its area.
    pub grades: f64,
    pub graded: f64,
}

/// One pass over the index `parcels_sums`, which holds all that is asked for. Cropland is class 01.
pub(super) async fn sums(on: &impl Session, units: &Units) -> sqlx::Result<Sums> {
    let query = sql(
        "select coalesce(sum(case when dlbm >= '01' and dlbm < '02' then 1 else 0 end), 0) as cropland_parcels, \
         coalesce(sum(case when dlbm >= '01' and dlbm < '02' then coalesce(tbmj, area) end), 0.0) as cropland, \
         coalesce(sum(case when permanent then 1 else 0 end), 0) as permanent_parcels, \
         coalesce(sum(case when permanent then coalesce(tbmj, area) end), 0.0) as permanent, \
         coalesce(sum(case when dlbm >= '01' and dlbm < '02' and quality between 1 and 15 \
             then coalesce(tbmj, area) * quality end), 0.0) as grades, \
         coalesce(sum(case when dlbm >= '01' and dlbm < '02' and quality between 1 and 15 \
             then coalesce(tbmj, area) end), 0.0) as graded \
         from parcels where retired_on is null",
    );
    on.first(units.filter(query, "unit")).await?.ok_or(sqlx::Error::RowNotFound)
}
