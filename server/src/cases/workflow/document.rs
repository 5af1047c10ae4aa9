//! The table for people: `docs/workflow.md`, and one object a line for programs.

use std::fmt::Write;

use serde::Serialize;

use super::{Action, Next, Rule, State, TABLE, To};
use crate::policy::{Cases, NOT_SET, Policy};

/// One step from one state, as `gengwei workflow --json` prints it.
#[derive(Serialize)]
pub struct Line {
    from: State,
    from_title: &'static str,
    action: Action,
    action_title: &'static str,
    /// Null where it goes back to the state before a suspension.
    to: Option<State>,
    to_title: &'static str,
    who: &'static str,
    who_title: &'static str,
    turn: &'static str,
    turn_title: &'static str,
    words: bool,
    photos: usize,
    fields: Vec<&'static str>,
}

/// Every step from every state.
pub fn lines(policy: &Cases) -> Vec<Line> {
    let expand = |rule: &'static Rule| rule.from.iter().map(move |from| line(rule, *from, policy));
    TABLE.iter().flat_map(expand).collect()
}

fn line(rule: &'static Rule, from: State, policy: &Cases) -> Line {
    let to = target(rule, from);
    Line {
        from,
        from_title: from.title(),
        action: rule.action,
        action_title: rule.action.title(),
        to,
        to_title: to.map_or(BEFORE, State::title),
        who: rule.who.name(),
        who_title: rule.who.title(),
        turn: rule.turn.name(),
        turn_title: rule.turn.title(),
        words: rule.words,
        photos: if rule.photos { policy.photos.of(rule.action) } else { 0 },
        fields: rule.fields.iter().map(|field| field.name()).collect(),
    }
}

const BEFORE: &str = "中止前的状态";

fn target(rule: &Rule, from: State) -> Option<State> {
    match rule.to {
        To::State(to) => Some(to),
        To::Same => Some(from),
        To::Before => None,
    }
}

/// The whole document.
pub fn markdown(policy: &Policy) -> String {
    let cases = &policy.cases;
    let mut text = String::from(HEAD);
    for rule in TABLE {
        let from = match rule.from {
            from if from == super::table::LIVE => "办理中的各状态".to_owned(),
            from if from == super::table::OPEN => "销号前的各状态".to_owned(),
            from if from == State::ALL => "任何状态".to_owned(),
            from => from.iter().map(|state| state.title()).collect::<Vec<_>>().join("；"),
        };
        let to = match rule.to {
            To::State(to) => to.title(),
            To::Same => "不变",
            To::Before => BEFORE,
        };
        let turn = if rule.turn == Next::Same { "不变" } else { rule.turn.title() };
        let _ = writeln!(
            text,
            "| {from} | {}（`{}`） | {} | {to} | {turn} | {} |",
            rule.action.title(),
            rule.action,
            rule.who.title(),
            needs(rule, cases)
        );
    }
    text.push_str(RULES);
    let _ = writeln!(text, "- 延期最多 {} 次，{}。", cases.extensions, status(&cases.source));
    text.push_str(DEADLINES);
    for deadline in &cases.deadlines {
        let kind = if deadline.working { "工作日" } else { "日" };
        let after = deadline.after.map(|action| format!("（{}后）", action.title())).unwrap_or_default();
        let state = format!("{}{after}", deadline.state.title());
        let _ = writeln!(text, "| {state} | {} {kind} | {} |", deadline.days, status(&deadline.source));
    }
    text
}

fn status(source: &Option<String>) -> &str {
    source.as_deref().unwrap_or(NOT_SET)
}

fn needs(rule: &Rule, policy: &Cases) -> String {
    let mut needs = Vec::new();
    if rule.words {
        needs.push("情况说明".to_owned());
    }
    if rule.photos && policy.photos.of(rule.action) > 0 {
        needs.push(format!("照片 {} 张", policy.photos.of(rule.action)));
    }
    needs.extend(rule.fields.iter().map(|field| field.title().to_owned()));
    if needs.is_empty() { "—".to_owned() } else { needs.join("、") }
}

const HEAD: &str = "\
# 问题线索办理流程

本页由程序中的流程表生成（`gengwei workflow`），并由测试核对；改流程即改
`server/src/cases/workflow/table.rs`。依据：卫政办发〔2023〕74号；通知未规定的数值均为可配置的默认值。

## 流程表

| 现状态 | 操作 | 谁可以 | 之后状态 | 之后由谁办 | 须提供 |
|---|---|---|---|---|---|
";

const RULES: &str = "
## 表外规则

- 上报人本人不得审核、验收自己上报的结果；审核、验收须由上报单位的上级，且至少为县级。乡镇可以上报整改、自查，不能验收。
- 乱占耕地建房：不能立行立改；未经县级或市级，不能改为其他类型，不能销号（零容忍）。
- 挂牌督办的线索由挂牌单位或其上级销号、解除。
- 任务结果由领有任务的村、组在任务中提交，其中的照片计入所需照片。
- 既处理事、又处理人：移送情况记入线索；涉及的个人另记于封存的登记簿，只有市、县总责任人和网格办主任可以查看，每次查看留痕。
- 复发重开沿用原线索，此前的全部记录保留。
- 两人同时办理同一线索，先者有效，后者会被告知发生了什么。
";

const DEADLINES: &str = "
## 期限

工作日按国务院办公厅公布的放假调休安排计算。交办整改时写明的完成期限优先于下表。

| 状态 | 期限 | 依据 |
|---|---|---|
";
