//! The upload of a batch: multipart, streamed to a file on disk, imported by a job.

use axum::RequestExt as _;
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use tempfile::TempPath;
use tokio::io::AsyncWriteExt;
use utoipa::ToSchema;

use super::batches::Batch;
use crate::auth::Scope;
use crate::auth::rights::ImportPatches;
use crate::body::piece;
use crate::cases::Source;
use crate::error::{self, Problem, Result};
use crate::exchange::dates::parse_date;
use crate::exchange::fieldmap::FieldMap;
use crate::extract::Json;
use crate::patches::{Options, import, sql};
use crate::state::App;

/// The most bytes of a file. A city's month has a few megabytes.
const LARGEST: u64 = 1 << 30;
/// The most bytes of any other part; a field map is the longest.
const LONGEST: usize = 64 * 1024;

/// The parts of an upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the multipart body; `Parts` reads it")]
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
    let multipart: Multipart = request
        .extract()
        .await
        .map_err(|_| Problem::new(error::MEDIA_TYPE).detail("请以 multipart/form-data 提交。"))?;
    let mut parts = Parts::read(&app, multipart, Options::new(scope.units.clone())).await?;
    let file = parts.file.take().ok_or_else(|| Problem::invalid("file", "请附上变化图斑文件。"))?;
    // A client that hangs up now has handed in everything: the batch is entered all the same.
    let (at, by) = (app.clone(), scope.caller.clone());
    let accept = async move { import::accept(&at, &by, &parts.name, file, &parts.options).await };
    let (id, again) = tokio::spawn(accept).await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let row = sql::batch(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    let status = if again { StatusCode::OK } else { StatusCode::ACCEPTED };
    let location = [(header::LOCATION, format!("/api/v1/patch-batches/{id}"))];
    Ok((status, location, Json(Batch::new(&app.grid(), row))).into_response())
}

struct Parts {
    file: Option<TempPath>,
    name: String,
    options: Options,
}

impl Parts {
    async fn read(app: &App, mut multipart: Multipart, options: Options) -> Result<Self> {
        let mut parts = Self { file: None, name: String::new(), options };
        while let Some(field) = piece(multipart.next_field()).await? {
            match field.name().unwrap_or_default().to_owned().as_str() {
                "file" => {
                    parts.name = file_name(&field);
                    parts.file = Some(to_disk(app, field).await?);
                }
                name => {
                    let text = text(field, name).await?;
                    if !text.is_empty() {
                        parts.put(name, text)?;
                    }
                }
            }
        }
        Ok(parts)
    }

    fn put(&mut self, name: &str, text: String) -> Result<()> {
        let options = &mut self.options;
        match name {
            "source" => {
                options.source =
                    text.parse().map_err(|_| Problem::invalid("source", "没有这种线索来源。"))?;
            }
            "period" if crate::grid::is_plain(&text, 30) => options.period = Some(text),
            "period" => return Err(Problem::invalid("period", "期数应为不超过 30 字的文字，如 2026-10。")),
            "before_on" => options.before_on = Some(date(name, &text)?),
            "after_on" => options.after_on = Some(date(name, &text)?),
            "layer" => options.layer.layer = Some(text),
            "encoding" => options.layer.encoding = Some(text),
            "crs" => options.layer.crs = Some(text),
            "map" => {
                FieldMap::from_toml(&text).map_err(|e| Problem::invalid("map", e.to_string()))?;
                options.map = Some(text);
            }
            "dry_run" => options.dry_run = matches!(text.as_str(), "true" | "1" | "on"),
            _ => {}
        }
        Ok(())
    }
}

fn date(field: &str, text: &str) -> Result<Date> {
    parse_date(text).ok_or_else(|| Problem::invalid(field, "日期应写作 2026-07-15。"))
}

/// The name under which the client keeps it, without folders.
fn file_name(field: &Field<'_>) -> String {
    let name = field.file_name().unwrap_or_default();
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    if plain.is_empty() { "未命名".to_owned() } else { plain }
}

/// Writes the file as it comes, and fsyncs it.
async fn to_disk(app: &App, mut field: Field<'_>) -> Result<TempPath> {
    let temporary = tempfile::Builder::new().prefix("upload-").tempfile_in(app.work());
    let (file, path) = temporary.map_err(Problem::internal)?.into_parts();
    let mut file = tokio::fs::File::from_std(file);
    let mut length = 0;
    while let Some(chunk) = piece(field.chunk()).await? {
        length += chunk.len() as u64;
        if length > LARGEST {
            return Err(Problem::new(error::TOO_LARGE).detail("文件不能超过 1 GB。"));
        }
        file.write_all(&chunk).await.map_err(Problem::internal)?;
    }
    if length == 0 {
        return Err(Problem::invalid("file", "文件是空的。"));
    }
    file.flush().await.map_err(Problem::internal)?;
    file.sync_all().await.map_err(Problem::internal)?;
    Ok(path)
}

async fn text(mut field: Field<'_>, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = piece(field.chunk()).await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST {
            return Err(Problem::invalid(name, "内容过长。"));
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| Problem::invalid(name, "应为 UTF-8 文字。"))?;
    if text.contains('\0') {
        Err(Problem::invalid(name, "文字里有不能保存的字符。"))
    } else {
        Ok(text.trim().to_owned())
    }
}
