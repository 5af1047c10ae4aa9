//! `gengwei audit verify`

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::Context;
use crate::audit::{Verdict, verify};

#[derive(clap::Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Recompute every hash chain; exit code 1 at the first entry that does not hold
    Verify,
}

pub(super) async fn run(
    context: &Context,
    Audit { command: Command::Verify }: Audit,
) -> anyhow::Result<ExitCode> {
    let db = context.db().await?;
    let verdict = verify(&db).await?;
    db.close().await;
    match verdict {
        Verdict::Sound(entries) => {
            context.say(json!({"entries": entries, "ok": true}), format!("audit {entries} entries ok"));
            Ok(ExitCode::SUCCESS)
        }
        Verdict::Broken { chain, seq, flaw } => {
            let reason = flaw.to_string();
            let text = format!("audit BROKEN at chain {chain} entry {seq}: {reason}");
            context.say(json!({"ok": false, "chain": chain, "seq": seq, "reason": reason}), text);
            Ok(ExitCode::FAILURE)
        }
    }
}
