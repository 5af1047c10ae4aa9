//! Cases as stories, on both databases, and the workflow's table on its own.

use std::collections::BTreeSet;

use gengwei_proto::RegionCode;

use super::sql::{self, Filter};
use super::workflow::{Actor, Next, Refusal, Standing, TABLE, Who, decide, find};
use super::*;
use crate::auth::{Caller, Held, Units};
use crate::db::Db;
use crate::db::testing::both;
use crate::error;
use crate::grid::appointments::Role;

const VILLAGE: &str = "640502100001";
const TOWNSHIP: &str = "640502100";
const COUNTY: &str = "640502";

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

fn caller(login: &str, role: Role, unit: &str) -> Caller {
    Caller {
        account: login.to_owned(),
        login: login.to_owned(),
        name: login.to_owned(),
        person: None,
        admin: None,
        held: vec![Held { unit: region(unit), role }],
    }
}

async fn opened(db: &Db, env: &Env, kind: Kind) -> String {
    let env = env.clone();
    db.write(move |tx| async move {
        let new = NewCase {
            unit: region("64050210000103"),
            source: Source::Patrol,
            kind,
            parcel: None,
            place: Some((105.19, 37.51)),
            words: Some("路边新堆砂石".to_owned()),
            by: "leader".to_owned(),
            name: "组长".to_owned(),
            facts: serde_json::Value::Null,
        };
        open(&tx, &env, &Grid::default(), new).await
    })
    .await
    .unwrap()
}

async fn tried(
    db: &Db,
    env: &Env,
    by: &Caller,
    id: &str,
    version: i64,
    action: Action,
) -> Result<(), Problem> {
    let (by, id, now) = (by.clone(), id.to_owned(), env.now());
    let event = Event { action, words: Some("情况属实".to_owned()), photos: Vec::new() };
    db.write(move |tx| async move { act(&tx, &by, &id, version, &event, now).await }).await
}

fn kind_of(result: Result<(), Problem>) -> Option<error::Kind> {
    result.err().map(|problem| problem.kind())
}

