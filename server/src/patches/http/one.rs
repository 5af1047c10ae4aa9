//! One patch, with everything that its judge needs.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Listed;
use crate::auth::Scope;
use crate::auth::rights::ReadCases;
use crate::cases::{self, May, together};
use crate::error::{Problem, Result};
use crate::extract::{Json, Path};
use crate::layers;
use crate::parcels::classes;
use crate::parcels::outline::{Outlines, geojson};
use crate::parcels::sql::Geometry;
use crate::patches::sql;
use crate::state::App;

/// A patch with all that it touches.
#[derive(Serialize, ToSchema)]
#[schema(as = Patch)]
pub(super) struct Whole {
    #[serde(flatten)]
    patch: Listed,
    /// Further fields, as imported.
    rest: Option<serde_json::Value>,
    /// GeoJSON, CGCS2000 longitude and latitude.
    #[schema(value_type = Object)]
    geometry: serde_json::Value,
    /// Every parcel that it meets, the largest piece first, as the parcels were at the import.
    parcels: Vec<Met>,
    /// How it divides among villages and groups, the largest share first.
    units: Vec<UnitShare>,
    /// What it has in common with 永久基本农田, 新增耕地, approvals and filings.
    layers: Vec<Covered>,
    /// What the caller may do now with its case, each with what it needs; `POST` it to the case's events with
    /// `case.version` in If-Match.
    may: Vec<May>,
    /// Open cases of other sources, or of other patches, that may be about the same spot.
    offered: Vec<together::Offered>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PatchParcel)]
struct Met {
    /// The parcel's id.
    parcel: i64,
    /// Its code; farmland only.
    code: Option<String>,
    unit: String,
    unit_name: String,
    /// 地类编码
    dlbm: String,
    class_name: Option<&'static str>,
    /// 永久基本农田
    permanent: bool,
    /// Of what both share, by the official formula, m².
    area: f64,
    /// 0 to 1.
    share_of_parcel: f64,
    /// 0 to 1.
    share_of_patch: f64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PatchUnit)]
struct UnitShare {
    unit: String,
    name: String,
    /// m²
    area: f64,
    /// Of the patch, 0 to 1.
    share: f64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PatchLayer)]
struct Covered {
    kind: layers::Kind,
    title: &'static str,
    /// 批准文号, 备案编号 and the like.
    number: Option<String>,
    purpose: Option<String>,
    /// The last day of a temporary approval.
    valid_to: Option<String>,
    /// m²
    area: f64,
    /// Of the patch, 0 to 1.
    share: f64,
}

/// A patch with every parcel, unit and layer that it touches, the suggestion and its case.
#[utoipa::path(get, path = "/api/v1/patches/{id}", tag = "patches", params(("id" = String, Path)),
    responses((status = 200, body = Whole), (status = 404)))]
pub(super) async fn one(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Path(id): Path<String>,
) -> Result<Json<Whole>> {
    let (db, grid) = (app.db(), app.grid());
    let row = sql::find(db, &id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&row.unit)?;
    let outline = sql::outline(db, &id).await?;
    let stored = Geometry { crs: outline.crs, geometry: outline.geometry, shape: outline.shape };
    let geometry = geojson(&Outlines::default().lonlat(&stored)?)?;
    let parcels = sql::met(db, &id).await?.into_iter().map(|met| Met {
        parcel: met.parcel_id,
        code: met.code,
        unit_name: grid.full_name(&met.unit),
        unit: met.unit.to_string(),
        class_name: classes::name(&met.dlbm),
        dlbm: met.dlbm,
        permanent: met.permanent,
        area: met.area,
        share_of_parcel: met.share_of_parcel,
        share_of_patch: met.share_of_patch,
    });
    let units = sql::units(db, &id).await?.into_iter().map(|(unit, area, share)| UnitShare {
        name: grid.full_name(&unit),
        unit: unit.to_string(),
        area,
        share,
    });
    let layers = sql::covered(db, &id).await?.into_iter().map(|row| Covered {
        kind: row.kind.0,
        title: row.kind.title(),
        number: row.number,
        purpose: row.purpose,
        valid_to: row.valid_to,
        area: row.area,
        share: row.share,
    });
    let near = app.policy().cases.together_metres;
    let offered = together::offered(db, &scope.units, &row.case_id, near).await?;
    // The state and the version belong to what may be done in it.
    let (state, version, may) = cases::turn(&app, &scope.caller, &row.case_id).await?;
    let row = sql::Listed { case_state: state.name().to_owned(), case_version: version, ..row };
    Ok(Json(Whole {
        may,
        offered,
        rest: outline.rest.and_then(|text| serde_json::from_str(&text).ok()),
        geometry,
        parcels: parcels.collect(),
        units: units.collect(),
        layers: layers.collect(),
        patch: Listed::new(&grid, row)?,
    }))
}
