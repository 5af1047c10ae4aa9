//! What happens to a case from its finding to its closing, and what must not.

use super::*;
use crate::auth::Units;
use crate::cases::deadline::Urgency;
use crate::cases::sql::Filter;
use crate::db::Timestamp;
use crate::db::testing::both;
use crate::error::{CONFLICT, FORBIDDEN, INVALID, NOT_FOUND, STALE};

both! {
async fn a_case_goes_from_the_village_to_its_closing_and_is_watched(db: Db, env) {
    let app = app(db, env).await;
    let id = opened(&app, Kind::Building).await;
    let case = found(&app, &id).await;
    assert_eq!((case.holder.0, case.state.0), (region(VILLAGE), State::Opened));
    let neighbour = caller("邻乡", Role::Officer, "640502101");
    assert_eq!(refused(&app, &neighbour, &id, Action::Accept).await.0, NOT_FOUND);

    done(&app, &village(), &id, Action::Accept).await;
    done(&app, &village(), &id, Action::Stop).await;
    done(&app, &village(), &id, Action::Suspect).await;
    done(&app, &village(), &id, Action::Confirm).await;
    let case = found(&app, &id).await;
    assert_eq!((case.state.0, case.holder.0), (State::Verified, region(COUNTY)));
    assert!(case.stopped_at.is_some());
    // The township neither judges nor orders.
    for action in [Action::Determine, Action::Return] {
        assert_eq!(refused(&app, &township(), &id, action).await.0, FORBIDDEN);
    }
    done(&app, &county(), &id, Action::Determine).await;
    done(&app, &county(), &id, Action::Order).await;
    let case = found(&app, &id).await;
    assert_eq!((case.state.0, case.holder.0), (State::Rectifying, region(TOWNSHIP)));
    let ordered = app.env().today().saturating_add(jiff::Span::new().days(20));
    assert_eq!(case.due_at.map(deadline::day_of), Some(ordered), "the order's own day");

    done(&app, &township(), &id, Action::Delegate).await;
    assert_eq!(found(&app, &id).await.due_at.map(deadline::day_of), Some(ordered));
    done(&app, &village(), &id, Action::Rectify).await;
    assert_eq!(found(&app, &id).await.holder.0, region(TOWNSHIP));
    assert_eq!(refused(&app, &village(), &id, Action::Check).await.0, FORBIDDEN);
    done(&app, &township(), &id, Action::Check).await;
    for by in [village(), township()] {
        let (kind, sentence) = refused(&app, &by, &id, Action::Close).await;
        assert_eq!(kind, FORBIDDEN);
        assert!(sentence.contains("县级"), "{sentence}");
    }
    done(&app, &county(), &id, Action::Return).await;
    assert_eq!(found(&app, &id).await.holder.0, region(TOWNSHIP), "who reported it");
    done(&app, &township(), &id, Action::Rectify).await;
    done(&app, &township(), &id, Action::Check).await;
    done(&app, &county(), &id, Action::Close).await;
    let closed = found(&app, &id).await;
    assert_eq!((closed.state.0, closed.due_at), (State::Closed, None));
    assert!(closed.rectified_at < closed.closed_at);

    // The city's spot check, twice, and the same thing found again: one chain.
    done(&app, &city(), &id, Action::SpotFail).await;
    assert_eq!(found(&app, &id).await.closed_at, None);
    done(&app, &township(), &id, Action::Rectify).await;
    done(&app, &township(), &id, Action::Check).await;
    done(&app, &county(), &id, Action::Close).await;
    done(&app, &city(), &id, Action::SpotPass).await;
    assert_eq!(refused(&app, &county(), &id, Action::Comment).await.0, CONFLICT);
    done(&app, &township(), &id, Action::Reopen).await;
    let again = found(&app, &id).await;
    assert_eq!((again.round, again.state.0, again.stopped_at), (2, State::Suspected, None));
    assert!(again.found_at > closed.closed_at.unwrap());
    let events = sql::events(app.db(), &id, 0).await.unwrap();
    assert_eq!(events.len() as i64, again.version, "every step is an event");
    assert!(events.windows(2).all(|pair| pair[0].to_state == pair[1].from_state));
}

async fn of_two_officers_one_wins_and_the_other_is_told(db: Db, env) {
    let app = app(db, env).await;
    let id = opened(&app, Kind::Dumping).await;
    let (one, two) = (caller("张三", Role::Officer, TOWNSHIP), caller("李四", Role::Chief, TOWNSHIP));
    let (first, second) = tokio::join!(
        tried(&app, &one, &id, 1, Action::Accept),
        tried(&app, &two, &id, 1, Action::Forward),
    );
    let refused: Vec<_> = [first, second].into_iter().filter_map(Result::err).collect();
    let [problem] = refused.as_slice() else { panic!("one of them wins: {refused:?}") };
    assert_eq!(problem.kind(), STALE);
    let sentence = problem.sentence();
    assert!(sentence.contains("张三") || sentence.contains("李四"), "{sentence}");
    assert_eq!(found(&app, &id).await.version, 2);
}

async fn a_house_on_a_field_is_neither_downgraded_nor_closed_below_the_county(db: Db, env) {
    let app = app(db, env).await;
    let id = opened(&app, Kind::IllegalHouse).await;
    assert_eq!(found(&app, &id).await.holder.0, region(TOWNSHIP), "to both at once");
    assert_eq!(refused(&app, &village(), &id, Action::Accept).await.0, FORBIDDEN);
    done(&app, &village(), &id, Action::Stop).await;
    done(&app, &township(), &id, Action::Accept).await;
    assert_eq!(refused(&app, &township(), &id, Action::Reclassify).await.0, FORBIDDEN);
    assert_eq!(refused(&app, &township(), &id, Action::Rectify).await.0, CONFLICT);
    done(&app, &township(), &id, Action::Refute).await;
    let chief = caller("乡长", Role::Chief, TOWNSHIP);
    assert_eq!(refused(&app, &chief, &id, Action::Close).await.0, FORBIDDEN);
    done(&app, &county(), &id, Action::Reclassify).await;
    let case = found(&app, &id).await;
    assert_eq!((case.kind.0, case.severity.0), (Kind::Dumping, Severity::Normal));
    done(&app, &county(), &id, Action::Close).await;
}

async fn what_is_missing_is_named(db: Db, env) {
    let app = app(db, env).await;
    let id = opened(&app, Kind::Dumping).await;
    done(&app, &village(), &id, Action::Accept).await;
    done(&app, &village(), &id, Action::Suspect).await;
    let whole = complete(&app, Action::Confirm).await;
    let unknown = "0".repeat(64);
    for (event, field) in [
        (Event { words: None, ..whole.clone() }, "情况"),
        (Event { photos: Vec::new(), ..whole.clone() }, "1 张照片"),
        (Event { photos: vec![unknown.clone()], ..whole.clone() }, "还没有上传"),
        (Event { fields: Fields { ground: Some(Ground::Lawful), ..Fields::default() }, ..whole.clone() },
            "不需要填写"),
    ] {
        let problem = tried_with(&app, &village(), &id, 3, event).await.unwrap_err();
        assert_eq!(problem.kind(), INVALID);
        assert!(problem.sentence().contains(field), "{}", problem.sentence());
    }
    tried_with(&app, &village(), &id, 3, whole).await.unwrap();
    done(&app, &county(), &id, Action::Determine).await;
    let mut order = complete(&app, Action::Order).await;
    order.fields.due = app.env().today().yesterday().ok();
    let problem = tried_with(&app, &county(), &id, 5, order).await.unwrap_err();
    assert!(problem.sentence().contains("期限"), "{}", problem.sentence());
}

async fn an_extension_is_asked_for_below_and_granted_above_so_often_as_the_policy_says(db: Db, env) {
    let app = app(db, env).await;
    let id = rectifying(&app).await;
    assert_eq!(refused(&app, &county(), &id, Action::Grant).await.0, CONFLICT, "nobody asked");
    for round in 0..app.policy().cases.extensions {
        done(&app, &township(), &id, Action::Extend).await;
        assert_eq!(refused(&app, &township(), &id, Action::Extend).await.0, CONFLICT);
        assert_eq!(refused(&app, &township(), &id, Action::Grant).await.0, FORBIDDEN);
        if round == 0 {
            done(&app, &county(), &id, Action::Deny).await;
            done(&app, &township(), &id, Action::Extend).await;
        }
        done(&app, &county(), &id, Action::Grant).await;
        assert_eq!(found(&app, &id).await.extensions, round + 1);
    }
    let (kind, sentence) = refused(&app, &township(), &id, Action::Extend).await;
    assert_eq!(kind, CONFLICT);
    assert!(sentence.contains("2 次"), "{sentence}");
}

async fn a_suspended_case_waits_with_its_time(db: Db, env) {
    let app = app(db, env).await;
    let id = rectifying(&app).await;
    let before = found(&app, &id).await;
    done(&app, &county(), &id, Action::Suspend).await;
    assert_eq!(found(&app, &id).await.due_at, None);
    assert_eq!(refused(&app, &township(), &id, Action::Rectify).await.0, CONFLICT);
    done(&app, &county(), &id, Action::Resume).await;
    let after = found(&app, &id).await;
    assert_eq!((after.state.0, after.holder.0), (before.state.0, before.holder.0));
    // Milliseconds passed; a part of a day is given as a whole one.
    let day = |case: &sql::Stored| case.due_at.map(deadline::day_of).unwrap();
    assert!((day(&after) - day(&before)).get_days() <= 1 && day(&after) >= day(&before));
}

async fn what_the_city_supervises_only_the_city_closes(db: Db, env) {
    let app = app(db, env).await;
    let id = rectifying(&app).await;
    done(&app, &county(), &id, Action::Supervise).await;
    done(&app, &city(), &id, Action::Supervise).await;
    assert_eq!(refused(&app, &county(), &id, Action::Supervise).await.0, CONFLICT);
    assert_eq!(refused(&app, &county(), &id, Action::Lift).await.0, FORBIDDEN);
    done(&app, &township(), &id, Action::Rectify).await;
    done(&app, &township(), &id, Action::Check).await;
    assert_eq!(refused(&app, &county(), &id, Action::Close).await.0, FORBIDDEN);
    done(&app, &city(), &id, Action::Close).await;
    assert_eq!(found(&app, &id).await.supervised, None);
}

async fn a_case_goes_to_enforcement_and_comes_back_with_its_result(db: Db, env) {
    let app = app(db, env).await;
    let id = rectifying(&app).await;
    assert_eq!(refused(&app, &township(), &id, Action::Enforce).await.0, FORBIDDEN);
    done(&app, &county(), &id, Action::Enforce).await;
    done(&app, &county(), &id, Action::Police).await;
    done(&app, &county(), &id, Action::Discipline).await;
    let case = found(&app, &id).await;
    assert_eq!((case.state.0, case.holder.0), (State::Enforcing, region(COUNTY)));
    done(&app, &county(), &id, Action::Enforced).await;
    assert_eq!(found(&app, &id).await.state.0, State::Rectifying);
}

async fn what_a_village_lets_lie_is_forwarded_once(db: Db, env) {
    let app = app(db, env).await;
    let lying = opened(&app, Kind::Abandoned).await;
    let accepted = opened(&app, Kind::Abandoned).await;
    done(&app, &village(), &accepted, Action::Accept).await;
    let now = app.env().now();
    assert_eq!(forward_overdue(&app, now.plus_seconds(-3600)).await.unwrap(), 0, "not yet");
    let before = now.plus_seconds(3600);
    // Two server processes at once.
    let (one, two) = tokio::join!(forward_overdue(&app, before), forward_overdue(&app, before));
    assert_eq!(one.unwrap() + two.unwrap(), 1);
    assert_eq!(found(&app, &lying).await.holder.0, region(TOWNSHIP));
    assert_eq!(found(&app, &accepted).await.holder.0, region(VILLAGE));
    assert_eq!(sql::events(app.db(), &lying, 0).await.unwrap().len(), 2);
}

async fn lists_show_one_s_own_the_newest_first(db: Db, env) {
    let app = app(db, env).await;
    let mut ids = Vec::new();
    for kind in [Kind::Dumping, Kind::Abandoned, Kind::Dumping] {
        ids.insert(0, opened(&app, kind).await);
    }
    for unit in [CITY, COUNTY, TOWNSHIP, VILLAGE, GROUP] {
        assert_eq!(listed(&app, unit, Filter::default()).await, ids, "{unit}");
    }
    assert!(listed(&app, "640502101", Filter::default()).await.is_empty());
    assert!(listed(&app, "64050210000104", Filter::default()).await.is_empty());
    let dumping = Filter { kind: Some(Kind::Dumping), ..Filter::default() };
    assert_eq!(listed(&app, TOWNSHIP, dumping).await, [ids[0].clone(), ids[2].clone()]);
    let before = Filter { before: Some(ids[1].clone()), ..Filter::default() };
    assert_eq!(listed(&app, TOWNSHIP, before).await, [ids[2].clone()]);
    let closed = Filter { state: Some(State::Closed), ..Filter::default() };
    assert!(listed(&app, TOWNSHIP, closed).await.is_empty());
    let permanent = Filter { permanent: Some(true), ..Filter::default() };
    assert!(listed(&app, TOWNSHIP, permanent).await.is_empty());
    done(&app, &village(), &ids[0], Action::Forward).await;
    let mine = Filter { holder: Some(region(TOWNSHIP)), ..Filter::default() };
    assert_eq!(listed(&app, CITY, mine).await, ids[..1]);
}

async fn a_sorted_queue_pages_without_gap_or_repetition(db: Db, env) {
    let app = app(db, env).await;
    for kind in [Kind::Dumping, Kind::Abandoned, Kind::Orchard, Kind::Dumping, Kind::Abandoned, Kind::Other] {
        opened(&app, kind).await;
    }
    let first = listed(&app, CITY, Filter::default()).await.remove(0);
    done(&app, &village(), &first, Action::Accept).await;
    for (word, _) in sql::SORTABLE.keys {
        for wish in [(*word).to_owned(), format!("-{word}")] {
            let order = sql::SORTABLE.order(&wish);
            let whole = listed(&app, CITY, Filter { order, ..Filter::default() }).await;
            assert_eq!(whole.len(), 6, "{wish}");
            let mut paged: Vec<String> = Vec::new();
            loop {
                let filter = Filter { order, before: paged.last().cloned(), ..Filter::default() };
                let page = sql::list(app.db(), &Units::new([region(CITY)]), &filter, 2).await.unwrap();
                if page.is_empty() {
                    break;
                }
                paged.extend(page.into_iter().map(|case| case.id));
            }
            assert_eq!(paged, whole, "{wish}");
        }
    }
    let order = sql::SORTABLE.order("kind");
    let (units, filter) = (Units::new([region(CITY)]), Filter { order, ..Filter::default() });
    let by_kind = sql::list(app.db(), &units, &filter, 9).await.unwrap();
    let kinds: Vec<_> = by_kind.iter().map(|case| case.kind.name()).collect();
    assert_eq!(kinds, ["abandoned", "abandoned", "dumping", "dumping", "orchard", "other"]);
    let down = listed(&app, CITY, Filter { order: sql::SORTABLE.order("-updated"), ..Filter::default() }).await;
    assert_eq!(down[0], first, "the one that was accepted");
    assert!(sql::SORTABLE.order("words").is_none());
}

async fn the_queue_shows_what_is_due(db: Db, env) {
    let app = app(db, env).await;
    let mut ids = Vec::new();
    // Overdue long and since yesterday, soon (the last day of "soon"), in time, without a deadline.
    for days in [-16, -1, 3, 4] {
        let id = opened(&app, Kind::Dumping).await;
        let day = app.env().today().saturating_add(jiff::Span::new().days(days));
        due(&app, &id, Some(deadline::end_of(day))).await;
        ids.push(id);
    }
    due(&app, &opened(&app, Kind::Dumping).await, None).await;
    for (urgency, expected) in [
        (Urgency::LongOverdue, &ids[..1]),
        (Urgency::Overdue, &ids[..2]),
        (Urgency::Soon, &ids[2..3]),
        (Urgency::InTime, &ids[3..]),
    ] {
        let filter = Filter { due: deadline::span(&app, urgency), ..Filter::default() };
        let mut shown = listed(&app, TOWNSHIP, filter).await;
        shown.reverse();
        assert_eq!(shown, expected, "{urgency}");
        for id in shown {
            let shown_as = deadline::urgency(&app, found(&app, &id).await.due_at, app.env().now());
            let overdue = [Urgency::Overdue, Urgency::LongOverdue];
            assert!(shown_as == urgency || overdue.contains(&urgency) && overdue.contains(&shown_as));
        }
    }
    let counted = counts_of(&app, TOWNSHIP).await;
    let expected = [("in_time", 1), ("long_overdue", 1), ("overdue", 1), ("soon", 1)];
    assert_eq!(counted.urgency.into_iter().collect::<Vec<_>>(), expected);
}

// What is tallied is what is there, whatever happened to the cases, at every level.
async fn counts_agree_with_the_cases(db: Db, env) {
    let app = app(db, env).await;
    for kind in [Kind::Dumping, Kind::Building, Kind::IllegalHouse, Kind::Dumping] {
        opened(&app, kind).await;
    }
    rectifying(&app).await;
    let id = rectifying(&app).await;
    for (by, action) in [
        (county(), Action::Supervise),
        (county(), Action::Reclassify),
        (township(), Action::Rectify),
        (township(), Action::Check),
        (county(), Action::Close),
    ] {
        done(&app, &by, &id, action).await;
        // One that is refused leaves nothing behind.
        tried(&app, &village(), &id, 99, Action::Close).await.unwrap_err();
        agree(&app).await;
    }
    done(&app, &township(), &id, Action::Reopen).await;
    agree(&app).await;
    assert_eq!(counts_of(&app, VILLAGE).await.turn["opened"], 3, "the house is the township's");
}

async fn the_queue_and_a_file_can_be_taken_along(db: Db, env) {
    let app = app(db, env).await;
    let id = rectifying(&app).await;
    let cases = sql::list(app.db(), &Units::new([region(COUNTY)]), &Filter::default(), 10).await.unwrap();
    let bytes = export::workbook(&app, "沙坡头区问题线索", &cases).unwrap();
    let options = crate::exchange::table::TableOptions::default();
    let path = std::path::Path::new("cases.xlsx");
    let mut table = crate::exchange::table::read(std::io::Cursor::new(bytes), path, &options).unwrap();
    let column = |name: &str| table.column(&[name]).unwrap();
    let (number, state, due) = (column("线索编号"), column("状态"), column("期限"));
    let row = table.next().unwrap().unwrap();
    assert_eq!(row.text(&number).unwrap().as_deref(), Some(&*id));
    assert_eq!(row.text(&state).unwrap().as_deref(), Some("整改中"));
    assert_eq!(row.date(&due).unwrap(), found(&app, &id).await.due_at.map(deadline::day_of));
    assert!(table.next().is_none());

    // The photo that confirmed it is a stub of a JPEG: its caption stands in the file all the same.
    let case = found(&app, &id).await;
    let stub = crate::evidence::sql::photos_of(app.db(), "case", std::slice::from_ref(&id)).await.unwrap();
    keep(&app, &stub[0].1, b"\xff\xd8\xff\xe0 no picture".to_vec()).await;
    let without = dossier::pdf(&app, &case).await.unwrap();
    assert!(without.starts_with(b"%PDF-"));
    keep(&app, &stub[0].1, picture()).await;
    let with = dossier::pdf(&app, &case).await.unwrap();
    assert!(with.len() > without.len() + 1_000, "{} and {} bytes", without.len(), with.len());
}

async fn reminders_go_out_once_to_whom_the_policy_says(db: Db, env) {
    let app = app(db, env).await;
    let id = opened(&app, Kind::Dumping).await;
    let soon = opened(&app, Kind::Dumping).await;
    let in_days = |days: i64| {
        Some(deadline::end_of(app.env().today().saturating_add(jiff::Span::new().days(days))))
    };
    due(&app, &id, in_days(-1)).await;
    due(&app, &soon, in_days(3)).await;
    // Two server processes at once: three days before, and the first day late (holder and parent).
    let (one, two) = tokio::join!(remind(&app), remind(&app));
    assert_eq!(one.unwrap() + two.unwrap(), 3);
    assert_eq!(remind(&app).await.unwrap(), 0);
    // A new deadline is a new matter.
    due(&app, &id, in_days(4)).await;
    assert_eq!(remind(&app).await.unwrap(), 0, "not yet");
}
}

