//! The audit log: who did what to which thing, in hash chains (R63, 网络安全法第二十一条).
//!
//! An entry is written in the transaction of the change it tells of (invariant 4). Each writer process owns a
//! chain: every entry's hash covers the entry and the hash before it, so an entry altered, removed or put in
//! between breaks the chain. A chain's first entry names the heads of all other chains, so that cutting off
//! the end of one shows in the chains begun after it.

mod http;
mod sql;
mod verify;

use serde::Serialize;
use serde_json::Value as Json;
use sm3::{Digest, Sm3};

use crate::db::{Timestamp, Tx};
use crate::env::Env;

pub use http::routes;
pub use sql::{Listed, list};
pub use verify::{Flaw, Verdict, verify};

/// What is to be logged. Personal data do not belong in `detail`: it is kept for ever.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Who: an account's login, or `system`, `cli`, `public`.
    pub actor: String,
    /// What was done: `patrol.file`, `account.lock`.
    pub action: &'static str,
    /// To what: a code or an id.
    pub subject: String,
    /// What else matters, as a small JSON object.
    pub detail: Json,
}

impl Entry {
    /// An entry without detail.
    pub fn new(actor: impl Into<String>, action: &'static str, subject: impl Into<String>) -> Self {
        Self { actor: actor.into(), action, subject: subject.into(), detail: Json::Null }
    }

    /// Adds what else matters.
    pub fn detail(mut self, detail: impl Serialize) -> Self {
        self.detail = serde_json::to_value(detail).unwrap_or(Json::Null);
        self
    }
}

/// One entry as it is stored; what the hash is taken over.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Link {
    /// The chain's id: a UUIDv7, so chains sort by their beginning.
    pub chain: String,
    /// 1, 2, 3… within the chain.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// JSON text, exactly as hashed.
    pub detail: String,
    /// SM3 over all of the above and the previous link's hash, hexadecimal.
    pub hash: String,
}

impl Link {
    /// The hash that this link must bear after `previous`. Every field goes in with its length, so that
    /// no two different entries run together into the same bytes.
    fn hash_after(&self, previous: &str) -> String {
        let mut hasher = Sm3::new();
        let (seq, at) = (self.seq.to_string(), self.at.0.to_string());
        let fields =
            [previous, &self.chain, &seq, &at, &self.actor, &self.action, &self.subject, &self.detail];
        for field in fields {
            hasher.update((field.len() as u64).to_be_bytes());
            hasher.update(field.as_bytes());
        }
        hex::encode(hasher.finalize())
    }
}

/// The chain of one writer process.
pub struct Chain {
    id: String,
    head: Head,
}

/// Where a chain stands: how many links, and the last one's hash.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    seq: i64,
    hash: String,
}

impl Chain {
    /// A new chain, not yet begun.
    pub fn new(env: &Env) -> Self {
        Self { id: env.new_id(), head: Head::default() }
    }

    /// Writes the entries behind the head; answers the new head, to be handed to [`Chain::advance`] once
    /// the transaction is committed.
    pub async fn append(&self, tx: &Tx, at: Timestamp, entries: Vec<Entry>) -> sqlx::Result<Head> {
        let mut head = self.head.clone();
        if entries.is_empty() {
            return Ok(head);
        }
        let mut links = Vec::with_capacity(entries.len() + 1);
        if head.seq == 0 {
            let heads = sql::heads(tx).await?;
            links.push(self.link(
                &mut head,
                at,
                Entry::new("system", "audit.anchor", &*self.id).detail(heads),
            ));
        }
        links.extend(entries.into_iter().map(|entry| self.link(&mut head, at, entry)));
        sql::insert(tx, links).await?;
        Ok(head)
    }

    /// Moves the head, after the commit.
    pub fn advance(&mut self, head: Head) {
        self.head = head;
    }

    fn link(&self, head: &mut Head, at: Timestamp, entry: Entry) -> Link {
        let mut link = Link {
            chain: self.id.clone(),
            seq: head.seq + 1,
            at,
            actor: entry.actor,
            action: entry.action.to_owned(),
            subject: entry.subject,
            detail: entry.detail.to_string(),
            hash: String::new(),
        };
        link.hash = link.hash_after(&head.hash);
        *head = Head { seq: link.seq, hash: link.hash.clone() };
        link
    }
}
