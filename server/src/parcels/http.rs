//! Routes of parcels.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use gengwei_proto::ParcelCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::outline::{Outlines, geojson};
use super::{classes, sql};
use crate::auth::Scope;
use crate::auth::rights::ReadParcels;
use crate::error::{Problem, Result};
use crate::extract::{Json, Page, Paging, Path, Query, with_etag};
use crate::geo::mu;
use crate::grid::{Grid, OnDay, Responsible};
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(at))
        .routes(routes!(one))
        .routes(routes!(history))
        .routes(routes!(responsible))
}

/// A parcel in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ParcelListed)]
struct Listed {
    #[serde(flatten)]
    state: sql::State,
    /// The unit's full name.
    unit_name: String,
    /// The land class's Chinese name.
    class_name: Option<&'static str>,
    /// The area that counts (TBMJ, else the computed one) in 亩.
    mu: f64,
}

impl Listed {
    fn new(grid: &Grid, state: sql::State) -> Self {
        Self {
            unit_name: grid.full_name(&state.unit),
            class_name: classes::name(&state.dlbm),
            mu: mu(state.tbmj.unwrap_or(state.area)),
            state,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// 4, 6, 9, 12 or 14 digits.
    region: Option<String>,
    /// `west,south,east,north` in degrees; parcels that touch the box. Not paged: at most `limit` items.
    bbox: Option<String>,
    /// The start of a code or BSM, or a whole DKBM or 不动产单元号. Not paged.
    q: Option<String>,
}

/// Parcels, by unit.
#[utoipa::path(get, path = "/api/v1/parcels", tag = "parcels", params(Filter, Paging),
    responses((status = 200, body = Page<Listed>)))]
async fn list(
    State(app): State<App>,
    scope: Scope<ReadParcels>,
    Query(filter): Query<Filter>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Listed>>> {
    let units = scope.narrow(filter.region.as_deref())?;
    let (after, limit) = (paging.after::<(String, i64)>()?, paging.limit()?);
    let grid = app.grid();
    let whole = |mut states: Vec<sql::State>| {
        states.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Page { items: states.into_iter().map(|s| Listed::new(&grid, s)).collect(), next: None }
    };
    if let Some(text) = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        let text = ParcelCode::parse(text).map_or_else(|_| text.to_owned(), |code| code.to_string());
        return Ok(Json(whole(sql::search(app.db(), &text, &units, limit).await?)));
    }
    if let Some(bbox) = &filter.bbox {
        let ids = app.locator().within(parse_bbox(bbox)?);
        let mut found = Vec::new();
        // In parts, so that a box over the whole city stops reading once the page is full.
        for part in ids.chunks(500) {
            let states = sql::states(app.db(), part).await?;
            found.extend(states.into_iter().filter(|s| units.contain(&s.unit)));
            if found.len() as i64 >= limit {
                break;
            }
        }
        return Ok(Json(whole(found)));
    }
    let rows = sql::list(app.db(), &units, after.as_ref(), limit + 1).await?;
    let page = Page::new(rows, limit, |p| (p.unit.to_string(), p.id));
    Ok(Json(page.map(|state| Listed::new(&grid, state))))
}

/// `west,south,east,north` in degrees.
pub(crate) fn parse_bbox(text: &str) -> Result<[f64; 4]> {
    let numbers: Vec<f64> = text.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let valid = |b: &[f64; 4]| {
        b.iter().all(|n| n.is_finite())
            && b[0] <= b[2]
            && b[1] <= b[3]
            && b[0].abs() <= 180.0
            && b[2] <= 180.0
    };
    <[f64; 4]>::try_from(numbers).ok().filter(valid).ok_or_else(|| {
        Problem::invalid("bbox", "bbox 应写作 西,南,东,北 四个度数，例如 105.1,37.4,105.2,37.5。")
    })
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Place {
    /// Longitude in degrees (CGCS2000; WGS-84 is the same to 0.1 m).
    lon: f64,
    /// Latitude in degrees.
    lat: f64,
}

/// The parcel at a place; 404 where there is none.
#[utoipa::path(get, path = "/api/v1/parcels/at", tag = "parcels", params(Place),
    responses((status = 200, body = Detail), (status = 404)))]
async fn at(
    State(app): State<App>,
    scope: Scope<ReadParcels>,
    headers: HeaderMap,
    Query(place): Query<Place>,
) -> Result<Response> {
    for id in app.locator().at(place.lon, place.lat) {
        let state = sql::state(app.db(), id).await?;
        if scope.units.contain(&state.unit) {
            return detail(&app, &headers, state).await;
        }
    }
    Err(Problem::not_found())
}

