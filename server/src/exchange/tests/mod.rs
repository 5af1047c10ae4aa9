//! Stories about files as they come in and go out.

mod damage;
mod encodings;
mod fieldmaps;
mod geojsons;
mod geopackages;
mod out;
mod outputs;
mod samples;
mod shapefiles;
mod tables;
