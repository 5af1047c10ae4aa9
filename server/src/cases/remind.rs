//! Reminders before a deadline and escalation after it, to whom the policy says.

use gengwei_proto::{Level, RegionCode};

use super::deadline::day_of;
use super::sql::{self, Stored};
use super::words;
use crate::db::{Timestamp, Tx};
use crate::error::Problem;
use crate::notices::{self, NewNotice, Subject, To};
use crate::policy::Reminder;
use crate::state::App;

words! {
    /// Who is reminded.
    #[schema(as = ReminderRecipient)]
    Recipient {
        Holder = "holder" "承办单位",
        Parent = "parent" "承办单位的上一级",
        Township = "township" "所在乡镇",
        County = "county" "所在县（区）",
        City = "city" "市",
    }
}

impl Recipient {
    fn unit(self, case: &Stored) -> Option<RegionCode> {
        match self {
            Self::Holder => Some(case.holder.0),
            Self::Parent => case.holder.parent(),
            Self::Township => case.unit.ancestor(Level::Township),
            Self::County => case.unit.ancestor(Level::County),
            Self::City => case.unit.ancestor(Level::City),
        }
    }
}

/// Raises the reminders that have become due; answers how many. Any number of processes may do it at once, and
/// it may be cut off anywhere: each reminder of a deadline is raised once.
pub async fn remind(app: &App) -> Result<usize, Problem> {
    const AT_ONCE: i64 = 200;
    let mut raised = 0;
    for reminder in &app.policy().cases.reminders {
        let name = format!("{:+}", reminder.days);
        let reached = reached(app, reminder)?;
        let mut after = (sql::reminded_upto(app.db(), &name).await?, String::new());
        loop {
            let cases = sql::due_within(app.db(), &after, reached, AT_ONCE).await?;
            let Some(last) = cases.last() else { break };
            after = (last.due_at.unwrap_or(after.0), last.id.clone());
            let (at, reminder) = (app.clone(), reminder.clone());
            raised +=
                app.db().write(move |tx| async move { raise(&tx, &at, &reminder, &cases).await }).await?;
        }
        app.db().write(move |tx| async move { sql::set_reminded_upto(&tx, &name, reached).await }).await?;
    }
    Ok(raised)
}

/// Deadlines up to this moment are reached. A deadline is the end of its day, and `days` counts from that
/// day: 0 is on it, 1 on the first day late.
fn reached(app: &App, reminder: &Reminder) -> Result<Timestamp, Problem> {
    let day = app.env().today().saturating_sub(jiff::Span::new().days(reminder.days)).tomorrow();
    Ok(Timestamp::start_of(day.map_err(Problem::internal)?))
}

async fn raise(tx: &Tx, app: &App, reminder: &Reminder, cases: &[Stored]) -> Result<usize, Problem> {
    let mut raised = 0;
    let today = app.env().today();
    for case in cases {
        let Some(day) = case.due_at.map(day_of) else { continue };
        if reminder.days <= 0 && day < today {
            // Too late to remind before; what comes after speaks for itself.
            continue;
        }
        for unit in reminder.to.iter().filter_map(|to| to.unit(case)) {
            raised += usize::from(notices::raise(tx, app.env(), notice(app, reminder, case, unit)).await?);
        }
    }
    Ok(raised)
}

fn notice(app: &App, reminder: &Reminder, case: &Stored, unit: RegionCode) -> NewNotice {
    let due_at = case.due_at.map_or(0, |at| at.0);
    let late = case.due_at.map_or(0, |at| (app.env().today() - day_of(at)).get_days());
    let when = match late {
        0 => "今日到期".to_owned(),
        1.. => format!("已逾期 {late} 日"),
        _ => format!("还有 {} 日到期", -late),
    };
    let place = app.grid().full_name(&case.unit);
    NewNotice {
        to: To::Unit(unit),
        subject: Subject::Case,
        subject_id: case.id.clone(),
        urgent: reminder.days > 0,
        title: format!("{when}：{place}{}，{}", case.kind.title(), case.state.title()),
        words: Some(format!("现由{}办理。", app.grid().full_name(&case.holder))),
        once: Some(format!("due/{}/{due_at}/{:+}/{unit}", case.id, reminder.days)),
    }
}
