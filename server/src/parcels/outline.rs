//! A parcel's outline in degrees, from the source coordinates of the record, and as GeoJSON.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use geo::MultiPolygon;

use super::sql::Geometry;
use crate::error::{Problem, Result};
use crate::geo::{Crs, ParcelShape, Transformer, wkb};

/// Leads outlines to degrees; keeps the transformers of the source systems that it has met.
#[derive(Default)]
pub(crate) struct Outlines {
    transformers: HashMap<i64, Option<Transformer>>,
}

impl Outlines {
    /// CGCS2000 longitude and latitude; from the lookup shape where the source system has no EPSG code.
    pub(crate) fn lonlat(&mut self, stored: &Geometry) -> Result<MultiPolygon<f64>> {
        match self.transformer(stored.crs)? {
            Some(transformer) => {
                let source = wkb::read(&stored.geometry).map_err(Problem::internal)?;
                transformer.polygons_to_lonlat(&source).map_err(Problem::internal)
            }
            None => Ok(ParcelShape::from_bytes(&stored.shape).map_err(Problem::internal)?.to_lonlat()),
        }
    }

    fn transformer(&mut self, crs: i64) -> Result<Option<&Transformer>> {
        let known = match self.transformers.entry(crs) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let system = Crs::from_epsg(u32::try_from(crs).unwrap_or_default()).ok();
                place.insert(system.map(Transformer::new).transpose().map_err(Problem::internal)?)
            }
        };
        Ok(known.as_ref())
    }
}

/// A geometry as GeoJSON, in the order of its coordinates.
pub(crate) fn geojson<'a, G>(geometry: &'a G) -> Result<serde_json::Value>
where
    geojson::GeometryValue: From<&'a G>,
{
    let value = geojson::GeometryValue::from(geometry);
    serde_json::to_value(geojson::Geometry::new(value)).map_err(Problem::internal)
}
