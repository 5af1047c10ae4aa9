//! GeoPackages.

use geo::Area;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::samples::{open, read_all, repository_file};
use crate::exchange::layer::{self, DeclaredCrs, FieldKind, LayerOptions, OpenError, RowErrorKind, Value};
use crate::exchange::wkb::read_wkb;

fn options(layer: &str) -> LayerOptions {
    LayerOptions { layer: Some(layer.into()), ..LayerOptions::default() }
}

/// A copy of the sample with some SQL run on it.
fn changed(statements: &[&str]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.gpkg");
    std::fs::copy(repository_file("dltb.gpkg"), &path).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection =
            SqliteConnectOptions::new().filename(&path).foreign_keys(false).connect().await.unwrap();
        for statement in statements {
            sqlx::query(AssertSqlSafe(*statement)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    });
    (folder, path)
}

#[test]
fn the_city_s_layer_reads_the_same_as_its_shapefile() {
    let mut package = layer::open(&repository_file("dltb.gpkg"), &options("dltb")).unwrap();
    assert_eq!((&package.crs, package.feature_count), (&DeclaredCrs::Epsg(4523), Some(40)));
    let mut zipped = layer::open(&repository_file("dltb-gbk.zip"), &options("DLTB")).unwrap();
    let (ours, errors) = read_all(&mut package);
    let (theirs, _) = read_all(&mut zipped);
    assert_eq!((ours.len(), errors.len()), (40, 0));
    for (a, b) in ours.iter().zip(&theirs) {
        let value = |layer: &layer::Layer, f: &layer::Feature, name: &str| {
            let index = layer.fields.iter().position(|field| field.name == name).unwrap();
            f.values[index].as_text().map(|text| text.into_owned())
        };
        for name in ["BSM", "DLMC", "ZLDWMC", "TBMJ", "SJNF", "ZWGDM", "SFYN", "BZ"] {
            assert_eq!(value(&package, a, name), value(&zipped, b, name), "row {} {name}", a.row);
        }
        let (a, b) = (a.geometry.as_ref().unwrap(), b.geometry.as_ref().unwrap());
        assert!((a.unsigned_area() - b.unsigned_area()).abs() < 0.01);
    }
    assert_eq!(package.fields.iter().find(|f| f.name == "TBMJ").unwrap().kind, FieldKind::Real);
}

#[test]
fn several_layers_need_a_choice() {
    let error = open(&repository_file("dltb.gpkg")).unwrap_err();
    assert!(matches!(&error, OpenError::Layer { layers, .. } if layers == &["DLTB", "JCTB"]), "{error}");
}

#[test]
fn rows_that_are_wrong_are_rejected_one_by_one() {
    let (_folder, path) = changed(&[
        "UPDATE DLTB SET geom = NULL WHERE fid = 1",
        "UPDATE DLTB SET geom = x'0102' WHERE fid = 2",
        "UPDATE DLTB SET geom = x'47500001EB1100000101000000000000000000F03F000000000000F03F' WHERE fid = 3",
        "UPDATE DLTB SET geom = substr(geom, 1, length(geom) - 3) WHERE fid = 4",
        "UPDATE DLTB SET BZ = CAST(x'FFFE' AS TEXT) WHERE fid = 5",
        "UPDATE DLTB SET SJNF = 'zwei', TBMJ = 7 WHERE fid = 6",
    ]);
    let mut layer = layer::open(&path, &options("DLTB")).unwrap();
    let (features, errors) = read_all(&mut layer);
    assert_eq!(features.len() + errors.len(), 40);
    assert_eq!((features[0].row, &features[0].geometry), (1, &None));
    let kinds: Vec<_> = errors.iter().map(|e| (e.row, e.kind)).collect();
    use RowErrorKind::{Encoding, Geometry, GeometryType};
    assert_eq!(kinds, [(2, Geometry), (3, GeometryType), (4, Geometry), (5, Encoding)]);
    let year = layer.fields.iter().position(|f| f.name == "SJNF").unwrap();
    assert_eq!(features[1].values[year], Value::Text("zwei".into()));
}

#[test]
fn odd_names_and_other_reference_systems() {
    let (_folder, path) = changed(&[
        "ALTER TABLE JCTB RENAME TO \"变化 \"\"图斑\"\"\"",
        "UPDATE gpkg_contents SET table_name = '变化 \"图斑\"' WHERE table_name = 'JCTB'",
        "UPDATE gpkg_geometry_columns SET table_name = '变化 \"图斑\"', srs_id = -1 WHERE table_name = 'JCTB'",
    ]);
    let mut layer = layer::open(&path, &options("变化 \"图斑\"")).unwrap();
    assert_eq!(layer.crs, DeclaredCrs::None);
    assert_eq!(read_all(&mut layer).0.len(), 10);
}

#[test]
fn a_reader_may_stop_early() {
    let mut layer = layer::open(&repository_file("dltb.gpkg"), &options("DLTB")).unwrap();
    assert_eq!(layer.next().unwrap().unwrap().row, 1);
    drop(layer);
}

#[test]
fn an_sqlite_file_that_is_no_geopackage_says_so() {
    let (_folder, path) = changed(&["DROP TABLE gpkg_geometry_columns"]);
    assert!(open(&path).unwrap_err().to_string().contains("GeoPackage"));
}

/// A ring's corners behind their count, in little or big endian.
fn ring(little: bool, corners: &[[f64; 4]], dimensions: usize) -> Vec<u8> {
    let mut bytes = if little { 4_u32.to_le_bytes() } else { 4_u32.to_be_bytes() }.to_vec();
    for value in corners.iter().flat_map(|corner| &corner[..dimensions]) {
        bytes.extend(if little { value.to_le_bytes() } else { value.to_be_bytes() });
    }
    bytes
}

#[test]
fn wkb_in_either_byte_order_with_z_and_m_of_both_dialects() {
    let corners = [[0.0, 0.0, 9.0, 8.0], [1.0, 0.0, 9.0, 8.0], [1.0, 1.0, 9.0, 8.0], [0.0, 0.0, 9.0, 8.0]];
    for (geometry_type, dimensions) in
        [(3_u32, 2), (1003, 3), (2003, 3), (3003, 4), (0x8000_0003, 3), (0x4000_0003, 3), (0xC000_0003, 4)]
    {
        for little in [true, false] {
            let u32 = |n: u32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
            let head = [&[u8::from(little)][..], &u32(geometry_type), &u32(1)].concat();
            let bytes = [head, ring(little, &corners, dimensions)].concat();
            assert_eq!(read_wkb(&bytes).unwrap().unsigned_area(), 0.5, "{geometry_type:x}");
            assert!(read_wkb(&bytes[..bytes.len() - 1]).is_err());
        }
    }
    let empty = [&[1_u8][..], &6_u32.to_le_bytes(), &0_u32.to_le_bytes()].concat();
    assert!(read_wkb(&empty).unwrap().0.is_empty());
    let false_count = [&[1_u8][..], &6_u32.to_le_bytes(), &u32::MAX.to_le_bytes()].concat();
    assert_eq!(read_wkb(&false_count).unwrap_err().kind, RowErrorKind::Geometry);
}
