use super::*;
use crate::db::testing::both;
use crate::db::{Session, Tx, sql};
use crate::grid::targets::{Kind, progress};

async fn targets(db: &Db, env: &Env, text: &str) -> Report {
    crate::grid::import::targets(db, env, &clerk(), Source::new("targets.csv", text)).await.unwrap()
}

/// A parcel: id, unit, class, imported and computed area, permanent, grade, retired.
type Plot = (i64, &'static str, &'static str, Option<f64>, f64, bool, Option<i64>, Option<&'static str>);

async fn plant(tx: &Tx, plot: Plot) -> sqlx::Result<()> {
    let (id, unit, class, tbmj, area, permanent, quality, retired_on) = plot;
    let nothing: &[u8] = &[];
    tx.execute(
        sql("insert into parcels (id, unit, unit_since, dlbm, tbmj, area, permanent, added, quality, crs, \
             geometry, shape, fingerprint, import_id, version, revision, created_at, updated_at, retired_on) \
             values ($1, $2, '2023-11-22', $3, $4, $5, $6, false, $7, 4490, $8, $8, $8, '', 1, 1, 0, 0, $9)")
        .bind(id)
        .bind(unit)
        .bind(class)
        .bind(tbmj)
        .bind(area)
        .bind(permanent)
        .bind(quality)
        .bind(nothing)
        .bind(retired_on),
    )
    .await
    .map(|_| ())
}

both! {
async fn targets_stand_against_what_parcels_add_up_to(db: Db, env) {
    divisions(&db, &env, DIVISIONS, Some(NOTICE)).await;
    assert_eq!(counts(&targets(&db, &env, TARGETS).await), [2, 2, 0, 0, 0]);
    assert_eq!(counts(&targets(&db, &env, TARGETS).await), [2, 0, 0, 2, 0]);
    let plots: [Plot; 6] = [
        (1, "640502102210", "0101", Some(2_000.0), 1_999.0, true, Some(6), None),
        (2, "64050210221001", "0103", None, 4_000.0, false, Some(9), None),
        (3, "640521100001", "0102", Some(1_000.0), 1_000.0, false, None, None),
        (4, "640502102210", "0201", Some(500.0), 500.0, true, Some(1), None),
        (5, "640502102210", "0101", Some(9_999.0), 9_999.0, true, Some(1), Some("2026-01-01")),
        (6, "640502103001", "1104", Some(700.0), 700.0, false, None, None),
    ];
    db.write(move |tx| async move {
        for plot in plots {
            plant(&tx, plot).await?;
        }
        Ok::<_, sqlx::Error>(())
    })
    .await
    .unwrap();

    let city = progress(&db, &unit("6405"), 2026).await.unwrap();
    let [cropland, permanent] = &city.items[..] else { panic!("two kinds") };
    assert_eq!((cropland.kind, cropland.parcels, cropland.area), (Kind::Cropland, 3, 7_000.0));
    assert_eq!(cropland.mu, 10.5);
    assert_eq!(cropland.gap, Some(4_401_200.0 - 10.5));
    assert_eq!((permanent.parcels, permanent.area), (2, 2_500.0));
    let target = cropland.target.as_ref().unwrap();
    assert_eq!((target.year, target.document.as_str()), (2023, "卫政办发〔2023〕74号"));
    let quality = city.quality.as_ref().unwrap();
    assert_eq!((quality.average, quality.area), (8.0, 6_000.0));

    let group = progress(&db, &unit("64050210221001"), 2026).await.unwrap();
    assert_eq!((group.items[0].area, group.items[0].gap), (4_000.0, None));
    let empty = progress(&db, &unit("640522"), 2026).await.unwrap();
    assert_eq!((empty.items[0].parcels, empty.quality), (0, None));
    assert!(progress(&db, &unit("6405"), 2022).await.unwrap().items[0].target.is_none());
}
}

both! {
async fn a_target_that_changes_stays_in_the_audit_log(db: Db, env) {
    divisions(&db, &env, DIVISIONS, Some(NOTICE)).await;
    targets(&db, &env, TARGETS).await;
    let text = TARGETS.replace("4401200", "4401300");
    assert_eq!(counts(&targets(&db, &env, &text).await), [2, 0, 1, 1, 0]);
    let logged: Vec<(String,)> =
        db.all(sql("select detail from audit where action = 'target.enter' order by at, seq")).await.unwrap();
    assert_eq!(logged.len(), 3);
    assert!(logged[2].0.contains("4401200") && logged[2].0.contains("4401300"), "{}", logged[2].0);
}
}

both! {
async fn a_target_needs_a_unit_a_number_and_a_document(db: Db, env) {
    divisions(&db, &env, DIVISIONS, Some(NOTICE)).await;
    let text = "unit,year,kind,mu,document\n640599,2023,耕地保有量,5,文件\n640502,二三,耕地保有量,5,文件\n\
        640502,2023,林地,5,文件\n640502,2023,耕地保有量,-5,文件\n640502,2023,耕地保有量,5,\n";
    let report = targets(&db, &env, text).await;
    assert_eq!(counts(&report), [5, 0, 0, 0, 5]);
    let reasons = ["没有 640599000000 这个单位", "“二三”不是年份", "“林地”应为", "大于 0", "没有填写"];
    for (refusal, reason) in report.refusals.iter().zip(reasons) {
        assert!(refusal.reason.contains(reason), "{}", refusal.reason);
    }
}
}
