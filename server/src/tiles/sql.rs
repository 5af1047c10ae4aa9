//! SQL of tiles.

use crate::auth::Units;
use crate::db::{Session, sql};

/// A tile shows no more; a city has never had as many in one.
const MOST: i64 = 20_000;

/// A case on the map.
#[derive(sqlx::FromRow)]
pub(super) struct CasePoint {
    pub id: String,
    pub unit: String,
    pub source: String,
    pub kind: String,
    pub severity: String,
    pub state: String,
    pub lon: f64,
    pub lat: f64,
}

/// The newest cases of some units in a box: west, south, east, north in degrees.
pub(super) async fn cases_in(
    on: &impl Session,
    units: &Units,
    [west, south, east, north]: [f64; 4],
) -> sqlx::Result<Vec<CasePoint>> {
    let query = sql("select id, unit, source, kind, severity, state, lon, lat from cases where true")
        .push_bind(" and lon >= ", west)
        .push_bind(" and lon <= ", east)
        .push_bind(" and lat >= ", south)
        .push_bind(" and lat <= ", north);
    let query = units.filter_ancestors(query, &crate::auth::units::ANCESTORS);
    on.all(query.push_bind(" order by id desc limit ", MOST)).await
}

/// A patch on the map.
#[derive(sqlx::FromRow)]
pub(super) struct PatchOutline {
    pub id: String,
    pub number: String,
    pub verdict: String,
    pub unit: String,
    pub case_id: String,
    pub state: String,
    pub shape: Vec<u8>,
}

const PATCH_ANCESTORS: [&str; 5] = ["p.city", "p.county", "p.township", "p.village", "p.unit"];

/// The newest patches of some units whose boxes meet a box, without those that were withdrawn.
pub(super) async fn patches_in(
    on: &impl Session,
    units: &Units,
    [west, south, east, north]: [f64; 4],
) -> sqlx::Result<Vec<PatchOutline>> {
    let query = sql("select p.id, p.number, p.verdict, p.unit, p.case_id, c.state, p.shape \
                     from patches p join cases c on c.id = p.case_id where p.withdrawn_at is null")
    .push_bind(" and p.east >= ", west)
    .push_bind(" and p.west <= ", east)
    .push_bind(" and p.north >= ", south)
    .push_bind(" and p.south <= ", north);
    let query = units.filter_ancestors(query, &PATCH_ANCESTORS);
    on.all(query.push_bind(" order by p.id desc limit ", MOST)).await
}