both! {
async fn a_case_goes_from_the_village_to_its_closing(db: Db, env) {
    let id = opened(&db, &env, Kind::Dumping).await;
    let village = caller("村", Role::VillageHead, VILLAGE);
    let township = caller("乡", Role::Officer, TOWNSHIP);
    let neighbour = caller("邻乡", Role::Officer, "640502101");

    let case = sql::find(&db, &id).await.unwrap().unwrap();
    assert_eq!((case.holder.0, case.state.0), (region(VILLAGE), State::Opened));
    assert_eq!(kind_of(tried(&db, &env, &neighbour, &id, 1, Action::Accept).await), Some(error::NOT_FOUND));

    tried(&db, &env, &village, &id, 1, Action::Accept).await.unwrap();
    tried(&db, &env, &village, &id, 2, Action::Stop).await.unwrap();
    tried(&db, &env, &village, &id, 3, Action::Confirm).await.unwrap();
    tried(&db, &env, &village, &id, 4, Action::Rectify).await.unwrap();
    assert_eq!(sql::find(&db, &id).await.unwrap().unwrap().holder.0, region(TOWNSHIP));
    // Nobody accepts his own result.
    assert_eq!(kind_of(tried(&db, &env, &village, &id, 5, Action::Close).await), Some(error::FORBIDDEN));
    tried(&db, &env, &township, &id, 5, Action::Return).await.unwrap();
    tried(&db, &env, &village, &id, 6, Action::Rectify).await.unwrap();
    tried(&db, &env, &township, &id, 7, Action::Close).await.unwrap();

    assert_eq!(kind_of(tried(&db, &env, &township, &id, 8, Action::Comment).await), Some(error::CONFLICT));
    let events = sql::events(&db, &id, 0).await.unwrap();
    let actions: Vec<_> = events.iter().map(|e| e.action.as_str()).collect();
    assert_eq!(actions, ["open", "accept", "stop", "confirm", "rectify", "return", "rectify", "close"]);
    assert_eq!(events.last().unwrap().to_state.0, State::Closed);
}

async fn of_two_officers_one_wins_and_the_other_is_told(db: Db, env) {
    let id = opened(&db, &env, Kind::Dumping).await;
    let (one, two) = (caller("张三", Role::Officer, TOWNSHIP), caller("李四", Role::Chief, TOWNSHIP));
    let (first, second) = tokio::join!(
        tried(&db, &env, &one, &id, 1, Action::Accept),
        tried(&db, &env, &two, &id, 1, Action::Forward),
    );
    let refused: Vec<_> = [first, second].into_iter().filter_map(Result::err).collect();
    let [problem] = refused.as_slice() else { panic!("one of them wins: {refused:?}") };
    assert_eq!(problem.kind(), error::STALE);
    let sentence = problem.sentence();
    assert!(sentence.contains("张三") || sentence.contains("李四"), "{sentence}");
    assert_eq!(sql::find(&db, &id).await.unwrap().unwrap().version, 2);
}

async fn a_house_on_a_field_goes_to_the_township_and_is_closed_by_the_county(db: Db, env) {
    let id = opened(&db, &env, Kind::IllegalHouse).await;
    let village = caller("村", Role::VillageHead, VILLAGE);
    let township = caller("乡", Role::Officer, TOWNSHIP);
    assert_eq!(sql::find(&db, &id).await.unwrap().unwrap().holder.0, region(TOWNSHIP));
    assert_eq!(kind_of(tried(&db, &env, &village, &id, 1, Action::Accept).await), Some(error::FORBIDDEN));
    tried(&db, &env, &village, &id, 1, Action::Stop).await.unwrap();
    tried(&db, &env, &township, &id, 2, Action::Accept).await.unwrap();
    tried(&db, &env, &township, &id, 3, Action::Refute).await.unwrap();
    let chief = caller("乡长", Role::Chief, TOWNSHIP);
    assert_eq!(kind_of(tried(&db, &env, &chief, &id, 4, Action::Close).await), Some(error::FORBIDDEN));
    tried(&db, &env, &caller("县", Role::Officer, COUNTY), &id, 4, Action::Close).await.unwrap();
}

async fn what_a_village_lets_lie_is_forwarded_once(db: Db, env) {
    let lying = opened(&db, &env, Kind::Abandoned).await;
    let accepted = opened(&db, &env, Kind::Abandoned).await;
    tried(&db, &env, &caller("村", Role::VillageHead, VILLAGE), &accepted, 1, Action::Accept).await.unwrap();
    let now = env.now();
    assert_eq!(forward_overdue(&db, now.plus_seconds(-3600), now).await.unwrap(), 0, "not yet");
    let later = now.plus_seconds(25 * 3600);
    let before = later.plus_seconds(-24 * 3600);
    // Two server processes at once.
    let (one, two) = tokio::join!(forward_overdue(&db, before, later), forward_overdue(&db, before, later));
    assert_eq!(one.unwrap() + two.unwrap(), 1);
    assert_eq!(sql::find(&db, &lying).await.unwrap().unwrap().holder.0, region(TOWNSHIP));
    assert_eq!(sql::find(&db, &accepted).await.unwrap().unwrap().holder.0, region(VILLAGE));
    assert_eq!(sql::events(&db, &lying, 0).await.unwrap().len(), 2);
}

async fn lists_show_one_s_own_the_newest_first(db: Db, env) {
    let mut ids = Vec::new();
    for kind in [Kind::Dumping, Kind::Abandoned, Kind::Dumping] {
        ids.insert(0, opened(&db, &env, kind).await);
    }
    let listed = async |unit: &str, filter: Filter| {
        let units = Units::new([region(unit)]);
        let cases = sql::list(&db, &units, &filter, 10).await.unwrap();
        cases.into_iter().map(|case| case.id).collect::<Vec<_>>()
    };
    for unit in ["6405", COUNTY, TOWNSHIP, VILLAGE, "64050210000103"] {
        assert_eq!(listed(unit, Filter::default()).await, ids, "{unit}");
    }
    assert!(listed("640502101", Filter::default()).await.is_empty());
    assert!(listed("64050210000104", Filter::default()).await.is_empty());
    let dumping = Filter { kind: Some(Kind::Dumping), ..Filter::default() };
    assert_eq!(listed(TOWNSHIP, dumping).await, [ids[0].clone(), ids[2].clone()]);
    let before = Filter { before: Some(ids[1].clone()), ..Filter::default() };
    assert_eq!(listed(TOWNSHIP, before).await, [ids[2].clone()]);
    let closed = Filter { state: Some(State::Closed), ..Filter::default() };
    assert!(listed(TOWNSHIP, closed).await.is_empty());
}
}

