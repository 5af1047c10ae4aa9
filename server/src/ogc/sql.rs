//! SQL of the features of cases.

use crate::auth::Units;
use crate::db::{Session, Timestamp, sql};

/// A case as a feature.
#[derive(sqlx::FromRow)]
pub(super) struct CaseRow {
    pub id: String,
    pub unit: String,
    pub source: String,
    pub kind: String,
    pub severity: String,
    pub state: String,
    pub holder: String,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub words: Option<String>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
}

const CASE: &str = "select id, unit, source, kind, severity, state, holder, lon, lat, words, opened_at, updated_at \
     from cases where true";

/// Which cases are asked for.
#[derive(Default)]
pub(super) struct Wanted {
    pub bbox: Option<[f64; 4]>,
    /// Opened at or after, and at or before.
    pub opened: [Option<Timestamp>; 2],
    /// Those older than the one with this id.
    pub before: Option<String>,
}

/// Cases of some units, the newest first.
pub(super) async fn cases(
    on: &impl Session,
    units: &Units,
    wanted: &Wanted,
    limit: i64,
) -> sqlx::Result<Vec<CaseRow>> {
    let [west, south, east, north] = wanted.bbox.map_or([None; 4], |bbox| bbox.map(Some));
    let query = units
        .filter_ancestors(sql(CASE), &crate::auth::units::ANCESTORS)
        .push_if(" and lon >= ", west)
        .push_if(" and lon <= ", east)
        .push_if(" and lat >= ", south)
        .push_if(" and lat <= ", north)
        .push_if(" and opened_at >= ", wanted.opened[0])
        .push_if(" and opened_at <= ", wanted.opened[1])
        .push_if(" and id < ", wanted.before.as_deref());
    on.all(query.push_bind(" order by id desc limit ", limit)).await
}

/// One case of some units.
pub(super) async fn case(on: &impl Session, units: &Units, id: &str) -> sqlx::Result<Option<CaseRow>> {
    let query = units.filter_ancestors(sql(CASE), &crate::auth::units::ANCESTORS);
    on.first(query.push_bind(" and id = ", id)).await
}
