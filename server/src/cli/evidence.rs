//! `gengwei evidence`.

use std::process::ExitCode;

use serde_json::json;

use super::Context;
use crate::evidence::{Photos, audit};

#[derive(clap::Args)]
pub(super) struct Evidence {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Read every photo and recompute its hashes and the chains of what cameras knew; exit code 1 and the first
    /// that is wrong otherwise
    Verify,
}

pub(super) async fn run(
    context: &Context,
    Evidence { command: Command::Verify }: Evidence,
) -> anyhow::Result<ExitCode> {
    let storage = &context.storage;
    let photos = Photos::open(storage.evidence_url.as_deref(), &storage.data)?;
    let db = context.db().await?;
    let verdict = audit::verify(&db, &photos).await;
    db.close().await;
    match verdict? {
        Ok(sound) => {
            let text = format!("evidence {} photos {} links ok", sound.photos, sound.links);
            context.say(json!({"photos": sound.photos, "links": sound.links}), text);
            Ok(ExitCode::SUCCESS)
        }
        Err(bad) => {
            context.say(json!({"bad": bad.subject, "reason": bad.reason}), &bad);
            Ok(ExitCode::FAILURE)
        }
    }
}
