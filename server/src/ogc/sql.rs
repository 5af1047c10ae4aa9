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

/// A patch as a feature.
#[derive(sqlx::FromRow)]
pub(super) struct PatchRow {
    pub id: String,
    pub batch_id: String,
    pub period: String,
    pub number: String,
    pub unit: String,
    pub to_class: Option<String>,
    pub seen: Option<String>,
    pub after_on: Option<String>,
    pub area: f64,
    pub farmland: f64,
    pub permanent: f64,
    pub outside: f64,
    pub verdict: String,
    pub suggestion: String,
    pub case_id: String,
    pub state: String,
    pub imported_at: Timestamp,
    pub crs: i64,
    pub geometry: Vec<u8>,
    pub shape: Vec<u8>,
}

const PATCH: &str = "select p.id, p.batch_id, p.period, p.number, p.unit, p.to_class, p.seen, p.after_on, p.area, \
     p.farmland, p.permanent, p.outside, p.verdict, p.suggestion, p.case_id, c.state, p.imported_at, p.crs, \
     p.geometry, p.shape from patches p join cases c on c.id = p.case_id where p.withdrawn_at is null";

const PATCH_ANCESTORS: [&str; 5] = ["p.city", "p.county", "p.township", "p.village", "p.unit"];

/// Patches of some units whose boxes meet a box, the newest first; `opened` is when they were imported.
pub(super) async fn patches(
    on: &impl Session,
    units: &Units,
    wanted: &Wanted,
    limit: i64,
) -> sqlx::Result<Vec<PatchRow>> {
    let [west, south, east, north] = wanted.bbox.map_or([None; 4], |bbox| bbox.map(Some));
    let query = units
        .filter_ancestors(sql(PATCH), &PATCH_ANCESTORS)
        .push_if(" and p.east >= ", west)
        .push_if(" and p.west <= ", east)
        .push_if(" and p.north >= ", south)
        .push_if(" and p.south <= ", north)
        .push_if(" and p.imported_at >= ", wanted.opened[0])
        .push_if(" and p.imported_at <= ", wanted.opened[1])
        .push_if(" and p.id < ", wanted.before.as_deref());
    on.all(query.push_bind(" order by p.id desc limit ", limit)).await
}

/// One patch of some units.
pub(super) async fn patch(on: &impl Session, units: &Units, id: &str) -> sqlx::Result<Option<PatchRow>> {
    let query = units.filter_ancestors(sql(PATCH), &PATCH_ANCESTORS);
    on.first(query.push_bind(" and p.id = ", id)).await
}
