//! `gengwei import …`: one file a kind of input.

mod divisions;
mod layers;
mod parcels;
mod patches;
mod roster;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use super::Context;
use crate::exchange::rejects::Counts;
use crate::exchange::table::TableOptions;
use crate::grid;
use crate::grid::import::{Report, Source};
use crate::state::App;

#[derive(clap::Args)]
pub(super) struct Import {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Subcommand)]
enum Kind {
    /// Units, CSV or XLSX: code, name, parent, level; valid_from, valid_to, successor, takes_part, office_phone
    Divisions(divisions::Divisions),
    /// Village groups and who is responsible, CSV or XLSX: 区划代码, 单位名称, 姓名, 角色, 职务, 任职日期 …
    Roster(roster::Roster),
    /// What units have to keep, CSV or XLSX: 区划代码, 年份, 指标, 面积（亩）, 依据
    Targets(Table),
    /// A 地类图斑 layer: Shapefile (.shp or .zip), GeoPackage or GeoJSON
    Parcels(parcels::Parcels),
    /// Change patches: Shapefile (.shp or .zip), GeoPackage, GeoJSON, or an evidence package with JCTB
    Patches(patches::Patches),
    /// What patches are held against: 永久基本农田, 新增耕地, approvals, filings
    Layers(layers::Layers),
    /// Which group each parcel belongs to: CSV or XLSX with 地块码, 单位代码, 起始日期
    Assignments(File),
}

/// What every import into the grid takes.
#[derive(clap::Args)]
pub(super) struct Table {
    /// The file
    file: PathBuf,
    /// The worksheet of an XLSX file; the first one when not given
    #[arg(long)]
    layer: Option<String>,
    /// The text encoding of a CSV file: GB18030, UTF-8, …
    #[arg(long)]
    encoding: Option<String>,
    /// Check everything, store nothing
    #[arg(long)]
    dry_run: bool,
    /// Write rejected rows with their reasons to this CSV file
    #[arg(long)]
    rejects: Option<PathBuf>,
}

impl Table {
    fn source(&self) -> anyhow::Result<Source> {
        let options = TableOptions { encoding: self.encoding.clone(), sheet: self.layer.clone() };
        Ok(Source::read(&self.file, options, self.dry_run)?)
    }

    /// Writes the reject file and says what came of it.
    fn say(&self, context: &Context, report: &Report) -> anyhow::Result<ExitCode> {
        if let Some(path) = &self.rejects {
            report.write_rejects(path)?;
        }
        for warning in &report.warnings {
            eprintln!("注意：{warning}");
        }
        if self.rejects.is_none() {
            for refusal in &report.refusals {
                eprintln!("第 {} 行 {}：{}", refusal.row, refusal.identifier, refusal.reason);
            }
        }
        context.say(report, report.counts);
        Ok(ExitCode::SUCCESS)
    }
}

/// What every import of a table of parcels or of a layer takes.
#[derive(clap::Args)]
pub(super) struct File {
    /// The file
    file: PathBuf,
    /// Check everything, store nothing
    #[arg(long)]
    dry_run: bool,
    /// Write rejected rows with their reasons to this CSV file
    #[arg(long)]
    rejects: Option<PathBuf>,
}

pub(super) async fn run(context: &Context, import: Import) -> anyhow::Result<ExitCode> {
    let app = context.app(false).await?;
    let done = match import.kind {
        Kind::Divisions(divisions) => divisions::run(context, &app, divisions).await,
        Kind::Roster(roster) => roster::run(context, &app, roster).await,
        Kind::Targets(table) => targets(context, &app, table).await,
        Kind::Parcels(options) => parcels::run(context, &app, options).await,
        Kind::Patches(options) => patches::run(context, &app, options).await,
        Kind::Layers(options) => layers::run(context, &app, options).await,
        Kind::Assignments(f) => {
            let by = super::user::operator();
            let rejects = f.rejects.as_deref();
            let counts = crate::parcels::assign::import(&app, &by, &f.file, rejects, f.dry_run).await;
            counts.map(|counts| {
                say_counts(context, &counts);
                ExitCode::SUCCESS
            })
        }
    };
    app.db().close().await;
    done
}

async fn targets(context: &Context, app: &App, table: Table) -> anyhow::Result<ExitCode> {
    let by = super::user::operator();
    let report = grid::import::targets(app.db(), app.env(), &by, table.source()?).await?;
    table.say(context, &report)
}

/// A bar that shows how much of a file has been read.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {percent}% {msg}").expect("a valid template");
    ProgressBar::new(1_000).with_style(style)
}

/// The text of a field map.
fn map(path: Option<&Path>) -> anyhow::Result<Option<String>> {
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| path.display().to_string());
    path.map(read).transpose()
}

/// How an import of a layer ends: a file that was cut off must not pass for complete.
fn ending(truncated: bool) -> ExitCode {
    if truncated {
        eprintln!("gengwei: 文件不完整，后面的内容没有读到，请核对源文件后重新导入");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The last line of every import.
pub(super) fn say_counts(context: &Context, counts: &Counts) {
    context.say(counts, counts);
}
