//! Patrol plans (R29): how often each level patrols, and what is due, done and overdue.
//!
//! The notice says 定期 and no more, so the numbers are policy; without a source they are shown as
//! 本市未规定（默认值）.

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::Serialize;
use utoipa::ToSchema;

use super::sql;
use crate::auth::Units;
use crate::db::Timestamp;
use crate::policy::{NOT_SET, PatrolPlan, Period};
use crate::state::App;

/// The plan of one person for the period in which a day lies.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Plan {
    /// The unit's code.
    pub unit: String,
    /// Its name.
    pub unit_name: String,
    /// 4 to 6.
    pub level: u8,
    /// The person.
    pub name: String,
    /// First day of the period.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// First day of the next.
    #[schema(value_type = String, format = Date)]
    pub until: Date,
    /// Patrols that the period wants.
    pub required: u32,
    /// Patrols made in it.
    pub done: i64,
    /// done | due | overdue (the period before was not met and this one is not yet)
    pub state: &'static str,
    /// The document behind the numbers, or 本市未规定（默认值）.
    pub source: String,
}

/// The plans of those responsible in some units, by unit.
pub(super) async fn plans(app: &App, units: &Units, on: Date) -> sqlx::Result<Vec<Plan>> {
    let grid = app.grid();
    let mut plans = Vec::new();
    for level in [4u8, 5, 6] {
        let Some(policy) = app.policy().patrol_plan(level) else { continue };
        let (from, until) = period(policy.period, on);
        let (before, _) = period(policy.period, from.yesterday().unwrap_or(from));
        let now = sql::counts(app.db(), units, Timestamp::start_of(from), Timestamp::start_of(until)).await?;
        let last =
            sql::counts(app.db(), units, Timestamp::start_of(before), Timestamp::start_of(from)).await?;
        let made = |counts: &[(String, i64, i64)], person: &str| {
            counts.iter().filter(|(p, l, _)| p == person && *l == i64::from(level)).map(|c| c.2).sum::<i64>()
        };
        for unit in units.iter().flat_map(|top| grid.below(top)) {
            if unit.code.level().number() != level || !unit.takes_part {
                continue;
            }
            for term in grid.terms(&unit.code).iter().filter(|t| t.role.is_responsible()) {
                let (done, earlier) = (made(&now, &term.person_id), made(&last, &term.person_id));
                let required = i64::from(policy.times);
                plans.push(Plan {
                    unit: unit.code.to_string(),
                    unit_name: grid.full_name(&unit.code),
                    level,
                    name: term.name.clone(),
                    from,
                    until,
                    required: policy.times,
                    done,
                    state: state(done, required, earlier, term.starts.0 <= before),
                    source: source(policy),
                });
            }
        }
    }
    plans.sort_by(|a, b| a.unit.cmp(&b.unit));
    Ok(plans)
}

fn state(done: i64, required: i64, earlier: i64, held_before: bool) -> &'static str {
    match (done >= required, held_before && earlier < required) {
        (true, _) => "done",
        (false, true) => "overdue",
        (false, false) => "due",
    }
}

fn source(policy: &PatrolPlan) -> String {
    policy.source.clone().unwrap_or_else(|| NOT_SET.to_owned())
}

/// The period in which a day lies: its first day, and the first day of the next.
fn period(period: Period, on: Date) -> (Date, Date) {
    let first = |month: i8| jiff::civil::date(on.year(), month, 1);
    let (from, length): (Date, Span) = match period {
        Period::Week => {
            let days = i64::from(on.weekday().to_monday_zero_offset());
            (on.checked_sub(days.days()).unwrap_or(on), 7.days())
        }
        Period::Month => (first(on.month()), 1.month()),
        Period::Quarter => (first((on.month() - 1) / 3 * 3 + 1), 3.months()),
        Period::HalfYear => (first(if on.month() <= 6 { 1 } else { 7 }), 6.months()),
    };
    (from, from.checked_add(length).unwrap_or(Date::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn periods_are_those_of_the_calendar() {
        let day = date(2026, 11, 24);
        assert_eq!(period(Period::Week, day), (date(2026, 11, 23), date(2026, 11, 30)));
        assert_eq!(period(Period::Month, day), (date(2026, 11, 1), date(2026, 12, 1)));
        assert_eq!(period(Period::Quarter, day), (date(2026, 10, 1), date(2027, 1, 1)));
        assert_eq!(period(Period::HalfYear, day), (date(2026, 7, 1), date(2027, 1, 1)));
    }

    #[test]
    fn a_new_appointee_owes_nothing_for_the_time_before_him() {
        assert_eq!(state(0, 1, 0, true), "overdue");
        assert_eq!(state(0, 1, 0, false), "due");
        assert_eq!(state(1, 1, 0, true), "done");
    }
}
