//! Shapefiles whole, lacking parts, zipped, wound wrongly.

use encoding_rs::GBK;
use geo::Area;

use super::samples::{
    bomb, dbf, dbf_typed, file, hole, open, polygon_record, read_all, repository_file, shapefile, shp,
    square, stored_zip,
};
use crate::exchange::layer::{self, DeclaredCrs, FieldKind, LayerOptions, OpenError, RowErrorKind, Value};

fn names(count: usize) -> Vec<Vec<Vec<u8>>> {
    (1..=count).map(|i| vec![format!("{i}").into_bytes()]).collect()
}

/// A layer of one row per record.
fn layer_of(records: &[Vec<u8>]) -> (tempfile::TempDir, std::path::PathBuf) {
    let (shp, shx) = shp(records);
    shapefile(&[("shp", &shp), ("shx", &shx), ("dbf", &dbf(0, &[b"BSM"], &names(records.len())))])
}

fn options(layer: &str) -> LayerOptions {
    LayerOptions { layer: Some(layer.into()), ..LayerOptions::default() }
}

#[test]
fn the_city_s_gbk_zip_opens_as_it_is() {
    let mut layer = layer::open(&repository_file("dltb-gbk.zip"), &options("DLTB")).unwrap();
    assert_eq!((layer.name.as_str(), layer.feature_count, layer.fields.len()), ("DLTB", Some(40), 32));
    assert!(matches!(&layer.crs, DeclaredCrs::Wkt(wkt) if wkt.contains("CGCS2000_3_Degree_GK_Zone_35")));
    let (features, errors) = read_all(&mut layer);
    assert_eq!((features.len(), errors.len()), (40, 0));
    let first = &features[0];
    let value = |name: &str| &first.values[layer.fields.iter().position(|f| f.name == name).unwrap()];
    assert_eq!(value("BSM").as_text().unwrap(), "640502211000000001");
    assert_eq!(value("DLMC").as_text().unwrap(), "水浇地");
    assert_eq!(value("QSDWMC").as_text().unwrap(), "向阳巷居委会");
    assert_eq!(value("TBMJ").as_f64(), Some(12527.25));
    assert_eq!(value("SJNF"), &Value::Integer(2023));
    assert_eq!(value("BZ"), &Value::Null);
    let planar = first.geometry.as_ref().unwrap().unsigned_area();
    assert!((planar - 12527.25).abs() < 12527.25 * 0.0005, "planar area {planar}");
    assert!((layer.progress() - 1.0).abs() < 1e-9);
}

#[test]
fn several_layers_need_a_choice_and_are_named() {
    let path = repository_file("dltb-gbk.zip");
    let error = open(&path).unwrap_err();
    let OpenError::Layer { layers, .. } = &error else { panic!("{error}") };
    assert_eq!(layers, &["DLTB", "JCTB"]);
    assert!(error.to_string().contains("--layer"));
    let error = layer::open(&path, &options("XZQ")).unwrap_err();
    assert!(error.to_string().contains("XZQ") && error.to_string().contains("JCTB"));
}

#[test]
fn a_zip_from_chinese_windows_with_folders_and_capitals() {
    let (shp, shx) = shp(&[polygon_record(&[&square(0.0, 0.0, 1.0)])]);
    let table = dbf(0x4D, &[b"DLMC"], &[vec![GBK.encode("旱地").0.into_owned()]]);
    let name = |extension: &str| GBK.encode(&format!("数据\\沙坡头区.{extension}")).0.into_owned();
    let zip = stored_zip(&[
        (&name("SHP"), &shp),
        (&name("SHX"), &shx),
        (&name("DBF"), &table),
        (b"__MACOSX/._a.shp", b"junk"),
    ]);
    let (_folder, path) = file("upload", zip);
    let mut layer = open(&path).unwrap();
    assert_eq!(layer.name, "沙坡头区");
    assert_eq!(read_all(&mut layer).0[0].values[0].as_text().unwrap(), "旱地");
}

