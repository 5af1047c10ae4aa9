//! What stands above the table: nobody judges his own result (separation of duties), 乱占耕地建房 is neither
//! downgraded nor closed below the county (R22), extensions are counted and granted from above, and what a
//! higher unit has put under its supervision only it closes.

use gengwei_proto::{Level, RegionCode};
use jiff::civil::Date;

use super::{Action, Field, Fields, Next, Rule, State, TABLE, To, Who, find};
use crate::cases::Severity;
use crate::policy;

/// A case as far as the rules look at it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// How grave it is.
    pub severity: Severity,
    /// Where it is.
    pub place: RegionCode,
    /// Whose turn it is.
    pub holder: RegionCode,
    /// Who reported the result that waits to be judged, the last first: account and the unit acted for.
    pub reporters: Vec<(String, RegionCode)>,
    /// The state that it was suspended in.
    pub before: Option<State>,
    /// The extension that waits for an answer.
    pub asked: Option<Asked>,
    /// How many were granted.
    pub extensions: i64,
    /// The unit that has it under its supervision (挂牌督办).
    pub supervised: Option<RegionCode>,
    /// Photos that came in from tasks since it is in this state.
    pub handed_in: usize,
}

/// An extension that somebody asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// His account.
    pub account: String,
    /// The unit that he acted for.
    pub unit: RegionCode,
    /// Until when.
    pub due: Date,
}

/// Who acts.
#[derive(Clone, Debug)]
pub struct Actor {
    /// His account.
    pub account: String,
    /// The unit that he acts for.
    pub unit: RegionCode,
}

/// What he brings along.
#[derive(Clone, Copy, Debug)]
pub struct Brought<'a> {
    /// Whether he says something.
    pub words: bool,
    /// How many photos.
    pub photos: usize,
    /// What he filled in.
    pub fields: &'a Fields,
    /// The day.
    pub today: Date,
}

/// What an action leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The state afterwards.
    pub to: State,
    /// Whose turn it is then.
    pub holder: RegionCode,
}

/// Why an action is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// Not in this state.
    State(String),
    /// Not by this person.
    Person(String),
    /// Not without words.
    Words(String),
    /// Not without photos.
    Photos(String),
    /// Not with this, or without that, filled in.
    Field(Field, String),
}

type Judged<T = ()> = Result<T, Refusal>;

/// Decides on an action: the table, the rules above it, then what he brings along.
pub fn decide(
    case: &Standing,
    actor: &Actor,
    action: Action,
    brought: Brought<'_>,
    policy: &policy::Cases,
) -> Judged<Step> {
    let rule = allowed(case, actor, action, policy)?;
    complete(case, rule, brought, policy)?;
    let holder = next(case, actor, rule, brought.fields)?;
    let to = match rule.to {
        To::State(to) => to,
        To::Same => case.state,
        To::Before => case.before.unwrap_or(State::Accepted),
    };
    Ok(Step { to, holder })
}

/// What somebody may do with a case now: the lines that make the buttons on his screen.
pub fn possible(case: &Standing, actor: &Actor, policy: &policy::Cases) -> Vec<&'static Rule> {
    Action::ALL.iter().filter_map(|action| allowed(case, actor, *action, policy).ok()).collect()
}

/// Steps that turn aside or back, however usual they are.
const ASIDE: [Action; 7] = [
    Action::Forward,
    Action::Delegate,
    Action::Return,
    Action::Suspend,
    Action::Enforce,
    Action::SpotFail,
    Action::Reopen,
];

/// The lines that lead on from where the case stands, whoever may take them.
pub fn onward(case: &Standing, policy: &policy::Cases) -> Vec<&'static Rule> {
    let city = case.place.ancestor(Level::City).unwrap_or(case.place);
    let highest = Actor { account: String::new(), unit: city };
    let leads_on = |rule: &&Rule| {
        rule.from.contains(&case.state) && matches!(rule.to, To::State(_)) && !ASIDE.contains(&rule.action)
    };
    let stands = |rule: &&Rule| {
        !matches!(above_the_table(case, &highest, rule.action, policy), Err(Refusal::State(_)))
    };
    TABLE.iter().filter(leads_on).filter(stands).collect()
}

