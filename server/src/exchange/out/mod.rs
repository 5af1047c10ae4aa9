//! Layers out: Shapefile and GeoPackage for other people's programs, in CGCS2000 longitude and latitude.
//!
//! Rows go to disk as they come, so a file of any size costs no more memory than a row.

mod geopackage;
mod shapefile;
mod sql;

use super::layer::Value;

pub use geopackage::GeoPackage;
pub use shapefile::{Shapefile, ShapefileError};

/// CGCS2000, longitude and latitude.
pub const EPSG: i32 = 4490;

/// CGCS2000 as ESRI's programs write it; GDAL, PROJ and ours read it too.
const PRJ: &str = r#"GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;

/// A column of a layer that is written.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name; a Shapefile takes ten bytes.
    pub name: &'static str,
    /// What it means, in Chinese.
    pub title: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; a Shapefile keeps so many bytes of UTF-8, up to 254.
    Text(u8),
    /// A day, as [`Value::Text`] in the form 2026-07-15.
    Date,
    /// An area in m², to the hundredth.
    Area,
}

impl Column {
    /// A column of text.
    pub const fn text(name: &'static str, title: &'static str, bytes: u8) -> Self {
        Self { name, title, kind: Kind::Text(bytes) }
    }

    /// A column of days.
    pub const fn date(name: &'static str, title: &'static str) -> Self {
        Self { name, title, kind: Kind::Date }
    }

    /// A column of areas.
    pub const fn area(name: &'static str, title: &'static str) -> Self {
        Self { name, title, kind: Kind::Area }
    }
}

/// An area as files hold it.
fn hundredths(value: &Value) -> Option<f64> {
    value.as_f64().map(|area| (area * 100.0).round() / 100.0)
}
