//! SQL of batches and their rejects.

use gengwei_proto::RegionCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::auth::{Caller, Units};
use crate::cases;
use crate::db::{Bulk, Session, Text, Timestamp, Tx, sql};
use crate::exchange::layer::LayerOptions;
use crate::exchange::rejects::{Counts, Refusal};
use crate::patches::{Options, State};

/// What the importer said, as JSON beside the batch, so that another process can go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::patches) struct Kept {
    pub login: String,
    pub units: Vec<String>,
    pub layer: Option<String>,
    pub encoding: Option<String>,
    pub crs: Option<String>,
    pub map: Option<String>,
    pub outside: bool,
}

impl Kept {
    pub(in crate::patches) fn new(options: &Options, login: &str) -> Self {
        Self {
            login: login.to_owned(),
            units: options.units.iter().map(ToString::to_string).collect(),
            layer: options.layer.layer.clone(),
            encoding: options.layer.encoding.clone(),
            crs: options.layer.crs.clone(),
            map: options.map.clone(),
            outside: options.outside,
        }
    }

    pub(in crate::patches) fn options(self, batch: &BatchRow) -> Options {
        Options {
            source: batch.source.0,
            period: batch.period.clone(),
            before_on: batch.before_on.map(|day| day.0),
            after_on: batch.after_on.map(|day| day.0),
            layer: LayerOptions {
                layer: self.layer,
                encoding: self.encoding,
                crs: self.crs,
                ..LayerOptions::default()
            },
            map: self.map,
            dry_run: batch.dry_run,
            outside: self.outside,
            units: Units::new(self.units.iter().filter_map(|code| RegionCode::parse(code).ok())),
        }
    }
}

/// A batch as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::patches) struct BatchRow {
    pub id: String,
    pub unit: Text<RegionCode>,
    pub source: Text<cases::Source>,
    pub period: Option<String>,
    pub before_on: Option<Text<Date>>,
    pub after_on: Option<Text<Date>>,
    pub file: String,
    pub sha256: String,
    pub options: String,
    pub dry_run: bool,
    pub state: Text<State>,
    pub progress: f64,
    pub read: i64,
    pub imported: i64,
    pub unchanged: i64,
    pub rejected: i64,
    pub said: String,
    pub account: String,
    pub name: String,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub withdrawn_at: Option<Timestamp>,
    pub withdrawn_why: Option<String>,
}

const BATCH: &str = "select id, unit, source, period, before_on, after_on, file, sha256, options, dry_run, state, \
     progress, read, imported, unchanged, rejected, said, account, name, created_at, ended_at, withdrawn_at, \
     withdrawn_why from patch_batches where ";

pub(in crate::patches) async fn batch(on: &impl Session, id: &str) -> sqlx::Result<Option<BatchRow>> {
    on.first(sql(BATCH).push_bind("id = ", id)).await
}

