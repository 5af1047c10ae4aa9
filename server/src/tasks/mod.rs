//! Tasks (任务): a village or a group is asked to look at a place of a case. It gets the outline, the parcels,
//! what is wanted and how many photos — no more than that (国办函〔2026〕12号: no burden without need).
//!
//! Tablets pull tasks with a cursor over the revision of the topic `tasks`. A transaction that changes a task
//! takes the next revision while it holds the topic's row until its commit, so revisions become visible in
//! their own order: a cursor can neither skip a change nor see one twice, on either database.

mod http;
pub mod sql;
#[cfg(test)]
mod tests;

use gengwei_proto::RegionCode;
use jiff::civil::Date;
use serde_json::json;

use crate::auth::Caller;
use crate::cases::sql::Stored as Case;
use crate::cases::workflow::Action;
use crate::cases::{self, words};
use crate::db::{Topic, Tx};
use crate::error::{self, Problem};
use crate::notices::{self, NewNotice, Subject, To};
use crate::parcels;
use crate::parcels::outline::{self, Outlines};
use crate::state::App;

pub use http::routes;

words! {
    /// Where a task stands.
    #[schema(as = TaskState)]
    State {
        Open = "open" "待完成",
        Done = "done" "已完成",
        Withdrawn = "withdrawn" "已撤回",
    }
}

/// Gives a unit a task of a case, in the transaction of the step that asks for it; answers its id.
pub(crate) async fn assign(
    tx: &Tx,
    app: &App,
    by: &Caller,
    case: &Case,
    unit: RegionCode,
    due: Date,
    words: Option<&str>,
) -> Result<String, Problem> {
    let (id, now) = (app.env().new_id(), app.env().now());
    let step = if case.state.0 == cases::State::Rectifying { Action::Rectify } else { Action::Confirm };
    let (shape, codes) = place(tx, case).await?;
    let new = sql::NewTask {
        id: &id,
        case: &case.id,
        unit: &unit,
        kind: case.kind.0,
        words,
        due,
        photos: app.policy().cases.photos.of(step),
        outline: shape.map(|shape| shape.to_string()),
        parcels: json!(codes).to_string(),
        by: &by.account,
        now,
    };
    let revision = tx.touch(Topic::Tasks).await?;
    sql::insert(tx, &new, revision).await?;
    let notice = NewNotice {
        to: To::Unit(unit),
        subject: Subject::Task,
        subject_id: id.clone(),
        urgent: case.severity.0 == cases::Severity::Grave,
        title: format!("新任务：{}{}", app.grid().full_name(&case.unit), case.kind.title()),
        words: words.map(str::to_owned),
        once: None,
    };
    notices::raise(tx, app.env(), notice).await?;
    tx.audit(by.entry("task.assign", &*id).detail(json!({ "case": case.id, "unit": unit.as_str() })));
    Ok(id)
}

/// What is to be looked at, with the fields that it meets: the outline as it was drawn or as the patch has it that opened
/// the case, else the one that the case's source brought along, else the parcel's, else the spot.
async fn place(tx: &Tx, case: &Case) -> Result<(Option<serde_json::Value>, Vec<String>), Problem> {
    if let Some((outline, codes)) = cases::outlines::place_of(tx, &case.id).await? {
        let polygons = Outlines::default().lonlat(&outline)?;
        return Ok((Some(outline::geojson(&polygons)?), codes));
    }
    let facts = cases::sql::events(tx, &case.id, 0).await?.first().map(|e| e.detail().facts);
    let facts = facts.unwrap_or_default();
    let own = case.parcel.iter().map(|code| code.as_str().to_owned()).collect();
    let codes = match facts["parcels"].as_array() {
        Some(list) => list.iter().filter_map(|code| code.as_str().map(str::to_owned)).collect(),
        None => own,
    };
    if facts["outline"].is_object() {
        return Ok((Some(facts["outline"].clone()), codes));
    }
    if let Some(code) = &case.parcel
        && let Some(parcel) = parcels::find(tx, code).await?
        && let Some(stored) = parcels::sql::geometries(tx, &[parcel.id]).await?.first()
    {
        let polygons = Outlines::default().lonlat(&stored.geometry)?;
        return Ok((Some(outline::geojson(&polygons)?), codes));
    }
    let spot = case.lon.zip(case.lat);
    Ok((spot.map(|(lon, lat)| json!({ "type": "Point", "coordinates": [lon, lat] })), codes))
}

/// Takes back what is still open of a case that needs nothing from the field any more.
pub(crate) async fn withdraw(tx: &Tx, case: &str) -> Result<(), Problem> {
    for id in sql::open_of(tx, case).await? {
        let revision = tx.touch(Topic::Tasks).await?;
        sql::withdraw(tx, &id, revision).await?;
    }
    Ok(())
}

/// Takes back what is still open of cases whose source was withdrawn; answers all their tasks.
pub(crate) async fn withdraw_all(tx: &Tx, cases: &[String]) -> Result<Vec<String>, Problem> {
    let tasks = sql::of_cases(tx, cases).await?;
    for (id, _) in tasks.iter().filter(|(_, open)| *open) {
        let revision = tx.touch(Topic::Tasks).await?;
        sql::withdraw(tx, id, revision).await?;
    }
    Ok(tasks.into_iter().map(|(id, _)| id).collect())
}

/// What somebody brings back from the field.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Made by the client, UUIDv7: the same one sent again changes nothing.
    pub id: String,
    /// What he saw.
    pub words: Option<String>,
    /// Photos handed in before, by SHA-256.
    pub photos: Vec<String>,
}

impl Outcome {
    fn hash(&self) -> String {
        use sha2::{Digest, Sha256};
        let body = json!([self.id, self.words, self.photos]).to_string();
        hex::encode(Sha256::digest(body))
    }
}

/// Hands in a task's outcome, which joins the case as an event; answers whether it is new.
///
/// 409 when the task has another outcome already, 422 when photos are missing. An outcome that comes too
/// late for the task is kept with the case all the same, as long as the case takes anything.
pub async fn finish(
    tx: &Tx,
    app: &App,
    by: &Caller,
    task: &sql::Stored,
    outcome: Outcome,
) -> Result<bool, Problem> {
    let hash = outcome.hash();
    // Read again: another request may have finished it meanwhile.
    let task = sql::find(tx, &task.id).await?.ok_or_else(Problem::not_found)?;
    match (&task.result_id, &task.result_hash) {
        (Some(id), Some(known)) if *id == outcome.id && *known == hash => return Ok(false),
        (Some(_), _) => return Err(Problem::new(error::CONFLICT).detail("这项任务已经提交过结果。")),
        (None, _) => {}
    }
    if (outcome.photos.len() as i64) < task.photos {
        return Err(Problem::invalid("/photos", format!("至少需要 {} 张照片。", task.photos)));
    }
    cases::require_photos(tx, &outcome.photos).await?;
    let (words, photos) = (outcome.words, outcome.photos);
    if !cases::hand_in(tx, app, by, &task.case_id, task.unit.0, words, photos).await? {
        return Err(Problem::new(error::CONFLICT).detail("线索已办结，不再需要这项任务的结果。"));
    }
    let revision = tx.touch(Topic::Tasks).await?;
    sql::finish(tx, &task.id, &outcome.id, &hash, &by.account, app.env().now(), revision).await?;
    tx.audit(by.entry("task.finish", &*task.id).detail(json!({ "case": task.case_id })));
    Ok(true)
}
