//! Coordinates, areas, and the parcel index: pure functions, no database, no async.
//!
//! A parcel on its way in passes through these files in this order:
//!
//! 1. [`wkb`] (or a Shapefile or GeoJSON reader elsewhere) turns bytes into rings of source coordinates;
//! 2. [`repair`] mends what is harmless and names what is not;
//! 3. [`crs`] finds out which coordinate system the file is in, and [`transform`] leads from it to
//!    CGCS2000 longitude and latitude — with [`gauss_kruger`], the official projection, where it applies;
//! 4. [`area`] gives the area that counts in law;
//! 5. [`shape`] packs the parcel into some fifty bytes for the database, and [`index`] answers
//!    "which parcel is here?" from them.
//!
//! [`intake`] is steps 2 to 5 for one polygon. [`overlay`] cuts a change patch with parcels and other layers, in the plane of EPSG:4523.
//! [`tile`] draws packed outlines as vector tiles. [`gcj02`] undoes the shift of positions that Chinese phone maps hand out.
//!
//! Coordinates are `geo::Coord<f64>` with x = east and y = north, whatever the file's axis order.
//! The record keeps the source coordinates; the 1e-7° integers of `shape` and `index` serve lookup and
//! tiles only.

pub mod area;
pub mod crs;
pub mod gauss_kruger;
pub mod gcj02;
pub mod index;
pub mod intake;
pub mod overlay;
pub mod repair;
pub mod shape;
pub mod tile;
pub mod transform;
pub mod wkb;

pub use area::{mu, official_area, official_area_lonlat};
pub use crs::{Crs, CrsError};
pub use gauss_kruger::GaussKruger;
pub use index::{IndexBuilder, ParcelIndex};
pub use intake::Intake;
pub use repair::{Defect, Repair, Repaired, repair, repair_rings};
pub use shape::ParcelShape;
pub use transform::Transformer;

/// Polygons as a file gives them: each a list of rings (the outer first), closed or not, in any orientation.
pub type RawPolygons = Vec<Vec<Vec<geo::Coord<f64>>>>;
