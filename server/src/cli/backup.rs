//! `gengwei backup` and `gengwei restore`.
//!
//! A backup is a folder: a consistent copy of the database, the photos, and the master key that opens the
//! keyring in it. Whoever holds it can make labels and read reporters' phone numbers; it is as secret as the
//! server.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::json;

use super::Context;
use crate::db::copy;
use crate::evidence::Photos;
use crate::keys::{self, MASTER_KEY_FILE};

#[derive(clap::Args)]
pub(super) struct Backup {
    /// A folder that is empty or does not exist yet
    folder: PathBuf,
}

#[derive(clap::Args)]
pub(super) struct Restore {
    /// A folder that `gengwei backup` made
    folder: PathBuf,
}

const PHOTOS: &str = "evidence";

pub(super) async fn backup(context: &Context, Backup { folder }: Backup) -> anyhow::Result<ExitCode> {
    fs::create_dir_all(&folder)?;
    if fs::read_dir(&folder)?.next().is_some() {
        bail!("{} 不是空文件夹，请换一个", folder.display());
    }
    let storage = &context.storage;
    let master = keys::master_key(storage.master_key.as_ref(), &storage.data, &context.env)?;
    write_secret(&folder.join(MASTER_KEY_FILE), master.to_hex().as_bytes())?;
    copy::backup(&context.location()?, &folder).await?;
    // Photos after rows: each photo that a row names was there before the row.
    let photos = Photos::open(storage.evidence_url.as_deref(), &storage.data)?;
    let copied = photos.copy_to(&kept(&folder)?).await?;
    let text =
        format!("backup with {copied} photos in {}: keep it secret, its keys are inside", folder.display());
    context.say(json!({"photos": copied, "folder": folder}), text);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn restore(context: &Context, Restore { folder }: Restore) -> anyhow::Result<ExitCode> {
    let storage = &context.storage;
    let key = folder.join(MASTER_KEY_FILE);
    let key =
        fs::read(&key).with_context(|| format!("{}：这里没有 gengwei backup 生成的备份", key.display()))?;
    fs::create_dir_all(&storage.data)?;
    copy::restore(&context.location()?, &folder).await?;
    if storage.master_key.is_none() {
        write_secret(&storage.data.join(MASTER_KEY_FILE), &key)?;
    }
    let photos = Photos::open(storage.evidence_url.as_deref(), &storage.data)?;
    let copied = kept(&folder)?.copy_to(&photos).await?;
    // Opening brings an older backup's schema up to date.
    context.db().await?.close().await;
    context.say(json!({"photos": copied}), format!("restored with {copied} photos"));
    Ok(ExitCode::SUCCESS)
}

fn kept(folder: &Path) -> anyhow::Result<Photos> {
    Photos::open(folder.join(PHOTOS).to_str(), folder)
}

fn write_secret(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    std::io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}
