//! A case as the rules look at it, put together from its row and its events.

use gengwei_proto::RegionCode;

use super::sql::{Stored, StoredEvent};
use super::workflow::{Action, Asked, Standing, State};
use crate::auth::Caller;
use crate::auth::rights::{HandleCases, Right};

/// The unit that somebody acts for: the closest of his to where the turn is; without one there, the closest
/// to the case.
pub(super) fn acting_unit(caller: &Caller, case: &Stored) -> Option<RegionCode> {
    let closest_to = |place: &RegionCode| {
        let able = caller.held.iter().filter(|h| HandleCases::granted(h.role, h.unit.level()));
        able.map(|h| h.unit).filter(|unit| unit.contains(place)).max_by_key(RegionCode::level)
    };
    closest_to(&case.holder).filter(|unit| unit.contains(&case.unit)).or_else(|| closest_to(&case.unit))
}

/// A case as the rules look at it.
pub(super) fn standing(case: &Stored, events: &[StoredEvent]) -> Standing {
    let suspended = events.iter().rev().find(|e| e.action == Action::Suspend.name());
    Standing {
        state: case.state.0,
        severity: case.severity.0,
        place: case.unit.0,
        holder: case.holder.0,
        reporters: reporters(case.state.0, events),
        before: suspended.filter(|_| case.state.0 == State::Suspended).map(|e| e.from_state.0),
        asked: asked(events),
        extensions: case.extensions,
        supervised: case.supervised.map(|unit| unit.0),
        handed_in: handed_in(events),
    }
}

/// Whose results wait to be judged, the last first.
fn reporters(state: State, events: &[StoredEvent]) -> Vec<(String, RegionCode)> {
    let actions: &[Action] = match state {
        State::Refuted => &[Action::Refute],
        State::Verified => &[Action::Confirm],
        State::Rectified => &[Action::Rectify],
        State::Checked => &[Action::Check, Action::Rectify],
        _ => &[],
    };
    let last = |action: &Action| events.iter().rev().find(|e| e.action == action.name());
    let who = |e: &StoredEvent| Some((e.account.clone(), e.detail().unit?));
    actions.iter().filter_map(last).filter_map(who).collect()
}

/// The extension that waits for an answer: asked for since the case came into its state.
fn asked(events: &[StoredEvent]) -> Option<Asked> {
    let here = events.iter().rev().take_while(|e| e.from_state == e.to_state);
    let answers = [Action::Extend, Action::Grant, Action::Deny].map(Action::name);
    let last = here.into_iter().find(|e| answers.contains(&&*e.action))?;
    if last.action != Action::Extend.name() {
        return None;
    }
    let detail = last.detail();
    Some(Asked { account: last.account.clone(), unit: detail.unit?, due: detail.fields.due? })
}

/// Photos that came in from tasks since the case is in its state.
fn handed_in(events: &[StoredEvent]) -> usize {
    let here = events.iter().rev().take_while(|e| e.from_state == e.to_state);
    here.filter(|e| e.action == Action::Evidence.name()).map(|e| e.detail().photos.len()).sum()
}
