//! Walks all chains and says whether every link still holds.

use std::collections::BTreeMap;

use super::{Link, sql};
use crate::db::Db;

/// What a verification found.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// All so many entries hold.
    Sound(u64),
    /// The first entry that does not, and why.
    Broken {
        /// The chain's id.
        chain: String,
        /// The entry's place in the chain.
        seq: i64,
        /// What is wrong, in a sentence.
        reason: String,
    },
}

/// Reads the whole log in pages of constant size.
pub async fn verify(db: &Db) -> sqlx::Result<Verdict> {
    const PAGE: i64 = 5_000;
    let mut walk = Walk::default();
    loop {
        let (chain, seq) = walk.position();
        let page = sql::page(db, &chain, seq, PAGE).await?;
        let last = (page.len() as i64) < PAGE;
        for link in page {
            if let Err(broken) = walk.step(link) {
                return Ok(broken);
            }
        }
        if last {
            return walk.finish(db).await;
        }
    }
}

#[derive(Default)]
struct Walk {
    count: u64,
    last: Option<Link>,
    /// Hashes that anchors vouch for: (chain, seq) → (hash, who vouches).
    vouched: BTreeMap<(String, i64), (String, String)>,
}

impl Walk {
    fn position(&self) -> (String, i64) {
        self.last.as_ref().map_or_else(Default::default, |l| (l.chain.clone(), l.seq))
    }

    fn step(&mut self, link: Link) -> Result<(), Verdict> {
        let previous = self.last.as_ref().filter(|l| l.chain == link.chain);
        let (seq, hash) = previous.map_or((0, ""), |l| (l.seq, l.hash.as_str()));
        if link.seq != seq + 1 {
            return Err(broken(
                &link,
                format!("entries {} to {} are missing before it", seq + 1, link.seq - 1),
            ));
        }
        if link.hash != link.hash_after(hash) {
            return Err(broken(&link, "its content does not match its hash".to_owned()));
        }
        if link.action == "audit.anchor" {
            self.anchor(&link)?;
        }
        self.count += 1;
        self.last = Some(link);
        Ok(())
    }

    fn anchor(&mut self, link: &Link) -> Result<(), Verdict> {
        let heads: BTreeMap<String, String> = serde_json::from_str(&link.detail)
            .map_err(|_| broken(link, "its list of other chains' heads cannot be read".to_owned()))?;
        for (chain, head) in heads {
            let Some((seq, hash)) = head.split_once(':').and_then(|(s, h)| Some((s.parse().ok()?, h))) else {
                return Err(broken(link, "its list of other chains' heads cannot be read".to_owned()));
            };
            self.vouched.insert((chain, seq), (hash.to_owned(), link.chain.clone()));
        }
        Ok(())
    }

    /// What anchors vouch for must be there still: a chain that was cut short or written anew from its start
    /// holds by itself, but not against the chains begun after it.
    async fn finish(self, db: &Db) -> sqlx::Result<Verdict> {
        for ((chain, seq), (hash, by)) in self.vouched {
            let reason = match sql::hash(db, &chain, seq).await? {
                Some(found) if found == hash => continue,
                Some(_) => format!("it is not the entry that chain {by} vouches for"),
                None => format!("it is gone, but chain {by} vouches for it"),
            };
            return Ok(Verdict::Broken { chain, seq, reason });
        }
        Ok(Verdict::Sound(self.count))
    }
}

fn broken(link: &Link, reason: String) -> Verdict {
    Verdict::Broken { chain: link.chain.clone(), seq: link.seq, reason }
}