#[test]
fn a_zip_without_a_shapefile_says_so() {
    let (_folder, path) = file("a.zip", stored_zip(&[(b"readme.txt", b"hello")]));
    assert!(open(&path).unwrap_err().to_string().contains(".shp"));
}

#[test]
fn a_zip_bomb_is_refused_at_the_bound() {
    let (_folder, path) = file("bomb.zip", bomb("a.shp", 8 << 20));
    let options = LayerOptions { max_unpacked: Some(1 << 20), ..LayerOptions::default() };
    let error = layer::open(&path, &options).unwrap_err();
    assert!(matches!(error, OpenError::TooLarge(_)), "{error}");
}

#[test]
fn shx_prj_and_cpg_may_be_missing_but_dbf_may_not() {
    let (shp, _) = shp(&[polygon_record(&[&square(0.0, 0.0, 2.0)])]);
    let (_folder, path) = shapefile(&[("shp", &shp), ("DBF", &dbf(0, &[b"BSM"], &names(1)))]);
    let mut layer = open(&path).unwrap();
    assert_eq!(layer.crs, DeclaredCrs::None);
    assert_eq!(read_all(&mut layer).0[0].geometry.as_ref().unwrap().unsigned_area(), 4.0);

    let (_folder, path) = shapefile(&[("shp", &shp)]);
    assert!(open(&path).unwrap_err().to_string().contains("DLTB.dbf"));
}

#[test]
fn an_index_of_another_length_is_not_followed() {
    let squares: Vec<_> = (0..3).map(|i| polygon_record(&[&square(f64::from(i), 0.0, 1.0)])).collect();
    let ((shp_all, _), (_, shx_short)) = (shp(&squares), shp(&squares[..2]));
    let parts: [(&str, &[u8]); 3] =
        [("shp", &shp_all), ("shx", &shx_short), ("dbf", &dbf(0, &[b"BSM"], &names(3)))];
    let (_folder, path) = shapefile(&parts);
    let mut layer = open(&path).unwrap();
    assert!(layer.warnings[0].contains(".shx"));
    assert_eq!(read_all(&mut layer).0.len(), 3);
}

