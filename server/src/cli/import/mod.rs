//! `gengwei import …`: one file a kind of input.

mod parcels;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::Context;
use crate::exchange::rejects::Counts;

#[derive(clap::Args)]
pub(super) struct Import {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Subcommand)]
enum Kind {
    /// A 地类图斑 layer: Shapefile (.shp or .zip), GeoPackage or GeoJSON
    Parcels(parcels::Parcels),
    /// Which group each parcel belongs to: CSV or XLSX with 地块码, 单位代码, 起始日期
    Assignments(File),
}

/// What every import of a table takes.
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
        Kind::Parcels(options) => parcels::run(context, &app, options).await,
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

/// The last line of every import.
pub(super) fn say_counts(context: &Context, counts: &Counts) {
    context.say(counts, counts);
}
