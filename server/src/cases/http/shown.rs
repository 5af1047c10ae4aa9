//! Cases as the API shows them.

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::ahead::Ahead;
use crate::cases::deadline::{self, Urgency};
use crate::cases::outlines::Outline;
use crate::cases::sql::{Stored, StoredEvent};
use crate::cases::workflow::{self, Action, Fields, Rule, State};
use crate::cases::{Kind, Severity, Source};
use crate::db::{Text, Timestamp};
use crate::grid::Grid;
use crate::state::App;
use crate::tasks;

/// A case as lists show it.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseListed)]
pub(super) struct Listed {
    pub(super) id: String,
    /// Where it is.
    pub(super) unit: String,
    /// 沙坡头区滨河镇…
    pub(super) unit_name: String,
    pub(super) source: Source,
    pub(super) source_title: &'static str,
    pub(super) kind: Kind,
    pub(super) kind_title: &'static str,
    pub(super) severity: Severity,
    pub(super) state: State,
    pub(super) state_title: &'static str,
    /// Whose turn it is.
    pub(super) holder: String,
    pub(super) holder_name: String,
    /// The parcel's code.
    pub(super) parcel: Option<String>,
    /// Whether the parcel is permanent basic farmland (永久基本农田).
    pub(super) permanent: bool,
    /// Degrees, WGS 84.
    pub(super) lon: Option<f64>,
    /// Degrees, WGS 84.
    pub(super) lat: Option<f64>,
    pub(super) words: Option<String>,
    /// The last day of the present step; none while nothing is to be done.
    #[schema(value_type = Option<String>, format = Date)]
    pub(super) due: Option<Text<Date>>,
    pub(super) urgency: Urgency,
    pub(super) urgency_title: &'static str,
    /// The unit that supervises it (挂牌督办).
    pub(super) supervised: Option<String>,
    /// 2 after the first reopening (R32).
    pub(super) round: i64,
    /// Since when the batch of patches that it came with is withdrawn; a person decides what becomes of the case.
    pub(super) withdrawn_at: Option<Timestamp>,
    pub(super) opened_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// For If-Match, in quotes.
    pub(super) version: i64,
}

impl Listed {
    pub(super) fn new(app: &App, grid: &Grid, case: Stored) -> Self {
        let urgency = deadline::urgency(app, case.due_at, app.env().now());
        Self {
            unit: case.unit.to_string(),
            unit_name: grid.full_name(&case.unit),
            source: case.source.0,
            source_title: case.source.title(),
            kind: case.kind.0,
            kind_title: case.kind.title(),
            severity: case.severity.0,
            state: case.state.0,
            state_title: case.state.title(),
            holder: case.holder.to_string(),
            holder_name: grid.name(&case.holder).to_owned(),
            parcel: case.parcel.map(|code| code.to_string()),
            permanent: case.permanent,
            due: case.due_at.map(deadline::day_of).map(Text),
            urgency,
            urgency_title: urgency.title(),
            supervised: case.supervised.map(|unit| unit.to_string()),
            round: case.round,
            withdrawn_at: case.withdrawn_at,
            lon: case.lon,
            lat: case.lat,
            words: case.words,
            opened_at: case.opened_at,
            updated_at: case.updated_at,
            version: case.version,
            id: case.id,
        }
    }
}

/// A case with all that happened.
#[derive(Serialize, ToSchema)]
pub(super) struct Whole {
    #[serde(flatten)]
    pub(super) case: Listed,
    /// What forbids it, or makes it a duty.
    pub(super) article: &'static str,
    /// What the caller may do now, each with what it needs.
    pub(super) may: Vec<May>,
    /// The actions of `may`.
    pub(super) possible: Vec<Action>,
    /// What the source knew when it opened: a patch's suggestion, a device's event.
    #[schema(value_type = Object)]
    pub(super) facts: serde_json::Value,
    /// The steps that lead on from here, whoever takes them, with the evidence that is still missing.
    pub(super) ahead: Vec<Ahead>,
    /// What it is about, as somebody drew it; a patch's own outline is at the patch.
    pub(super) outline: Option<Outline>,
    pub(super) clocks: Clocks,
    /// What was asked of villages and groups.
    pub(super) tasks: Vec<AskedFor>,
    /// Other cases of the same parcel, the newest first.
    pub(super) same_parcel: Vec<Before>,
    /// SHA-256 of its photos; `GET /api/v1/evidence/{sha256}`.
    pub(super) photos: Vec<String>,
    pub(super) events: Vec<Happened>,
}

/// What the caller may do now.
#[derive(Serialize, ToSchema)]
pub(crate) struct May {
    pub(super) action: Action,
    pub(super) title: &'static str,
    /// The state afterwards; none where the words filled in decide, or after a suspension.
    pub(super) to: Option<State>,
    pub(super) to_title: Option<&'static str>,
    /// Whether he must say something.
    pub(super) words: bool,
    /// Photos he must hand in, at least.
    pub(super) photos: usize,
    /// What else he must fill in, in the body's `fields`.
    pub(super) fields: Vec<Asked>,
}