#[test]
fn holes_go_to_the_ring_around_them_and_islands_stay_islands() {
    let rings = [
        square(0.0, 0.0, 100.0),
        square(200.0, 0.0, 100.0),
        hole(210.0, 10.0, 30.0),
        hole(10.0, 10.0, 80.0),
        // An island in the second hole, with a pond of its own.
        square(20.0, 20.0, 40.0),
        hole(30.0, 30.0, 10.0),
    ];
    let rings: Vec<&[_]> = rings.iter().map(Vec::as_slice).collect();
    let (_folder, path) = layer_of(&[polygon_record(&rings)]);
    let (features, _) = read_all(&mut open(&path).unwrap());
    let geometry = features[0].geometry.as_ref().unwrap();
    assert_eq!(geometry.0.len(), 3);
    assert_eq!(geometry.0.iter().map(|p| p.interiors().len()).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(geometry.0[1].interiors()[0].0[0].x, 210.0);
    let area = 10_000.0 + 10_000.0 - 900.0 - 6_400.0 + 1_600.0 - 100.0;
    assert_eq!(geometry.unsigned_area(), area);
}

#[test]
fn a_hole_that_touches_its_ring_still_belongs_to_it() {
    // All four corners of the hole lie on the outer ring's edges.
    let mut diamond = vec![(5.0, 0.0), (10.0, 5.0), (5.0, 10.0), (0.0, 5.0), (5.0, 0.0)];
    let outer = square(0.0, 0.0, 10.0);
    let (_folder, path) = layer_of(&[polygon_record(&[&outer, &diamond])]);
    let (features, _) = read_all(&mut open(&path).unwrap());
    assert_eq!(features[0].geometry.as_ref().unwrap().unsigned_area(), 50.0);
    // Wound the other way it is a second outer ring: that is what the format says.
    diamond.reverse();
    let (_folder, path) = layer_of(&[polygon_record(&[&outer, &diamond])]);
    let (features, _) = read_all(&mut open(&path).unwrap());
    assert_eq!(features[0].geometry.as_ref().unwrap().0.len(), 2);
}

#[test]
fn rings_wound_the_wrong_way_are_outer_when_nothing_is_around_them() {
    let (_folder, path) = layer_of(&[polygon_record(&[&hole(0.0, 0.0, 2.0), &hole(5.0, 0.0, 2.0)])]);
    let (features, _) = read_all(&mut open(&path).unwrap());
    let geometry = features[0].geometry.as_ref().unwrap();
    assert_eq!((geometry.0.len(), geometry.unsigned_area()), (2, 8.0));
}

#[test]
fn what_is_no_polygon_is_one_row_s_error() {
    let mut point = 1_u32.to_le_bytes().to_vec();
    point.extend([0; 16]);
    let two_points = [(0.0, 0.0), (1.0, 1.0), (0.0, 0.0)];
    let mut infinite = square(0.0, 0.0, 1.0);
    infinite[1].0 = f64::NAN;
    let (_folder, path) = layer_of(&[
        polygon_record(&[&square(0.0, 0.0, 1.0)]),
        point,
        0_u32.to_le_bytes().to_vec(),
        polygon_record(&[&two_points]),
        polygon_record(&[&infinite]),
    ]);
    let (features, errors) = read_all(&mut open(&path).unwrap());
    assert_eq!(features.iter().map(|f| f.row).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(features[1].geometry, None);
    let kinds: Vec<_> = errors.iter().map(|e| (e.row, e.kind)).collect();
    use RowErrorKind::{Geometry, GeometryType};
    assert_eq!(kinds, [(2, GeometryType), (4, Geometry), (5, Geometry)]);
    assert!(errors[0].reason.contains("Point"));
}

#[test]
fn every_row_is_accounted_for_when_table_and_shapes_differ_in_number() {
    let squares: Vec<_> = (0..3).map(|i| polygon_record(&[&square(f64::from(i), 0.0, 1.0)])).collect();
    for (rows, good, bad) in [(2, 2, 1), (5, 3, 2)] {
        let (shp, _) = shp(&squares);
        let (_folder, path) = shapefile(&[("shp", &shp), ("dbf", &dbf(0, &[b"BSM"], &names(rows)))]);
        let (features, errors) = read_all(&mut open(&path).unwrap());
        assert_eq!((features.len(), errors.len()), (good, bad));
    }
}

#[test]
fn a_table_cut_short_ends_with_a_fatal_error() {
    let squares: Vec<_> = (0..3).map(|i| polygon_record(&[&square(f64::from(i), 0.0, 1.0)])).collect();
    let (shp, shx) = shp(&squares);
    let table = dbf(0, &[b"BSM"], &names(3));
    let (_folder, path) = shapefile(&[("shp", &shp), ("shx", &shx), ("dbf", &table[..table.len() - 10])]);
    let (features, errors) = read_all(&mut open(&path).unwrap());
    assert_eq!(features.len(), 2);
    assert!(errors[0].is_fatal() && errors[0].reason.contains("3 行"));
}

#[test]
fn a_shape_cut_short_behind_the_last_row_ends_the_file() {
    let squares: Vec<_> = (0..3).map(|i| polygon_record(&[&square(f64::from(i), 0.0, 1.0)])).collect();
    let (shp, _) = shp(&squares);
    let table = dbf(0, &[b"BSM"], &names(2));
    let (_folder, path) = shapefile(&[("shp", &shp[..shp.len() - 10]), ("dbf", &table)]);
    let rows: Vec<_> = open(&path).unwrap().take(10).collect();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows[2].as_ref().unwrap_err().is_fatal());
}

#[test]
fn a_shape_that_the_index_puts_beyond_the_end_costs_no_other_row() {
    let squares: Vec<_> = (0..4).map(|i| polygon_record(&[&square(f64::from(i), 0.0, 1.0)])).collect();
    let (shp, mut shx) = shp(&squares);
    // The second record's head is said to begin four bytes before the end of the file.
    let offset = (shp.len() as u32 - 4) / 2;
    shx[108..112].copy_from_slice(&offset.to_be_bytes());
    let table = dbf(0, &[b"BSM"], &names(4));
    let (_folder, path) = shapefile(&[("shp", &shp), ("shx", &shx), ("dbf", &table)]);
    let (features, errors) = read_all(&mut open(&path).unwrap());
    assert_eq!(features.iter().map(|f| f.row).collect::<Vec<_>>(), [1, 3, 4], "{errors:?}");
}

#[test]
fn rows_marked_deleted_are_passed_over_with_a_word() {
    let squares: Vec<_> = (0..3).map(|i| polygon_record(&[&square(f64::from(i), 0.0, 1.0)])).collect();
    let (shp, shx) = shp(&squares);
    let mut table = dbf(0, &[b"BSM"], &names(3));
    table[65 + 25] = b'*';
    let (_folder, path) = shapefile(&[("shp", &shp), ("shx", &shx), ("dbf", &table)]);
    let mut layer = open(&path).unwrap();
    let (features, errors) = read_all(&mut layer);
    assert_eq!(features.iter().map(|f| f.row).collect::<Vec<_>>(), [1, 3]);
    // The geometry stays beside its own attributes.
    assert_eq!(features[1].geometry.as_ref().unwrap().0[0].exterior().0[0].x, 2.0);
    assert_eq!((errors.len(), layer.warnings.len()), (0, 1));
}

#[test]
fn numbers_dates_and_truth_values_keep_their_type() {
    let columns: [(&[u8], u8, u8, u8); 7] = [
        (b"TBMJ", b'N', 15, 2),
        (b"SJNF", b'N', 4, 0),
        (b"KCXS", b'F', 6, 4),
        (b"RQ", b'D', 8, 0),
        (b"YN", b'L', 1, 0),
        (b"X", b'O', 8, 0),
        (b"MEMO", b'M', 10, 0),
    ];
    let row = |cells: [&[u8]; 7]| cells.iter().map(|c| c.to_vec()).collect::<Vec<_>>();
    let rows = [
        row([b"   12527.25", b"2023", b"0.1204", b"20231122", b"T", &2.5_f64.to_le_bytes(), b"1"]),
        row([b"***************", b"    ", b"", b"", b"?", &f64::NAN.to_le_bytes(), b""]),
        row([b"12,5", b"20x3", b"1e400", b"20231122", b"F", &0.0_f64.to_le_bytes(), b""]),
    ];
    let (shp, _) = shp(&vec![polygon_record(&[&square(0.0, 0.0, 1.0)]); 3]);
    let (_folder, path) = shapefile(&[("shp", &shp), ("dbf", &dbf_typed(0, &columns, &rows))]);
    let mut layer = open(&path).unwrap();
    assert_eq!(layer.fields[6].kind, FieldKind::Unread);
    assert!(layer.warnings.iter().any(|w| w.contains("MEMO")));
    let (features, _) = read_all(&mut layer);
    use Value::{Integer, Null, Real, Text};
    let date = || Text("20231122".into());
    assert_eq!(
        features[0].values,
        [Real(12527.25), Integer(2023), Real(0.1204), date(), Integer(1), Real(2.5), Null]
    );
    assert_eq!(features[1].values, vec![Null; 7]);
    // What is no number stays as it was written, for the reject file to show.
    let texts = ["12,5", "20x3", "1e400"].map(|t| Text(t.into()));
    assert_eq!(features[2].values[..3], texts);
}
