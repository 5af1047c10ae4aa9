//! Patches with their verdicts as files for the next platform.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;

use crate::auth::Scope;
use crate::auth::rights::ReadCases;
use crate::error::{Problem, Result};
use crate::extract::Query;
use crate::patches::export::{self, Choice, Format};
use crate::patches::triage::Verdict;
use crate::state::App;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only in this unit and below.
    region: Option<String>,
    /// Only of this batch.
    batch: Option<String>,
    /// Only with this verdict suggested.
    verdict: Option<Verdict>,
}

/// Patches in scope with their verdicts as a Shapefile: a zip with texts in UTF-8 and CGCS2000 degrees, up to 50,000.
#[utoipa::path(get, path = "/api/v1/patches.zip", tag = "patches", params(Which),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip"),
        (status = 404, description = "the region is out of scope"), (status = 422, description = "too many")))]
pub(super) async fn shapefile(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Query(which): Query<Which>,
) -> Result<Response> {
    file(&app, &scope, which, Format::Shapefile, "application/zip", "patches.zip").await
}

/// Patches in scope with their verdicts as a GeoPackage in CGCS2000 degrees, up to 50,000.
#[utoipa::path(get, path = "/api/v1/patches.gpkg", tag = "patches", params(Which),
    responses((status = 200, body = Vec<u8>, content_type = "application/geopackage+sqlite3"),
        (status = 404, description = "the region is out of scope"), (status = 422, description = "too many")))]
pub(super) async fn geopackage(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Query(which): Query<Which>,
) -> Result<Response> {
    let media_type = "application/geopackage+sqlite3";
    file(&app, &scope, which, Format::GeoPackage, media_type, "patches.gpkg").await
}

/// Writes the file, then sends it as it lies on disk; its name is gone from the folder by then.
async fn file(
    app: &App,
    scope: &Scope<ReadCases>,
    which: Which,
    format: Format,
    media_type: &'static str,
    name: &'static str,
) -> Result<Response> {
    let units = scope.narrow(which.region.as_deref())?;
    let choice = Choice { batch: which.batch, verdict: which.verdict };
    let path = tempfile::NamedTempFile::new().map_err(Problem::internal)?.into_temp_path();
    export::write(app, &units, &choice, format, &path).await?;
    let file = tokio::fs::File::open(&path).await.map_err(Problem::internal)?;
    let length = file.metadata().await.map_err(Problem::internal)?.len();
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(ReaderStream::new(file))).into_response())
}
