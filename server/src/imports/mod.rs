//! Files that come over HTTP to be imported: where they lie, who goes on with them, how far they are.
//!
//! An upload is streamed to this process's folder and fsynced ([`upload`]); only then is it acknowledged. A job takes
//! it from there ([`folder`]), so a killed process finds it again. Batches of patches use the same folder and the
//! same upload; the jobs here are those of rosters and parcels, with their progress and the rows that were refused.
//! An importer enters what lies in his own units and nothing else.

pub(crate) mod folder;
mod http;
mod sql;
#[cfg(test)]
mod tests;
pub(crate) mod upload;
mod work;

use std::path::Path;

use gengwei_proto::RegionCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::auth::{Caller, Units};
use crate::cases::words;
use crate::db::Text;
use crate::parcels::import::hash_file;
use crate::state::App;

pub use folder::is_waiting;
pub use http::{routes, uploads};
pub use work::run_waiting;

words! {
    /// What is imported.
    #[schema(as = ImportKind)]
    Kind {
        Roster = "roster" "责任人名册",
        Parcels = "parcels" "地类图斑",
    }
}

words! {
    /// Where an import stands.
    #[schema(as = ImportState)]
    State {
        Waiting = "waiting" "待导入",
        Running = "running" "导入中",
        Done = "done" "已导入",
        Failed = "failed" "导入失败",
    }
}

/// What the importer said, kept beside the job so that another process can go on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Options {
    /// Where the importer may import.
    pub units: Vec<String>,
    /// The worksheet of a workbook, or the layer of a file that has several.
    pub layer: Option<String>,
    /// The text encoding, where the file does not say it rightly.
    pub encoding: Option<String>,
    /// The coordinate system, where the file does not say it rightly.
    pub crs: Option<String>,
    /// The unit of parcels whose rows do not say.
    pub unit: Option<Text<RegionCode>>,
    /// The first day of terms whose rows do not say.
    pub starts: Option<Date>,
    /// Check everything, store nothing.
    pub dry_run: bool,
}

impl Options {
    fn units(&self) -> Units {
        Units::new(self.units.iter().filter_map(|code| RegionCode::parse(code).ok()))
    }
}

/// Takes over an uploaded file that is on disk; answers the job, and whether the same file waits or runs already.
pub(crate) async fn accept(
    app: &App,
    by: &Caller,
    kind: Kind,
    name: &str,
    file: tempfile::TempPath,
    options: Options,
) -> anyhow::Result<(String, bool)> {
    let unit = options.units().iter().next().copied();
    let unit = unit.ok_or_else(|| anyhow::anyhow!("没有可以导入的单位"))?;
    let sha256 = sum(&file).await?;
    let kept = sql::Kept { login: by.login.clone(), options };
    let (id, now, name, by) = (app.env().new_id(), app.env().now(), name.to_owned(), by.clone());
    let (job, again) = app
        .db()
        .write(move |tx| async move {
            if let Some(known) = sql::unfinished(&tx, kind, &sha256, &kept).await? {
                return Ok((known, true));
            }
            sql::insert(&tx, &id, kind, &unit, &kept, &name, &sha256, &by, now).await?;
            let detail = json!({ "kind": kind, "file": name, "sha256": sha256 });
            tx.audit(by.entry("import.upload", &*id).detail(detail));
            Ok::<_, sqlx::Error>((id, false))
        })
        .await?;
    folder::keep(app, &job, folder::JOB, file).await?;
    Ok((job, again))
}

async fn sum(file: &Path) -> anyhow::Result<String> {
    let path = file.to_owned();
    Ok(tokio::task::spawn_blocking(move || hash_file(&path)).await??)
}
