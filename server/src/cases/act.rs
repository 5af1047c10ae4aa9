//! Acting on a case: one job, one event, one audit entry, and the notice that the next one in turn needs.

use gengwei_proto::{Level, RegionCode};
use serde_json::json;

use super::change::Change;
use super::sql::{self, NewEvent, Stored, StoredEvent};
use super::standing::{acting_unit, standing};
use super::workflow::{self, Action, Actor, Brought, Fields, Refusal, State, Step};
use crate::audit::Entry;
use crate::auth::Caller;
use crate::db::{Timestamp, Tx};
use crate::error::{self, Problem};
use crate::evidence;
use crate::notices::{self, NewNotice, Subject, To};
use crate::state::App;
use crate::tasks;

/// What somebody does with a case.
#[derive(Clone, Debug)]
pub struct Event {
    /// What.
    pub action: Action,
    /// What he says.
    pub words: Option<String>,
    /// Photos handed in before, by SHA-256.
    pub photos: Vec<String>,
    /// What he filled in.
    pub fields: Fields,
}

/// Does something with the case that stands at `version`, in the caller's name.
///
/// 404 outside his units, 412 when the case has moved on (the sentence says what happened), 409 when the
/// state does not allow it, 403 when he may not, 422 when words, photos or fields are missing.
pub async fn act(
    tx: &Tx,
    app: &App,
    caller: &Caller,
    id: &str,
    version: i64,
    event: &Event,
) -> Result<(), Problem> {
    let case = sql::find(tx, id).await?.ok_or_else(Problem::not_found)?;
    let unit = acting_unit(caller, &case).ok_or_else(Problem::not_found)?;
    let events = sql::events(tx, id, 0).await?;
    if case.version != version {
        return Err(stale(&events, version));
    }
    require_photos(tx, &event.photos).await?;
    let (now, policy) = (app.env().now(), &app.policy().cases);
    let actor = Actor { account: caller.account.clone(), unit };
    let standing = standing(&case, &events);
    let brought = Brought {
        words: event.words.is_some(),
        photos: event.photos.len(),
        fields: &event.fields,
        today: now.date(),
    };
    let step = workflow::decide(&standing, &actor, event.action, brought, policy).map_err(refused)?;
    let change = Change::new(app, &case, &events, &standing, &step, event, unit, now);
    let done = Done { case: &case, unit, by: &caller.account, name: &caller.name, event, change: &change };
    if !store(tx, &done, now).await? {
        return Err(stale(&sql::events(tx, id, 0).await?, version));
    }
    if let (Action::Assign, Some(to), Some(due)) = (event.action, event.fields.unit, event.fields.due) {
        tasks::assign(tx, app, caller, &case, to, due, event.words.as_deref()).await?;
    }
    if !workflow::table::FIELD_WORK.contains(&step.to) {
        tasks::withdraw(tx, id).await?;
    }
    tell(tx, app, &done, &step).await?;
    let detail = json!({ "action": event.action.name(), "to": step.to.name(), "version": version + 1 });
    tx.audit(caller.entry("case.act", id).detail(detail));
    Ok(())
}

/// Photos that were not handed in yet are refused with 422.
pub(crate) async fn require_photos(tx: &Tx, photos: &[String]) -> Result<(), Problem> {
    let missing = evidence::missing(tx, photos).await?;
    if missing.is_empty() {
        return Ok(());
    }
    Err(Problem::invalid("/photos", format!("这些照片还没有上传：{}", missing.join("、"))))
}

/// What was done with a case.
struct Done<'a> {
    case: &'a Stored,
    unit: RegionCode,
    by: &'a str,
    name: &'a str,
    event: &'a Event,
    change: &'a Change,
}

/// Moves the case and writes the event; false when somebody else was faster.
async fn store(tx: &Tx, done: &Done<'_>, now: Timestamp) -> Result<bool, Problem> {
    let Done { case, event, change, .. } = done;
    if !sql::advance(tx, case, change, now).await? {
        return Ok(false);
    }
    let detail = json!({
        "unit": done.unit.as_str(),
        "holder": change.holder.as_str(),
        "photos": event.photos,
        "fields": event.fields,
        "due_at": change.due_at.map(|at| at.0),
    });
    let new = NewEvent {
        case: &case.id,
        seq: case.version + 1,
        at: now,
        account: done.by,
        name: done.name,
        action: event.action.name(),
        from: case.state.0,
        to: change.state,
        words: event.words.as_deref(),
        detail,
    };
    sql::insert_event(tx, new).await?;
    evidence::sql::link(tx, &event.photos, "case", &case.id, case.unit.as_str()).await?;
    Ok(true)
}

