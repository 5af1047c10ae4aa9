//! Routes of imports.

use axum::extract::{DefaultBodyLimit, Request, State as Part};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use gengwei_proto::RegionCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::upload::{self, Received};
use super::{Kind, Options, State, sql};
use crate::auth::rights::{EditGrid, EditParcels};
use crate::auth::{Caller, Scope, Units};
use crate::db::{Text, Timestamp};
use crate::error::{Problem, Result};
use crate::extract::{Json, Page, Paging, Path, Query};
use crate::grid::Grid;
use crate::state::App;

/// The uploads, which have no time limit: they go to disk as they come, and have a limit of their own.
pub fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(roster)).routes(routes!(parcels)).layer(DefaultBodyLimit::disable())
}

/// All other routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(one)).routes(routes!(rejects))
}

/// An import that came over HTTP.
#[derive(Serialize, ToSchema)]
#[schema(as = Import)]
struct Shown {
    id: String,
    kind: Kind,
    kind_title: &'static str,
    /// Whose: the unit of whoever imports.
    unit: String,
    unit_name: String,
    /// The file's name.
    file: String,
    sha256: String,
    /// Nothing but a check.
    dry_run: bool,
    state: State,
    state_title: &'static str,
    /// How much of the file has been read, 0 to 1.
    progress: f64,
    /// Rows so far; the sum of the next four once it has ended.
    read: i64,
    imported: i64,
    updated: i64,
    unchanged: i64,
    rejected: i64,
    /// Warnings, or why it failed.
    said: Vec<String>,
    /// Who imports it.
    by: String,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl Shown {
    fn new(grid: &Grid, job: sql::Job) -> Self {
        Self {
            id: job.id,
            kind: job.kind.0,
            kind_title: job.kind.title(),
            unit_name: grid.full_name(&job.unit),
            unit: job.unit.to_string(),
            file: job.file,
            sha256: job.sha256,
            dry_run: job.dry_run,
            state: job.state.0,
            state_title: job.state.title(),
            progress: job.progress,
            read: job.read,
            imported: job.imported,
            updated: job.updated,
            unchanged: job.unchanged,
            rejected: job.rejected,
            said: serde_json::from_str(&job.said).unwrap_or_default(),
            by: job.name,
            created_at: job.created_at,
            ended_at: job.ended_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only of this kind.
    kind: Option<Kind>,
}

/// Imports of the caller's units, the newest first.
#[utoipa::path(get, path = "/api/v1/imports", tag = "imports", params(Paging, Wanted),
    responses((status = 200, body = Page<Shown>)))]
async fn list(
    Part(app): Part<App>,
    scope: Scope<EditGrid>,
    Query(paging): Query<Paging>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Page<Shown>>> {
    let limit = paging.limit()?;
    let before: Option<String> = paging.after()?;
    let rows = sql::list(app.db(), &scope.units, wanted.kind, before.as_deref(), limit + 1).await?;
    let grid = app.grid();
    Ok(Json(Page::new(rows, limit, |job| job.id.clone()).map(|job| Shown::new(&grid, job))))
}

/// An import: how far it is, and what came of it.
#[utoipa::path(get, path = "/api/v1/imports/{id}", tag = "imports", params(("id" = String, Path)),
    responses((status = 200, body = Shown), (status = 404)))]
async fn one(Part(app): Part<App>, scope: Scope<EditGrid>, Path(id): Path<String>) -> Result<Json<Shown>> {
    let job = find(&app, &scope, &id).await?;
    Ok(Json(Shown::new(&app.grid(), job)))
}

async fn find(app: &App, scope: &Scope<EditGrid>, id: &str) -> Result<sql::Job> {
    let job = sql::find(app.db(), id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&job.unit)?;
    Ok(job)
}

/// The rows of a file that were refused, each with its reason.
#[utoipa::path(get, path = "/api/v1/imports/{id}/rejects", tag = "imports", params(("id" = String, Path), Paging),
    responses((status = 200, body = Page<sql::Reject>), (status = 404)))]
