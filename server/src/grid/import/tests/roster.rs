use super::*;
use crate::audit::{Verdict, verify};
use crate::db::testing::both;
use crate::grid::appointments::{Role, Term};
use crate::grid::sql::{history, responsible};

/// Name, first day and end of all terms in a unit, the latest first.
async fn terms(db: &Db, code: &str) -> Vec<(String, String, Option<String>)> {
    let line = |t: Term| (t.name, t.starts.to_string(), t.ends.map(|e| e.to_string()));
    history(db, &unit(code)).await.unwrap().into_iter().map(line).collect()
}

fn line(name: &str, starts: &str, ends: Option<&str>) -> (String, String, Option<String>) {
    (name.to_owned(), starts.to_owned(), ends.map(str::to_owned))
}

both! {
async fn the_notices_annex_names_twelve_people(db: Db, env) {
    divisions(&db, &env, DIVISIONS, Some(NOTICE)).await;
    assert_eq!(counts(&roster(&db, &env, ANNEX).await), [12, 12, 0, 0, 0]);
    assert_eq!(counts(&roster(&db, &env, ANNEX).await), [12, 0, 0, 12, 0]);
    for (code, chief) in [("6405", "马洪海"), ("640502", "丁志军"), ("640521", "周永根"), ("640522", "张鹏")]
    {
        let held = history(&db, &unit(code)).await.unwrap();
        let of = |role| held.iter().filter(move |t| *t.role == role);
        assert_eq!(of(Role::Chief).map(|t| &*t.name).collect::<Vec<_>>(), [chief]);
        assert_eq!(of(Role::Deputy).count(), 2);
    }
    let day = responsible(&db, &[unit("6405"), unit("640502")], date(2023, 11, 21)).await.unwrap();
    assert_eq!(day, Vec::new(), "nobody was responsible before the notice");
    assert!(matches!(verify(&db).await.unwrap(), Verdict::Sound(_)));
}
}

