//! The collection `parcels`: parcels in force. Which ones, the index in memory tells; the database gives the page.

use std::collections::HashMap;

use serde_json::json;

use super::crs::Crs;
use super::{Feature, Found};
use crate::auth::Units;
use crate::error::{Problem, Result};
use crate::geo::mu;
use crate::grid::Grid;
use crate::parcels::outline::Outlines;
use crate::parcels::{classes, sql};
use crate::state::App;

/// A page: parcels of some units, in a box, after an id.
pub(super) async fn page(
    app: &App,
    units: &Units,
    bbox: Option<[f64; 4]>,
    after: Option<i64>,
    limit: usize,
    crs: Crs,
) -> Result<Found> {
    let locator = app.locator();
    let ids: Vec<i64> = match bbox {
        Some(bbox) => locator.within(bbox).into_iter().filter_map(|id| locator.facts(id)).collect::<Vec<_>>(),
        None => locator.all().iter().collect(),
    }
    .into_iter()
    .filter(|facts| units.contain(&facts.unit))
    .map(|facts| facts.id)
    .collect();
    let begin = after.map_or(0, |after| ids.partition_point(|id| *id <= after));
    let page = &ids[begin..ids.len().min(begin + limit)];
    let next = page.last().filter(|_| begin + page.len() < ids.len()).map(ToString::to_string);
    Ok(Found { features: features(app, units, page, crs).await?, next, matched: Some(ids.len()) })
}

/// One parcel of some units.
pub(super) async fn one(app: &App, units: &Units, id: &str, crs: Crs) -> Result<Feature> {
    let id: i64 = id.parse().map_err(|_| Problem::not_found())?;
    features(app, units, &[id], crs).await?.pop().ok_or_else(Problem::not_found)
}

async fn features(app: &App, units: &Units, ids: &[i64], crs: Crs) -> Result<Vec<Feature>> {
    let mut states = sql::states(app.db(), ids).await?;
    states.sort_unstable_by_key(|state| state.id);
    let geometries = sql::geometries(app.db(), ids).await?;
    let geometries: HashMap<i64, sql::Geometry> =
        geometries.into_iter().map(|row| (row.id, row.geometry)).collect();
    let (grid, mut outlines) = (app.grid(), Outlines::default());
    let mut features = Vec::with_capacity(states.len());
    // The index may be a second old: the state that is read now decides.
    for state in states.iter().filter(|state| state.retired_on.is_none() && units.contain(&state.unit)) {
        let Some(stored) = geometries.get(&state.id) else { continue };
        let geometry = crs.geojson(outlines.lonlat(stored)?)?;
        features.push(Feature::new(state.id, geometry, properties(&grid, state)));
    }
    Ok(features)
}

/// Field names in English, as in the API; values as imported.
fn properties(grid: &Grid, state: &sql::State) -> serde_json::Value {
    json!({
        "code": state.code.as_ref().map(|code| code.to_string()),
        "unit": state.unit.to_string(),
        "unit_name": grid.full_name(&state.unit),
        "bsm": state.bsm,
        "dlbm": state.dlbm,
        "class_name": classes::name(&state.dlbm),
        "zldwdm": state.zldwdm,
        "qsdwdm": state.qsdwdm,
        "tbmj": state.tbmj,
        "area": state.area,
        "mu": mu(state.tbmj.unwrap_or(state.area)),
        "permanent": state.permanent,
        "added": state.added,
        "crop": state.crop,
        "slope": state.slope,
        "year": state.year,
        "version": state.version,
        "updated_at": state.updated_at,
    })
}
