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
        /// What is wrong.
        flaw: Flaw,
    },
}

/// What is wrong with an entry; displayed as an English sentence.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Flaw {
    /// Entries before it were taken away.
    #[error("entries {0} to {1} are missing before it")]
    Missing(i64, i64),
    /// It was altered.
    #[error("its content does not match its hash")]
    Altered,
    /// It is an anchor that says nothing.
    #[error("its list of other chains' heads cannot be read")]
    Unreadable,
    /// Another chain knows another entry in its place.
    #[error("it is not the entry that chain {0} vouches for")]
    Replaced(String),
    /// Another chain knows it, but it is not there.
    #[error("it is gone, but chain {0} vouches for it")]
    Gone(String),
}

impl Flaw {
    /// A Chinese sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::Missing(from, to) => format!("它之前的第 {from} 至 {to} 条不见了。"),
            Self::Altered => "内容与校验值不符，被改动过。".to_owned(),
            Self::Unreadable => "其中记录的其他链的链头读不出来。".to_owned(),
            Self::Replaced(by) => format!("不是链 {by} 所证明的那一条。"),
            Self::Gone(by) => format!("已经不见了，但链 {by} 证明它存在过。"),
        }
    }
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
            return Err(broken(&link, Flaw::Missing(seq + 1, link.seq - 1)));
        }
        if link.hash != link.hash_after(hash) {
            return Err(broken(&link, Flaw::Altered));
        }
        if link.action == "audit.anchor" {
            self.anchor(&link)?;
        }
        self.count += 1;
        self.last = Some(link);
        Ok(())
    }

    fn anchor(&mut self, link: &Link) -> Result<(), Verdict> {
        let heads: BTreeMap<String, String> =
            serde_json::from_str(&link.detail).map_err(|_| broken(link, Flaw::Unreadable))?;
        for (chain, head) in heads {
            let Some((seq, hash)) = head.split_once(':').and_then(|(s, h)| Some((s.parse().ok()?, h))) else {
                return Err(broken(link, Flaw::Unreadable));
            };
            self.vouched.insert((chain, seq), (hash.to_owned(), link.chain.clone()));
        }
        Ok(())
    }

    /// What anchors vouch for must be there still: a chain that was cut short or written anew from its start
    /// holds by itself, but not against the chains begun after it.
    async fn finish(self, db: &Db) -> sqlx::Result<Verdict> {
        for ((chain, seq), (hash, by)) in self.vouched {
            let flaw = match sql::hash(db, &chain, seq).await? {
                Some(found) if found == hash => continue,
                Some(_) => Flaw::Replaced(by),
                None => Flaw::Gone(by),
            };
            return Ok(Verdict::Broken { chain, seq, flaw });
        }
        Ok(Verdict::Sound(self.count))
    }
}

fn broken(link: &Link, flaw: Flaw) -> Verdict {
    Verdict::Broken { chain: link.chain.clone(), seq: link.seq, flaw }
}
