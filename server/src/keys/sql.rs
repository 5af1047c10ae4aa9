//! SQL of the keyring.

use crate::db::{Session, Timestamp, Tx, sql};

/// Stores the sealed keyring; without `replace` only if there is none.
pub(super) async fn store(tx: &Tx, sealed: &[u8], now: Timestamp, replace: bool) -> sqlx::Result<u64> {
    let query = sql("insert into keyring (id, sealed, updated_at) values (1, $1, $2) on conflict (id) do ")
        .bind(sealed)
        .bind(now);
    tx.execute(if replace {
        query.push("update set sealed = excluded.sealed, updated_at = excluded.updated_at")
    } else {
        query.push("nothing")
    })
    .await
}

/// The sealed keyring.
pub(super) async fn stored(on: &impl Session) -> sqlx::Result<Option<Vec<u8>>> {
    Ok(on.first::<(Vec<u8>,)>(sql("select sealed from keyring where id = 1")).await?.map(|(sealed,)| sealed))
}
