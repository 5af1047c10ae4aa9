//! The way in of a polygon: mended, led to degrees, held against the city's bounds, packed and measured.

use geo::{BoundingRect, Coord, MultiPolygon};

use super::{Crs, ParcelShape, Repair, Transformer, repair};

/// Takes in the polygons of one layer. Each thread has its own.
pub struct Intake {
    crs: Crs,
    transformer: Transformer,
    settled: bool,
}

/// A polygon that was taken in.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Valid, in the coordinates of the file.
    pub polygons: MultiPolygon<f64>,
    /// CGCS2000 longitude and latitude, degrees.
    pub lonlat: MultiPolygon<f64>,
    /// Packed for lookup and tiles.
    pub shape: ParcelShape,
    /// By the official formula, m².
    pub area: f64,
    /// Whether something had to be mended; rings the other way round, usual in Shapefiles, are no fault.
    pub mended: bool,
}

/// Why a polygon is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Flaw {
    /// A stable word for programs.
    pub code: &'static str,
    /// A Chinese sentence.
    pub reason: String,
    /// A point to look at: in the file's coordinates, or degrees when it lies outside the city.
    pub at: Option<Coord<f64>>,
}

impl Flaw {
    fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), at: None }
    }
}

impl Clone for Intake {
    fn clone(&self) -> Self {
        Self { crs: self.crs.clone(), transformer: transformer(&self.crs), settled: self.settled }
    }
}

fn transformer(crs: &Crs) -> Transformer {
    // A system that proj4rs refuses is refused when the file is opened, before any row.
    Transformer::new(crs.clone())
        .or_else(|_| Transformer::new(Crs::Geographic))
        .expect("degrees need nothing")
}

impl Intake {
    /// For a layer that declares this coordinate system.
    pub fn new(crs: Crs) -> Self {
        Self { transformer: transformer(&crs), crs, settled: false }
    }

    /// The coordinate system; after the first polygon the one that its eastings really are in.
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// Takes in a polygon whose middle must lie in `bounds` (west, south, east, north in degrees), if given.
    ///
    /// # Errors
    /// What is wrong with it, for the reject file.
    pub fn take(&mut self, raw: &MultiPolygon<f64>, bounds: Option<[f64; 4]>) -> Result<Taken, Flaw> {
        self.settle_zone(raw);
        let repaired = repair(raw)
            .map_err(|defect| Flaw { at: defect.at, ..Flaw::new("geometry", defect.message_zh()) })?;
        let lonlat = self
            .transformer
            .polygons_to_lonlat(&repaired.polygons)
            .map_err(|error| Flaw::new("crs", format!("坐标不在 {} 的适用范围内：{error}", self.crs)))?;
        inside(&lonlat, bounds)?;
        let shape = ParcelShape::from_lonlat(&lonlat)
            .map_err(|e| Flaw::new("too-small", format!("图形太小或坐标无效：{e}")))?;
        let area = self
            .transformer
            .official_area(&repaired.polygons)
            .map_err(|e| Flaw::new("crs", e.to_string()))?;
        if area <= 0.0 {
            return Err(Flaw::new("no-area", "图形没有面积"));
        }
        let mended = repaired.repairs.iter().any(|r| !matches!(r, Repair::RingsTurned(_)));
        Ok(Taken { polygons: repaired.polygons, lonlat, shape, area, mended })
    }

    /// Whether eastings bear the zone's number is seen in the first coordinate, whatever the file declares.
    fn settle_zone(&mut self, polygons: &MultiPolygon<f64>) {
        if self.settled {
            return;
        }
        let Some(first) = polygons.0.first().and_then(|p| p.exterior().0.first()) else { return };
        let crs = self.crs.agreeing_with(first.x);
        if crs != self.crs {
            self.transformer = transformer(&crs);
            self.crs = crs;
        }
        self.settled = true;
    }
}

fn inside(lonlat: &MultiPolygon<f64>, bounds: Option<[f64; 4]>) -> Result<(), Flaw> {
    let (Some([west, south, east, north]), Some(rect)) = (bounds, lonlat.bounding_rect()) else {
        return Ok(());
    };
    let centre = rect.center();
    if (west..=east).contains(&centre.x) && (south..=north).contains(&centre.y) {
        return Ok(());
    }
    let reason = "图形不在本市范围内（确需导入请加 --outside accept）";
    Err(Flaw { at: Some(centre), ..Flaw::new("outside", reason) })
}
