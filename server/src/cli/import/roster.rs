//! `gengwei import roster`

use std::process::ExitCode;

use jiff::civil::Date;

use super::{Context, Table};
use crate::cli::user::operator;
use crate::grid::import;
use crate::state::App;

#[derive(clap::Args)]
pub(super) struct Roster {
    #[command(flatten)]
    table: Table,
    /// The first day of new terms, where rows do not say; today when not given
    #[arg(long, value_name = "DATE")]
    starts: Option<Date>,
}

pub(super) async fn run(context: &Context, app: &App, options: Roster) -> anyhow::Result<ExitCode> {
    let source = options.table.source()?;
    let report = import::roster(app.db(), app.env(), &operator(), source, options.starts).await?;
    options.table.say(context, &report)
}
