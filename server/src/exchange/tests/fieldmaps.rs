//! Which field means what.

use crate::exchange::fieldmap::{Attribute, FieldMap, FieldMapError};
use crate::exchange::layer::{Feature, Field, FieldKind, Value};

fn fields(names: &[&str]) -> Vec<Field> {
    names.iter().map(|name| Field { name: (*name).into(), kind: FieldKind::Text }).collect()
}

fn feature(texts: &[&str]) -> Feature {
    let values = texts.iter().map(|text| Value::Text((*text).into())).collect();
    Feature { row: 1, geometry: None, values }
}

#[test]
fn the_national_names_are_found_in_any_case() {
    let binding = FieldMap::national()
        .bind(&fields(&["bsm", "Dlbm", "ZWGDM"]), &[Attribute::Identifier, Attribute::LandClass])
        .unwrap();
    let row = feature(&["1", " 0102 ", ""]);
    assert_eq!(binding.text(Attribute::LandClass, &row).as_deref(), Some("0102"));
    assert_eq!(binding.text(Attribute::ParcelCode, &row), None);
    assert!(binding.has(Attribute::ParcelCode) && !binding.has(Attribute::Area));
    assert_eq!(binding.value(Attribute::Area, &row), &Value::Null);
}

#[test]
fn a_map_renames_chooses_fixes_and_drops() {
    let map = FieldMap::from_toml(
        "bsm = \"OBJECTID\"\ndlbm = { value = \"0102\" }\nzldwdm = [\"XZQDM\", \"CUN\"]\nbz = []\nsjnf = { value = 2023 }\n",
    )
    .unwrap();
    let required = [Attribute::Identifier, Attribute::LandClass, Attribute::LocationCode];
    let binding = map.bind(&fields(&["objectid", "DLBM", "Cun", "BZ"]), &required).unwrap();
    let row = feature(&["17", "0301", "640502", "x"]);
    assert_eq!(binding.text(Attribute::Identifier, &row).as_deref(), Some("17"));
    assert_eq!(binding.text(Attribute::LandClass, &row).as_deref(), Some("0102"));
    assert_eq!(binding.text(Attribute::LocationCode, &row).as_deref(), Some("640502"));
    assert_eq!(binding.value(Attribute::Year, &row), &Value::Integer(2023));
    assert!(!binding.has(Attribute::Remark));
}

#[test]
fn missing_fields_are_named_beside_those_that_are_there() {
    let error =
        FieldMap::national().bind(&fields(&["OBJECTID", "NAME"]), &[Attribute::Identifier]).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("bsm") && message.contains("OBJECTID") && message.contains("--map"),
        "{message}"
    );
}

#[test]
fn a_map_that_points_nowhere_is_an_error_even_for_what_is_optional() {
    let map = FieldMap::from_toml("bz = \"REMARK\"").unwrap();
    let error = map.bind(&fields(&["BSM"]), &[]).unwrap_err();
    assert!(matches!(error, FieldMapError::NoSuchField { key: "bz", .. }));
}

#[test]
fn mistakes_in_the_file_are_explained() {
    let unknown = FieldMap::from_toml("bsn = \"X\"").unwrap_err().to_string();
    assert!(unknown.contains("bsn") && unknown.contains("bsm"), "{unknown}");
    for text in ["bsm = ", "bsm = 7", "bsm = { wert = 1 }"] {
        assert!(matches!(FieldMap::from_toml(text), Err(FieldMapError::Syntax(_))), "{text}");
    }
}

#[test]
fn a_binding_notices_columns_that_come_late() {
    let mut binding = FieldMap::national().bind(&fields(&["BSM"]), &[]).unwrap();
    let row = feature(&["1", "late"]);
    assert_eq!(binding.text(Attribute::Remark, &row), None);
    binding.refresh(&fields(&["BSM", "BZ"]));
    assert_eq!(binding.text(Attribute::Remark, &row).as_deref(), Some("late"));
}

#[test]
fn every_attribute_has_its_own_key() {
    let mut keys: Vec<_> = Attribute::ALL.iter().map(|a| a.key()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), Attribute::ALL.len());
}