/// How many photos a line needs, given those that tasks brought in already.
pub fn photos_needed(case: &Standing, rule: &Rule, policy: &policy::Cases) -> usize {
    let needed = if rule.photos { policy.photos.of(rule.action) } else { 0 };
    needed.saturating_sub(case.handed_in)
}

fn state<T>(message: impl Into<String>) -> Judged<T> {
    Err(Refusal::State(message.into()))
}

fn person<T>(message: &str) -> Judged<T> {
    Err(Refusal::Person(message.to_owned()))
}

/// The line of the table, if this person may take it now.
fn allowed(case: &Standing, actor: &Actor, action: Action, policy: &policy::Cases) -> Judged<&'static Rule> {
    let Some(rule) = find(case.state, action) else {
        return state(format!("线索现为“{}”，不能{}。", case.state.title(), action.title()));
    };
    may(case, actor, rule.who)?;
    above_the_table(case, actor, action, policy)?;
    // Whoever has nobody above him cannot hand a result up.
    if matches!(rule.turn, Next::Parent | Next::Judge) {
        next(case, actor, rule, &Fields::default())?;
    }
    Ok(rule)
}

fn may(case: &Standing, actor: &Actor, who: Who) -> Judged {
    let level = actor.unit.level();
    match who {
        Who::Anybody => Ok(()),
        Who::Task => person("请领有任务的村、组在任务中提交结果。"),
        Who::City if level == Level::City => Ok(()),
        Who::City => person("只有市级可以抽查。"),
        Who::County if level <= Level::County => Ok(()),
        Who::County => person("须由县级或市级办理。"),
        Who::Turn | Who::Township if !actor.unit.contains(&case.holder) => {
            person("线索现由上级或其他单位办理，可以备注，不能代办。")
        }
        Who::Turn => Ok(()),
        Who::Township if level <= Level::Township => Ok(()),
        Who::Township => person("须由乡级以上办理。"),
        Who::Review => review(case, actor),
    }
}

fn review(case: &Standing, actor: &Actor) -> Judged {
    if actor.unit.level() > Level::County {
        return person("须由县级或市级审核、验收；乡级以下只能上报，不能自行验收。");
    }
    if case.reporters.is_empty() {
        return state("没有待审核的结果。");
    }
    for (account, unit) in &case.reporters {
        if *account == actor.account {
            return person("不能审核自己上报的结果。");
        }
        if actor.unit.level() >= unit.level() {
            return person("须由上报单位的上级审核。");
        }
    }
    Ok(())
}

fn above_the_table(case: &Standing, actor: &Actor, action: Action, policy: &policy::Cases) -> Judged {
    let grave = case.severity == Severity::Grave;
    match action {
        Action::Rectify if grave && case.state != State::Rectifying => {
            state("乱占耕地建房须先经县级审核认定，不能立行立改。")
        }
        Action::Reclassify if grave && actor.unit.level() > Level::County => {
            person("乱占耕地建房须由县级或市级审核后才能改为其他类型。")
        }
        Action::Delegate if below(&case.holder, &case.place).is_none() => {
            state("承办单位以下没有可以接办的单位。")
        }
        Action::Extend if case.asked.is_some() => state("已有延期申请待审批。"),
        Action::Extend if case.extensions >= policy.extensions => {
            state(format!("已延期 {} 次，不能再申请。", case.extensions))
        }
        Action::Grant | Action::Deny => answers_asked(case, actor),
        Action::Supervise | Action::Lift | Action::Close => supervision(case, actor, action),
        _ => Ok(()),
    }
}

fn answers_asked(case: &Standing, actor: &Actor) -> Judged {
    match &case.asked {
        None => state("没有待审批的延期申请。"),
        Some(asked) if asked.account == actor.account => person("不能审批自己的延期申请。"),
        Some(asked) if actor.unit.level() >= asked.unit.level() => person("须由申请单位的上级审批。"),
        Some(_) => Ok(()),
    }
}

