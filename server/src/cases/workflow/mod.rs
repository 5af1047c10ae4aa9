//! What may be done with a case, from which state, by whom: the table is in [`table`], what stands above it
//! in [`rules`], and [`document`] prints both for people (docs/workflow.md, `gengwei workflow`).
//!
//! States and steps follow the notice's verbs (R13, R15, R28, R32, R33): 签收 → 研判 → 核实举证 → 县级审核认定
//! → 交办整改 → 整改 → 乡镇自查 → 县级验收 → 销号 → 市级抽查、长期监测.

pub mod document;
mod fields;
mod rules;
pub mod table;

use super::words;

pub use fields::{Choice, Field, Fields, Finding, Ground, Measure};
pub use rules::{Actor, Asked, Brought, Refusal, Standing, Step, decide, onward, photos_needed, possible};
pub use table::{TABLE, find};

words! {
    /// Where a case stands.
    #[schema(as = CaseState)]
    State {
        Opened = "opened" "待签收",
        Accepted = "accepted" "已签收，待研判",
        Suspected = "suspected" "疑似问题，待核实举证",
        Refuted = "refuted" "认为不属实，待县级审核",
        Verified = "verified" "已核实举证，待县级审核",
        Determined = "determined" "已认定，待交办整改",
        Rectifying = "rectifying" "整改中",
        Rectified = "rectified" "已整改，待乡镇自查",
        Checked = "checked" "自查通过，待县级验收",
        Enforcing = "enforcing" "已移交执法，待处理结果",
        Suspended = "suspended" "已中止",
        Closed = "closed" "已销号，长期监测",
    }
}

words! {
    /// What somebody does with a case.
    #[schema(as = CaseAction)]
    Action {
        Accept = "accept" "签收",
        Forward = "forward" "转上级办理",
        Delegate = "delegate" "转下级办理",
        Assign = "assign" "派发任务",
        Suspect = "suspect" "研判为疑似问题",
        Refute = "refute" "认为不属实",
        Confirm = "confirm" "核实属实并举证",
        Return = "return" "退回",
        Determine = "determine" "认定",
        Order = "order" "交办整改",
        Rectify = "rectify" "上报整改完成",
        Check = "check" "自查通过",
        Close = "close" "验收销号",
        Extend = "extend" "申请延期",
        Grant = "grant" "批准延期",
        Deny = "deny" "不批准延期",
        Suspend = "suspend" "中止办理",
        Resume = "resume" "恢复办理",
        Supervise = "supervise" "挂牌督办",
        Lift = "lift" "解除挂牌督办",
        Enforce = "enforce" "移交执法立案",
        Enforced = "enforced" "反馈执法结果",
        Police = "police" "移送公安机关",
        Discipline = "discipline" "移送纪检监察机关",
        Reclassify = "reclassify" "更正问题类型",
        Outline = "outline" "勾绘范围",
        SpotPass = "spot_pass" "抽查合格",
        SpotFail = "spot_fail" "抽查不合格",
        Reopen = "reopen" "复发重开",
        Evidence = "evidence" "提交任务结果",
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
    /// The same, and of the township at least.
    Township,
    /// The county or the city, above the unit that reported the result, and another person.
    Review,
    /// The county or the city.
    County,
    /// The city.
    City,
    /// Whoever may handle cases where this one is.
    Anybody,
    /// Whoever has a task of this case; not through the case itself.
    Task,
}

/// Into which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// This one.
    State(State),
    /// As before.
    Same,
    /// The one that the case was suspended in.
    Before,
}

/// Whose turn it is afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// As before.
    Same,
    /// The unit above the one whose turn it was.
    Parent,
    /// The unit named in the field.
    Given,
    /// The unit that acted.
    Actor,
    /// Who checks a rectification first: the township, or the unit that acted when it stands higher.
    Checker,
    /// Who judges the result: the unit above the one that reported it, the county at least.
    Judge,
    /// The unit that reported the result.
    Reporter,
    /// The township of the place, which rectifies and watches; a higher unit's own when nothing closer is known.
    Watcher,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// From which states.
    pub from: &'static [State],
    /// What is done.
    pub action: Action,
    /// Into which state.
    pub to: To,
    /// Who may.
    pub who: Who,
    /// Whose turn it is then.
    pub turn: Next,
    /// Whether he must say something.
    pub words: bool,
    /// Whether photos are needed; how many is policy.
    pub photos: bool,
    /// What else he must fill in.
    pub fields: &'static [Field],
}

impl Who {
    /// Chinese, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Turn => "承办单位或其上级",
            Self::Township => "承办单位或其上级，乡级以上",
            Self::Review => "上报单位的上级，县级以上，不得为上报人本人",
            Self::County => "县级或市级",
            Self::City => "市级",
            Self::Anybody => "辖区内可办理线索的各级人员",
            Self::Task => "领有任务的村、组（在任务中提交）",
        }
    }

    /// The word in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Township => "township",
            Self::Review => "review",
            Self::County => "county",
            Self::City => "city",
            Self::Anybody => "anybody",
            Self::Task => "task",
        }
    }
}

impl Next {
    /// Chinese, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Same => "不变",
            Self::Parent => "上一级",
            Self::Given => "指定的下级单位",
            Self::Actor => "办理单位",
            Self::Checker => "乡镇（乡级以上整改的为本级）",
            Self::Judge => "上报单位的上级，至少为县级",
            Self::Reporter => "上报单位",
            Self::Watcher => "所在乡镇",
        }
    }

    /// The word in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Parent => "parent",
            Self::Given => "given",
            Self::Actor => "actor",
            Self::Checker => "checker",
            Self::Judge => "judge",
            Self::Reporter => "reporter",
            Self::Watcher => "watcher",
        }
    }
}