#[test]
fn every_state_can_be_reached_and_only_the_closed_one_ends() {
    let mut reached = BTreeSet::from([State::Opened]);
    while let Some(rule) = TABLE.iter().find(|r| reached.contains(&r.from) && !reached.contains(&r.to)) {
        reached.insert(rule.to);
    }
    assert_eq!(reached, State::ALL.iter().copied().collect());
    for state in State::ALL {
        assert_eq!(TABLE.iter().any(|r| r.from == *state), *state != State::Closed, "{state}");
    }
    let lines: BTreeSet<_> = TABLE.iter().map(|r| (r.from, r.action)).collect();
    assert_eq!(lines.len(), TABLE.len(), "one line a state and action");
}

#[test]
fn what_is_reported_is_judged_by_somebody_else_above() {
    for rule in TABLE.iter().filter(|r| r.to == State::Closed) {
        assert_eq!(rule.who, Who::Above);
    }
    let levels = ["6405", COUNTY, TOWNSHIP, VILLAGE];
    for (i, reporter) in levels.iter().enumerate() {
        for (j, judge) in levels.iter().enumerate() {
            for severity in [Severity::Normal, Severity::Grave] {
                for same_person in [false, true] {
                    let case = Standing {
                        state: State::Rectified,
                        severity,
                        holder: region(VILLAGE),
                        reporter: Some(("reporter".to_owned(), region(reporter))),
                    };
                    let account = if same_person { "reporter" } else { "judge" }.to_owned();
                    let actor = Actor { account, unit: region(judge) };
                    let grave_enough = severity == Severity::Normal || j <= 1;
                    let expected = !same_person && j < i && grave_enough;
                    let result = decide(&case, &actor, Action::Close, true);
                    assert_eq!(result.is_ok(), expected, "{reporter} reports, {judge} closes: {result:?}");
                }
            }
        }
    }
}

#[test]
fn in_every_state_what_the_table_lacks_is_refused_in_words() {
    let actor = Actor { account: "judge".to_owned(), unit: region("6405") };
    for state in State::ALL {
        for action in Action::ALL {
            let case = Standing {
                state: *state,
                severity: Severity::Normal,
                holder: region(TOWNSHIP),
                reporter: Some(("reporter".to_owned(), region(VILLAGE))),
            };
            match (find(*state, *action), decide(&case, &actor, *action, true)) {
                (Some(rule), Ok(step)) => assert_eq!(step.to, rule.to),
                // The city has nobody above it to judge its result.
                (Some(rule), Err(Refusal::State(_))) => assert_eq!(rule.next, Next::Judge),
                (None, Err(Refusal::State(message))) => assert!(message.contains(state.title())),
                (rule, result) => panic!("{state} {action}: {rule:?}, {result:?}"),
            }
            let silent = decide(&case, &actor, *action, false);
            let needs_words = find(*state, *action).is_some_and(|rule| rule.words);
            assert_eq!(needs_words && matches!(silent, Err(Refusal::Words(_))), needs_words);
        }
    }
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