async fn counts_of(app: &App, unit: &str) -> Counts {
    counts(app, app.db(), &Units::new([region(unit)])).await.unwrap()
}

async fn agree(app: &App) {
    for unit in [CITY, COUNTY, TOWNSHIP, VILLAGE, GROUP, "640502101"] {
        let counts = counts_of(app, unit).await;
        let units = Units::new([region(unit)]);
        let cases = sql::list(app.db(), &units, &Filter::default(), 100).await.unwrap();
        let open: Vec<_> = cases.iter().filter(|case| case.state.0 != State::Closed).collect();
        assert_eq!(counts.open, open.len() as i64, "{unit}");
        for state in State::ALL {
            let n = cases.iter().filter(|case| case.state.0 == *state).count() as i64;
            assert_eq!(counts.state.get(state.name()).copied().unwrap_or_default(), n, "{unit} {state}");
        }
        for kind in Kind::ALL {
            let n = open.iter().filter(|case| case.kind.0 == *kind).count() as i64;
            assert_eq!(counts.kind.get(kind.name()).copied().unwrap_or_default(), n, "{unit} {kind}");
        }
        let supervised = open.iter().filter(|case| case.supervised.is_some()).count() as i64;
        assert_eq!(counts.supervised, supervised);
        let with_deadline = open.iter().filter(|case| case.due_at.is_some()).count() as i64;
        assert_eq!(counts.urgency.values().sum::<i64>(), with_deadline);
        let mine = open.iter().filter(|case| case.holder.0 == region(unit)).count() as i64;
        assert_eq!(counts.turn.values().sum::<i64>(), mine, "{unit}");
    }
}