/// Groups, a leader, a village head and a worker, as a workbook with a title above the header.
fn workbook() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let rows: [[&str; 8]; 6] = [
        ["白桥村网格人员名单", "", "", "", "", "", "", ""],
        ["区划代码", "单位名称", "姓名", "角色", "确定方式", "任职日期", "公示同意", "办公电话"],
        ["64050210221001", "第一村民小组", "马占山", "村民小组责任人", "组长", "2024-01-05", "同意", ""],
        ["64050210221002", "", "李秀英", "村民小组责任人", "村委会确定", "2024-01-05", "", ""],
        ["640502102210", "白桥村村委会", "白永福", "村级责任人", "", "2023-12-01", "", "0955-7650001"],
        ["640502102210", "", "李秀英", "网格员", "", "2024-01-05", "", ""],
    ];
    for (r, row) in (0..).zip(rows) {
        for (c, text) in (0..).zip(row) {
            if !text.is_empty() {
                sheet.write_string(r, c, text).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

both! {
async fn a_workbook_makes_groups_and_appoints_people(db: Db, env) {
    divisions(&db, &env, DIVISIONS, Some(NOTICE)).await;
    let report = roster(&db, &env, workbook()).await;
    assert_eq!(counts(&report), [4, 4, 0, 0, 0], "{}", refusals(&report));
    assert_eq!(counts(&roster(&db, &env, workbook()).await), [4, 0, 0, 4, 0]);
    let grid = grid(&db).await;
    assert_eq!(grid.name(&unit("64050210221001")), "第一村民小组");
    assert_eq!(grid.name(&unit("64050210221002")), "第2村民小组");
    assert_eq!(grid.unit(&unit("640502102210")).unwrap().office_phone.as_deref(), Some("0955-7650001"));
    // The public sees a group leader's name only with his consent.
    let shown = |code: &str| grid.terms(&unit(code))[0].shows_name;
    assert_eq!((shown("64050210221001"), shown("64050210221002")), (true, false));
    assert_eq!(grid.vacancies(&unit("640502102210")).count(), 0);
}
}

const PLACE: &str = "code,name\n6405,中卫市\n640502,沙坡头区\n640502100,滨河镇\n640502100001,向阳巷\n";
const HEAD: &str = "unit,name,role,starts,ends,source\n";

both! {
async fn a_post_of_one_passes_on_and_nothing_is_deleted(db: Db, env) {
    divisions(&db, &env, PLACE, Some(date(2020, 1, 1))).await;
    // The later holder stands first: rows apply in the order of their days.
    let both = format!(
        "{HEAD}640502100001,乙,村级责任人,2025-03-01,,任命二\n640502100001,甲,村级责任人,2023-12-01,,任命一\n"
    );
    assert_eq!(counts(&roster(&db, &env, both.as_str()).await), [2, 2, 0, 0, 0]);
    let expected = [line("乙", "2025-03-01", None), line("甲", "2023-12-01", Some("2025-03-01"))];
    assert_eq!(terms(&db, "640502100001").await, expected);
    assert_eq!(counts(&roster(&db, &env, both.as_str()).await), [2, 0, 0, 2, 0]);

    // A term before all others needs its end, and must not run into them.
    let early = format!("{HEAD}640502100001,丙,村级责任人,2021-01-01,,任命零\n");
    let report = roster(&db, &env, early).await;
    assert!(refusals(&report).contains("已由甲担任，任期重叠"), "{}", refusals(&report));
    let early = format!("{HEAD}640502100001,丙,村级责任人,2021-01-01,2023-12-01,任命零\n");
    assert_eq!(counts(&roster(&db, &env, early).await), [1, 1, 0, 0, 0]);

    // An end is set once.
    let leave = format!("{HEAD}640502100001,乙,village_head,2025-03-01,2026-06-01,\n");
    assert_eq!(counts(&roster(&db, &env, leave.as_str()).await), [1, 0, 1, 0, 0]);
    assert_eq!(counts(&roster(&db, &env, leave.as_str()).await), [1, 0, 0, 1, 0]);
    let other = leave.replace("2026-06-01", "2026-07-01");
    let report = roster(&db, &env, other).await;
    assert!(refusals(&report).contains("任期已于 2026-06-01 结束"), "{}", refusals(&report));
    assert_eq!(terms(&db, "640502100001").await.len(), 3);

    let who = |day| {
        let db = db.clone();
        async move {
            let held = responsible(&db, &[unit("640502100001")], day).await.unwrap();
            held.into_iter().map(|t| t.name).collect::<Vec<_>>()
        }
    };
    assert_eq!(who(date(2023, 11, 30)).await, ["丙"]);
    assert_eq!(who(date(2025, 2, 28)).await, ["甲"]);
    assert_eq!(who(date(2025, 3, 1)).await, ["乙"]);
    assert_eq!(who(date(2026, 6, 1)).await, Vec::<String>::new());
}
}

both! {
async fn workers_stand_side_by_side_and_a_number_tells_namesakes_apart(db: Db, env) {
    divisions(&db, &env, PLACE, Some(date(2020, 1, 1))).await;
    let text = "unit,name,role,starts,person\n\
        640502100001,马伟,网格员,2024-01-01,A1\n640502100001,马伟,网格员,2024-01-01,A2\n\
        640502100,马伟,经办人,2024-01-01,A1\n640502100001,马超,网格员,2024-01-01,A1\n";
    let report = roster(&db, &env, text).await;
    assert_eq!(counts(&report), [4, 3, 0, 0, 1]);
    assert!(refusals(&report).contains("人员编号 A1 登记的是另一个姓名"), "{}", refusals(&report));
    assert_eq!(counts(&roster(&db, &env, text).await), [4, 0, 0, 3, 1]);
    let people = crate::grid::sql::people(&db).await.unwrap();
    assert_eq!(people.len(), 2, "{people:?}");
}
}

both! {
async fn departments_send_one_member_and_one_liaison_each(db: Db, env) {
    divisions(&db, &env, PLACE, None).await;
    let text = "unit,name,role,starts,department\n\
        6405,甲,协调机制成员,2024-01-01,市财政局\n6405,乙,联络员,2024-01-01,财政局\n\
        6405,丙,协调机制成员,2024-01-01,水务局\n6405,丁,协调机制成员,2024-01-01,公安局\n\
        6405,戊,协调机制成员,2025-01-01,财政局\n";
    let report = roster(&db, &env, text).await;
    assert_eq!(counts(&report), [5, 4, 0, 0, 1]);
    assert!(refusals(&report).contains("公安局"), "{}", refusals(&report));
    let ended: Vec<_> = terms(&db, "6405").await.into_iter().filter(|(.., ends)| ends.is_some()).collect();
    assert_eq!(ended, [line("甲", "2024-01-01", Some("2025-01-01"))]);
}
}

both! {
async fn bad_rows_are_told_one_by_one_and_leave_nothing(db: Db, env) {
    let rezoned = format!("{PLACE}640502101,文昌镇\n");
    divisions(&db, &env, &rezoned, Some(date(2020, 1, 1))).await;
    let closing = "code,name,successor,valid_to\n640502101,文昌镇,640502100,2025-01-01\n";
    divisions(&db, &env, closing, None).await;
    let text = "区划代码,单位名称,姓名,角色,确定方式,任职日期,离任日期,办公电话,手机\n\
        64050210000101,一组,甲,村民小组责任人,,2024-01-01,,,\n\
        64050210000201,一组,甲,村民小组责任人,组长,2024-01-01,,,\n\
        640502100001,,甲,村长,,2024-01-01,,,\n\
        640502100001,,甲,总责任人,,2024-01-01,,,\n\
        640502100001,东园村,甲,村级责任人,,2024-01-01,,,\n\
        640502101,,甲,总责任人,,2025-06-01,,,\n\
        640502100001,,甲,村级责任人,,2024-01-01,2023-01-01,,\n\
        640502100001,,甲,,,2024-01-01,,,\n\
        640502100001,,,村级责任人,,2024-01-01,,,\n\
        640502100001,,甲,村级责任人,,去年,,,\n\
        640502100001,,,,,,,+86 139 0955 0000,\n";
    let report = roster(&db, &env, text).await;
    assert_eq!(counts(&report), [11, 0, 0, 0, 11]);
    let expected = [
        "须注明确定方式",
        "没有 640502100002 这个村",
        "“村长”应为总责任人、",
        "总责任人不能设在第5级",
        "登记的名称是“向阳巷”，不是“东园村”",
        "已于 2025-01-01 并入 640502100000，请改用新代码",
        "离任日期应晚于任职日期",
        "有姓名而没有角色",
        "没有填写姓名",
        "“去年”不是日期",
        "办公电话不能填个人手机号",
    ];
    for (refusal, expected) in report.refusals.iter().zip(expected) {
        assert!(refusal.reason.contains(expected), "{}: {}", refusal.row, refusal.reason);
    }
    assert_eq!(report.warnings, ["这些列没有导入：手机"]);
    assert_eq!(crate::grid::sql::people(&db).await.unwrap(), Vec::new());
    assert!(grid(&db).await.unit(&unit("64050210000101")).is_none());
}
}
