//! The collection `cases`: what may be wrong, with a point where the place is known.

use serde_json::{Value, json};

use super::crs::Crs;
use super::sql::{self, CaseRow, Wanted};
use super::{Feature, Found, wrong};
use crate::auth::Units;
use crate::db::Timestamp;
use crate::error::{Problem, Result};
use crate::state::App;

/// A page: the newest first.
pub(super) async fn page(app: &App, units: &Units, wanted: &Wanted, limit: usize, crs: Crs) -> Result<Found> {
    let mut rows = sql::cases(app.db(), units, wanted, limit as i64 + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|last| last.id.clone());
    let features = rows.into_iter().map(|row| feature(app, row, crs)).collect::<Result<_>>()?;
    Ok(Found { features, next, matched: None })
}

/// One case.
pub(super) async fn one(app: &App, units: &Units, id: &str, crs: Crs) -> Result<Feature> {
    let row = sql::case(app.db(), units, id).await?.ok_or_else(Problem::not_found)?;
    feature(app, row, crs)
}

fn feature(app: &App, row: CaseRow, crs: Crs) -> Result<Feature> {
    let geometry = match (row.lon, row.lat) {
        (Some(lon), Some(lat)) => crs.geojson(geo::Point::new(lon, lat))?,
        _ => Value::Null,
    };
    let unit_name = gengwei_proto::RegionCode::parse(&row.unit).map(|unit| app.grid().full_name(&unit)).ok();
    let properties = json!({
        "unit": row.unit,
        "unit_name": unit_name,
        "source": row.source,
        "kind": row.kind,
        "severity": row.severity,
        "state": row.state,
        "holder": row.holder,
        "words": row.words,
        "opened_at": row.opened_at,
        "updated_at": row.updated_at,
    });
    Ok(Feature::new(row.id, geometry, properties))
}

/// `datetime` of OGC: an instant, or an interval whose open ends are `..` or nothing.
pub(super) fn interval(text: &str) -> Result<[Option<Timestamp>; 2]> {
    let wrong =
        || wrong("datetime", "datetime 应为时刻或区间，例如 2026-11-01T00:00:00Z/2026-11-30T23:59:59Z。");
    let end = |part: &str| match part {
        "" | ".." => Ok(None),
        time => time.parse().map(Some).map_err(|_| wrong()),
    };
    match text.split_once('/') {
        Some((from, to)) => Ok([end(from)?, end(to)?]),
        None => Ok([end(text)?, end(text)?]),
    }
}
