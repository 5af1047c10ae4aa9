//! Layers on both databases: the same file again changes nothing, a changed one changes what it should.

use std::path::PathBuf;

use super::*;
use crate::db::testing::{app, both, somebody};
use crate::exchange::rejects::Counts;

/// A GeoJSON file of approvals: number, last day, and a place (metres east of a corner in EPSG:4523).
fn file(folder: &tempfile::TempDir, rows: &[(&str, &str, f64)]) -> PathBuf {
    let feature = |(number, valid_to, east): &(&str, &str, f64)| {
        let (x, y) = (35_520_000.0 + east, 4_159_000.0);
        format!(
            r#"{{"type":"Feature","properties":{{"PZWH":"{number}","YXQZ":"{valid_to}","YT":"临时用地"}},
            "geometry":{{"type":"Polygon","coordinates":[[[{x},{y}],[{},{y}],[{},{}],[{x},{y}]]]}}}}"#,
            x + 50.0,
            x + 50.0,
            y + 50.0
        )
    };
    let features = rows.iter().map(feature).collect::<Vec<_>>().join(",");
    let text = format!(
        r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"EPSG:4523"}}}},"features":[{features}]}}"#
    );
    let path = folder.path().join("批准.geojson");
    std::fs::write(&path, text).expect("written");
    path
}

fn counts([read, imported, updated, unchanged, rejected]: [u64; 5]) -> Counts {
    Counts { read, imported, updated, unchanged, rejected }
}

both! {
    async fn a_layer_can_come_again(db: Db, env) {
        let app = app(db, env, &[("6405", "中卫市")]).await;
        let folder = tempfile::tempdir().expect("a folder");
        let run = async |rows: &[(&str, &str, f64)], options: Options| {
            let path = file(&folder, rows);
            import(&app, &somebody(), Kind::Approval, &path, &options, |_, _| {}).await.expect("imported")
        };
        let rows = [("批1", "2026-03-31", 0.0), ("批2", "", 100.0), ("批2", "", 200.0)];
        let dry = Options { dry_run: true, ..Options::default() };
        assert_eq!(run(&rows, dry).await.counts, counts([3, 3, 0, 0, 0]));
        assert_eq!(run(&rows, Options::default()).await.counts, counts([3, 3, 0, 0, 0]));
        assert_eq!(run(&rows, Options::default()).await.counts, counts([3, 0, 0, 3, 0]));

        let shelf = Shelf::load(app.db()).await.expect("loads");
        let found = shelf.within([105.0, 37.0, 106.0, 38.0]);
        let areas = areas(app.db(), &found).await.expect("read");
        assert_eq!(areas.iter().map(|a| a.number.as_deref().unwrap_or_default()).collect::<Vec<_>>(),
            ["批1", "批2", "批2"]);
        assert_eq!(areas[0].valid_to.map(|d| d.to_string()).as_deref(), Some("2026-03-31"));

        // A longer term is a change; a row twice and a date that is none are refused.
        let later = [("批1", "2027-03-31", 0.0), ("批2", "", 100.0), ("批2", "", 100.0), ("批3", "明年", 300.0)];
        let replace = Options { replace: true, ..Options::default() };
        let report = run(&later, replace).await;
        assert_eq!(report.counts, counts([4, 0, 1, 1, 2]));
        assert_eq!(report.ended, 1, "the third area is no longer in the file");
        let shelf = Shelf::load(app.db()).await.expect("loads");
        assert_eq!(shelf.within([105.0, 37.0, 106.0, 38.0]).len(), 2);
        assert_eq!(run(&rows, Options::default()).await.counts, counts([3, 0, 2, 1, 0]), "one came back");
    }
}