/// A case that the county has ordered to be put right.
async fn rectifying(app: &App) -> String {
    let id = opened(app, Kind::Building).await;
    done(app, &township(), &id, Action::Accept).await;
    done(app, &township(), &id, Action::Suspect).await;
    done(app, &township(), &id, Action::Confirm).await;
    done(app, &county(), &id, Action::Determine).await;
    done(app, &county(), &id, Action::Order).await;
    id
}

async fn listed(app: &App, unit: &str, filter: Filter) -> Vec<String> {
    let cases = sql::list(app.db(), &Units::new([region(unit)]), &filter, 10).await.unwrap();
    cases.into_iter().map(|case| case.id).collect()
}

async fn due(app: &App, id: &str, at: Option<Timestamp>) {
    let case = found(app, id).await;
    let mut change = change::Change::none(&case);
    change.due_at = at;
    let now = app.env().now();
    app.db().write(move |tx| async move { sql::advance(&tx, &case, &change, now).await }).await.unwrap();
}

/// Puts bytes where the photo of that name is looked for.
async fn keep(app: &App, sha256: &str, bytes: Vec<u8>) {
    let photo = crate::evidence::Photo::new(bytes.into(), 1 << 20).unwrap();
    let photo = crate::evidence::Photo { sha256: sha256.to_owned(), ..photo };
    crate::evidence::keep(app.photos(), &photo).await.unwrap();
}

/// A PNG that cannot be squeezed.
fn picture() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 40, 40);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let pixels: Vec<u8> = (0..4_800_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}
