//! Imports what waits in this process's folder, one file after the other.

use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;

use super::{Kind, Options, State, folder, sql};
use crate::auth::Caller;
use crate::exchange::layer::LayerOptions;
use crate::exchange::rejects::Counts;
use crate::exchange::table::TableOptions;
use crate::state::App;
use crate::{grid, parcels};

/// How often a running import writes how far it is.
const TELL: Duration = Duration::from_secs(1);
/// Refused rows that are stored together.
const CHUNK: usize = 500;

/// What came of an import.
struct Outcome {
    counts: Counts,
    said: Vec<String>,
    rejects: Vec<sql::Reject>,
}

/// Imports whatever waits in this process's folder; answers how many.
pub async fn run_waiting(app: &App) -> anyhow::Result<usize> {
    let mut done = 0;
    for (id, file) in folder::waiting(app, folder::JOB)? {
        let job = sql::find(app.db(), &id).await?;
        if let Some(job) = job.filter(|job| matches!(job.state.0, State::Waiting | State::Running)) {
            match run(app, &job, &file).await {
                Ok(counts) => tracing::info!(id, %counts, "imported"),
                Err(error) => tracing::warn!(id, %error, "could not be imported"),
            }
            done += 1;
        }
        // What neither ended nor failed for a reason that stands in the job is tried again.
        let job = sql::find(app.db(), &id).await?;
        if job.is_none_or(|job| matches!(job.state.0, State::Done | State::Failed)) {
            tokio::fs::remove_file(&file).await?;
        }
    }
    Ok(done)
}

async fn run(app: &App, job: &sql::Job, file: &Path) -> anyhow::Result<Counts> {
    let id = job.id.clone();
    app.db().write(move |tx| async move { sql::start(&tx, &id).await }).await?;
    let imported = match serde_json::from_str::<sql::Kept>(&job.options) {
        Ok(kept) => {
            let by = Caller::absent(&job.account, &kept.login, &job.name);
            match job.kind.0 {
                Kind::Roster => roster(app, &by, &job.file, file, &kept.options).await,
                Kind::Parcels => layer(app, &by, &job.id, file, &kept.options).await,
            }
        }
        Err(error) => Err(anyhow::anyhow!("导入的选项读不出来：{error}")),
    };
    let (id, now) = (job.id.clone(), app.env().now());
    match imported {
        Ok(outcome) => {
            let counts = outcome.counts;
            store_rejects(app, &id, outcome.rejects).await?;
            let said = serde_json::to_string(&outcome.said)?;
            app.db().write(move |tx| async move { sql::end(&tx, &id, counts, &said, now).await }).await?;
            Ok(counts)
        }
        Err(error) => {
            let said = serde_json::json!([error.to_string()]).to_string();
            app.db().write(move |tx| async move { sql::fail(&tx, &id, &said, now).await }).await?;
            Err(error)
        }
    }
}

async fn store_rejects(app: &App, id: &str, rejects: Vec<sql::Reject>) -> anyhow::Result<()> {
    for chunk in rejects.chunks(CHUNK) {
        let (id, chunk) = (id.to_owned(), chunk.to_vec());
        app.db().write_bulk(move |tx| async move { sql::insert_rejects(&tx, &id, &chunk).await }).await?;
    }
    Ok(())
}

async fn roster(
    app: &App,
    by: &Caller,
    name: &str,
    file: &Path,
    options: &Options,
) -> anyhow::Result<Outcome> {
    let source = grid::import::Source {
        name: name.to_owned(),
        bytes: tokio::fs::read(file).await?,
        table: TableOptions { encoding: options.encoding.clone(), sheet: options.layer.clone() },
        dry_run: options.dry_run,
        within: Some(options.units()),
    };
    let report = grid::import::roster(app.db(), app.env(), by, source, options.starts).await?;
    let rejects = report.refusals.iter().map(|refusal| sql::Reject {
        line: i64::try_from(refusal.row).unwrap_or(i64::MAX),
        identifier: refusal.identifier.clone(),
        field: refusal.column.clone(),
        place: String::new(),
        code: refusal.code.to_owned(),
        reason: refusal.reason.clone(),
    });
    Ok(Outcome { counts: report.counts, rejects: rejects.collect(), said: report.warnings })
}

async fn layer(app: &App, by: &Caller, id: &str, file: &Path, options: &Options) -> anyhow::Result<Outcome> {
    let rejects = folder::place(app, id, "rejects");
    let said = parcels::import::Options {
        layer: LayerOptions {
            layer: options.layer.clone(),
            encoding: options.encoding.clone(),
            crs: options.crs.clone(),
            ..LayerOptions::default()
        },
        map: None,
        unit: options.unit.map(|unit| unit.0),
        dry_run: options.dry_run,
        rejects: Some(rejects.clone()),
        outside: false,
        within: Some(options.units()),
    };
    let (tell, told) = watch::channel((0.0, 0));
    let import = parcels::import::run(app, by, file, &said, move |share, rows| {
        tell.send_replace((share, rows));
    });
    let (report, ()) = tokio::join!(import, follow(app, id, told));
    let report = report?;
    let read = read_rejects(&rejects);
    tokio::fs::remove_file(&rejects).await?;
    let mut warnings = report.warnings;
    if report.truncated {
        warnings.push("文件不完整，后面的内容没有读到，请核对源文件后重新导入".to_owned());
    }
    if report.lineage > 0 {
        warnings.push(format!("{} 条地块沿革关系已记录", report.lineage));
    }
    Ok(Outcome { counts: report.counts, said: warnings, rejects: read? })
}

/// Writes how far an import is, until nobody tells any more.
async fn follow(app: &App, id: &str, mut told: watch::Receiver<(f64, u64)>) {
    while told.changed().await.is_ok() {
        let (share, rows) = *told.borrow_and_update();
        let id = id.to_owned();
        let written =
            app.db().write(move |tx| async move { sql::advance(&tx, &id, share, rows).await }).await;
        if let Err(error) = written {
            tracing::warn!(%error, "the progress of an import could not be written");
        }
        tokio::time::sleep(TELL).await;
    }
}

/// The rows of a reject file.
fn read_rejects(path: &Path) -> anyhow::Result<Vec<sql::Reject>> {
    let mut rows = Vec::new();
    for row in csv::Reader::from_path(path)?.records() {
        let row = row?;
        let cell = |i: usize| row.get(i).unwrap_or_default().to_owned();
        rows.push(sql::Reject {
            line: cell(0).parse().unwrap_or_default(),
            identifier: cell(1),
            field: cell(2),
            place: cell(3),
            code: cell(4),
            reason: cell(5),
        });
    }
    Ok(rows)
}
