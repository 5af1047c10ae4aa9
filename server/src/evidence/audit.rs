//! Whether every photo is still what was handed in.

use std::fmt;

use sha2::{Digest, Sha256};

use super::facts::chain;
use super::{Photos, sql};
use crate::db::Db;

/// What was found sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sound {
    /// Photos whose bytes have both hashes.
    pub photos: u64,
    /// Links of chains.
    pub links: u64,
}

/// The first thing that is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Bad {
    /// A photo or a link.
    pub subject: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.reason)
    }
}

/// Photos looked up at once.
const PAGE: i64 = 500;

/// Reads every photo and recomputes its two hashes, and every chain of facts.
pub async fn verify(db: &Db, photos: &Photos) -> anyhow::Result<Result<Sound, Bad>> {
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let page = sql::page(db, &after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(last);
        for (sha256, sm3) in page {
            if let Some(reason) = wrong(photos, &sha256, sm3).await? {
                return Ok(Err(Bad { subject: format!("photo {sha256}"), reason: reason.to_owned() }));
            }
            count += 1;
        }
    }
    Ok(match chain::verify(db).await? {
        Ok(links) => Ok(Sound { photos: count, links }),
        Err(broken) => {
            let subject = format!("link {} of chain {}", broken.seq, broken.chain);
            Err(Bad { subject, reason: broken.reason.to_owned() })
        }
    })
}

async fn wrong(photos: &Photos, sha256: &str, sm3: String) -> anyhow::Result<Option<&'static str>> {
    let Some(bytes) = photos.look(sha256).await? else { return Ok(Some("its bytes are gone")) };
    let name = sha256.to_owned();
    let same = move || {
        let other = hex::encode(<sm3::Sm3 as sm3::Digest>::digest(&bytes));
        hex::encode(Sha256::digest(&bytes)) == name && other == sm3
    };
    Ok((!tokio::task::spawn_blocking(same).await?).then_some("its bytes have another hash"))
}
