//! The collection `patches`: change patches with what they touch and what is suggested.

use serde_json::{Value, json};

use super::crs::Crs;
use super::sql::{self, PatchRow, Wanted};
use super::{Feature, Found};
use crate::auth::Units;
use crate::error::{Problem, Result};
use crate::parcels::classes;
use crate::parcels::outline::Outlines;
use crate::parcels::sql::Geometry;
use crate::state::App;

/// A page: the newest first.
pub(super) async fn page(app: &App, units: &Units, wanted: &Wanted, limit: usize, crs: Crs) -> Result<Found> {
    let mut rows = sql::patches(app.db(), units, wanted, limit as i64 + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|last| last.id.clone());
    let mut outlines = Outlines::default();
    let features =
        rows.into_iter().map(|row| feature(app, &mut outlines, row, crs)).collect::<Result<_>>()?;
    Ok(Found { features, next, matched: None })
}

/// One patch.
pub(super) async fn one(app: &App, units: &Units, id: &str, crs: Crs) -> Result<Feature> {
    let row = sql::patch(app.db(), units, id).await?.ok_or_else(Problem::not_found)?;
    feature(app, &mut Outlines::default(), row, crs)
}

fn feature(app: &App, outlines: &mut Outlines, row: PatchRow, crs: Crs) -> Result<Feature> {
    let stored = Geometry { crs: row.crs, geometry: row.geometry, shape: row.shape };
    let geometry = crs.geojson(outlines.lonlat(&stored)?)?;
    let suggestion: Value = serde_json::from_str(&row.suggestion).unwrap_or_default();
    let unit_name = gengwei_proto::RegionCode::parse(&row.unit).map(|unit| app.grid().full_name(&unit)).ok();
    let properties = json!({
        "batch": row.batch_id,
        "period": row.period,
        "number": row.number,
        "unit": row.unit,
        "unit_name": unit_name,
        "to_class": row.to_class,
        "to_class_name": row.to_class.as_deref().and_then(classes::name),
        "seen": row.seen,
        "after_on": row.after_on,
        "area": row.area,
        "farmland": row.farmland,
        "permanent": row.permanent,
        "outside": row.outside,
        "verdict": row.verdict,
        "says": suggestion["says"],
        "article": suggestion["article"],
        "case": row.case_id,
        "state": row.state,
        "imported_at": row.imported_at,
    });
    Ok(Feature::new(row.id, geometry, properties))
}