/// The newest batches of some units.
pub(in crate::patches) async fn batches(
    on: &impl Session,
    units: &Units,
    before: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<BatchRow>> {
    let query = units.filter(sql(BATCH).push("true"), "unit").push_if(" and id < ", before);
    on.all(query.push_bind(" order by id desc limit ", limit)).await
}

/// The batch that the same file was entered as before, if it still stands.
pub(in crate::patches) async fn known_batch(
    tx: &Tx,
    sha256: &str,
    options: &Options,
    kept: &Kept,
) -> sqlx::Result<Option<String>> {
    let query = sql(BATCH)
        .push_bind("sha256 = ", sha256)
        .push_bind(" and source = ", options.source.name())
        .push_bind(" and dry_run = ", options.dry_run)
        .push(" and withdrawn_at is null order by id desc");
    let day = |date: Option<Text<Date>>| date.map(|d| d.0);
    let same = |row: &BatchRow| {
        let known: Option<Kept> = serde_json::from_str(&row.options).ok();
        let known = known.map(|known| Kept { login: kept.login.clone(), ..known });
        (row.period.clone(), day(row.before_on), day(row.after_on), known.as_ref())
            == (options.period.clone(), options.before_on, options.after_on, Some(kept))
    };
    Ok(tx.all::<BatchRow>(query).await?.into_iter().find(same).map(|row| row.id))
}

#[expect(clippy::too_many_arguments, reason = "one for each group of columns")]
pub(in crate::patches) async fn insert_batch(
    tx: &Tx,
    id: &str,
    unit: &RegionCode,
    options: &Options,
    kept: &Kept,
    file: &str,
    sha256: &str,
    by: &Caller,
    now: Timestamp,
) -> sqlx::Result<()> {
    let query = sql("insert into patch_batches (id, unit, source, period, before_on, after_on, file, sha256, \
                     options, dry_run, state, progress, read, imported, unchanged, rejected, said, account, name, \
                     created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, 0, 0, '[]', $12, \
                     $13, $14)")
    .bind(id)
    .bind(unit)
    .bind(options.source.name())
    .bind(options.period.as_deref())
    .bind(options.before_on)
    .bind(options.after_on)
    .bind(file)
    .bind(sha256)
    .bind(serde_json::to_string(kept).unwrap_or_default())
    .bind(options.dry_run)
    .bind(State::Waiting.name())
    .bind(&by.account)
    .bind(&by.name)
    .bind(now);
    tx.execute(query).await.map(drop)
}

/// A batch begins, or begins again: its counts and rejects are those of this run.
pub(in crate::patches) async fn start(tx: &Tx, id: &str) -> sqlx::Result<()> {
    tx.execute(sql("delete from patch_rejects where batch_id = $1").bind(id)).await?;
    let query =
        sql("update patch_batches set state = $1, progress = 0, read = 0, imported = 0, unchanged = 0, \
                     rejected = 0, said = '[]', ended_at = null where id = $2 and withdrawn_at is null")
        .bind(State::Running.name())
        .bind(id);
    tx.execute(query).await.map(drop)
}

/// How far a batch has come.
pub(in crate::patches) async fn advance(
    tx: &Tx,
    id: &str,
    progress: f64,
    counts: Counts,
) -> sqlx::Result<()> {
    let [read, imported, unchanged, rejected] = numbers(counts);
    let query = sql("update patch_batches set progress = $1, read = $2, imported = $3, unchanged = $4, \
                     rejected = $5 where id = $6")
    .bind(progress)
    .bind(read)
    .bind(imported)
    .bind(unchanged)
    .bind(rejected)
    .bind(id);
    tx.execute(query).await.map(drop)
}

pub(in crate::patches) async fn end(
    tx: &Tx,
    id: &str,
    counts: Counts,
    said: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    advance(tx, id, 1.0, counts).await?;
    let query = sql("update patch_batches set state = $1, said = $2, ended_at = $3 where id = $4 and \
                     withdrawn_at is null")
    .bind(State::Done.name())
    .bind(said)
    .bind(now)
    .bind(id);
    tx.execute(query).await.map(drop)
}

pub(in crate::patches) async fn fail(tx: &Tx, id: &str, said: &str, now: Timestamp) -> sqlx::Result<()> {
    let query = sql("update patch_batches set state = $1, said = $2, ended_at = $3 where id = $4 and \
                     state <> 'done' and withdrawn_at is null")
    .bind(State::Failed.name())
    .bind(said)
    .bind(now)
    .bind(id);
    tx.execute(query).await.map(drop)
}

fn numbers(counts: Counts) -> [i64; 4] {
    [counts.read, counts.imported, counts.unchanged, counts.rejected]
        .map(|n| i64::try_from(n).unwrap_or(i64::MAX))
}

/// Marks a batch withdrawn; false when it was already.
pub(in crate::patches) async fn withdraw(tx: &Tx, id: &str, why: &str, now: Timestamp) -> sqlx::Result<bool> {
    let query =
        sql("update patch_batches set state = $1, withdrawn_at = $2, withdrawn_why = $3 where id = $4 \
                     and withdrawn_at is null")
        .bind(State::Withdrawn.name())
        .bind(now)
        .bind(why)
        .bind(id);
    Ok(tx.execute(query).await? == 1)
}

/// Withdraws a batch's patches; answers the cases that they opened.
pub(in crate::patches) async fn withdraw_patches(
    tx: &Tx,
    batch: &str,
    now: Timestamp,
) -> sqlx::Result<Vec<String>> {
    let query = sql("update patches set withdrawn_at = $1 where batch_id = $2 and withdrawn_at is null")
        .bind(now)
        .bind(batch);
    tx.execute(query).await?;
    let cases: Vec<(String,)> =
        tx.all(sql("select case_id from patches where batch_id = $1 order by id").bind(batch)).await?;
    Ok(cases.into_iter().map(|(case,)| case).collect())
}

/// Adds refused rows; a row may be refused for one reason only.
pub(in crate::patches) async fn insert_rejects(
    tx: &Tx,
    batch: &str,
    refused: &[Refusal],
) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into patch_rejects (batch_id, line, identifier, field, place, code, reason)",
        " on conflict (batch_id, line) do nothing",
    );
    // A file may hold what no database stores.
    let clean = |text: &str| text.replace('\0', "\u{FFFD}");
    for refusal in refused {
        rows.row(vec![
            batch.to_owned().into(),
            i64::try_from(refusal.row).unwrap_or(i64::MAX).into(),
            clean(&refusal.identifier).into(),
            refusal.field.clone().into(),
            refusal.place.clone().into(),
            refusal.code.to_owned().into(),
            clean(&refusal.reason).into(),
        ]);
    }
    tx.insert(rows).await
}

/// A refused row as it is stored.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema, sqlx::FromRow)]
#[schema(as = PatchReject)]
pub(in crate::patches) struct RejectRow {
    /// The row's number in the file.
    pub line: i64,
    /// The patch's number, as far as it could be read.
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

pub(in crate::patches) async fn rejects(
    on: &impl Session,
    batch: &str,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<RejectRow>> {
    on.all(
        sql("select line, identifier, field, place, code, reason from patch_rejects where batch_id = $1 \
             and line > $2 order by line limit $3")
        .bind(batch)
        .bind(after)
        .bind(limit),
    )
    .await
}
