//! By when a step is due: the policy's days, counted on the calendar of working days. A deadline is a whole
//! day; from the next midnight on the step is overdue.

use jiff::civil::Date;

use super::sql::StoredEvent;
use super::words;
use super::workflow::{Action, State};
use crate::db::Timestamp;
use crate::state::App;

words! {
    /// How urgent a case is. The colour is ours, and never alone: the word goes with it.
    #[schema(as = CaseUrgency)]
    Urgency {
        InTime = "in_time" "期限内",
        Soon = "soon" "即将到期",
        Overdue = "overdue" "已逾期",
        LongOverdue = "long_overdue" "逾期较久",
    }
}

/// From when on a case that enters `state` now, by `after`, is overdue; none where the policy sets no days.
pub fn due(app: &App, state: State, after: Option<Action>, now: Timestamp) -> Option<Timestamp> {
    let deadline = app.policy().cases.deadline(state, after)?;
    let today = now.date();
    let day = if deadline.working {
        app.calendar().after_working_days(today, deadline.days)
    } else {
        today.saturating_add(jiff::Span::new().days(i64::from(deadline.days)))
    };
    Some(end_of(day))
}

/// The end of a day that is a deadline.
pub fn end_of(day: Date) -> Timestamp {
    Timestamp::start_of(day.tomorrow().unwrap_or(day))
}

/// The last day of a deadline.
pub fn day_of(due_at: Timestamp) -> Date {
    Timestamp(due_at.0 - 1).date()
}

/// By when a resumed step is due: a suspension stops the clock, so as many working days are left as were then.
pub(super) fn resumed(app: &App, events: &[StoredEvent], now: Timestamp) -> Option<Timestamp> {
    let at = events.iter().rposition(|event| event.action == Action::Suspend.name())?;
    let due_at = events[..at].iter().rev().find_map(|event| event.detail().due_at)?;
    let left = app.calendar().working_days(events[at].at.date(), day_of(Timestamp(due_at)));
    Some(end_of(app.calendar().after_working_days(now.date(), left)))
}

/// How urgent a case is that is due at `due_at`.
pub fn urgency(app: &App, due_at: Option<Timestamp>, now: Timestamp) -> Urgency {
    match due_at {
        Some(due_at) => urgency_of(app, day_of(due_at), now.date()),
        None => Urgency::InTime,
    }
}

/// How urgent a step is on `today` whose last day is `day`.
pub fn urgency_of(app: &App, day: Date, today: Date) -> Urgency {
    let policy = &app.policy().cases;
    match i64::from((today - day).get_days()) {
        late if late > policy.long_overdue_days => Urgency::LongOverdue,
        1.. => Urgency::Overdue,
        late if -late <= policy.soon_days => Urgency::Soon,
        _ => Urgency::InTime,
    }
}

/// From after which moment, and until when, a case is due that is as urgent as this. Those overdue include
/// the long overdue.
pub fn span(app: &App, wanted: Urgency) -> [Option<Timestamp>; 2] {
    let (policy, today) = (&app.policy().cases, app.env().today());
    let days = |days: i64| Some(Timestamp::start_of(today.saturating_add(jiff::Span::new().days(days))));
    match wanted {
        Urgency::LongOverdue => [None, days(-policy.long_overdue_days)],
        Urgency::Overdue => [None, days(0)],
        Urgency::Soon => [days(0), days(policy.soon_days + 1)],
        Urgency::InTime => [days(policy.soon_days + 1), None],
    }
}
