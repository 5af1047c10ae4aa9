//! `gengwei sync dump`

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Context;
use crate::sync::sql;

#[derive(clap::Args)]
pub(super) struct Sync {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print every record that devices sent, with the hash of its bytes
    Dump,
}

pub(super) async fn run(
    context: &Context,
    Sync { command: Command::Dump }: Sync,
) -> anyhow::Result<ExitCode> {
    let db = context.db().await?;
    let mut after = (-1, 0, 0);
    loop {
        let page = sql::dump(&db, after, 5_000).await?;
        let Some(last) = page.last() else { break };
        after = (last.device, last.epoch, last.seq);
        for record in &page {
            let sql::Dumped { device, epoch, seq, record } = record;
            let sha256 = hex::encode(Sha256::digest(record));
            let json = json!({"device": device, "epoch": epoch, "seq": seq, "sha256": sha256});
            context.say(json, format!("{device}\t{epoch}\t{seq}\t{sha256}"));
        }
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
