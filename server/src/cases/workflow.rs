//! What may be done with a case, from which state, by whom: the whole of it is [`TABLE`].
//!
//! Above the table stand two rules (R22, separation of duties): whoever reported a result, and whoever stands
//! no higher than he did, cannot accept it; and a grave case is closed by the county or the city only.

use gengwei_proto::{Level, RegionCode};

use super::{Severity, words};

words! {
    /// Where a case stands.
    State {
        Opened = "opened" "待签收",
        Accepted = "accepted" "已签收，待核实",
        Confirmed = "confirmed" "核实属实，待整改",
        Refuted = "refuted" "核实不属实，待审核",
        Rectified = "rectified" "已整改，待验收",
        Closed = "closed" "已销号",
    }
}

words! {
    /// What somebody does with a case.
    Action {
        Accept = "accept" "签收",
        Forward = "forward" "转上级办理",
        Confirm = "confirm" "核实属实",
        Refute = "refute" "核实不属实",
        Rectify = "rectify" "上报整改完成",
        Return = "return" "退回",
        Close = "close" "验收销号",
        Stop = "stop" "制止",
        Report = "report" "报告",
        Persuade = "persuade" "劝耕促耕",
        Comment = "comment" "备注",
    }
}

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The unit whose turn it is, or one above.
    Turn,
    /// A unit above the one that reported the result, and another person; the county at least when the case
    /// is grave.
    Above,
    /// Whoever may handle cases where this one is.
    Anybody,
}

/// Whose turn it is afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// As before.
    Same,
    /// The unit above the one whose turn it was.
    Parent,
    /// The unit that will judge the result: the one above whoever reports it, the county at least when the
    /// case is grave.
    Judge,
    /// The unit that reported the result.
    Reporter,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// From which state.
    pub from: State,
    /// What is done.
    pub action: Action,
    /// Into which state.
    pub to: State,
    /// Who may.
    pub who: Who,
    /// Whose turn it is then.
    pub next: Next,
    /// Whether he must say something.
    pub words: bool,
}

const fn rule(from: State, action: Action, to: State, who: Who, next: Next, words: bool) -> Rule {
    Rule { from, action, to, who, next, words }
}

/// Every step that changes a case's state. A comment and the village's 制止, 报告, 劝耕 (R15) leave the state
/// as it is and may be added until the case is closed: see [`find`].
#[rustfmt::skip]
pub const TABLE: &[Rule] = &[
    //   from              action           to                who         turn            words
    rule(State::Opened,    Action::Accept,  State::Accepted,  Who::Turn,  Next::Same,     false),
    rule(State::Opened,    Action::Forward, State::Opened,    Who::Turn,  Next::Parent,   false),
    rule(State::Accepted,  Action::Forward, State::Opened,    Who::Turn,  Next::Parent,   true),
    rule(State::Accepted,  Action::Confirm, State::Confirmed, Who::Turn,  Next::Same,     true),
    rule(State::Accepted,  Action::Refute,  State::Refuted,   Who::Turn,  Next::Judge,    true),
    rule(State::Confirmed, Action::Forward, State::Opened,    Who::Turn,  Next::Parent,   true),
    rule(State::Confirmed, Action::Rectify, State::Rectified, Who::Turn,  Next::Judge,    true),
    rule(State::Refuted,   Action::Return,  State::Accepted,  Who::Above, Next::Reporter, true),
    rule(State::Refuted,   Action::Close,   State::Closed,    Who::Above, Next::Same,     false),
    rule(State::Rectified, Action::Return,  State::Confirmed, Who::Above, Next::Reporter, true),
    rule(State::Rectified, Action::Close,   State::Closed,    Who::Above, Next::Same,     false),
];

/// The line for an action in a state, if the action is possible there.
pub fn find(from: State, action: Action) -> Option<Rule> {
    let note = matches!(action, Action::Comment | Action::Stop | Action::Report | Action::Persuade);
    if note && from != State::Closed {
        return Some(rule(from, action, from, Who::Anybody, Next::Same, action == Action::Comment));
    }
    TABLE.iter().find(|r| r.from == from && r.action == action).copied()
}

/// A case as far as the rules look at it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// How grave it is.
    pub severity: Severity,
    /// Whose turn it is.
    pub holder: RegionCode,
    /// Who reported the result that waits to be judged: his account and the unit that he acted for.
    pub reporter: Option<(String, RegionCode)>,
}

/// Who acts.
#[derive(Clone, Debug)]
pub struct Actor {
    /// His account.
    pub account: String,
    /// The unit that he acts for.
    pub unit: RegionCode,
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
}

/// Decides on an action: the table, then the two rules above it.
pub fn decide(case: &Standing, actor: &Actor, action: Action, words: bool) -> Result<Step, Refusal> {
    let Some(rule) = find(case.state, action) else {
        let message = format!("线索现为“{}”，不能{}。", case.state.title(), action.title());
        return Err(Refusal::State(message));
    };
    may(case, actor, rule)?;
    if rule.words && !words {
        return Err(Refusal::Words(format!("{}须写明情况。", action.title())));
    }
    let holder = next(case, actor, rule)
        .ok_or_else(|| Refusal::State(format!("已是最高一级，不能{}。", action.title())))?;
    Ok(Step { to: rule.to, holder })
}

/// What somebody may do with a case now, for the buttons on his screen.
pub fn possible(case: &Standing, actor: &Actor) -> Vec<Action> {
    Action::ALL.iter().copied().filter(|action| decide(case, actor, *action, true).is_ok()).collect()
}

fn may(case: &Standing, actor: &Actor, rule: Rule) -> Result<(), Refusal> {
    let person = |message: &str| Err(Refusal::Person(message.to_owned()));
    match rule.who {
        Who::Anybody => Ok(()),
        Who::Turn if actor.unit.contains(&case.holder) => Ok(()),
        Who::Turn => person("线索现由上级或其他单位办理，可以备注，不能代办。"),
        Who::Above => {
            let Some((account, unit)) = &case.reporter else {
                return person("没有待审核的结果。");
            };
            if *account == actor.account {
                return person("不能审核自己上报的结果。");
            }
            if actor.unit.level() >= unit.level() {
                return person("须由上报单位的上级审核。");
            }
            if case.severity == Severity::Grave && actor.unit.level() > Level::County {
                return person("乱占耕地建房等重大线索须由县级或市级审核。");
            }
            Ok(())
        }
    }
}

fn next(case: &Standing, actor: &Actor, rule: Rule) -> Option<RegionCode> {
    match rule.next {
        Next::Same => Some(case.holder),
        Next::Parent => case.holder.parent(),
        Next::Reporter => case.reporter.as_ref().map(|(_, unit)| *unit),
        Next::Judge => {
            let above = actor.unit.parent()?;
            match case.severity {
                Severity::Grave => Some(above.ancestor(Level::County).unwrap_or(above)),
                Severity::Normal => Some(above),
            }
        }
    }
}
