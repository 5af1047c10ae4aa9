//! Files in and out: the formats other people use.
//!
//! Nothing here knows the database or a rule of the domain. A reader hands over what stands in the
//! file, row by row and in the file's own coordinates, and says in words its user understands why a
//! row or a file cannot be read.
//!
//! | Module | What it does |
//! |---|---|
//! | [`layer`] | opens a Shapefile (zip too), GeoPackage, GeoJSON or evidence package as one stream of features |
//! | [`encoding`] | decides what encoding a file's text is in, and refuses to guess silently |
//! | [`fieldmap`] | which field of the source means what |
//! | [`table`] | CSV and XLSX with a header row |
//! | [`dates`] | dates as people write them in cells |
//! | [`stream`] | reads a layer on a thread of its own, chunk by chunk |
//! | [`rejects`] | the reject file and the counts that add up |
//! | [`workbook`] | XLSX out |
//! | [`out`] | Shapefile and GeoPackage out |

pub mod dates;
pub mod encoding;
pub mod fieldmap;
pub mod layer;
pub mod out;
pub mod paper;
pub mod rejects;
pub mod stream;
pub mod table;
pub mod workbook;

mod dbf;
mod feature;
mod geojson;
mod geopackage;
mod json;
mod shapefile;
mod shp;
mod wkb;
mod wkt;
mod xlsx;
mod zipped;

#[cfg(test)]
mod tests;
