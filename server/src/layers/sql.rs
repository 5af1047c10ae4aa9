//! SQL of layers.

use super::import::Draft;
use super::{Area, Kind};
use crate::db::{Bulk, Session, Timestamp, Tx, sql};
use crate::exchange::rejects::Counts;

const PAGE: i64 = 20_000;

pub(super) async fn shapes_after(on: &impl Session, after: i64) -> sqlx::Result<Vec<(i64, Vec<u8>)>> {
    on.all(
        sql("select id, shape from layer_areas where ended_at is null and id > $1 order by id limit $2")
            .bind(after)
            .bind(PAGE),
    )
    .await
}

pub(super) async fn areas(on: &impl Session, ids: &[i64]) -> sqlx::Result<Vec<Area>> {
    let mut all = Vec::new();
    for part in ids.chunks(500) {
        let query = sql("select id, kind, number, purpose, valid_to, crs, geometry, shape from layer_areas \
                         where id in ")
        .push_list(part.iter().copied())
        .push(" order by id");
        all.extend(on.all::<Area>(query).await?);
    }
    Ok(all)
}

/// What is known of an area before an import.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Known {
    pub id: i64,
    pub key: String,
    pub purpose: Option<String>,
    pub approved_on: Option<String>,
    pub valid_to: Option<String>,
    pub ended_at: Option<Timestamp>,
}

pub(super) async fn known_after(on: &impl Session, kind: Kind, after: i64) -> sqlx::Result<Vec<Known>> {
    on.all(
        sql("select id, key, purpose, approved_on, valid_to, ended_at from layer_areas \
             where kind = $1 and id > $2 order by id limit $3")
        .bind(kind.name())
        .bind(after)
        .bind(PAGE),
    )
    .await
}

pub(super) async fn begin(
    tx: &Tx,
    import: &str,
    file: &str,
    sha256: &str,
    account: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    let query = sql("insert into imports (id, kind, file, sha256, detail, started_at, account) \
                     values ($1, 'layers', $2, $3, '{}', $4, $5)")
    .bind(import)
    .bind(file)
    .bind(sha256)
    .bind(now)
    .bind(account);
    tx.execute(query).await.map(drop)
}

pub(super) async fn end(
    tx: &Tx,
    import: &str,
    counts: Counts,
    detail: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let query =
        sql("update imports set finished_at = $1, detail = $2, read = $3, imported = $4, updated = $5, \
                     unchanged = $6, rejected = $7 where id = $8")
        .bind(now)
        .bind(detail)
        .bind(count(counts.read))
        .bind(count(counts.imported))
        .bind(count(counts.updated))
        .bind(count(counts.unchanged))
        .bind(count(counts.rejected))
        .bind(import);
    tx.execute(query).await.map(drop)
}

/// Stores new areas under ids that follow the largest there is.
pub(super) async fn insert(
    tx: &Tx,
    kind: Kind,
    import: &str,
    drafts: Vec<Draft>,
    now: Timestamp,
) -> sqlx::Result<()> {
    let last: i64 = tx.scalar(sql("select coalesce(max(id), 0) from layer_areas")).await?;
    let mut rows = Bulk::new(
        "insert into layer_areas (id, kind, key, number, purpose, approved_on, valid_to, area, crs, geometry, \
         shape, import_id, created_at, updated_at)",
        "",
    );
    for (draft, id) in drafts.into_iter().zip(last + 1..) {
        rows.row(vec![
            id.into(),
            kind.name().into(),
            draft.key.into(),
            draft.number.into(),
            draft.purpose.into(),
            draft.approved_on.map(|d| d.to_string()).into(),
            draft.valid_to.map(|d| d.to_string()).into(),
            draft.area.into(),
            i64::from(draft.crs).into(),
            draft.geometry.into(),
            draft.shape.into(),
            import.to_owned().into(),
            now.into(),
            now.into(),
        ]);
    }
    tx.insert(rows).await
}

/// A known area as the file tells of it now; one that had ended is in force again.
pub(super) async fn update(
    tx: &Tx,
    id: i64,
    import: &str,
    draft: &Draft,
    now: Timestamp,
) -> sqlx::Result<()> {
    let query = sql("update layer_areas set purpose = $1, approved_on = $2, valid_to = $3, import_id = $4, \
                     updated_at = $5, ended_at = null where id = $6")
    .bind(draft.purpose.as_deref())
    .bind(draft.approved_on.map(|d| d.to_string()))
    .bind(draft.valid_to.map(|d| d.to_string()))
    .bind(import)
    .bind(now)
    .bind(id);
    tx.execute(query).await.map(drop)
}

/// Ends areas that are no longer in the file.
pub(super) async fn finish(tx: &Tx, ids: &[i64], now: Timestamp) -> sqlx::Result<()> {
    for part in ids.chunks(500) {
        let query = sql("update layer_areas set ended_at = $1 where ended_at is null and id in ")
            .bind(now)
            .push_list(part.iter().copied());
        tx.execute(query).await?;
    }
    Ok(())
}
