//! The chains of photos, and whether they hold.

use sm3::{Digest, Sm3};

use super::sql;
use crate::db::{Db, Timestamp};

/// One photo in a chain; what the hash is taken over.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Link {
    /// An account, or an account and its device.
    pub chain: String,
    /// 1, 2, 3… within the chain.
    pub seq: i64,
    /// Who handed it in.
    pub account: String,
    /// The photo.
    pub sha256: String,
    /// Its SM3.
    pub sm3: String,
    /// The facts, JSON exactly as hashed.
    pub body: String,
    /// When they came.
    pub received_at: Timestamp,
    /// SM3 over all of the above and the hash before, hexadecimal.
    pub hash: String,
}

impl Link {
    /// The hash that this link must bear after `previous`. Every field goes in with its length, so that no two
    /// different links run together into the same bytes.
    pub fn hash_after(&self, previous: &str) -> String {
        let mut hasher = Sm3::new();
        let (seq, at) = (self.seq.to_string(), self.received_at.0.to_string());
        let fields = [previous, &self.chain, &seq, &self.account, &self.sha256, &self.sm3, &self.body, &at];
        for field in fields {
            hasher.update((field.len() as u64).to_be_bytes());
            hasher.update(field.as_bytes());
        }
        hex::encode(hasher.finalize())
    }
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// The chain.
    pub chain: String,
    /// The first link that is wrong.
    pub seq: i64,
    /// How.
    pub reason: &'static str,
}

/// Links read at once.
const PAGE: i64 = 1000;

/// Recomputes every chain; answers how many links there are, or the first that is wrong.
pub async fn verify(db: &Db) -> sqlx::Result<Result<u64, Broken>> {
    let (mut at, mut count) = ((String::new(), 0), 0);
    let mut previous = String::new();
    loop {
        let links = sql::links(db, &at.0, at.1, PAGE).await?;
        let Some(last) = links.last() else { return Ok(Ok(count)) };
        let next = (last.chain.clone(), last.seq);
        for link in links {
            if link.chain != at.0 {
                (at, previous) = ((link.chain.clone(), 0), String::new());
            }
            let broken = |reason| Broken { chain: link.chain.clone(), seq: link.seq, reason };
            if link.seq != at.1 + 1 {
                return Ok(Err(broken("a link before it is missing")));
            }
            if link.hash != link.hash_after(&previous) {
                return Ok(Err(broken("it is not what was handed in")));
            }
            at.1 = link.seq;
            previous = link.hash;
            count += 1;
        }
        debug_assert_eq!(at, next);
    }
}
