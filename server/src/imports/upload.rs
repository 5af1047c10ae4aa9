//! An upload as multipart: the file goes to disk as it comes, the words beside it are kept.

use axum::RequestExt as _;
use axum::extract::Request;
use axum::extract::multipart::{Field, Multipart};
use jiff::civil::Date;
use tempfile::TempPath;
use tokio::io::AsyncWriteExt;

use crate::body::piece;
use crate::error::{self, Problem, Result};
use crate::exchange::dates::parse_date;
use crate::state::App;

/// The most bytes of a file. A county's parcels have a few hundred megabytes.
const LARGEST: u64 = 1 << 30;
/// The most bytes of any other part; a field map is the longest.
const LONGEST: usize = 64 * 1024;
/// The most parts; no form has a quarter of them.
const PARTS: usize = 40;

/// What came.
pub(crate) struct Received {
    /// The part `file`, fsynced; gone when nobody keeps it.
    pub file: TempPath,
    /// The name under which the client keeps it, without folders.
    pub name: String,
    /// The other parts that are not empty, in their order.
    pub words: Vec<(String, String)>,
}

/// Reads an upload to its end.
///
/// 408 when nothing comes any more, 413 for a file that is too long, 415 when it is no multipart, 422 without a file or with an empty one.
pub(crate) async fn receive(app: &App, request: Request) -> Result<Received> {
    let mut multipart: Multipart = request
        .extract()
        .await
        .map_err(|_| Problem::new(error::MEDIA_TYPE).detail("请以 multipart/form-data 提交。"))?;
    let (mut file, mut words) = (None, Vec::new());
    while let Some(field) = piece(multipart.next_field()).await? {
        match field.name().unwrap_or_default().to_owned() {
            name if name == "file" => {
                let known_as = file_name(&field);
                file = Some((to_disk(app, field).await?, known_as));
            }
            name => {
                let text = text(field, &name).await?;
                if !text.is_empty() && words.len() < PARTS {
                    words.push((name, text));
                }
            }
        }
    }
    let (file, name) = file.ok_or_else(|| Problem::invalid("file", "请附上要导入的文件。"))?;
    Ok(Received { file, name, words })
}

/// A day, as a part says it.
pub(crate) fn date(field: &str, text: &str) -> Result<Date> {
    parse_date(text).ok_or_else(|| Problem::invalid(field, "日期应写作 2026-07-15。"))
}

/// A yes, as a form's box or a program says it.
pub(crate) fn yes(text: &str) -> bool {
    matches!(text, "true" | "1" | "on")
}

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
