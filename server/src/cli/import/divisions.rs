//! `gengwei import divisions`

use std::process::ExitCode;

use jiff::civil::Date;

use super::{Context, Table};
use crate::cli::user::operator;
use crate::grid::import;
use crate::state::App;

#[derive(clap::Args)]
pub(super) struct Divisions {
    #[command(flatten)]
    table: Table,
    /// The day from which new units and new names are valid, where rows do not say; today when not given
    #[arg(long, value_name = "DATE")]
    valid_from: Option<Date>,
}

pub(super) async fn run(context: &Context, app: &App, options: Divisions) -> anyhow::Result<ExitCode> {
    let source = options.table.source()?;
    let report = import::divisions(app.db(), app.env(), &operator(), source, options.valid_from).await?;
    options.table.say(context, &report)
}
