//! Routes of vector tiles: `/tiles/<layer>/<z>/<x>/<y>` and TileJSON 3.0 at `/tiles/<layer>.json`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Drawn, Key, cases, parcels, patches, scope_name, sql};
use crate::auth::rights::{ReadCases, ReadGrid, ReadParcels};
use crate::auth::{Scope, Units};
use crate::error::{Problem, Result};
use crate::extract::{Json, Path, is_known, origin};
use crate::geo::shape::UNITS;
use crate::geo::tile::{MAX_ZOOM, Tile};
use crate::state::App;
use crate::tiles::extents;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(parcel_tile))
        .routes(routes!(parcel_source))
        .routes(routes!(case_tile))
        .routes(routes!(case_source))
        .routes(routes!(patch_tile))
        .routes(routes!(patch_source))
        .routes(routes!(grid_tile))
        .routes(routes!(grid_source))
}

type Address = Path<(u8, u32, String)>;

/// The tile of an address; the row may end in `.mvt` or `.pbf`. 404 where there is no such tile.
fn tile(Path((z, x, y)): Address) -> Result<Tile> {
    let row = y.strip_suffix(".mvt").or_else(|| y.strip_suffix(".pbf")).unwrap_or(&y);
    row.parse().ok().and_then(|y| Tile::new(z, x, y)).ok_or_else(Problem::not_found)
}

/// Parcels: from zoom 12 on their outlines, before that squares with the share that parcels take.
#[utoipa::path(get, path = "/tiles/parcels/{z}/{x}/{y}", tag = "tiles",
    params(("z" = u8, Path, maximum = 18), ("x" = u32, Path), ("y" = String, Path)),
    responses((status = 200, content_type = "application/vnd.mapbox-vector-tile"),
        (status = 204, description = "Nothing there"), (status = 304), (status = 404)))]
async fn parcel_tile(
    State(app): State<App>,
    scope: Scope<ReadParcels>,
    headers: HeaderMap,
    address: Address,
) -> Result<Response> {
    drawn(&app, Drawn::Parcels, tile(address)?, scope.units, &headers).await
}

/// The grid: the extents of counties, townships or villages, by zoom.
#[utoipa::path(get, path = "/tiles/grid/{z}/{x}/{y}", tag = "tiles",
    params(("z" = u8, Path, maximum = 18), ("x" = u32, Path), ("y" = String, Path)),
    responses((status = 200, content_type = "application/vnd.mapbox-vector-tile"),
        (status = 204, description = "Nothing there"), (status = 304), (status = 404)))]
async fn grid_tile(
    State(app): State<App>,
    scope: Scope<ReadGrid>,
    headers: HeaderMap,
    address: Address,
) -> Result<Response> {
    drawn(&app, Drawn::Grid, tile(address)?, scope.units, &headers).await
}

/// Cases with a place.
#[utoipa::path(get, path = "/tiles/cases/{z}/{x}/{y}", tag = "tiles",
    params(("z" = u8, Path, maximum = 18), ("x" = u32, Path), ("y" = String, Path)),
    responses((status = 200, content_type = "application/vnd.mapbox-vector-tile"),
        (status = 204, description = "Nothing there"), (status = 304), (status = 404)))]
async fn case_tile(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    headers: HeaderMap,
    address: Address,
) -> Result<Response> {
    let tile = tile(address)?;
    let window = tile.window().map(|units| f64::from(units) / UNITS);
    let found = sql::cases_in(app.db(), &scope.units, window).await?;
    Ok(fresh(&headers, cases::draw(tile, found)))
}

/// Change patches.
#[utoipa::path(get, path = "/tiles/patches/{z}/{x}/{y}", tag = "tiles",
    params(("z" = u8, Path, maximum = 18), ("x" = u32, Path), ("y" = String, Path)),
    responses((status = 200, content_type = "application/vnd.mapbox-vector-tile"),
        (status = 204, description = "Nothing there"), (status = 304), (status = 404)))]
async fn patch_tile(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    headers: HeaderMap,
    address: Address,
) -> Result<Response> {
    let tile = tile(address)?;
    let window = tile.window().map(|units| f64::from(units) / UNITS);
    let found = sql::patches_in(app.db(), &scope.units, window).await?;
    Ok(fresh(&headers, patches::draw(tile, found)))
}

/// A tile that was read from the database, known to the client or not.
fn fresh(headers: &HeaderMap, bytes: Vec<u8>) -> Response {
    let tag = format!("\"{}\"", fingerprint(&bytes));
    if is_known(headers, &tag) { not_modified(&tag) } else { answer(bytes.into(), &tag) }
}

