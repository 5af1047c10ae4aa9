//! A parcel's outline in degrees, from the source coordinates of the record.

use std::collections::HashMap;

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
        if !self.transformers.contains_key(&crs) {
            let known = Crs::from_epsg(u32::try_from(crs).unwrap_or_default()).ok();
            let made = known.map(Transformer::new).transpose().map_err(Problem::internal)?;
            self.transformers.insert(crs, made);
        }
        Ok(self.transformers[&crs].as_ref())
    }
}
