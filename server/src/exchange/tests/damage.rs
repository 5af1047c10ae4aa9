//! Whatever happens to a file on its way, reading it ends, with errors and never with a panic.

use std::fs;

use proptest::prelude::*;

use super::samples::{file, polygon_record, read_all, repository_file, shapefile, shp, square};
use crate::exchange::layer::{self, LayerOptions};
use crate::exchange::table::{self, TableOptions};
use crate::exchange::workbook::{Column, Workbook};

/// Damage: bytes changed at places given as fractions of the length, then the end cut off.
#[derive(Debug, Clone)]
struct Damage {
    changes: Vec<(f64, u8)>,
    keep: f64,
}

impl Damage {
    fn apply(&self, whole: &[u8]) -> Vec<u8> {
        let at = |fraction: f64| (fraction * whole.len() as f64) as usize;
        let mut bytes = whole.to_vec();
        for (place, byte) in &self.changes {
            if let Some(slot) = bytes.get_mut(at(*place)) {
                *slot = *byte;
            }
        }
        bytes.truncate(at(self.keep));
        bytes
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    // Headers are where damage does most, so half of the changes go near the beginning.
    let place = prop_oneof![0.0..1.0, 0.0..0.05];
    let changes = proptest::collection::vec((place, any::<u8>()), 0..8);
    let keep = prop_oneof![3 => Just(1.0), 1 => 0.0..1.0];
    (changes, keep).prop_map(|(changes, keep)| Damage { changes, keep })
}

/// Opens and reads to the end; the number of rows must stay within reason.
fn survive(path: &std::path::Path, encoding: Option<&str>) {
    let options = LayerOptions {
        layer: Some("DLTB".into()),
        encoding: encoding.map(Into::into),
        max_unpacked: Some(16 << 20),
        ..LayerOptions::default()
    };
    if let Ok(mut layer) = layer::open(path, &options) {
        let (good, bad) = read_all(&mut layer);
        assert!(good.len() + bad.len() < 100_000);
        assert!(good.iter().all(|feature| feature.values.len() <= layer.fields.len()));
    }
}

fn geojson() -> Vec<u8> {
    let feature = r#"{"type":"Feature","properties":{"BSM":"1\u00e9","DLMC":"水浇地","TBMJ":1.5e3,"x":[1,{"a":null}]},
        "geometry":{"type":"MultiPolygon","coordinates":[[[[105,37],[105.1,37],[105.1,37.1],[105,37]]]]}}"#;
    format!(r#"{{"type":"FeatureCollection","name":"DLTB","features":[{}]}}"#, [feature; 6].join(","))
        .into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn geojson_survives(damage in damage()) {
        let (_folder, path) = file("DLTB.json", damage.apply(&geojson()));
        survive(&path, None);
        survive(&path, Some("UTF-8"));
    }

    #[test]
    fn shapefiles_survive(to_shp in damage(), to_shx in damage(), to_dbf in damage()) {
        let squares: Vec<_> = (0..5)
            .map(|i| polygon_record(&[&square(f64::from(i), 0.0, 9.0), &super::samples::hole(f64::from(i) + 1.0, 1.0, 1.0)]))
            .collect();
        let (shp, shx) = shp(&squares);
        let columns: [(&[u8], u8, u8, u8); 3] = [(b"BSM", b'C', 18, 0), (b"TBMJ", b'N', 15, 2), (b"RQ", b'D', 8, 0)];
        let row = vec![b"\xCB\xAE1".to_vec(), b"12.5".to_vec(), b"20231122".to_vec()];
        let table = super::samples::dbf_typed(0x4D, &columns, &vec![row; 5]);
        let (shp, shx, table) = (to_shp.apply(&shp), to_shx.apply(&shx), to_dbf.apply(&table));
        let (_folder, path) = shapefile(&[("shp", &shp), ("shx", &shx), ("dbf", &table)]);
        survive(&path, None);
        survive(&path, Some("GB18030"));
        let (_folder, path) = shapefile(&[("shp", &shp), ("dbf", &table)]);
        survive(&path, Some("GB18030"));
    }

    #[test]
    fn csv_survives(damage in damage()) {
        let whole = "编码,日期,数量\n一,2023-11-22,\"7\"\n二,2023/1/2,\"a\"\"b\"\n".repeat(4);
        let (_folder, path) = file("x.csv", damage.apply(whole.as_bytes()));
        if let Ok(table) = table::open(&path, &TableOptions::default()) {
            assert!(table.count() < 1000);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn zips_survive(damage in damage()) {
        let whole = fs::read(repository_file("dltb-gbk.zip")).unwrap();
        let (_folder, path) = file("x.zip", damage.apply(&whole));
        survive(&path, None);
    }

    #[test]
    fn geopackages_survive(damage in damage()) {
        let whole = fs::read(repository_file("dltb.gpkg")).unwrap();
        let (_folder, path) = file("x.gpkg", damage.apply(&whole));
        survive(&path, None);
    }

    #[test]
    fn workbooks_survive(damage in damage()) {
        let mut book = Workbook::new(jiff::civil::datetime(2026, 1, 1, 0, 0, 0, 0)).unwrap();
        let columns = ["编码", "日期"].map(|header| Column::new(header, 9.0));
        let mut sheet = book.sheet("甲", None, &columns).unwrap();
        for _ in 0..20 {
            sheet.row(&["640502".into(), "2023-11-22".into()]).unwrap();
        }
        let (_folder, path) = file("x.xlsx", damage.apply(&book.finish().unwrap()));
        if let Ok(table) = table::open(&path, &TableOptions::default()) {
            assert!(table.count() < 100_000);
        }
    }
}