/// A tile from memory: known to the client, drawn before, or drawn now on a thread that may be kept busy.
async fn drawn(app: &App, layer: Drawn, tile: Tile, units: Units, headers: &HeaderMap) -> Result<Response> {
    let locator = app.locator();
    let revisions = [locator.revision(), app.grid_revision()];
    let key = Key { layer, tile, revisions, scope: scope_name(&units) };
    let tag = format!("\"{}-{}-{}\"", revisions[0], revisions[1], fingerprint(key.scope.as_bytes()));
    if is_known(headers, &tag) {
        return Ok(not_modified(&tag));
    }
    if let Some(bytes) = app.tiles().tiles.get(&key) {
        return Ok(answer(bytes, &tag));
    }
    let (app, scope) = (app.clone(), units);
    let drawing = tokio::task::spawn_blocking(move || {
        let bytes: Bytes = match layer {
            Drawn::Parcels => parcels::draw(&locator, tile, &scope).into(),
            Drawn::Grid => app.tiles().extents(&locator).draw(&app.grid(), tile, &scope).into(),
        };
        app.tiles().tiles.insert(key, bytes.clone());
        bytes
    });
    Ok(answer(drawing.await.map_err(Problem::internal)?, &tag))
}

/// Half a SHA-256 in hex: enough to tell contents apart.
fn fingerprint(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(&Sha256::digest(bytes)[..16])
}

/// Whoever logs in next on the same browser may see other parcels: never shared, always asked again.
const PRIVATE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "private, no-cache");

fn not_modified(tag: &str) -> Response {
    (StatusCode::NOT_MODIFIED, [(header::ETAG, tag), PRIVATE]).into_response()
}

fn answer(bytes: Bytes, tag: &str) -> Response {
    let headers = [(header::ETAG, tag), PRIVATE, (header::VARY, "cookie, authorization")];
    if bytes.is_empty() {
        return (StatusCode::NO_CONTENT, headers).into_response();
    }
    (headers, [(header::CONTENT_TYPE, "application/vnd.mapbox-vector-tile")], bytes).into_response()
}

/// TileJSON 3.0.0.
#[derive(Serialize, ToSchema)]
struct TileJson {
    tilejson: &'static str,
    name: &'static str,
    tiles: [String; 1],
    minzoom: u8,
    maxzoom: u8,
    attribution: &'static str,
    vector_layers: [VectorLayer; 1],
}

#[derive(Serialize, ToSchema)]
struct VectorLayer {
    id: &'static str,
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    fields: std::collections::BTreeMap<&'static str, &'static str>,
}

fn source(
    app: &App,
    headers: &HeaderMap,
    layer: &'static str,
    fields: &[(&'static str, &'static str)],
) -> Json<TileJson> {
    Json(TileJson {
        tilejson: "3.0.0",
        name: layer,
        tiles: [format!("{}/tiles/{layer}/{{z}}/{{x}}/{{y}}", origin(app, headers))],
        minzoom: 4,
        maxzoom: MAX_ZOOM,
        attribution: "耕卫 · CGCS2000",
        vector_layers: [VectorLayer { id: layer, fields: fields.iter().copied().collect() }],
    })
}

/// TileJSON of the parcels.
#[utoipa::path(get, path = "/tiles/parcels.json", tag = "tiles", responses((status = 200, body = TileJson)))]
async fn parcel_source(State(app): State<App>, _: Scope<ReadParcels>, headers: HeaderMap) -> Json<TileJson> {
    source(&app, &headers, "parcels", &parcels::FIELDS)
}

/// TileJSON of the cases.
#[utoipa::path(get, path = "/tiles/cases.json", tag = "tiles", responses((status = 200, body = TileJson)))]
async fn case_source(State(app): State<App>, _: Scope<ReadCases>, headers: HeaderMap) -> Json<TileJson> {
    source(&app, &headers, "cases", &cases::FIELDS)
}

/// TileJSON of the patches.
#[utoipa::path(get, path = "/tiles/patches.json", tag = "tiles", responses((status = 200, body = TileJson)))]
async fn patch_source(State(app): State<App>, _: Scope<ReadCases>, headers: HeaderMap) -> Json<TileJson> {
    source(&app, &headers, "patches", &patches::FIELDS)
}

/// TileJSON of the grid.
#[utoipa::path(get, path = "/tiles/grid.json", tag = "tiles", responses((status = 200, body = TileJson)))]
async fn grid_source(State(app): State<App>, _: Scope<ReadGrid>, headers: HeaderMap) -> Json<TileJson> {
    source(&app, &headers, "grid", &extents::FIELDS)
}
