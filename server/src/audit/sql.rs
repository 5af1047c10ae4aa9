//! SQL of the audit log.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::Link;
use crate::db::{Bulk, Session, Timestamp, Tx, sql};

/// The heads of all chains: chain → `seq:hash`. Chains that a later chain has anchored and that ended long
/// ago are few bytes each; a process makes one chain in its life.
pub(super) async fn heads(on: &impl Session) -> sqlx::Result<BTreeMap<String, String>> {
    let rows: Vec<(String, i64, String)> = on
        .all(sql("select a.chain, a.seq, a.hash from audit a \
                  join (select chain, max(seq) as seq from audit group by chain) last \
                  on last.chain = a.chain and last.seq = a.seq \
                  order by a.chain desc limit 64"))
        .await?;
    Ok(rows.into_iter().map(|(chain, seq, hash)| (chain, format!("{seq}:{hash}"))).collect())
}

pub(super) async fn insert(tx: &Tx, links: Vec<Link>) -> sqlx::Result<()> {
    let mut rows = Bulk::new("insert into audit (chain, seq, at, actor, action, subject, detail, hash)", "");
    for l in links {
        rows.row(vec![
            l.chain.into(),
            l.seq.into(),
            l.at.into(),
            l.actor.into(),
            l.action.into(),
            l.subject.into(),
            l.detail.into(),
            l.hash.into(),
        ]);
    }
    tx.insert(rows).await
}

/// The next links after (`chain`, `seq`), in the order in which they are verified.
pub(super) async fn page(on: &impl Session, chain: &str, seq: i64, limit: i64) -> sqlx::Result<Vec<Link>> {
    on.all(
        sql("select chain, seq, at, actor, action, subject, detail, hash from audit \
             where (chain, seq) > ($1, $2) order by chain, seq limit $3")
        .bind(chain)
        .bind(seq)
        .bind(limit),
    )
    .await
}

/// The hash of one link.
pub(super) async fn hash(on: &impl Session, chain: &str, seq: i64) -> sqlx::Result<Option<String>> {
    let query = sql("select hash from audit where chain = $1 and seq = $2").bind(chain).bind(seq);
    Ok(on.first::<(String,)>(query).await?.map(|(hash,)| hash))
}

/// An entry as the audit administrator reads it.
#[derive(Serialize, ToSchema, sqlx::FromRow)]
pub struct Listed {
    /// The chain of the process that wrote it.
    pub chain: String,
    /// Its place in the chain.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// JSON text.
    pub detail: String,
    /// SM3, hexadecimal.
    pub hash: String,
}

/// The newest entries before (`at`, `chain`, `seq`).
pub async fn list(
    on: &impl Session,
    actor: Option<&str>,
    before: Option<&(i64, String, i64)>,
    limit: i64,
) -> sqlx::Result<Vec<Listed>> {
    let mut query = sql("select chain, seq, at, actor, action, subject, detail, hash from audit where true")
        .push_if(" and actor = ", actor);
    if let Some((at, chain, seq)) = before {
        query = query
            .push_bind(" and (at, chain, seq) < (", *at)
            .push_bind(", ", chain.as_str())
            .push_bind(", ", *seq)
            .push(")");
    }
    on.all(query.push_bind(" order by at desc, chain desc, seq desc limit ", limit)).await
}