fn supervision(case: &Standing, actor: &Actor, action: Action) -> Judged {
    match (&case.supervised, action) {
        (Some(by), Action::Supervise) if actor.unit.level() >= by.level() => state("已挂牌督办。"),
        (None, Action::Lift) => state("没有挂牌督办。"),
        (Some(by), Action::Lift | Action::Close) if actor.unit.level() > by.level() => {
            person("已由上级挂牌督办，须由挂牌单位或其上级办理。")
        }
        _ => Ok(()),
    }
}

/// The nearest unit below `holder` towards the place that may handle cases.
fn below(holder: &RegionCode, place: &RegionCode) -> Option<RegionCode> {
    let levels = [Level::County, Level::Township, Level::Village];
    let level = levels.into_iter().find(|level| *level > holder.level())?;
    place.ancestor(level)
}

fn complete(case: &Standing, rule: &Rule, brought: Brought<'_>, policy: &policy::Cases) -> Judged {
    let title = rule.action.title();
    if rule.words && !brought.words {
        return Err(Refusal::Words(format!("{title}须写明情况。")));
    }
    let needed = photos_needed(case, rule, policy);
    if brought.photos < needed {
        return Err(Refusal::Photos(format!("{title}至少需要 {needed} 张照片。")));
    }
    for field in Field::ALL {
        match (rule.fields.contains(field), brought.fields.has(*field)) {
            (true, false) => {
                return Err(Refusal::Field(*field, format!("{title}须填写{}。", field.title())));
            }
            (false, true) => {
                return Err(Refusal::Field(*field, format!("{title}不需要填写{}。", field.title())));
            }
            _ => {}
        }
    }
    if let Some(due) = brought.fields.due {
        let latest = brought.today.saturating_add(jiff::Span::new().years(3));
        if due < brought.today || due > latest {
            return Err(Refusal::Field(
                Field::Due,
                format!("完成期限应在 {} 与 {latest} 之间。", brought.today),
            ));
        }
    }
    Ok(())
}

fn next(case: &Standing, actor: &Actor, rule: &Rule, fields: &Fields) -> Judged<RegionCode> {
    let township = case.place.ancestor(Level::Township).unwrap_or(case.place);
    let top = || Refusal::State(format!("已是最高一级，不能{}。", rule.action.title()));
    match rule.turn {
        Next::Same => assigned(case, rule, fields).map(|()| case.holder),
        Next::Parent => case.holder.parent().ok_or_else(top),
        Next::Actor => Ok(actor.unit),
        Next::Watcher => Ok(township),
        Next::Checker if actor.unit.level() <= Level::Township => Ok(actor.unit),
        Next::Checker => Ok(actor.unit.ancestor(Level::Township).unwrap_or(township)),
        Next::Reporter => case.reporters.first().map(|(_, unit)| *unit).ok_or_else(top),
        Next::Judge => {
            let above = actor.unit.parent().ok_or_else(top)?;
            Ok(above.ancestor(Level::County).unwrap_or(above))
        }
        Next::Given => match fields.unit {
            Some(unit) if delegable(case, &unit) => Ok(unit),
            _ => {
                let message = format!("应为 {} 以下、线索所在的乡镇或村。", case.holder);
                Err(Refusal::Field(Field::Unit, message))
            }
        },
    }
}

fn delegable(case: &Standing, unit: &RegionCode) -> bool {
    unit.level() <= Level::Village && unit.level() > case.holder.level() && unit.contains(&case.place)
}

/// A task goes to a village or group of the place's township.
fn assigned(case: &Standing, rule: &Rule, fields: &Fields) -> Judged {
    let (Action::Assign, Some(unit)) = (rule.action, fields.unit) else { return Ok(()) };
    let township = case.place.ancestor(Level::Township).unwrap_or(case.place);
    if unit.level() >= Level::Village && township.contains(&unit) {
        Ok(())
    } else {
        Err(Refusal::Field(Field::Unit, "任务应派给线索所在乡镇的村或村民小组。".to_owned()))
    }
}
