//! SQL of imports that came over HTTP.

use gengwei_proto::RegionCode;
use serde::{Deserialize, Serialize};

use super::{Kind, Options, State};
use crate::auth::{Caller, Units};
use crate::db::{Bulk, Session, Text, Timestamp, Tx, sql};
use crate::exchange::rejects::Counts;

/// The column `options`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub login: String,
    pub options: Options,
}

/// A job as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Job {
    pub id: String,
    pub kind: Text<Kind>,
    pub unit: Text<RegionCode>,
    pub file: String,
    pub sha256: String,
    pub options: String,
    pub dry_run: bool,
    pub state: Text<State>,
    pub progress: f64,
    pub read: i64,
    pub imported: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub rejected: i64,
    pub said: String,
    pub account: String,
    pub name: String,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

const JOB: &str = "select id, kind, unit, file, sha256, options, dry_run, state, progress, read, imported, updated, \
     unchanged, rejected, said, account, name, created_at, ended_at from import_jobs where ";

pub(super) async fn find(on: &impl Session, id: &str) -> sqlx::Result<Option<Job>> {
    on.first(sql(JOB).push_bind("id = ", id)).await
}

/// The newest jobs of some units.
pub(super) async fn list(
    on: &impl Session,
    units: &Units,
    kind: Option<Kind>,
    before: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<Job>> {
    let query = units
        .filter(sql(JOB).push("true"), "unit")
        .push_if(" and kind = ", kind.map(Kind::name))
        .push_if(" and id < ", before);
    on.all(query.push_bind(" order by id desc limit ", limit)).await
}

/// The job of the same file with the same words that has not ended yet.
pub(super) async fn unfinished(
    tx: &Tx,
    kind: Kind,
    sha256: &str,
    kept: &Kept,
) -> sqlx::Result<Option<String>> {
    let query = sql(JOB)
        .push_bind("sha256 = ", sha256)
        .push_bind(" and kind = ", kind.name())
        .push(" and state in ('waiting', 'running') order by id desc");
    let same = |job: &Job| serde_json::from_str::<Kept>(&job.options).is_ok_and(|known| known == *kept);
    Ok(tx.all::<Job>(query).await?.into_iter().find(same).map(|job| job.id))
}

#[expect(clippy::too_many_arguments, reason = "one for each group of columns")]
pub(super) async fn insert(
    tx: &Tx,
    id: &str,
    kind: Kind,
    unit: &RegionCode,
    kept: &Kept,
    file: &str,
    sha256: &str,
    by: &Caller,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        sql(
            "insert into import_jobs (id, kind, unit, file, sha256, options, dry_run, state, progress, read, \
             imported, updated, unchanged, rejected, said, account, name, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0, 0, 0, '[]', $9, $10, $11)",
        )
        .bind(id)
        .bind(kind.name())
        .bind(unit)
        .bind(file)
        .bind(sha256)
        .bind(serde_json::to_string(kept).unwrap_or_default())
        .bind(kept.options.dry_run)
        .bind(State::Waiting.name())
        .bind(&by.account)
        .bind(&by.name)
        .bind(now),
    )
    .await
}

/// A job begins, or begins again: its counts and rejects are those of this run.
pub(super) async fn start(tx: &Tx, id: &str) -> sqlx::Result<()> {
    tx.execute(sql("delete from import_rejects where job_id = $1").bind(id)).await?;
    let query = sql("update import_jobs set state = $1, progress = 0, read = 0, said = '[]' where id = $2")
        .bind(State::Running.name())
        .bind(id);
    tx.execute(query).await.map(drop)
}

/// How far a job has come; rows are told apart when it has ended.
pub(super) async fn advance(tx: &Tx, id: &str, share: f64, rows: u64) -> sqlx::Result<u64> {
    let query = sql("update import_jobs set progress = $1, read = $2 where id = $3 and state = $4")
        .bind(share)
        .bind(count(rows))
        .bind(id)
        .bind(State::Running.name());
    tx.execute(query).await
}

pub(super) async fn end(tx: &Tx, id: &str, counts: Counts, said: &str, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        sql("update import_jobs set state = $1, progress = 1, read = $2, imported = $3, updated = $4, \
             unchanged = $5, rejected = $6, said = $7, ended_at = $8 where id = $9")
        .bind(State::Done.name())
        .bind(count(counts.read))
        .bind(count(counts.imported))
        .bind(count(counts.updated))
        .bind(count(counts.unchanged))
        .bind(count(counts.rejected))
        .bind(said)
        .bind(now)
        .bind(id),
    )
    .await
}

pub(super) async fn fail(tx: &Tx, id: &str, said: &str, now: Timestamp) -> sqlx::Result<u64> {
    let query = sql("update import_jobs set state = $1, said = $2, ended_at = $3 where id = $4")
        .bind(State::Failed.name())
        .bind(said)
        .bind(now)
        .bind(id);
    tx.execute(query).await
}

fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A refused row.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema, sqlx::FromRow)]
#[schema(as = ImportReject)]
pub(super) struct Reject {
    /// The row's number in the file.
    pub line: i64,
    /// What the row is about, as far as it could be read.
    pub identifier: String,
    /// The field that it is about; empty when it is about the whole row.
    pub field: String,
    /// Where; empty when unknown.
    pub place: String,
    /// A stable word for programs.
    pub code: String,
    /// Why.
    pub reason: String,
}

/// Adds refused rows; a row may be refused for one reason only.
pub(super) async fn insert_rejects(tx: &Tx, job: &str, rejects: &[Reject]) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into import_rejects (job_id, line, identifier, field, place, code, reason)",
        " on conflict (job_id, line) do nothing",
    );
    // A file may hold what no database stores.
    let clean = |text: &str| text.replace('\0', "\u{FFFD}");
    for reject in rejects {
        rows.row(vec![
            job.to_owned().into(),
            reject.line.into(),
            clean(&reject.identifier).into(),
            clean(&reject.field).into(),
            clean(&reject.place).into(),
            reject.code.clone().into(),
            clean(&reject.reason).into(),
        ]);
    }
    tx.insert(rows).await
}

pub(super) async fn rejects(
    on: &impl Session,
    job: &str,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Reject>> {
    on.all(
        sql("select line, identifier, field, place, code, reason from import_rejects where job_id = $1 \
             and line > $2 order by line limit $3")
        .bind(job)
        .bind(after)
        .bind(limit),
    )
    .await
}
