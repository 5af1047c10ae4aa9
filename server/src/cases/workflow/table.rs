//! The table itself: who may do what with a case from which state, with what, and where it leads.
//!
//! Read a line so: "while the case is in one of `from`, `who` may do `action`; it is then in `to`, and it is
//! `turn`'s turn; he must write `words`, hand in photos, and fill in the fields." How many photos, and within
//! which time the next step is due, is policy. [`super::rules`] has what stands above the table.

use super::{Action as A, Field, Next, Rule, State as S, To, Who};

/// Every state of a case that is being worked on.
pub const LIVE: &[S] = &[
    S::Opened,
    S::Accepted,
    S::Suspected,
    S::Refuted,
    S::Verified,
    S::Determined,
    S::Rectifying,
    S::Rectified,
    S::Checked,
    S::Enforcing,
];
/// Those, and the suspended.
pub const OPEN: &[S] = &[
    S::Opened,
    S::Accepted,
    S::Suspected,
    S::Refuted,
    S::Verified,
    S::Determined,
    S::Rectifying,
    S::Rectified,
    S::Checked,
    S::Enforcing,
    S::Suspended,
];
/// Where work in the field may be asked for.
pub const FIELD_WORK: &[S] = &[S::Opened, S::Accepted, S::Suspected, S::Determined, S::Rectifying];

const fn on(from: &'static [S], action: A, to: To, who: Who, turn: Next) -> Rule {
    Rule { from, action, to, who, turn, words: false, photos: false, fields: &[] }
}

impl Rule {
    const fn words(self) -> Self {
        Self { words: true, ..self }
    }

    const fn photos(self) -> Self {
        Self { photos: true, ..self }
    }

    const fn fields(self, fields: &'static [Field]) -> Self {
        Self { fields, ..self }
    }
}

/// Every step there is.
#[rustfmt::skip]
pub const TABLE: &[Rule] = &[
    // 签收、转办、派发
    on(&[S::Opened], A::Accept, To::State(S::Accepted), Who::Turn, Next::Same),
    on(&[S::Opened], A::Forward, To::State(S::Opened), Who::Turn, Next::Parent),
    on(&[S::Accepted, S::Suspected], A::Forward, To::State(S::Opened), Who::Turn, Next::Parent).words(),
    on(&[S::Opened, S::Accepted, S::Suspected], A::Delegate, To::State(S::Opened), Who::Turn, Next::Given)
        .fields(&[Field::Unit]),
    on(&[S::Rectifying], A::Delegate, To::Same, Who::Turn, Next::Given).fields(&[Field::Unit]),
    on(FIELD_WORK, A::Assign, To::Same, Who::Township, Next::Same).fields(&[Field::Unit, Field::Due]),
    // 研判、核实举证；待签收的可以直接研判，研判即视为签收
    on(&[S::Opened, S::Accepted], A::Suspect, To::State(S::Suspected), Who::Turn, Next::Same),
    on(&[S::Opened, S::Accepted], A::Refute, To::State(S::Refuted), Who::Turn, Next::Judge).words().fields(&[Field::Ground]),
    on(&[S::Suspected], A::Refute, To::State(S::Refuted), Who::Turn, Next::Judge).words().photos()
        .fields(&[Field::Ground]),
    on(&[S::Suspected], A::Confirm, To::State(S::Verified), Who::Turn, Next::Judge).words().photos(),
    // 立行立改
    on(&[S::Accepted, S::Suspected], A::Rectify, To::State(S::Rectified), Who::Turn, Next::Checker).words().photos(),
    // 县级审核、认定、交办
    on(&[S::Refuted, S::Verified], A::Return, To::State(S::Suspected), Who::Review, Next::Reporter).words(),
    on(&[S::Refuted], A::Close, To::State(S::Closed), Who::Review, Next::Watcher),
    on(&[S::Refuted, S::Verified], A::Determine, To::State(S::Determined), Who::Review, Next::Actor).words()
        .fields(&[Field::Finding]),
    on(&[S::Determined], A::Order, To::State(S::Rectifying), Who::County, Next::Watcher).words()
        .fields(&[Field::Measure, Field::Responsible, Field::Due]),
    // 整改、自查、验收销号
    on(&[S::Rectifying], A::Rectify, To::State(S::Rectified), Who::Turn, Next::Checker).words().photos(),
    on(&[S::Rectified], A::Check, To::State(S::Checked), Who::Township, Next::Judge).words(),
    on(&[S::Rectified], A::Return, To::State(S::Rectifying), Who::Township, Next::Reporter).words(),
    on(&[S::Checked], A::Return, To::State(S::Rectifying), Who::Review, Next::Reporter).words(),
    on(&[S::Checked], A::Close, To::State(S::Closed), Who::Review, Next::Watcher).words(),
    // 延期
    on(&[S::Rectifying], A::Extend, To::Same, Who::Turn, Next::Same).words().fields(&[Field::Due]),
    on(&[S::Rectifying], A::Grant, To::Same, Who::County, Next::Same),
    on(&[S::Rectifying], A::Deny, To::Same, Who::County, Next::Same).words(),
    // 中止、挂牌督办
    on(LIVE, A::Suspend, To::State(S::Suspended), Who::County, Next::Same).words().fields(&[Field::Document]),
    on(&[S::Suspended], A::Resume, To::Before, Who::County, Next::Same).words(),
    on(LIVE, A::Supervise, To::Same, Who::County, Next::Same).words().fields(&[Field::Document]),
    on(OPEN, A::Lift, To::Same, Who::County, Next::Same).words(),
    // 移交、移送：既处理事、又处理人
    on(&[S::Verified, S::Determined, S::Rectifying, S::Checked], A::Enforce, To::State(S::Enforcing), Who::County,
        Next::Actor).words().fields(&[Field::Document]),
    on(&[S::Enforcing], A::Enforced, To::State(S::Rectifying), Who::County, Next::Watcher).words()
        .fields(&[Field::Measure, Field::Due]),
    on(S::ALL, A::Police, To::Same, Who::County, Next::Same).words().fields(&[Field::Document]),
    on(S::ALL, A::Discipline, To::Same, Who::County, Next::Same).words().fields(&[Field::Document]),
    // 更正类型
    on(LIVE, A::Reclassify, To::Same, Who::Turn, Next::Same).words().fields(&[Field::Kind]),
    // 勾绘、更正范围
    on(LIVE, A::Outline, To::Same, Who::Turn, Next::Same).words(),
    // 市级抽查、复发重开
    on(&[S::Closed], A::SpotPass, To::Same, Who::City, Next::Same).words(),
    on(&[S::Closed], A::SpotFail, To::State(S::Rectifying), Who::City, Next::Watcher).words().fields(&[Field::Due]),
    on(&[S::Closed], A::Reopen, To::State(S::Suspected), Who::Township, Next::Watcher).words(),
    // 现场处置与备注，不改变状态
    on(LIVE, A::Evidence, To::Same, Who::Task, Next::Same),
    on(LIVE, A::Stop, To::Same, Who::Anybody, Next::Same),
    on(LIVE, A::Report, To::Same, Who::Anybody, Next::Same),
    on(LIVE, A::Persuade, To::Same, Who::Anybody, Next::Same),
    on(OPEN, A::Comment, To::Same, Who::Anybody, Next::Same).words(),
];

/// The line for an action in a state, if the action is possible there.
pub fn find(from: S, action: A) -> Option<&'static Rule> {
    TABLE.iter().find(|rule| rule.action == action && rule.from.contains(&from))
}
