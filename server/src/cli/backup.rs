//! `gengwei backup` and `gengwei restore`.
//!
//! A backup is a folder: a consistent copy of the database, the photos, uploaded files that are not imported yet, and
//! the keys, without which every label in the field would be a forgery. With a passphrase the keys lie in it sealed (argon2id, SM4-CCM), and a restored
//! server seals them under a master key of its own. Without one the master key itself lies in it: whoever holds
//! such a backup can make labels and read reporters' phone numbers; it is as secret as the server.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::json;
use zeroize::Zeroizing;

use super::Context;
use crate::crypto::Keyring;
use crate::db::copy;
use crate::evidence::Photos;
use crate::imports;
use crate::keys::{self, MASTER_KEY_FILE};

#[derive(clap::Args)]
pub(super) struct Backup {
    /// A folder that is empty or does not exist yet
    folder: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
}

#[derive(clap::Args)]
pub(super) struct Restore {
    /// A folder that `gengwei backup` made
    folder: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
}

#[derive(clap::Args)]
struct Passphrase {
    /// A file whose first line, of at least 12 characters, seals the keys in the backup
    #[arg(long, env = "GENGWEI_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Passphrase {
    fn read(&self) -> anyhow::Result<Option<Zeroizing<String>>> {
        let Some(path) = &self.passphrase_file else { return Ok(None) };
        let text = Zeroizing::new(fs::read_to_string(path).with_context(|| path.display().to_string())?);
        Ok(Some(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned())))
    }
}

const PHOTOS: &str = "evidence";
/// Uploaded files that wait for their import, by their batch; the same name in the data directory.
const IMPORTS: &str = "imports";
const SEALED_KEYS: &str = "keys.sealed";

pub(super) async fn backup(context: &Context, backup: Backup) -> anyhow::Result<ExitCode> {
    let Backup { folder, passphrase } = backup;
    let passphrase = passphrase.read()?;
    fs::create_dir_all(&folder)?;
    if fs::read_dir(&folder)?.next().is_some() {
        bail!("{} 不是空文件夹，请换一个", folder.display());
    }
    let storage = &context.storage;
    // A file is there before its batch is promised, and until the batch has ended: what the copied rows wait for was
    // there before them or is there after.
    let imports = (storage.data.join(IMPORTS), folder.join(IMPORTS));
    copy_imports(&imports.0, &imports.1)?;
    copy::backup(&context.location()?, &folder).await?;
    copy_imports(&imports.0, &imports.1)?;
    let master = keys::master_key(storage.master_key.as_ref(), &storage.data, &context.env)?;
    match &passphrase {
        Some(passphrase) => {
            let db = context.db().await?;
            let keyring = keys::load(&db, &context.env, &master).await?;
            db.close().await;
            let sealed = keyring.to_backup(passphrase, context.env.random(), context.env.random())?;
            write_secret(&folder.join(SEALED_KEYS), &sealed)?;
        }
        None => write_secret(&folder.join(MASTER_KEY_FILE), master.to_hex().as_bytes())?,
    }
    // Photos after rows: each photo that a row names was there before the row.
    let photos = Photos::open(storage.evidence_url.as_deref(), &storage.data)?;
    let copied = photos.copy_to(&kept(&folder)?).await?;
    let keys = match passphrase {
        Some(_) => "its keys are sealed by the passphrase",
        None => "keep it secret, its keys are inside; --passphrase-file seals them",
    };
    let text = format!("backup with {copied} photos in {}: {keys}", folder.display());
    let sealed = passphrase.is_some();
    context.say(json!({"photos": copied, "folder": folder, "sealed": sealed}), text);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn restore(context: &Context, restore: Restore) -> anyhow::Result<ExitCode> {
    let Restore { folder, passphrase } = restore;
    let storage = &context.storage;
    // The keys first: a backup that cannot be opened is not begun with.
    let keys = Keys::open(&folder, passphrase.read()?.as_ref().map(|p| p.as_str()))?;
    fs::create_dir_all(&storage.data)?;
    copy::restore(&context.location()?, &folder).await?;
    if let (Keys::Master(key), None) = (&keys, &storage.master_key) {
        write_secret(&storage.data.join(MASTER_KEY_FILE), key)?;
    }
    copy_imports(&folder.join(IMPORTS), &storage.data.join(IMPORTS))?;
    let photos = Photos::open(storage.evidence_url.as_deref(), &storage.data)?;
    let copied = kept(&folder)?.copy_to(&photos).await?;
    // Opening brings an older backup's schema up to date.
    let db = context.db().await?;
    if let Keys::Sealed(keyring) = keys {
        let master = keys::master_key(storage.master_key.as_ref(), &storage.data, &context.env)?;
        keys::store(&db, &context.env, &keyring, &master, true).await?;
    }
    // Devices notice the new epoch and send again what the backup lacks.
    crate::sync::begin_epoch(&db, &context.env).await?;
    db.close().await;
    context.say(json!({"photos": copied}), format!("restored with {copied} photos"));
    Ok(ExitCode::SUCCESS)
}

/// What opens the keys of a backup.
enum Keys {
    /// The master key of the server that was backed up; its keyring lies in the database.
    Master(Zeroizing<Vec<u8>>),
    /// The keyring itself.
    Sealed(Keyring),
}

impl Keys {
    fn open(folder: &Path, passphrase: Option<&str>) -> anyhow::Result<Self> {
        let sealed = folder.join(SEALED_KEYS);
        if !sealed.exists() {
            let path = folder.join(MASTER_KEY_FILE);
            let key = fs::read(&path)
                .with_context(|| format!("{}：这里没有 gengwei backup 生成的备份", path.display()))?;
            return Ok(Self::Master(Zeroizing::new(key)));
        }
        let passphrase = passphrase.with_context(|| {
            format!("{}：备份中的密钥已封存，请用 --passphrase-file 提供口令", sealed.display())
        })?;
        let keyring = Keyring::from_backup(passphrase, &fs::read(&sealed)?)
            .with_context(|| format!("{}：口令不对，或文件已损坏", sealed.display()))?;
        Ok(Self::Sealed(keyring))
    }
}

fn kept(folder: &Path) -> anyhow::Result<Photos> {
    Photos::open(folder.join(PHOTOS).to_str(), folder)
}

/// Copies the uploaded files that wait in a folder, each whole or not at all.
fn copy_imports(from: &Path, to: &Path) -> anyhow::Result<()> {
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    fs::create_dir_all(to)?;
    for entry in entries {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        let target = to.join(name);
        if !imports::is_waiting(&path) || target.exists() {
            continue;
        }
        let mut copy = tempfile::NamedTempFile::new_in(to)?;
        match fs::File::open(&path) {
            Ok(mut file) => std::io::copy(&mut file, &mut copy)?,
            // Imported meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        copy.as_file().sync_all()?;
        copy.persist(target)?;
    }
    Ok(())
}

fn write_secret(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    std::io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}
