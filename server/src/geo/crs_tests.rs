//! Coordinate systems against PROJ: 38 systems of the world by code and by the three kinds of WKT that GDAL
//! writes (ESRI, version 1, version 2), and one point in each.

use super::*;
use crate::geo::Transformer;
use geo::{Coord, Distance, Haversine, Point};
use proptest::prelude::*;

/// `gdaltransform -s_srs OGC:CRS84 -t_srs EPSG:…` (GDAL 3.6, PROJ 9.1, no grids).
const POINTS: &str = include_str!("../../tests/data/crs_points.csv");
/// `gdalsrsinfo -o wkt_esri|wkt1|wkt2_2019 EPSG:…`.
const TEXTS: &str = include_str!("../../tests/data/crs_texts.tsv");

struct Reference {
    code: u32,
    source: Coord<f64>,
    lonlat: Coord<f64>,
}

fn references() -> Vec<Reference> {
    let reference = |line: &str| {
        let n: Vec<f64> = line.split(',').map(|f| f.parse().unwrap()).collect();
        let (source, lonlat) = (Coord { x: n[1], y: n[2] }, Coord { x: n[3], y: n[4] });
        Reference { code: n[0] as u32, source, lonlat }
    };
    POINTS.lines().skip(1).map(reference).collect()
}

/// What the datum allows: a tenth of a millimetre where only the projection counts, a centimetre where a
/// datum shift is rounded, and half a metre in Germany, whose shift has two published sets of parameters.
fn tolerance(code: u32) -> f64 {
    match code {
        31467 => 0.5,
        2056 | 2100 | 3844 | 5514 | 21781 | 27700 | 28992 | 31256 | 31370 => 0.01,
        _ => 1e-4,
    }
}

fn miss(crs: Crs, reference: &Reference) -> f64 {
    let found = Transformer::new(crs).unwrap().to_lonlat(reference.source).unwrap();
    Haversine.distance(Point::from(found), Point::from(reference.lonlat))
}

#[test]
fn every_code_leads_to_the_place_that_proj_finds() {
    let references = references();
    assert!(references.len() >= 36);
    for reference in references {
        let crs = Crs::from_epsg(reference.code).unwrap();
        let miss = miss(crs, &reference);
        assert!(miss < tolerance(reference.code), "EPSG:{} misses by {miss} m", reference.code);
    }
}

#[test]
fn every_prj_text_leads_there_too() {
    let references = references();
    for line in TEXTS.lines() {
        let mut fields = line.split('\t');
        let (code, kind, text) = (fields.next().unwrap(), fields.next().unwrap(), fields.next().unwrap());
        let reference = references.iter().find(|r| r.code.to_string() == code).unwrap();
        let crs = Crs::parse(text).unwrap_or_else(|e| panic!("EPSG:{code} {kind}: {e}"));
        let miss = miss(crs, reference);
        assert!(miss < tolerance(reference.code), "EPSG:{code} {kind} misses by {miss} m");
    }
}

#[test]
fn a_chinese_zone_is_recognised_under_every_name() {
    let esri = r#"PROJCS["CGCS2000_3_Degree_GK_Zone_35",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",35500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",105.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
    let bare = esri.replace("35500000.0", "500000.0").replace("GK_Zone_35", "GK_CM_105E");
    assert_eq!(Crs::parse(esri), Ok(Crs::GaussKruger(GaussKruger::ZONE_35_PREFIXED)));
    assert_eq!(Crs::parse(&bare), Ok(Crs::GaussKruger(GaussKruger::ZONE_35)));
    for text in [
        "EPSG:4523",
        "epsg:4523",
        "4523",
        " 4523\n",
        "urn:ogc:def:crs:EPSG::4523",
        "http://www.opengis.net/def/crs/EPSG/0/4523",
        "+proj=tmerc +lat_0=0 +lon_0=105 +k=1 +x_0=35500000 +y_0=0 +ellps=GRS80 +units=m +no_defs",
    ] {
        assert_eq!(Crs::parse(text), Ok(Crs::GaussKruger(GaussKruger::ZONE_35_PREFIXED)), "{text}");
    }
    for text in ["EPSG:4326", "EPSG:4490", "OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84", "4258"] {
        assert_eq!(Crs::parse(text), Ok(Crs::Geographic), "{text}");
    }
}

#[test]
fn unknown_systems_are_refused_in_plain_words() {
    let message = |text: &str| Crs::parse(text).unwrap_err().to_string();
    assert_eq!(
        message("EPSG:1"),
        "EPSG:1 is not known here; give the coordinate system as a proj string or a .prj file"
    );
    assert_eq!(
        message("Zone 35"),
        "the coordinate system cannot be read: “Zone 35” is no EPSG code, proj string or WKT"
    );
    assert!(message("").contains("cannot be read"));
    assert!(message("+proj=nonsense").contains("not supported"));
    assert!(message("EPSG:4978").contains("no longitude and latitude"));
    assert!(message(&"PROJCS[".repeat(1000)).contains("nested too deeply"));
    assert!(message(&" ".repeat(10).replace(' ', &"x".repeat(10_000))).contains("too long"));
}

#[test]
fn the_zone_prefix_follows_the_numbers() {
    let declared_bare = Crs::from_epsg(4544).unwrap();
    assert_eq!(declared_bare.agreeing_with(35_438_019.3).epsg(), Some(4523));
    assert_eq!(declared_bare.agreeing_with(438_019.3).epsg(), Some(4544));
    assert_eq!(Crs::from_epsg(4523).unwrap().agreeing_with(438_019.3).epsg(), Some(4544));
    assert_eq!(Crs::Geographic.agreeing_with(35_438_019.3), Crs::Geographic);
    assert_eq!(Crs::guess(105.2, 37.5), Some(Crs::Geographic));
    assert_eq!(Crs::guess(36_438_019.3, 4_141_133.5).unwrap().epsg(), Some(4524));
    assert_eq!(Crs::guess(438_019.3, 4_141_133.5).unwrap().epsg(), Some(4544));
    assert_eq!(Crs::guess(438_019.3, 99.0), None);
    assert_eq!(Crs::guess(f64::NAN, f64::NAN), None);
}

#[test]
fn a_datum_without_public_parameters_is_told() {
    let xian_80 = Crs::from_epsg(2343).unwrap();
    assert!(!xian_80.datum_shift_known());
    for code in [4490, 4523, 32648, 28992, 27700, 3857, 5514] {
        assert!(Crs::from_epsg(code).unwrap().datum_shift_known(), "EPSG:{code}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,80}") {
        let _ = Crs::parse(&text);
        let _ = Crs::from_wkt(&text);
        let _ = Crs::from_proj(&format!("+proj={text}"));
    }

    #[test]
    fn a_damaged_prj_is_read_or_refused(
        line in any::<prop::sample::Index>(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 1..5),
        point in (any::<f64>(), any::<f64>()),
    ) {
        let lines: Vec<&str> = TEXTS.lines().collect();
        let text = lines[line.index(lines.len())].rsplit('\t').next().unwrap();
        let mut chars: Vec<char> = text.chars().collect();
        for (at, c) in hits {
            let at = at.index(chars.len());
            chars[at] = c;
        }
        if let Ok(crs) = Crs::from_wkt(&chars.into_iter().collect::<String>()) {
            let _ = Transformer::new(crs).map(|t| t.to_lonlat(Coord { x: point.0, y: point.1 }));
        }
    }
}
