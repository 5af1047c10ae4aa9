//! Every action in every state by every level: the whole matrix stands in a snapshot that people can read,
//! and what must never be is asserted apart from it.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::*;
use crate::policy::Policy;
use workflow::{Actor, Brought, Next, Refusal, Standing, TABLE, To, Who, decide, find};

fn levels() -> [(&'static str, &'static str); 4] {
    [("市", CITY), ("县", COUNTY), ("乡", TOWNSHIP), ("村", VILLAGE)]
}

/// A case whose results a village reported and a township checked, with an extension asked for.
fn standing(state: State, severity: Severity) -> Standing {
    let holder = match state {
        State::Refuted | State::Verified | State::Determined | State::Checked | State::Enforcing => COUNTY,
        State::Rectified | State::Closed => TOWNSHIP,
        _ => VILLAGE,
    };
    let reporter = |name: &str, unit: &str| (name.to_owned(), region(unit));
    let reporters = match state {
        State::Refuted | State::Verified | State::Rectified => vec![reporter("reporter", VILLAGE)],
        State::Checked => vec![reporter("checker", TOWNSHIP), reporter("reporter", VILLAGE)],
        _ => Vec::new(),
    };
    let asked = workflow::Asked {
        account: "reporter".to_owned(),
        unit: region(VILLAGE),
        due: jiff::civil::date(2026, 12, 31),
    };
    Standing {
        state,
        severity,
        place: region(GROUP),
        holder: region(holder),
        reporters,
        before: (state == State::Suspended).then_some(State::Rectifying),
        asked: (state == State::Rectifying).then_some(asked),
        extensions: 0,
        supervised: None,
        handed_in: 0,
    }
}

fn judged(case: &Standing, account: &str, unit: &str, action: Action) -> Result<workflow::Step, Refusal> {
    let policy = Policy::load(None).unwrap().cases;
    let today = jiff::civil::date(2026, 11, 24);
    let mut fields = fields(today, action);
    if action == Action::Delegate && case.holder == region(COUNTY) {
        fields.unit = Some(region(TOWNSHIP));
    }
    // The fields of the other lines of an action that has several differ in nothing but the state.
    if let Some(rule) = find(case.state, action)
        && rule.fields.is_empty()
    {
        fields = Fields::default();
    }
    let actor = Actor { account: account.to_owned(), unit: region(unit) };
    let brought = Brought { words: true, photos: 1, fields: &fields, today };
    decide(case, &actor, action, brought, &policy)
}

#[test]
fn the_matrix_of_states_actions_and_levels() {
    let mut text = String::new();
    for severity in [Severity::Normal, Severity::Grave] {
        for state in State::ALL {
            let _ = writeln!(text, "\n{}线索，{}：", severity.title(), state.title());
            for action in Action::ALL.iter().filter(|action| find(*state, **action).is_some()) {
                let _ = write!(text, "  {}", action.title());
                for (name, unit) in levels() {
                    let outcome = match judged(&standing(*state, severity), "judge", unit, *action) {
                        Ok(step) => format!("→ {}，{}", step.to.title(), step.holder),
                        Err(Refusal::State(why)) => format!("× 状态：{why}"),
                        Err(Refusal::Person(why)) => format!("× 人员：{why}"),
                        Err(other) => panic!("everything was brought along: {state} {action}: {other:?}"),
                    };
                    let _ = write!(text, "\n    {name} {outcome}");
                }
                text.push('\n');
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_the_table_lacks_is_refused_with_a_reason_in_chinese() {
    let mut refusals = 0;
    for state in State::ALL {
        for action in Action::ALL {
            for (_, unit) in levels() {
                let result = judged(&standing(*state, Severity::Normal), "judge", unit, *action);
                if find(*state, *action).is_none() {
                    let Err(Refusal::State(why)) = &result else { panic!("{state} {action}: {result:?}") };
                    assert!(why.contains(state.title()) && why.contains(action.title()), "{why}");
                }
                if let Err(Refusal::State(why) | Refusal::Person(why)) = result {
                    assert!(why.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{why}");
                    assert!(why.ends_with('。'), "{why}");
                    refusals += 1;
                }
            }
        }
    }
    assert!(refusals > 500, "{refusals}");
}

#[test]
fn nobody_below_the_county_closes_and_nobody_closes_his_own() {
    for state in [State::Refuted, State::Checked] {
        for severity in [Severity::Normal, Severity::Grave] {
            let case = standing(state, severity);
            for (_, unit) in levels() {
                for account in ["judge", "reporter", "checker"] {
                    let result = judged(&case, account, unit, Action::Close);
                    let own = case.reporters.iter().any(|(name, _)| name == account);
                    let high = region(unit).level() <= gengwei_proto::Level::County;
                    assert_eq!(result.is_ok(), high && !own, "{state} {account} {unit}: {result:?}");
                }
            }
        }
    }
    // Nor does the unit that reported it, be it the county: the city does.
    let mut case = standing(State::Checked, Severity::Normal);
    case.reporters = vec![("checker".to_owned(), region(COUNTY))];
    assert!(judged(&case, "judge", COUNTY, Action::Close).is_err());
    assert!(judged(&case, "judge", CITY, Action::Close).is_ok());
}

#[test]
fn every_state_can_be_reached_and_left_and_the_table_is_unambiguous() {
    let targets = |state: State| {
        TABLE.iter().filter(move |rule| rule.from.contains(&state)).filter_map(|rule| match rule.to {
            To::State(to) => Some(to),
            To::Same | To::Before => None,
        })
    };
    let mut reached = BTreeSet::from([State::Opened]);
    loop {
        let more: BTreeSet<_> = reached.iter().copied().flat_map(targets).collect();
        if more.is_subset(&reached) {
            break;
        }
        reached.extend(more);
    }
    assert_eq!(reached, State::ALL.iter().copied().collect());
    let mut lines = BTreeSet::new();
    for rule in TABLE {
        for from in rule.from {
            assert!(lines.insert((*from, rule.action)), "two lines for {} in {from}", rule.action);
        }
        // What is judged is judged from above, by others.
        assert!(rule.to != To::State(State::Closed) || rule.who == Who::Review);
        assert!(rule.turn != Next::Reporter || matches!(rule.who, Who::Review | Who::Township));
    }
    for action in Action::ALL {
        assert!(TABLE.iter().any(|rule| rule.action == *action), "{action} is never possible");
    }
}

#[test]
fn the_document_is_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/workflow.md");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let text = workflow::document::markdown(&Policy::load(None).unwrap());
    assert!(committed == text, "docs/workflow.md is old: run `gengwei workflow > docs/workflow.md`");
}

#[test]
fn words_read_back() {
    for kind in Kind::ALL {
        assert_eq!(kind.name().parse(), Ok(*kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        assert!(!kind.article().is_empty());
    }
    assert!("house".parse::<Kind>().is_err());
}
