//! What a step leaves in the case's row besides its event.

use gengwei_proto::RegionCode;

use super::count::Counted;
use super::deadline;
use super::sql::{Stored, StoredEvent};
use super::workflow::{Action, Standing, State, Step};
use super::{Event, Kind};
use crate::db::Timestamp;
use crate::state::App;

/// A case's row after a step.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Where it stands.
    pub state: State,
    /// Whose turn it is.
    pub holder: RegionCode,
    /// What is wrong.
    pub kind: Kind,
    /// From when on the present step is overdue.
    pub due_at: Option<Timestamp>,
    /// The unit that supervises it.
    pub supervised: Option<RegionCode>,
    /// Extensions granted in this round.
    pub extensions: i64,
    /// 2 after the first reopening.
    pub round: i64,
    /// The clocks of R33: found, stopped, put right, closed.
    pub found_at: Timestamp,
    /// When somebody stopped it.
    pub stopped_at: Option<Timestamp>,
    /// When putting it right was reported.
    pub rectified_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

impl Change {
    /// The row as it is.
    pub(super) fn none(case: &Stored) -> Self {
        Self {
            state: case.state.0,
            holder: case.holder.0,
            kind: case.kind.0,
            due_at: case.due_at,
            supervised: case.supervised.map(|unit| unit.0),
            extensions: case.extensions,
            round: case.round,
            found_at: case.found_at,
            stopped_at: case.stopped_at,
            rectified_at: case.rectified_at,
            closed_at: case.closed_at,
        }
    }

    /// The row after a step that was decided on.
    #[expect(clippy::too_many_arguments, reason = "a step is made of so much, and only here")]
    pub(super) fn new(
        app: &App,
        case: &Stored,
        events: &[StoredEvent],
        standing: &Standing,
        step: &Step,
        event: &Event,
        unit: RegionCode,
        now: Timestamp,
    ) -> Self {
        let mut change = Self { state: step.to, holder: step.holder, ..Self::none(case) };
        let moved = step.to != case.state.0 || step.holder != case.holder.0;
        if moved {
            change.due_at = deadline::due(app, step.to, Some(event.action), now);
        }
        match event.action {
            Action::Order | Action::Enforced | Action::SpotFail => {
                change.due_at = event.fields.due.map(deadline::end_of);
                change.extensions = 0;
            }
            Action::Delegate if case.state.0 == State::Rectifying => change.due_at = case.due_at,
            Action::Grant => {
                change.due_at = standing.asked.as_ref().map(|asked| deadline::end_of(asked.due));
                change.extensions += 1;
            }
            Action::Resume => change.due_at = deadline::resumed(app, events, now),
            Action::Supervise => change.supervised = Some(unit),
            Action::Lift => change.supervised = None,
            Action::Reclassify => change.kind = event.fields.kind.unwrap_or(change.kind),
            Action::Stop => change.stopped_at = change.stopped_at.or(Some(now)),
            Action::Rectify => change.rectified_at = Some(now),
            Action::Close => {
                change.closed_at = Some(now);
                change.supervised = None;
            }
            Action::Reopen => change = change.next_round(now),
            _ => {}
        }
        if event.action == Action::SpotFail {
            change.closed_at = None;
        }
        change
    }

    /// The case after it, as far as it is counted.
    pub(super) fn counted(&self, case: &Stored) -> Counted {
        Counted {
            holder: self.holder,
            state: self.state,
            kind: self.kind,
            supervised: self.supervised.is_some(),
            due_at: self.due_at,
            ..Counted::from(case)
        }
    }

    /// The same case found again (R32): the clocks begin anew, what was before stands in the events.
    fn next_round(self, now: Timestamp) -> Self {
        Self {
            round: self.round + 1,
            found_at: now,
            stopped_at: None,
            rectified_at: None,
            closed_at: None,
            extensions: 0,
            ..self
        }
    }
}
