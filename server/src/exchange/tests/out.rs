//! Layers that are written, as they are read back.

use geo::{Area, MultiPolygon, polygon};
use jiff::civil::date;

use super::samples::{open, read_all};
use crate::db::Timestamp;
use crate::exchange::layer::{DeclaredCrs, Value};
use crate::exchange::out::{Column, GeoPackage, Shapefile};

const COLUMNS: &[Column] =
    &[Column::text("NAME", "名称", 10), Column::date("QSX", "前时相"), Column::area("TBMJ", "面积")];

/// Two parts, one of them with a hole.
fn outline() -> MultiPolygon<f64> {
    let lake = polygon!(
        exterior: [(x: 105.0, y: 37.0), (x: 105.3, y: 37.0), (x: 105.3, y: 37.3), (x: 105.0, y: 37.3)],
        interiors: [[(x: 105.1, y: 37.1), (x: 105.1, y: 37.2), (x: 105.2, y: 37.2), (x: 105.2, y: 37.1)]],
    );
    let apart = polygon![(x: 106.0, y: 37.0), (x: 106.5, y: 37.0), (x: 106.5, y: 37.5)];
    MultiPolygon::new(vec![lake, apart])
}

fn rows() -> [Vec<Value>; 2] {
    let text = |text: &str| Value::Text(text.to_owned());
    // Ten bytes hold three characters.
    [
        vec![text("沙坡头区"), text("2026-07-15"), Value::Real(1234.567)],
        vec![Value::Null, Value::Null, Value::Null],
    ]
}

/// Opens what was written and compares it with [`outline`] and `expected`.
fn check(path: &std::path::Path, first_column: usize, expected: [[Option<&str>; 3]; 2]) {
    let mut layer = open(path).expect("opens");
    assert!(layer.warnings.is_empty(), "{:?}", layer.warnings);
    assert!(matches!(&layer.crs, DeclaredCrs::Epsg(4490) | DeclaredCrs::Wkt(_)), "{:?}", layer.crs);
    let (features, errors) = read_all(&mut layer);
    assert_eq!((features.len(), errors.len()), (2, 0));
    for (feature, expected) in features.iter().zip(expected) {
        let texts: Vec<_> = feature.values[first_column..].iter().map(Value::as_text).collect();
        assert_eq!(texts.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
        let read = feature.geometry.as_ref().expect("an outline");
        assert_eq!(read.0.iter().map(|p| p.interiors().len()).collect::<Vec<_>>(), [1, 0]);
        assert!((read.unsigned_area() - outline().unsigned_area()).abs() < 1e-12);
    }
}

#[test]
fn a_shapefile_reads_back_with_holes_parts_and_whole_characters() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.zip");
    let mut shapefile = Shapefile::new(COLUMNS, date(2026, 11, 28)).expect("begins");
    for row in rows() {
        shapefile.add(&outline(), &row).expect("added");
    }
    shapefile.finish("JCTB", "说明", std::fs::File::create(&path).expect("a file")).expect("packed");
    check(&path, 0, [[Some("沙坡头"), Some("20260715"), Some("1234.57")], [None; 3]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_geopackage_reads_back_with_holes_and_parts() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.gpkg");
    let mut package = GeoPackage::create(&path, "JCTB", "说明", COLUMNS, Timestamp(0)).await.expect("begins");
    for row in rows() {
        package.add(&outline(), &row).await.expect("added");
    }
    package.finish().await.expect("closed");
    // The first column is the row's number.
    let expected = [[Some("沙坡头区"), Some("2026-07-15"), Some("1234.57")], [None; 3]];
    tokio::task::spawn_blocking(move || check(&path, 1, expected)).await.expect("read");
}
