//! GeoJSON in the shapes people export it.

use geo::Area;
use proptest::prelude::*;

use super::samples::{file, open, open_encoded, read_all};
use crate::exchange::layer::{self, DeclaredCrs, FieldKind, Layer, LayerOptions, RowErrorKind, Value};

const SQUARE: &str = r#"{"type":"Polygon","coordinates":[[[105.0,37.0],[105.1,37.0],[105.1,37.1],[105.0,37.1],[105.0,37.0]]]}"#;

fn feature(properties: &str) -> String {
    format!(r#"{{"type":"Feature","properties":{properties},"geometry":{SQUARE}}}"#)
}

fn collection(head: &str, features: &[String]) -> String {
    format!(r#"{{"type":"FeatureCollection",{head}"features":[{}]}}"#, features.join(",\n"))
}

fn text_of(layer: &Layer, values: &[Value], name: &str) -> Option<String> {
    let index = layer.fields.iter().position(|field| field.name == name)?;
    values[index].as_text().map(|text| text.into_owned())
}

#[test]
fn a_collection_with_all_kinds_of_values() {
    let row = feature(
        r#"{"BSM":"1","面积":12.5,"SJNF":2023,"SFYN":true,"BZ":null,"四至":{"东":["沟"]},"名":"a\u6c34\n\"b"}"#,
    );
    let (_folder, path) = file("DLTB.geojson", collection("", &[row]));
    let mut layer = open(&path).unwrap();
    assert_eq!((layer.name.as_str(), &layer.crs), ("DLTB", &DeclaredCrs::Epsg(4326)));
    let kinds: Vec<_> = layer.fields.iter().map(|f| f.kind).collect();
    use FieldKind::{Integer, Real, Text, Unread};
    assert_eq!(kinds, [Text, Real, Integer, Integer, Unread, Text, Text]);
    let (features, errors) = read_all(&mut layer);
    assert_eq!(errors, vec![]);
    assert_eq!(
        features[0].values,
        [
            Value::Text("1".into()),
            Value::Real(12.5),
            Value::Integer(2023),
            Value::Integer(1),
            Value::Null,
            Value::Text(r#"{"东":["沟"]}"#.into()),
            Value::Text("a水\n\"b".into()),
        ]
    );
    assert!((features[0].geometry.as_ref().unwrap().unsigned_area() - 0.01).abs() < 1e-12);
}

#[test]
fn blanks_may_stand_anywhere_between_two_tokens() {
    let row = feature(r#"{"BSM":"a\"1","名":"水"}"#);
    let tight = collection(r#""name":"图斑","#, &[row]);
    for blank in [" ", "\n\t", "  \r\n "] {
        let spaced = [":", ",", "{", "}", "[", "]"]
            .iter()
            .fold(tight.clone(), |text, token| text.replace(token, &format!("{blank}{token}{blank}")));
        let (_folder, path) = file("x.geojson", &spaced);
        let mut layer = open(&path).unwrap();
        assert_eq!(layer.name, "图斑", "{blank:?}");
        let (features, errors) = read_all(&mut layer);
        assert_eq!(errors, vec![], "{blank:?}");
        assert_eq!(text_of(&layer, &features[0].values, "BSM").unwrap(), "a\"1");
    }
}

#[test]
fn the_old_crs_member_is_understood_in_all_its_spellings() {
    for (name, epsg) in [
        ("EPSG:4523", 4523),
        ("urn:ogc:def:crs:EPSG::4490", 4490),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", 4326),
        ("http://www.opengis.net/def/crs/EPSG/0/4544", 4544),
    ] {
        let head = format!(r#""name":"图斑","crs":{{"type":"name","properties":{{"name":"{name}"}}}},"#);
        let (_folder, path) = file("x.json", collection(&head, &[feature("{}")]));
        let layer = open(&path).unwrap();
        assert_eq!((layer.name.as_str(), layer.crs), ("图斑", DeclaredCrs::Epsg(epsg)));
    }
}

#[test]
fn projected_coordinates_without_a_crs_are_not_taken_for_degrees() {
    let projected = feature("{}").replace("105.", "35438019.").replace("37.", "4141133.");
    let (_folder, path) = file("x.json", collection("", &[projected]));
    let layer = open(&path).unwrap();
    assert_eq!(layer.crs, DeclaredCrs::None);
    assert!(layer.warnings[0].contains("--crs"));
    let options = LayerOptions { crs: Some("EPSG:4523".into()), ..LayerOptions::default() };
    let layer = layer::open(&path, &options).unwrap();
    assert_eq!((layer.crs, layer.warnings.len()), (DeclaredCrs::Epsg(4523), 0));
    let options = LayerOptions { crs: Some("北京54".into()), ..LayerOptions::default() };
    assert!(layer::open(&path, &options).unwrap_err().to_string().contains("EPSG:4523"));
}

#[test]
fn a_crs_behind_the_features_is_not_ignored() {
    let late = format!(
        r#"{{"type":"FeatureCollection","features":[{}],"crs":{{"type":"name","properties":{{"name":"EPSG:4490"}}}}}}"#,
        feature("{}")
    );
    let (_folder, path) = file("x.json", &late);
    let (features, errors) = read_all(&mut open(&path).unwrap());
    assert_eq!(features.len(), 1);
    assert!(errors[0].is_fatal() && errors[0].reason.contains("--crs"));
    let options = LayerOptions { crs: Some("4490".into()), ..LayerOptions::default() };
    assert!(read_all(&mut layer::open(&path, &options).unwrap()).1.is_empty());
}

#[test]
fn one_feature_a_line_with_or_without_separators_and_bom() {
    for separator in ["\n", "\r\n", "\n\u{1E}"] {
        let lines = [feature(r#"{"BSM":"1"}"#), feature(r#"{"BSM":"2"}"#)].join(separator);
        let (_folder, path) = file("x.ndjson", format!("\u{FEFF}{lines}\n"));
        let (features, errors) = read_all(&mut open(&path).unwrap());
        assert_eq!((features.len(), errors.len()), (2, 0), "{separator:?}");
        assert_eq!(features[1].row, 2);
    }
}

#[test]
fn a_broken_line_costs_only_itself() {
    let good = feature(r#"{"BSM":"1"}"#);
    let lines = format!("{good}\n{}\n{good}\n", &good[..good.len() / 2]);
    let (_folder, path) = file("x.ndjson", lines);
    let (features, errors) = read_all(&mut open(&path).unwrap());
    assert_eq!(features.iter().map(|f| f.row).collect::<Vec<_>>(), [1, 3]);
    assert_eq!((errors[0].row, errors[0].kind), (2, RowErrorKind::Malformed));
}

#[test]
fn wrong_features_are_rejected_with_true_reasons_and_reading_goes_on() {
    let geometry =
        |geometry: &str| format!(r#"{{"type":"Feature","properties":{{}},"geometry":{geometry}}}"#);
    let rows = [
        geometry(r#"{"type":"Point","coordinates":[105,37]}"#),
        geometry(r#"{"type":"GeometryCollection","geometries":[]}"#),
        geometry(r#"{"type":"Polygon","coordinates":[[[105,37],[105.1,37]]]}"#),
        geometry(r#"{"type":"Polygon","coordinates":[[[105,37],["x",37],[105,38],[105,37]]]}"#),
        geometry(r#"{"type":"Polygon","coordinates":[[[105,37],[1e999,37],[105,38],[105,37]]]}"#),
        geometry(r#"{"type":"Polygon"}"#),
        geometry(r#"{"coordinates":[]}"#),
        geometry("7"),
        r#"{"type":"Other"}"#.into(),
        r#"{"type":"Feature","properties":[1],"geometry":null}"#.into(),
        "17".into(),
        feature(r#"{"BSM":"last"}"#),
    ];
    let (_folder, path) = file("x.json", collection("", &rows));
    let mut layer = open(&path).unwrap();
    let (features, errors) = read_all(&mut layer);
    assert_eq!((features.len(), features[0].row), (1, 12));
    assert_eq!(text_of(&layer, &features[0].values, "BSM").as_deref(), Some("last"));
    assert_eq!(errors.iter().map(|e| e.row).collect::<Vec<_>>(), (1..=11).collect::<Vec<_>>());
    use RowErrorKind::{Geometry, GeometryType, Malformed};
    let kinds: Vec<_> = errors.iter().map(|e| e.kind).collect();
    assert_eq!(kinds[..7], [GeometryType, GeometryType, Geometry, Malformed, Malformed, Geometry, Geometry]);
    assert!(errors[0].reason.contains("Point"));
    assert!(errors.iter().all(|e| !e.is_fatal()));
}

#[test]
fn members_may_come_in_any_order_and_geometry_may_be_null_or_empty() {
    let rows = [
        r#"{"geometry":{"coordinates":[[[[0,0,9],[1,0,9],[1,1,9],[0,0,9]]],[[[5,5],[6,5],[6,6]]]],"type":"MultiPolygon"},"properties":{"a":1},"type":"Feature","bbox":[0,0,1,1]}"#,
        r#"{"type":"Feature","geometry":null,"properties":null}"#,
        r#"{"type":"Feature","geometry":{"type":"Polygon","coordinates":[]}}"#,
    ];
    let (_folder, path) = file("x.json", collection("", &rows.map(String::from)));
    let (features, errors) = read_all(&mut open(&path).unwrap());
    assert_eq!(errors, vec![]);
    let geometry = features[0].geometry.as_ref().unwrap();
    assert_eq!((geometry.0.len(), geometry.unsigned_area()), (2, 1.0));
    assert_eq!((&features[1].geometry, &features[2].geometry), (&None, &None));
}

#[test]
fn a_column_that_appears_late_is_added_at_the_end() {
    let mut rows = vec![feature(r#"{"BSM":"1"}"#); 400];
    rows.push(feature(r#"{"BZ":"late","BSM":"2"}"#));
    let (_folder, path) = file("x.json", collection("", &rows));
    let mut layer = open(&path).unwrap();
    assert_eq!(layer.fields.len(), 1);
    let (features, _) = read_all(&mut layer);
    assert_eq!(layer.fields[1].name, "BZ");
    assert_eq!(text_of(&layer, &features[400].values, "BZ").as_deref(), Some("late"));
    assert_eq!(text_of(&layer, &features[400].values, "BSM").as_deref(), Some("2"));
}

#[test]
fn a_feature_s_own_id_is_a_column_unless_the_properties_have_one() {
    let row = feature("{}").replacen('{', r#"{"id":17,"#, 1);
    let (_folder, path) = file("x.json", collection("", &[row]));
    let mut layer = open(&path).unwrap();
    let (features, _) = read_all(&mut layer);
    assert_eq!(text_of(&layer, &features[0].values, "id").as_deref(), Some("17"));
}

#[test]
fn a_file_cut_anywhere_is_never_taken_for_complete() {
    let whole = collection(r#""name":"x","#, &vec![feature(r#"{"BSM":"1"}"#); 3]);
    for length in 0..whole.len() {
        let (_folder, path) = file("x.json", &whole[..length]);
        if let Ok(mut layer) = open(&path) {
            let (_, errors) = read_all(&mut layer);
            assert!(errors.iter().any(|e| e.is_fatal()), "cut at {length}");
        }
    }
}

#[test]
fn nesting_a_million_deep_neither_overflows_nor_ends_the_reading() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let rows = [
        format!(r#"{{"type":"Feature","properties":{{"a":{deep}}},"geometry":null}}"#),
        format!(
            r#"{{"type":"Feature","properties":{{}},"geometry":{{"type":"Polygon","coordinates":{deep}}}}}"#
        ),
        feature("{}"),
    ];
    let (_folder, path) = file("x.json", collection("", &rows));
    let (features, errors) = read_all(&mut open(&path).unwrap());
    assert_eq!(features.iter().map(|f| f.row).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(errors[0].row, 2);
}

#[test]
fn a_form_feed_between_values_is_an_error_not_an_endless_loop() {
    let row = feature("{}").replace("37.1],", "37.1\u{C}],").replace("],[", "],\u{C}[");
    let (_folder, path) = file("x.json", collection("", &[row]));
    let (features, errors) = read_all(&mut open(&path).unwrap());
    assert!(features.is_empty() && errors[0].is_fatal());
}

#[test]
fn a_single_feature_larger_than_the_bound_ends_the_reading_not_the_memory() {
    let huge = format!(r#"{{"type":"Feature","properties":{{"a":"{}"}}}}"#, "x".repeat(40 << 20));
    let (_folder, path) = file("x.json", collection("", &[feature("{}"), huge]));
    let (features, errors) = read_all(&mut open(&path).unwrap());
    assert_eq!(features.len(), 1);
    assert!(errors[0].is_fatal(), "{errors:?}");
}

#[test]
fn gbk_is_told_from_utf8_and_said_aloud() {
    let text = collection("", &vec![feature(r#"{"DLMC":"水浇地","ZLDWMC":"沙坡头区东园镇"}"#); 20]);
    let gbk = encoding_rs::GBK.encode(&text).0.into_owned();
    let (_folder, path) = file("x.json", &gbk);
    for mut layer in [open(&path).unwrap(), open_encoded(&path, "gbk").unwrap()] {
        let (features, _) = read_all(&mut layer);
        assert_eq!(text_of(&layer, &features[19].values, "DLMC").as_deref(), Some("水浇地"));
    }
    assert!(open(&path).unwrap().warnings[0].contains("GB18030"));
}

#[test]
fn one_text_that_is_not_utf8_rejects_its_row() {
    let mut rows = vec![feature(r#"{"DLMC":"水浇地"}"#); 60];
    rows[3] = feature(r#"{"DLMC":"@@"}"#);
    let bytes: Vec<u8> =
        collection("", &rows).into_bytes().into_iter().map(|b| if b == b'@' { 0xFF } else { b }).collect();
    let (_folder, path) = file("x.json", bytes);
    let (features, errors) = read_all(&mut open_encoded(&path, "UTF-8").unwrap());
    assert_eq!(features.len(), 59);
    assert_eq!((errors[0].row, errors[0].kind), (4, RowErrorKind::Encoding));
}

#[test]
fn other_json_is_refused_with_a_reason() {
    for (content, word) in [
        (r#"{"type":"Topology","objects":{}}"#, "Topology"),
        (r#"{"a":1}"#, "features"),
        (r#"{"type":"FeatureCollection","features":7}"#, "features"),
        (r#"[1,2]"#, "GeoJSON"),
        ("", "空"),
    ] {
        let (_folder, path) = file("x.json", content);
        let error = open(&path).unwrap_err().to_string();
        assert!(error.contains(word), "{content}: {error}");
    }
}

proptest! {
    /// Coordinates come out as the nearest double, whatever their form.
    #[test]
    fn coordinates_are_rounded_as_the_standard_library_does(
        x in prop_oneof![
            "-?[0-9]{1,3}\\.[0-9]{1,20}", "-?[0-9]{1,9}(\\.[0-9]{1,4})?", "-?[0-9]{1,3}(\\.[0-9]{1,9})?e-?[0-9]{1,2}"
        ],
    ) {
        let text = feature("{}").replacen("105.0", &x, 1);
        let (_folder, path) = file("x.json", collection("", &[text]));
        let (features, errors) = read_all(&mut open(&path).unwrap());
        prop_assert!(errors.is_empty(), "{:?}", errors);
        let read = features[0].geometry.as_ref().unwrap().0[0].exterior().0[0].x;
        prop_assert_eq!(read.to_bits(), x.parse::<f64>().unwrap().to_bits());
    }
}
