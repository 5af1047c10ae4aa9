//! The coordinate reference systems that features are given in: degrees, east first or north first.

use geo::{Coord, MapCoordsInPlace};
use serde_json::Value;

use super::wrong;
use crate::error::Result;
use crate::parcels::outline::geojson;
use crate::parcels::parse_bbox;

/// WGS-84 longitude and latitude, the default of GeoJSON; what 4490 says too, to some centimetres.
pub(super) const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
/// All that are known, the default first. The EPSG ones have latitude first.
pub(super) const ALL: [&str; 3] =
    [CRS84, "http://www.opengis.net/def/crs/EPSG/0/4490", "http://www.opengis.net/def/crs/EPSG/0/4326"];

/// One of [`ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crs(usize);

impl Crs {
    /// The one with a URI; the default when none is asked for.
    pub(super) fn named(field: &'static str, uri: Option<&str>) -> Result<Self> {
        let Some(uri) = uri else { return Ok(Self(0)) };
        ALL.iter()
            .position(|known| *known == uri)
            .map(Self)
            .ok_or_else(|| wrong(field, format!("不支持坐标系 {uri}，可用：{}。", ALL.join("、"))))
    }

    /// Its URI.
    pub(super) fn uri(self) -> &'static str {
        ALL[self.0]
    }

    fn north_first(self) -> bool {
        self.0 > 0
    }

    /// A box of this system as west, south, east, north.
    pub(super) fn bbox(self, text: &str) -> Result<[f64; 4]> {
        let numbers: Vec<&str> = text.split(',').collect();
        let order: &[usize] = match (numbers.len(), self.north_first()) {
            (4, false) => &[0, 1, 2, 3],
            (4, true) => &[1, 0, 3, 2],
            // With heights, which nothing here has.
            (6, false) => &[0, 1, 3, 4],
            (6, true) => &[1, 0, 4, 3],
            _ => &[],
        };
        let text = order.iter().map(|at| numbers[*at]).collect::<Vec<_>>().join(",");
        parse_bbox(&text).map_err(|problem| wrong("bbox", problem.sentence()))
    }

    /// GeoJSON of a geometry in degrees, east first.
    pub(super) fn geojson<G>(self, mut geometry: G) -> Result<Value>
    where
        G: MapCoordsInPlace<f64>,
        for<'a> geojson::GeometryValue: From<&'a G>,
    {
        if self.north_first() {
            geometry.map_coords_in_place(|c| Coord { x: c.y, y: c.x });
        }
        geojson(&geometry)
    }
}
