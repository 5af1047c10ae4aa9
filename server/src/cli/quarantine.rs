//! `gengwei quarantine list|retry`

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::Context;
use super::user::operator;
use crate::state::App;
use crate::sync::quarantine::{self, State, sql};

#[derive(clap::Args)]
pub(super) struct Quarantine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List what devices sent and could not be applied
    List {
        /// Also what was decided
        #[arg(long)]
        all: bool,
    },
    /// Apply records again, after what was wrong has been put right
    Retry {
        /// Which; all that wait when none is named
        ids: Vec<String>,
    },
}

pub(super) async fn run(context: &Context, quarantine: Quarantine) -> anyhow::Result<ExitCode> {
    let app = context.app(false).await?;
    let done = match quarantine.command {
        Command::List { all } => list(context, &app, (!all).then_some(State::Waiting)).await,
        Command::Retry { ids } => retry(context, &app, ids).await,
    };
    app.db().close().await;
    done
}

async fn list(context: &Context, app: &App, state: Option<State>) -> anyhow::Result<ExitCode> {
    for kept in all(app, state).await? {
        let text = format!(
            "{}\t设备 {}\t{}\t{}\t{}",
            kept.id,
            kept.device,
            kept.reason.title(),
            kept.detail,
            kept.state.title()
        );
        context.say(&kept, text);
    }
    Ok(ExitCode::SUCCESS)
}

async fn all(app: &App, state: Option<State>) -> anyhow::Result<Vec<sql::Quarantined>> {
    let mut found: Vec<sql::Quarantined> = Vec::new();
    loop {
        let after = found.last().map(|kept| kept.id.clone());
        let mut page = sql::list(app.db(), None, state, after.as_deref(), 500).await?;
        if page.is_empty() {
            return Ok(found);
        }
        found.append(&mut page);
    }
}

async fn retry(context: &Context, app: &App, ids: Vec<String>) -> anyhow::Result<ExitCode> {
    let ids = match ids.is_empty() {
        true => all(app, Some(State::Waiting)).await?.into_iter().map(|kept| kept.id).collect(),
        false => ids,
    };
    let (mut applied, mut still) = (0, 0);
    for id in ids {
        let outcome = quarantine::retry(app, &operator(), &id, None).await;
        let why = outcome.as_ref().err().map(|problem| problem.sentence());
        match why {
            None => applied += 1,
            Some(_) => still += 1,
        }
        let text = format!("{id}\t{}", why.as_deref().unwrap_or("已入账"));
        context.say(json!({"id": id, "applied": outcome.is_ok(), "why": why}), text);
    }
    context.say(json!({"applied": applied, "waiting": still}), format!("applied {applied} waiting {still}"));
    Ok(if still == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
