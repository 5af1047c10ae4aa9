//! Acting on a case: one job, one event, one audit entry.

use gengwei_proto::RegionCode;
use serde_json::json;

use super::sql;
use super::sql::{NewEvent, Stored, StoredEvent};
use super::workflow::{self, Action, Actor, Next, Refusal, Standing, State};
use crate::audit::Entry;
use crate::auth::Caller;
use crate::auth::rights::{HandleCases, Right};
use crate::db::{Db, Timestamp, Tx};
use crate::error::{self, Problem};
use crate::evidence;

/// What somebody does with a case.
#[derive(Clone, Debug)]
pub struct Event {
    /// What.
    pub action: Action,
    /// What he says.
    pub words: Option<String>,
    /// Photos handed in before, by SHA-256.
    pub photos: Vec<String>,
}

/// Does something with the case that stands at `version`, in the caller's name.
///
/// 404 outside his units, 412 when the case has moved on (the sentence says what happened), 409 when the
/// state does not allow it, 403 when he may not, 422 when words or photos are missing.
pub async fn act(
    tx: &Tx,
    caller: &Caller,
    id: &str,
    version: i64,
    event: &Event,
    now: Timestamp,
) -> Result<(), Problem> {
    let case = sql::find(tx, id).await?.ok_or_else(Problem::not_found)?;
    let unit = acting_unit(caller, &case).ok_or_else(Problem::not_found)?;
    let events = sql::events(tx, id, 0).await?;
    if case.version != version {
        return Err(stale(&events, version));
    }
    let missing = evidence::missing(tx, &event.photos).await?;
    if !missing.is_empty() {
        let message = format!("这些照片还没有上传：{}", missing.join("、"));
        return Err(Problem::invalid("/photos", message));
    }
    let actor = Actor { account: caller.account.clone(), unit };
    let standing = standing(&case, &events);
    let step = workflow::decide(&standing, &actor, event.action, event.words.is_some()).map_err(refused)?;
    if !sql::advance(tx, &case, step.to, &step.holder, now).await? {
        return Err(stale(&sql::events(tx, id, 0).await?, version));
    }
    let detail = json!({ "unit": unit.as_str(), "holder": step.holder.as_str(), "photos": event.photos });
    let new = NewEvent {
        case: id,
        seq: version + 1,
        at: now,
        account: &caller.account,
        name: &caller.name,
        action: event.action.name(),
        from: case.state.0,
        to: step.to,
        words: event.words.as_deref(),
        detail,
    };
    sql::insert_event(tx, new).await?;
    evidence::sql::link(tx, &event.photos, "case", id, case.unit.as_str()).await?;
    let detail = json!({ "action": event.action.name(), "to": step.to.name(), "version": version + 1 });
    tx.audit(caller.entry("case.act", id).detail(detail));
    Ok(())
}

/// The unit that somebody acts for: the closest of his to where the turn is; without one there, the closest
/// to the case.
pub(super) fn acting_unit(caller: &Caller, case: &Stored) -> Option<RegionCode> {
    let closest_to = |place: &RegionCode| {
        let able = caller.held.iter().filter(|h| HandleCases::granted(h.role, h.unit.level()));
        able.map(|h| h.unit).filter(|unit| unit.contains(place)).max_by_key(RegionCode::level)
    };
    closest_to(&case.holder).or_else(|| closest_to(&case.unit))
}

/// A case as the rules look at it.
pub(super) fn standing(case: &Stored, events: &[StoredEvent]) -> Standing {
    let reporter = events.iter().rev().find(|e| {
        let action = e.action.parse().ok();
        let rule = action.and_then(|action| workflow::find(e.from_state.0, action));
        rule.is_some_and(|rule| rule.next == Next::Judge)
    });
    let reporter = reporter.filter(|_| matches!(case.state.0, State::Rectified | State::Refuted));
    Standing {
        state: case.state.0,
        severity: case.severity.0,
        holder: case.holder.0,
        reporter: reporter.and_then(|e| Some((e.account.clone(), acted_for(e)?))),
    }
}

fn acted_for(event: &StoredEvent) -> Option<RegionCode> {
    let detail: serde_json::Value = serde_json::from_str(&event.detail).ok()?;
    RegionCode::parse(detail["unit"].as_str()?).ok()
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::State(message) => Problem::new(error::CONFLICT).detail(message),
        Refusal::Person(message) => Problem::new(error::FORBIDDEN).detail(message),
        Refusal::Words(message) => Problem::invalid("/words", message),
    }
}

/// Says what happened since the version that somebody read.
fn stale(events: &[StoredEvent], version: i64) -> Problem {
    let since: Vec<String> = events
        .iter()
        .filter(|e| e.seq > version)
        .map(|e| {
            let title = e.action.parse().map_or("立案", Action::title);
            format!("{}于{}{}", e.name, e.at.civil().strftime("%m月%d日%H:%M"), title)
        })
        .collect();
    let detail = match since.as_slice() {
        [] => "没有这个版本，请重新打开线索。".to_owned(),
        since => format!("您打开之后：{}。请查看后再决定。", since.join("；")),
    };
    Problem::new(error::STALE).detail(detail)
}

/// Forwards to the township what villages have had since before `before` without accepting it; answers how
/// many. Several processes may do it at once: each case moves for one of them only.
pub async fn forward_overdue(db: &Db, before: Timestamp, now: Timestamp) -> Result<usize, Problem> {
    const AT_ONCE: i64 = 200;
    let mut forwarded = 0;
    loop {
        let waiting = sql::waiting_since(db, before, AT_ONCE).await?;
        let last = (waiting.len() as i64) < AT_ONCE;
        forwarded += db.write(move |tx| async move { forward_all(&tx, &waiting, now).await }).await?;
        if last {
            return Ok(forwarded);
        }
    }
}

async fn forward_all(tx: &Tx, waiting: &[Stored], now: Timestamp) -> Result<usize, Problem> {
    let mut forwarded = 0;
    for case in waiting {
        let Some(township) = case.holder.parent() else { continue };
        if !sql::advance(tx, case, State::Opened, &township, now).await? {
            continue;
        }
        let event = NewEvent {
            case: &case.id,
            seq: case.version + 1,
            at: now,
            account: "system",
            name: "系统",
            action: Action::Forward.name(),
            from: State::Opened,
            to: State::Opened,
            words: Some("村级逾期未签收，自动转乡镇办理。"),
            detail: json!({ "unit": case.holder.as_str(), "holder": township.as_str() }),
        };
        sql::insert_event(tx, event).await?;
        tx.audit(Entry::new("system", "case.forward", &*case.id).detail(json!({ "to": township.as_str() })));
        forwarded += 1;
    }
    Ok(forwarded)
}
