//! `gengwei evidence`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use gengwei_proto::RegionCode;
use serde_json::json;

use super::Context;
use crate::auth::Units;
use crate::db::Db;
use crate::evidence::{Photos, audit, package};

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
    /// Write the photos of cases to a new evidence package (举证包, SQLite); its checksums are our own SM3, not those
    /// of the state app
    Export {
        /// The file, which must not exist yet
        file: PathBuf,
        /// Only the cases of this unit
        #[arg(long, value_name = "CODE")]
        region: Option<String>,
        /// Only this case
        #[arg(long, value_name = "ID")]
        case: Option<String>,
    },
    /// Take the photos of an evidence package to the cases that they name; again changes nothing
    Import {
        /// The file
        file: PathBuf,
    },
}

pub(super) async fn run(context: &Context, Evidence { command }: Evidence) -> anyhow::Result<ExitCode> {
    let storage = &context.storage;
    let photos = Photos::open(storage.evidence_url.as_deref(), &storage.data)?;
    let db = context.db().await?;
    let done = match command {
        Command::Verify => verify(context, &db, &photos).await,
        Command::Export { file, region, case } => {
            export(context, &db, &photos, &file, region.as_deref().unwrap_or(EVERYWHERE), case.as_deref())
                .await
        }
        Command::Import { file } => import(context, &db, &photos, &file).await,
    };
    db.close().await;
    done
}

/// The city, in which every unit lies.
const EVERYWHERE: &str = "6405";

async fn verify(context: &Context, db: &Db, photos: &Photos) -> anyhow::Result<ExitCode> {
    match audit::verify(db, photos).await? {
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

async fn export(
    context: &Context,
    db: &Db,
    photos: &Photos,
    file: &Path,
    region: &str,
    case: Option<&str>,
) -> anyhow::Result<ExitCode> {
    let region =
        RegionCode::parse(region).map_err(|_| anyhow!("{region}：区划代码应为 4、6、9、12 或 14 位数字"))?;
    let (cases, count) = package::export(db, photos, &Units::new([region]), case, file).await?;
    let text = format!(
        "{count} photos of {cases} cases in {}: the checksums are our own, not those of the state app",
        file.display()
    );
    context.say(json!({"photos": count, "cases": cases, "file": file}), text);
    Ok(ExitCode::SUCCESS)
}

async fn import(context: &Context, db: &Db, photos: &Photos, file: &Path) -> anyhow::Result<ExitCode> {
    let counts = package::import(db, photos, file, context.env.now()).await?;
    for (row, reason) in &counts.rejected {
        context.say(json!({"row": row, "reason": reason}), format!("FJ {row}: {reason}"));
    }
    let rejected = counts.rejected.len();
    let text = format!(
        "read {} imported {} updated 0 unchanged {} rejected {rejected}",
        counts.read, counts.imported, counts.unchanged
    );
    let json = json!({"read": counts.read, "imported": counts.imported, "updated": 0,
        "unchanged": counts.unchanged, "rejected": rejected});
    context.say(json, text);
    Ok(ExitCode::SUCCESS)
}
