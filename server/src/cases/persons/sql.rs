//! SQL of the register of persons.

use super::Destination;
use crate::db::{Session, Text, Timestamp, Tx, sql};

#[derive(sqlx::FromRow)]
pub(super) struct Stored {
    pub id: String,
    pub about: Option<String>,
    pub destination: Text<Destination>,
    pub sealed: Vec<u8>,
    pub recorded_at: Timestamp,
    pub recorded_by: String,
}

#[expect(clippy::too_many_arguments, reason = "the columns of one row, used once")]
pub(super) async fn insert(
    tx: &Tx,
    id: &str,
    case: &str,
    about: Option<&str>,
    destination: Destination,
    sealed: &[u8],
    by: &str,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into case_persons (id, case_id, about, destination, sealed, recorded_at, recorded_by) \
             values ($1, $2, $3, $4, $5, $6, $7)")
        .bind(id)
        .bind(case)
        .bind(about)
        .bind(destination.name())
        .bind(sealed)
        .bind(now)
        .bind(by),
    )
    .await
}

/// A case's entries, the oldest first.
pub(super) async fn all(on: &impl Session, case: &str) -> sqlx::Result<Vec<Stored>> {
    let query = sql("select id, about, destination, sealed, recorded_at, recorded_by from case_persons \
                     where case_id = $1 order by id");
    on.all(query.bind(case)).await
}