/// Tells whoever the step concerns and does not see by himself: the unit that gets the turn, the one that is
/// answered, the one that has to answer.
async fn tell(tx: &Tx, app: &App, done: &Done<'_>, step: &Step) -> Result<(), Problem> {
    let (case, action) = (done.case, done.event.action);
    let to = match action {
        Action::Extend => done.unit.parent().map(|above| above.ancestor(Level::County).unwrap_or(above)),
        Action::Comment | Action::Stop | Action::Report | Action::Persuade | Action::Evidence => None,
        // The task has a notice of its own.
        Action::Assign => None,
        _ => Some(step.holder),
    };
    let Some(to) = to.filter(|to| *to != done.unit) else { return Ok(()) };
    let place = app.grid().full_name(&case.unit);
    let notice = NewNotice {
        to: To::Unit(to),
        subject: Subject::Case,
        subject_id: case.id.clone(),
        urgent: done.change.kind.severity() == super::Severity::Grave || done.change.supervised.is_some(),
        title: format!("{}：{place}{}", action.title(), done.change.kind.title()),
        words: done.event.words.clone(),
        once: None,
    };
    notices::raise(tx, app.env(), notice).await?;
    Ok(())
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::State(message) => Problem::new(error::CONFLICT).detail(message),
        Refusal::Person(message) => Problem::new(error::FORBIDDEN).detail(message),
        Refusal::Words(message) => Problem::invalid("/words", message),
        Refusal::Photos(message) => Problem::invalid("/photos", message),
        Refusal::Field(field, message) => Problem::invalid(format!("/fields/{field}"), message),
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

/// What a task brings in joins the case as an event, whatever happened to the case meanwhile; answers whether
/// the case still takes it.
pub(crate) async fn hand_in(
    tx: &Tx,
    app: &App,
    caller: &Caller,
    id: &str,
    unit: RegionCode,
    words: Option<String>,
    photos: Vec<String>,
) -> Result<bool, Problem> {
    let case = sql::find(tx, id).await?.ok_or_else(Problem::not_found)?;
    if workflow::find(case.state.0, Action::Evidence).is_none() {
        return Ok(false);
    }
    let event = Event { action: Action::Evidence, words, photos, fields: Fields::default() };
    let change = Change::none(&case);
    let done =
        Done { case: &case, unit, by: &caller.account, name: &caller.name, event: &event, change: &change };
    let stored = store(tx, &done, app.env().now()).await?;
    if !stored {
        // Only another process can have come between the reading and here: its client may try again.
        return Err(Problem::new(error::UNAVAILABLE).detail("线索刚被更新，请再提交一次。").retry_after(1));
    }
    let place = app.grid().full_name(&case.unit);
    let notice = NewNotice {
        to: To::Unit(case.holder.0),
        subject: Subject::Case,
        subject_id: case.id.clone(),
        urgent: false,
        title: format!("任务结果已提交：{place}{}", case.kind.title()),
        words: event.words.clone(),
        once: None,
    };
    notices::raise(tx, app.env(), notice).await?;
    Ok(true)
}

/// Forwards to the township what villages have had since before `before` without accepting it; answers how
/// many. Several processes may do it at once: each case moves for one of them only.
pub async fn forward_overdue(app: &App, before: Timestamp) -> Result<usize, Problem> {
    const AT_ONCE: i64 = 200;
    let mut forwarded = 0;
    loop {
        let waiting = sql::waiting_since(app.db(), before, AT_ONCE).await?;
        let last = (waiting.len() as i64) < AT_ONCE;
        let app_ = app.clone();
        forwarded += app.db().write(move |tx| async move { forward_all(&tx, &app_, &waiting).await }).await?;
        if last {
            return Ok(forwarded);
        }
    }
}

async fn forward_all(tx: &Tx, app: &App, waiting: &[Stored]) -> Result<usize, Problem> {
    let now = app.env().now();
    let mut forwarded = 0;
    for case in waiting {
        let Some(township) = case.holder.parent() else { continue };
        let event = Event {
            action: Action::Forward,
            words: Some("村级逾期未签收，自动转乡镇办理。".to_owned()),
            photos: Vec::new(),
            fields: Fields::default(),
        };
        let mut change = Change::none(case);
        change.holder = township;
        change.due_at = super::deadline::due(app, State::Opened, None, now);
        let (unit, change) = (case.holder.0, &change);
        let done = Done { case, unit, by: "system", name: "系统", event: &event, change };
        if store(tx, &done, now).await? {
            tx.audit(
                Entry::new("system", "case.forward", &*case.id).detail(json!({ "to": township.as_str() })),
            );
            forwarded += 1;
        }
    }
    Ok(forwarded)
}