/// A parcel with its geometry, other names and lineage.
#[derive(Serialize, ToSchema)]
#[schema(as = ParcelDetail)]
struct Detail {
    #[serde(flatten)]
    parcel: Listed,
    /// The crop's Chinese name.
    crop_name: Option<&'static str>,
    /// GeoJSON MultiPolygon, degrees, from the source coordinates.
    #[schema(value_type = Object)]
    geometry: serde_json::Value,
    /// EPSG code of the source coordinates; 0 when it had none.
    crs: i64,
    /// DKBM and 不动产单元号.
    aliases: Vec<Alias>,
    /// The parcels that it came from.
    parents: Vec<sql::Step>,
    /// The parcels that came from it: what a retired code resolves to.
    children: Vec<sql::Step>,
}

#[derive(Serialize, ToSchema)]
struct Alias {
    /// `dkbm` or `bdcdyh`
    kind: String,
    /// The name.
    alias: String,
}

/// The id of the parcel with this code, in scope.
async fn visible(app: &App, scope: &Scope<ReadParcels>, code: &str) -> Result<i64> {
    let code = ParcelCode::parse(code).map_err(|_| Problem::not_found())?;
    let parcel = super::find(app.db(), &code).await?.ok_or_else(Problem::not_found)?;
    scope.require(&parcel.unit)?;
    Ok(parcel.id)
}

/// A parcel by code; a retired one says so and names its children.
#[utoipa::path(get, path = "/api/v1/parcels/{code}", tag = "parcels",
    params(("code" = String, Path, description = "20 characters; spaces, x and full-width digits are read")),
    responses((status = 200, body = Detail), (status = 304), (status = 404)))]
async fn one(
    State(app): State<App>,
    scope: Scope<ReadParcels>,
    headers: HeaderMap,
    Path(code): Path<String>,
) -> Result<Response> {
    let id = visible(&app, &scope, &code).await?;
    let state = sql::state(app.db(), id).await?;
    detail(&app, &headers, state).await
}

async fn detail(app: &App, headers: &HeaderMap, state: sql::State) -> Result<Response> {
    let (id, version) = (state.id, state.version);
    let stored = sql::geometry(app.db(), id).await?.ok_or_else(Problem::not_found)?;
    let aliases = sql::aliases(app.db(), id).await?;
    let detail = Detail {
        crop_name: state.crop.as_deref().and_then(classes::crop_name),
        parcel: Listed::new(&app.grid(), state),
        geometry: geometry(&stored)?,
        crs: stored.crs,
        aliases: aliases.into_iter().map(|(kind, alias)| Alias { kind, alias }).collect(),
        parents: sql::parents(app.db(), id).await?,
        children: sql::children(app.db(), id).await?,
    };
    Ok(with_etag(headers, &format!("{version}-{}", app.grid_revision()), detail))
}

/// GeoJSON in degrees.
fn geometry(stored: &sql::Geometry) -> Result<serde_json::Value> {
    geojson(&Outlines::default().lonlat(stored)?)
}

/// What a parcel was, and where it belonged.
#[derive(Serialize, ToSchema)]
struct History {
    versions: Vec<sql::Version>,
    assignments: Vec<sql::Assignment>,
}

/// The versions and former units of a parcel, newest first.
#[utoipa::path(get, path = "/api/v1/parcels/{code}/history", tag = "parcels",
    params(("code" = String, Path, description = "20 characters")),
    responses((status = 200, body = History), (status = 404)))]
async fn history(
    State(app): State<App>,
    scope: Scope<ReadParcels>,
    Path(code): Path<String>,
) -> Result<Json<History>> {
    let id = visible(&app, &scope, &code).await?;
    let versions = sql::versions(app.db(), id).await?;
    Ok(Json(History { versions, assignments: sql::assignments(app.db(), id).await? }))
}

/// Who was responsible for a parcel on a day, on all five levels.
#[utoipa::path(get, path = "/api/v1/parcels/{code}/responsible", tag = "parcels",
    params(("code" = String, Path, description = "20 characters"), OnDay),
    responses((status = 200, body = Responsible), (status = 404)))]
async fn responsible(
    State(app): State<App>,
    scope: Scope<ReadParcels>,
    Path(code): Path<String>,
    Query(day): Query<OnDay>,
) -> Result<Json<Responsible>> {
    let id = visible(&app, &scope, &code).await?;
    let day = day.or(app.env().today())?;
    let unit = sql::unit_on(app.db(), id, day).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(crate::grid::responsible(&app, &unit, day).await?))
}
