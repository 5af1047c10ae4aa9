//! The keyring in the database, and the master key that seals it.

mod sql;

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;

use crate::config::Secret;
use crate::crypto::{Keyring, MasterKey};
use crate::db::Db;
use crate::env::Env;

/// The master key's file in the data directory.
pub const MASTER_KEY_FILE: &str = "master.key";

/// The master key: from configuration, else from its file in the data directory, which is made (readable by
/// its owner only) when it is missing.
pub fn master_key(configured: Option<&Secret>, data: &Path, env: &Env) -> anyhow::Result<MasterKey> {
    if let Some(text) = configured {
        return MasterKey::from_hex(text.reveal().trim()).context("GENGWEI_MASTER_KEY");
    }
    let path = data.join(MASTER_KEY_FILE);
    fs::create_dir_all(data)?;
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            let key = MasterKey::new(env.random());
            file.write_all(key.to_hex().as_bytes())?;
            file.sync_all()?;
            Ok(key)
        }
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            MasterKey::from_hex(text.trim()).with_context(|| path.display().to_string())
        }
        Err(e) => Err(e).with_context(|| path.display().to_string()),
    }
}

/// The keyring of this database; made on first use, completed when a new purpose has come.
pub async fn load(db: &Db, env: &Env, master: &MasterKey) -> anyhow::Result<Keyring> {
    const HINT: &str =
        "the keys in the database do not open: this is not the master key they were sealed with";
    if let Some(stored) = sql::stored(db).await? {
        let mut keys = Keyring::open_under(master, &stored).context(HINT)?;
        if !keys.complete(|| env.random()) {
            return Ok(keys);
        }
        store(db, env, &keys, master, true).await?;
    } else {
        store(db, env, &Keyring::generate(|| env.random()), master, false).await?;
    }
    // Another process may have been first, so what counts is what the database has now.
    let stored = sql::stored(db).await?.context("the keyring was stored a moment ago")?;
    Keyring::open_under(master, &stored).context(HINT)
}

/// Replaces the keyring, after a rotation.
pub async fn store(
    db: &Db,
    env: &Env,
    keys: &Keyring,
    master: &MasterKey,
    replace: bool,
) -> anyhow::Result<()> {
    let sealed = keys.seal_under(master, env.random())?;
    let now = env.now();
    db.write(move |tx| async move { sql::store(&tx, &sealed, now, replace).await }).await?;
    Ok(())
}
