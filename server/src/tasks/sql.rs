//! SQL of tasks.

use gengwei_proto::RegionCode;
use jiff::civil::Date;

use super::State;
use crate::auth::Units;
use crate::auth::units::ANCESTORS;
use crate::cases::Kind;
use crate::db::{Session, Text, Timestamp, Tx, sql};

pub(super) struct NewTask<'a> {
    pub id: &'a str,
    pub case: &'a str,
    pub unit: &'a RegionCode,
    pub kind: Kind,
    pub words: Option<&'a str>,
    pub due: Date,
    pub photos: usize,
    pub outline: Option<String>,
    pub parcels: String,
    pub by: &'a str,
    pub now: Timestamp,
}

pub(super) async fn insert(tx: &Tx, new: &NewTask<'_>, revision: i64) -> sqlx::Result<u64> {
    let [village, township, county, city] = crate::cases::ancestors(new.unit);
    tx.execute(
        sql("insert into tasks (id, case_id, unit, village, township, county, city, state, kind, words, due_on, \
             photos, outline, parcels, assigned_at, assigned_by, revision) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)")
        .bind(new.id)
        .bind(new.case)
        .bind(new.unit)
        .bind(village)
        .bind(township)
        .bind(county)
        .bind(city)
        .bind(State::Open.name())
        .bind(new.kind.name())
        .bind(new.words)
        .bind(new.due)
        .bind(i64::try_from(new.photos).unwrap_or(i64::MAX))
        .bind(new.outline.as_deref())
        .bind(&new.parcels)
        .bind(new.now)
        .bind(new.by)
        .bind(revision),
    )
    .await
}

/// A task as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Stored {
    /// UUIDv7.
    pub id: String,
    /// Whose case.
    pub case_id: String,
    /// Who does it.
    pub unit: Text<RegionCode>,
    /// Where it stands.
    pub state: Text<State>,
    /// What is wrong there.
    pub kind: Text<Kind>,
    /// What is asked for.
    pub words: Option<String>,
    /// The last day.
    pub due_on: Text<Date>,
    /// Photos, at least.
    pub photos: i64,
    /// GeoJSON, degrees.
    pub outline: Option<String>,
    /// JSON: parcel codes.
    pub parcels: String,
    /// When.
    pub assigned_at: Timestamp,
    /// The outcome's id.
    pub result_id: Option<String>,
    /// Over the outcome.
    pub result_hash: Option<String>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// Grows with every change of any task.
    pub revision: i64,
}

const STORED: &str = "select id, case_id, unit, state, kind, words, due_on, photos, outline, parcels, assigned_at, \
     result_id, result_hash, done_at, revision from tasks where true";

/// Tasks of some units that changed after a revision, in the order of their changes.
pub(super) async fn changed_after(
    on: &impl Session,
    units: &Units,
    revision: i64,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let query = units.filter_ancestors(sql(STORED), &ANCESTORS).push_bind(" and revision > ", revision);
    on.all(query.push_bind(" order by revision limit ", limit)).await
}

pub(super) async fn find(on: &impl Session, id: &str) -> sqlx::Result<Option<Stored>> {
    on.first(sql(STORED).push_bind(" and id = ", id)).await
}

/// The tasks of a case, the oldest first.
pub(crate) async fn of_case(on: &impl Session, case: &str) -> sqlx::Result<Vec<Stored>> {
    on.all(sql(STORED).push_bind(" and case_id = ", case).push(" order by id")).await
}

/// The tasks of some cases: id, and whether it is still open.
pub(super) async fn of_cases(on: &impl Session, cases: &[String]) -> sqlx::Result<Vec<(String, bool)>> {
    let mut all = Vec::new();
    for part in cases.chunks(500) {
        let query = sql("select id, state = $1 from tasks where case_id in ").bind(State::Open.name());
        let query = query.push_list(part.iter().map(String::as_str)).push(" order by id");
        all.extend(on.all::<(String, bool)>(query).await?);
    }
    Ok(all)
}

pub(super) async fn open_of(on: &impl Session, case: &str) -> sqlx::Result<Vec<String>> {
    let query = sql("select id from tasks where case_id = $1 and state = $2 order by id");
    let rows = on.all::<(String,)>(query.bind(case).bind(State::Open.name())).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

pub(super) async fn withdraw(tx: &Tx, id: &str, revision: i64) -> sqlx::Result<u64> {
    tx.execute(
        sql("update tasks set state = $1, revision = $2 where id = $3 and state = $4")
            .bind(State::Withdrawn.name())
            .bind(revision)
            .bind(id)
            .bind(State::Open.name()),
    )
    .await
}

pub(super) async fn finish(
    tx: &Tx,
    id: &str,
    result: &str,
    hash: &str,
    by: &str,
    now: Timestamp,
    revision: i64,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("update tasks set state = $1, result_id = $2, result_hash = $3, done_by = $4, done_at = $5, \
             revision = $6 where id = $7")
        .bind(State::Done.name())
        .bind(result)
        .bind(hash)
        .bind(by)
        .bind(now)
        .bind(revision)
        .bind(id),
    )
    .await
}