async fn rejects(
    Part(app): Part<App>,
    scope: Scope<EditGrid>,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<sql::Reject>>> {
    find(&app, &scope, &id).await?;
    let limit = paging.limit()?;
    let rows = sql::rejects(app.db(), &id, paging.after()?.unwrap_or_default(), limit + 1).await?;
    Ok(Json(Page::new(rows, limit, |row| row.line)))
}

/// The parts of an upload of a roster.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the multipart body; `upload::receive` reads it")]
struct RosterUpload {
    /// CSV or XLSX, as `gengwei import roster` takes it.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The worksheet of an XLSX file; the first one when not given.
    layer: Option<String>,
    /// The text encoding of a CSV file.
    encoding: Option<String>,
    /// The first day of new terms, where rows do not say; today when not given.
    starts: Option<String>,
    /// `true`: check everything, store nothing.
    dry_run: Option<bool>,
}

/// Hand in a roster: village groups and who is responsible. Rows outside the caller's units are refused.
///
/// The answer means that the file is on disk and will be imported; `GET` of the address in `Location` tells how far
/// it is.
#[utoipa::path(post, path = "/api/v1/imports/roster", tag = "imports",
    request_body(content = RosterUpload, content_type = "multipart/form-data"),
    responses((status = 202, body = Shown, description = "will be imported",
            headers(("Location" = String, description = "the import"))),
        (status = 200, body = Shown, description = "the same file waits or runs already"),
        (status = 413), (status = 415), (status = 422)))]
async fn roster(Part(app): Part<App>, scope: Scope<EditGrid>, request: Request) -> Result<Response> {
    take(&app, &scope.caller, &scope.units, Kind::Roster, upload::receive(&app, request).await?).await
}

/// The parts of an upload of parcels.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the multipart body; `upload::receive` reads it")]
struct ParcelsUpload {
    /// Shapefile as zip, GeoPackage or GeoJSON, as `gengwei import parcels` takes it; up to 1 GiB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The layer, when the file holds several.
    layer: Option<String>,
    /// The text encoding of a Shapefile or GeoJSON.
    encoding: Option<String>,
    /// The coordinate system, when the file does not say or says wrongly: EPSG:4523.
    crs: Option<String>,
    /// The unit of rows without ZLDWDM.
    unit: Option<String>,
    /// `true`: check everything, store nothing.
    dry_run: Option<bool>,
}

/// Hand in a layer of parcels (地类图斑). Rows outside the caller's units, and rows that would take a parcel from
/// another's, are refused.
///
/// The answer means that the file is on disk and will be imported; `GET` of the address in `Location` tells how far
/// it is.
#[utoipa::path(post, path = "/api/v1/imports/parcels", tag = "imports",
    request_body(content = ParcelsUpload, content_type = "multipart/form-data"),
    responses((status = 202, body = Shown, description = "will be imported",
            headers(("Location" = String, description = "the import"))),
        (status = 200, body = Shown, description = "the same file waits or runs already"),
        (status = 413), (status = 415), (status = 422)))]
async fn parcels(Part(app): Part<App>, scope: Scope<EditParcels>, request: Request) -> Result<Response> {
    take(&app, &scope.caller, &scope.units, Kind::Parcels, upload::receive(&app, request).await?).await
}

async fn take(app: &App, by: &Caller, units: &Units, kind: Kind, received: Received) -> Result<Response> {
    let Received { file, name, words } = received;
    let mut options =
        Options { units: units.iter().map(ToString::to_string).collect(), ..Options::default() };
    for (part, text) in words {
        put(&mut options, &part, text)?;
    }
    // A client that hangs up now has handed in everything: the job is entered all the same.
    let (at, by) = (app.clone(), by.clone());
    let accept = async move { super::accept(&at, &by, kind, &name, file, options).await };
    let (id, again) = tokio::spawn(accept).await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let job = sql::find(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    let status = if again { StatusCode::OK } else { StatusCode::ACCEPTED };
    let location = [(header::LOCATION, format!("/api/v1/imports/{id}"))];
    Ok((status, location, Json(Shown::new(&app.grid(), job))).into_response())
}

fn put(options: &mut Options, part: &str, text: String) -> Result<()> {
    match part {
        "layer" => options.layer = Some(text),
        "encoding" => options.encoding = Some(text),
        "crs" => options.crs = Some(text),
        "starts" => options.starts = Some(upload::date(part, &text)?),
        "dry_run" => options.dry_run = upload::yes(&text),
        "unit" => {
            let unit = RegionCode::parse(&text);
            let wrong = |_| Problem::invalid("unit", "区划代码应为 4、6、9、12 或 14 位数字。");
            options.unit = Some(Text(unit.map_err(wrong)?));
        }
        _ => {}
    }
    Ok(())
}