/// Something to fill in.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseFieldAsked)]
pub(super) struct Asked {
    pub(super) name: workflow::Field,
    pub(super) title: &'static str,
    /// `choice`, `date`, `unit` or `text`.
    pub(super) form: &'static str,
    /// The words to choose from.
    pub(super) choices: Vec<workflow::Choice>,
}

impl May {
    pub(super) fn new(case: &workflow::Standing, rule: &Rule, policy: &crate::policy::Cases) -> Self {
        let to = match rule.to {
            workflow::To::State(to) => Some(to),
            workflow::To::Same => Some(case.state),
            workflow::To::Before => case.before,
        };
        let asked = |field: &workflow::Field| Asked {
            name: *field,
            title: field.title(),
            form: field.form(),
            choices: field.choices(),
        };
        Self {
            action: rule.action,
            title: rule.action.title(),
            to,
            to_title: to.map(State::title),
            words: rule.words,
            photos: workflow::photos_needed(case, rule, policy),
            fields: rule.fields.iter().map(asked).collect(),
        }
    }
}

/// 早发现、早制止、早整改 (R33), of this round; null is not yet.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseClocks)]
pub(super) struct Clocks {
    pub(super) found_at: Timestamp,
    pub(super) stopped_at: Option<Timestamp>,
    pub(super) rectified_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
    /// Hours from finding to stopping.
    pub(super) stopped_after_hours: Option<i64>,
    /// Hours from finding to reporting it put right.
    pub(super) rectified_after_hours: Option<i64>,
}

impl Clocks {
    pub(super) fn new(case: &Stored) -> Self {
        let hours = |at: Option<Timestamp>| at.map(|at| at.seconds_since(case.found_at) / 3600);
        Self {
            found_at: case.found_at,
            stopped_at: case.stopped_at,
            rectified_at: case.rectified_at,
            closed_at: case.closed_at,
            stopped_after_hours: hours(case.stopped_at),
            rectified_after_hours: hours(case.rectified_at),
        }
    }
}

/// A task of the case.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseTask)]
pub(super) struct AskedFor {
    pub(super) id: String,
    /// Who does it.
    pub(super) unit: String,
    pub(super) unit_name: String,
    pub(super) state: tasks::State,
    pub(super) state_title: &'static str,
    #[schema(value_type = String, format = Date)]
    pub(super) due: Text<Date>,
    /// Photos that were asked for, at least.
    pub(super) photos: i64,
    pub(super) done_at: Option<Timestamp>,
}

impl AskedFor {
    pub(super) fn new(grid: &Grid, task: tasks::sql::Stored) -> Self {
        Self {
            id: task.id,
            unit: task.unit.to_string(),
            unit_name: grid.full_name(&task.unit),
            state: task.state.0,
            state_title: task.state.title(),
            due: task.due_on,
            photos: task.photos,
            done_at: task.done_at,
        }
    }
}

/// Another case of the same parcel.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseBefore)]
pub(super) struct Before {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) kind_title: &'static str,
    pub(super) state: State,
    pub(super) state_title: &'static str,
    pub(super) opened_at: Timestamp,
}

impl From<Stored> for Before {
    fn from(case: Stored) -> Self {
        Self {
            id: case.id,
            kind: case.kind.0,
            kind_title: case.kind.title(),
            state: case.state.0,
            state_title: case.state.title(),
            opened_at: case.opened_at,
        }
    }
}

/// Something that happened to a case.
#[derive(Serialize, ToSchema)]
pub(super) struct Happened {
    /// The case's version after it.
    pub(super) seq: i64,
    pub(super) at: Timestamp,
    /// Who, by the name he had then.
    pub(super) name: String,
    /// `open`, or an action.
    pub(super) action: String,
    /// Chinese.
    pub(super) title: &'static str,
    pub(super) from: State,
    pub(super) to: State,
    /// The unit that he acted for.
    pub(super) unit: Option<String>,
    pub(super) words: Option<String>,
    /// SHA-256 of the photos that came with it.
    pub(super) photos: Vec<String>,
    /// What was filled in.
    pub(super) fields: Fields,
}

impl From<StoredEvent> for Happened {
    fn from(event: StoredEvent) -> Self {
        let detail = event.detail();
        Self {
            unit: detail.unit.map(|unit| unit.to_string()),
            photos: detail.photos,
            fields: detail.fields,
            seq: event.seq,
            at: event.at,
            name: event.name,
            title: event.action.parse().map_or("立案", Action::title),
            action: event.action,
            from: event.from_state.0,
            to: event.to_state.0,
            words: event.words,
        }
    }
}
