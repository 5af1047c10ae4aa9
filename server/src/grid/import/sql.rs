//! SQL of imports into the grid.

use crate::db::{Timestamp, Tx, sql};
use crate::exchange::rejects::Counts;

/// Enters an import that is over.
#[expect(clippy::too_many_arguments, reason = "one row of the register, column by column")]
pub(super) async fn record(
    tx: &Tx,
    id: &str,
    kind: &str,
    file: &str,
    sha256: &str,
    account: &str,
    counts: Counts,
    now: Timestamp,
) -> sqlx::Result<u64> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    tx.execute(
        sql("insert into imports (id, kind, file, sha256, detail, started_at, finished_at, \
             read, imported, updated, unchanged, rejected, account) \
             values ($1, $2, $3, $4, '{}', $5, $5, $6, $7, $8, $9, $10, $11)")
        .bind(id)
        .bind(kind)
        .bind(file)
        .bind(sha256)
        .bind(now)
        .bind(count(counts.read))
        .bind(count(counts.imported))
        .bind(count(counts.updated))
        .bind(count(counts.unchanged))
        .bind(count(counts.rejected))
        .bind(account),
    )
    .await
}
