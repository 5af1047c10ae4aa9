//! The upload of a batch: multipart, streamed to a file on disk, imported by a job.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa::ToSchema;

use super::batches::Batch;
use crate::auth::Scope;
use crate::auth::rights::ImportPatches;
use crate::cases::Source;
use crate::error::{Problem, Result};
use crate::exchange::fieldmap::FieldMap;
use crate::extract::Json;
use crate::imports::upload::{self, Received};
use crate::patches::{Options, import, sql};
use crate::state::App;

/// The parts of an upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the multipart body; `upload::receive` reads it")]
pub(super) struct PatchUpload {
    /// Shapefile as zip, GeoPackage, GeoJSON, or the evidence package's SQLite with JCTB; up to 1 GiB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Where the patches come from; `change_patch` when not given.
    source: Option<Source>,
    /// 期数, e.g. `2026-10`; each row's month of the later image when not given.
    period: Option<String>,
    /// The day of the image before, where rows do not say.
    before_on: Option<String>,
    /// The day of the image after, where rows do not say.
    after_on: Option<String>,
    /// The layer, when the file holds several and none is called JCTB.
    layer: Option<String>,
    /// The text encoding of a Shapefile or GeoJSON.
    encoding: Option<String>,
    /// The coordinate system, when the file does not say or says wrongly: EPSG:4523.
    crs: Option<String>,
    /// A field map in TOML: `jcbh = "BH"`.
    map: Option<String>,
    /// `true`: check everything, store no patch.
    dry_run: Option<bool>,
}

/// Hand in a batch of change patches.
///
/// The upload may take as long as bytes come. The answer means that the file is on disk and will be imported: `GET`
/// of the address in `Location` tells how far it is. The same file again, with the same words, is the same batch.
#[utoipa::path(post, path = "/api/v1/patch-batches", tag = "patches",
    request_body(content = PatchUpload, content_type = "multipart/form-data"),
    responses((status = 202, body = Batch, description = "will be imported",
            headers(("Location" = String, description = "the batch"))),
        (status = 200, body = Batch, description = "the same file was handed in before"),
        (status = 413), (status = 415), (status = 422)))]
pub(super) async fn upload(
    State(app): State<App>,
    scope: Scope<ImportPatches>,
    request: Request,
) -> Result<Response> {
    let Received { file, name, words } = upload::receive(&app, request).await?;
    let mut options = Options::new(scope.units.clone());
    for (part, text) in words {
        put(&mut options, &part, text)?;
    }
    // A client that hangs up now has handed in everything: the batch is entered all the same.
    let (at, by) = (app.clone(), scope.caller.clone());
    let accept = async move { import::accept(&at, &by, &name, file, &options).await };
    let (id, again) = tokio::spawn(accept).await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let row = sql::batch(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    let status = if again { StatusCode::OK } else { StatusCode::ACCEPTED };
    let location = [(header::LOCATION, format!("/api/v1/patch-batches/{id}"))];
    Ok((status, location, Json(Batch::new(&app.grid(), row))).into_response())
}

fn put(options: &mut Options, part: &str, text: String) -> Result<()> {
    match part {
        "source" => {
            options.source = text.parse().map_err(|_| Problem::invalid("source", "没有这种线索来源。"))?;
        }
        "period" if crate::grid::is_plain(&text, 30) => options.period = Some(text),
        "period" => return Err(Problem::invalid("period", "期数应为不超过 30 字的文字，如 2026-10。")),
        "before_on" => options.before_on = Some(upload::date(part, &text)?),
        "after_on" => options.after_on = Some(upload::date(part, &text)?),
        "layer" => options.layer.layer = Some(text),
        "encoding" => options.layer.encoding = Some(text),
        "crs" => options.layer.crs = Some(text),
        "map" => {
            FieldMap::from_toml(&text).map_err(|e| Problem::invalid("map", e.to_string()))?;
            options.map = Some(text);
        }
        "dry_run" => options.dry_run = upload::yes(&text),
        _ => {}
    }
    Ok(())
}
