use super::*;
use crate::audit::{Verdict, verify};
use crate::db::testing::both;

both! {
async fn the_citys_divisions_come_once(db: Db, env) {
    let first = divisions(&db, &env, DIVISIONS, Some(NOTICE)).await;
    assert_eq!(counts(&first), [566, 566, 0, 0, 0]);
    assert_eq!(first.warnings, Vec::<String>::new());
    let again = divisions(&db, &env, DIVISIONS, None).await;
    assert_eq!(counts(&again), [566, 0, 0, 566, 0]);
    let grid = grid(&db).await;
    assert_eq!(grid.children(&unit("6405")).count(), 3);
    assert_eq!(grid.unit(&unit("640502")).unwrap().valid_from, NOTICE);
    assert!(matches!(verify(&db).await.unwrap(), Verdict::Sound(_)));
}
}

both! {
async fn a_dry_run_leaves_nothing_behind(db: Db, env) {
    let source = Source { dry_run: true, ..Source::new("divisions.csv", DIVISIONS) };
    let report = crate::grid::import::divisions(&db, &env, &clerk(), source, None).await.unwrap();
    assert_eq!(counts(&report), [566, 566, 0, 0, 0]);
    assert!(grid(&db).await.is_empty());
    assert_eq!(verify(&db).await.unwrap(), Verdict::Sound(0));
}
}

both! {
async fn rows_come_in_any_order_and_bad_ones_are_told_one_by_one(db: Db, env) {
    let text = "code,name,parent,level,office_phone\n\
        640502100,滨河镇,640502,4,\n\
        640502,沙坡头区,640500000000,3,0955-7012345\n\
        640500000000,中卫市,,2,\n\
        64050,五位,,2,\n\
        640502101,文昌镇,640521,4,\n\
        640502102,东园镇,640502,5,\n\
        640502100000,滨河镇,640502,4,\n\
        640521100,宁安镇,640521,4,\n\
        640502103,柔远镇,640502,4,13909550000\n\
        640502104,,640502,4,\n";
    let report = divisions(&db, &env, text, None).await;
    assert_eq!(counts(&report), [10, 3, 0, 0, 7]);
    let expected = [
        "5 cell code “64050”不是区划代码",
        "6 cell parent 640502101000 的上级代码应为 640502000000，不是“640521”",
        "7 cell level 640502102000 是第 4 级的代码，与级别“5”不符",
        "8 duplicate  代码与第 2 行重复",
        "9 parent  上级单位 640521000000 不存在",
        "10 cell office_phone 办公电话不能填个人手机号",
        "11 cell name 没有填写",
    ];
    let told = refusals(&report);
    for (line, expected) in told.lines().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
}
}

const COUNTY: &str = "code,name\n6405,中卫市\n640502,沙坡头区\n";

both! {
async fn a_new_name_begins_on_its_day_and_the_old_one_stays(db: Db, env) {
    let before = format!("{COUNTY}640502100,滨河乡\n");
    divisions(&db, &env, &before, Some(NOTICE)).await;
    let after = "code,name,valid_from\n640502100,滨河镇,2025-07-01\n";
    assert_eq!(counts(&divisions(&db, &env, after, None).await), [1, 0, 1, 0, 0]);
    assert_eq!(counts(&divisions(&db, &env, after, None).await), [1, 0, 0, 1, 0]);
    let rows = crate::grid::sql::units(&db).await.unwrap();
    let rows: Vec<_> = rows.iter().filter(|u| u.code == unit("640502100")).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!((&*rows[0].name, rows[0].valid_to), ("滨河乡", Some(date(2025, 7, 1))));
    assert_eq!((&*rows[1].name, rows[1].valid_to), ("滨河镇", None));
    assert_eq!(grid(&db).await.name(&unit("640502100")), "滨河镇");
    // The older file does not turn time back.
    let old = "code,name,valid_from\n640502100,滨河乡,2023-11-22\n";
    let report = divisions(&db, &env, old, None).await;
    assert!(refusals(&report).contains("日期却更早"), "{}", refusals(&report));
}
}

both! {
async fn a_code_that_was_rezoned_still_resolves(db: Db, env) {
    let text = format!("{COUNTY}640502100,滨河镇\n640502101,文昌镇\n");
    divisions(&db, &env, &text, Some(NOTICE)).await;
    // The successor stands below the unit whose place it takes.
    let text = "code,name,successor,valid_to\n\
        640502100,滨河镇,640502105,2026-01-01\n640502105,新滨河镇,,\n640502101,文昌镇,640502199,\n";
    let report = divisions(&db, &env, text, Some(date(2026, 1, 1))).await;
    assert_eq!(counts(&report), [3, 1, 1, 0, 1]);
    assert!(refusals(&report).contains("承接单位 640502199000 不存在"), "{}", refusals(&report));
    let grid = grid(&db).await;
    assert_eq!(grid.resolve(&unit("640502100")).unwrap().name, "新滨河镇");
    assert_eq!(grid.unit(&unit("640502100")).unwrap().valid_to, Some(date(2026, 1, 1)));
    // A chain of successors must not bite its tail.
    let circle = "code,name,successor\n640502105,新滨河镇,640502100\n";
    let report = divisions(&db, &env, circle, None).await;
    assert!(refusals(&report).contains("绕回"), "{}", refusals(&report));
}
}

both! {
async fn units_without_farmland_tasks_stay_out_of_the_vacancies(db: Db, env) {
    let text = "code,name,takes_part\n6405,中卫市,\n640502,沙坡头区,否\n640521,中宁县,是\n";
    divisions(&db, &env, text, None).await;
    let grid = grid(&db).await;
    let vacant: Vec<_> = grid.vacancies(&unit("6405")).map(|unit| unit.name.as_str()).collect();
    assert_eq!(vacant, ["中卫市", "中宁县"]);
}
}
