//! From the coordinate system of a file to CGCS2000 longitude and latitude.

use super::RawPolygons;
use super::area::{official_area, official_area_lonlat};
use super::crs::{Crs, CrsError};
use geo::{Coord, MapCoordsInPlace, MultiPolygon};
use proj4rs::Proj;
use std::fmt;

/// Leads from one coordinate system to CGCS2000 longitude and latitude in degrees.
///
/// Gauss-Krüger zones of CGCS2000 use [`super::gauss_kruger`], all others proj4rs.
pub struct Transformer {
    crs: Crs,
    proj: Option<Pair>,
}

/// Source and target as proj4rs wants them.
struct Pair {
    source: Proj,
    target: Proj,
}

impl fmt::Debug for Transformer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transformer").field("crs", &self.crs).finish_non_exhaustive()
    }
}

impl Transformer {
    /// From this coordinate system.
    pub fn new(crs: Crs) -> Result<Self, CrsError> {
        let proj = match &crs {
            Crs::Other(other) => {
                let parse = |s: &str| {
                    Proj::from_proj_string(s).map_err(|e| CrsError::Unsupported(format!("{crs}: {e}")))
                };
                let target = "+proj=longlat +ellps=GRS80 +towgs84=0,0,0 +no_defs";
                Some(Pair { source: parse(other.proj())?, target: parse(target)? })
            }
            Crs::Geographic | Crs::GaussKruger(_) => None,
        };
        Ok(Self { crs, proj })
    }

    /// The coordinate system it leads from.
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// One point → longitude and latitude in degrees.
    ///
    /// # Errors
    /// [`CrsError::OutOfArea`] when the point has none: not finite, or outside the projection's area.
    pub fn to_lonlat(&self, point: Coord<f64>) -> Result<Coord<f64>, CrsError> {
        let lonlat = match (&self.crs, &self.proj) {
            (Crs::GaussKruger(zone), _) => Some(zone.inverse(point)),
            (_, Some(pair)) => pair.to_lonlat(point),
            (_, None) => Some(point),
        };
        // NaN fails both comparisons.
        lonlat.filter(|c| c.x.abs() <= 180.0 && c.y.abs() <= 90.0).ok_or_else(|| CrsError::OutOfArea {
            x: point.x,
            y: point.y,
            crs: self.crs.to_string(),
        })
    }

    /// All points of polygons → longitude and latitude in degrees.
    pub fn polygons_to_lonlat(&self, polygons: &MultiPolygon<f64>) -> Result<MultiPolygon<f64>, CrsError> {
        let mut lonlat = polygons.clone();
        lonlat.try_map_coords_in_place(|c| self.to_lonlat(c))?;
        Ok(lonlat)
    }

    /// The same for rings as a file gives them.
    pub fn rings_to_lonlat(&self, mut polygons: RawPolygons) -> Result<RawPolygons, CrsError> {
        for c in polygons.iter_mut().flatten().flatten() {
            *c = self.to_lonlat(*c)?;
        }
        Ok(polygons)
    }

    /// The official ellipsoidal area of polygons in the source system, m², rounded to 0.01: directly from a
    /// Gauss-Krüger plane, by way of longitude and latitude from any other.
    pub fn official_area(&self, polygons: &MultiPolygon<f64>) -> Result<f64, CrsError> {
        match self.crs {
            Crs::GaussKruger(zone) => Ok(official_area(polygons, zone)),
            _ => Ok(official_area_lonlat(&self.polygons_to_lonlat(polygons)?)),
        }
    }
}

impl Pair {
    fn to_lonlat(&self, point: Coord<f64>) -> Option<Coord<f64>> {
        if !(point.x.is_finite() && point.y.is_finite()) {
            return None;
        }
        // proj4rs speaks radians.
        let mut at = if self.source.is_latlong() {
            (point.x.to_radians(), point.y.to_radians(), 0.0)
        } else {
            (point.x, point.y, 0.0)
        };
        proj4rs::transform::transform(&self.source, &self.target, &mut at).ok()?;
        Some(Coord { x: at.0.to_degrees(), y: at.1.to_degrees() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;

    #[test]
    fn a_zone_36_parcel_lands_at_the_city_edge() {
        let zone_36 = Transformer::new(Crs::from_epsg(4524).unwrap()).unwrap();
        let zone_35 = super::super::GaussKruger::ZONE_35_PREFIXED;
        let lonlat = Coord { x: 106.5, y: 37.2 };
        let plane = super::super::GaussKruger::from_epsg(4524).unwrap().forward(lonlat);
        assert!((36_000_000.0..37_000_000.0).contains(&plane.x));
        let back = zone_36.to_lonlat(plane).unwrap();
        assert!((back - lonlat).x.abs() < 1e-9 && (back - lonlat).y.abs() < 1e-9);
        let moved = zone_35.inverse(zone_35.forward(back));
        assert!((moved - lonlat).x.abs() < 1e-8 && (moved - lonlat).y.abs() < 1e-8);
    }

    #[test]
    fn a_place_outside_the_projection_is_told() {
        let utm = Transformer::new(Crs::from_epsg(32648).unwrap()).unwrap();
        let error = utm.to_lonlat(Coord { x: f64::NAN, y: 0.0 }).unwrap_err();
        assert!(matches!(error, CrsError::OutOfArea { .. }));
        assert!(utm.to_lonlat(Coord { x: 1e12, y: 1e12 }).is_err());
        let degrees = Transformer::new(Crs::Geographic).unwrap();
        let error = degrees.to_lonlat(Coord { x: 35_438_019.0, y: 4_141_133.0 }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the point 35438019 4141133 lies outside the area of the coordinate system EPSG:4490"
        );
    }

    #[test]
    fn the_area_is_the_same_from_every_coordinate_system() {
        let zone = super::super::GaussKruger::ZONE_35;
        let corner = Coord { x: 516_798.602, y: 4_153_128.974 };
        let plane = |dx: f64, dy: f64| Coord { x: corner.x + dx, y: corner.y + dy };
        let parcel: MultiPolygon<f64> = polygon![plane(0., 0.), plane(300., 40.), plane(280., 400.)].into();
        let direct = Transformer::new(Crs::GaussKruger(zone)).unwrap().official_area(&parcel).unwrap();

        let utm = Crs::from_epsg(32648).unwrap();
        let pair = Transformer::new(utm.clone()).unwrap();
        let to_utm = |c: Coord<f64>| {
            let lonlat = zone.inverse(c);
            let mut at = (lonlat.x.to_radians(), lonlat.y.to_radians(), 0.0);
            let inner = pair.proj.as_ref().unwrap();
            proj4rs::transform::transform(&inner.target, &inner.source, &mut at).unwrap();
            Coord { x: at.0, y: at.1 }
        };
        let mut in_utm = parcel.clone();
        in_utm.map_coords_in_place(to_utm);
        let by_utm = Transformer::new(utm).unwrap().official_area(&in_utm).unwrap();
        assert!((by_utm - direct).abs() <= 0.02, "{by_utm} / {direct}");
    }
}
