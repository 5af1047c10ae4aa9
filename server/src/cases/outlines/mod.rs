//! What a case is about, drawn on the map (勾绘范围): where a sighting brought nothing but a spot, or a patch's
//! outline is wrong.
//!
//! Whoever has the turn draws it, under the workflow's table, with a reason; it is an event of the case, and each
//! outline is a version that is never changed. It is cut with the parcels and layers that it meets as a patch is
//! ([`crate::patches::overlay`]). From then on tasks show it, photos are held against it, and cases nearby are
//! offered by it. The patch itself stays as it was imported.

mod http;
mod sql;
#[cfg(test)]
mod tests;

use gengwei_proto::{Level, RegionCode};
use geo::{CoordsIter, MultiPolygon};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::workflow::{Action, Fields};
use super::{Event, act};
use crate::auth::Caller;
use crate::db::{Session, Timestamp};
use crate::error::{Problem, Result};
use crate::geo::{Crs, Intake, wkb};
use crate::parcels::sql::Geometry;
use crate::parcels::{classes, outline::geojson};
use crate::patches::overlay::{self, Overlay};
use crate::state::App;

pub(super) use http::routes;

/// The most corners of an outline; somebody who draws by hand makes a few dozen.
const CORNERS: usize = 2_000;
/// The EPSG code of what outlines are stored in: longitude and latitude.
const CGCS2000: i64 = 4490;
/// Versions that are shown.
const VERSIONS: i64 = 50;

/// A parcel that an outline meets, as the parcel was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CaseOutlineParcel)]
pub struct Met {
    /// Its code; farmland only.
    pub code: Option<String>,
    /// The village or group it belonged to.
    pub unit: String,
    /// 地类编码
    pub dlbm: String,
    /// The class's name.
    pub class_name: Option<String>,
    /// 永久基本农田
    pub permanent: bool,
    /// Of what both share, by the official formula, m².
    pub area: f64,
    /// Of the outline, 0 to 1.
    pub share: f64,
}

/// An outline that somebody drew.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = CaseOutline)]
pub struct Outline {
    /// The case's version that it came with.
    pub seq: i64,
    /// GeoJSON, CGCS2000 longitude and latitude.
    #[schema(value_type = Object)]
    pub geometry: serde_json::Value,
    /// By the official formula, m², as the next four.
    pub area: f64,
    /// On farmland.
    pub farmland: f64,
    /// On 永久基本农田.
    pub permanent: f64,
    /// On 新增耕地.
    pub added: f64,
    /// In no parcel.
    pub outside: f64,
    /// Every parcel that it meets, the largest piece first.
    pub parcels: Vec<Met>,
    /// When it was drawn.
    pub drawn_at: Timestamp,
    /// By whom, the name he had then.
    pub by: String,
}

impl Outline {
    fn new(stored: sql::Stored) -> Result<Self> {
        let polygons = wkb::read(&stored.geometry).map_err(Problem::internal)?;
        Ok(Self {
            seq: stored.seq,
            geometry: geojson(&polygons)?,
            area: stored.area,
            farmland: stored.farmland,
            permanent: stored.permanent,
            added: stored.added,
            outside: stored.outside,
            parcels: serde_json::from_str(&stored.parcels).map_err(Problem::internal)?,
            drawn_at: stored.drawn_at,
            by: stored.drawn_by,
        })
    }
}

/// The outline that counts, if somebody drew one.
pub(super) async fn latest(on: &impl Session, case: &str) -> Result<Option<Outline>> {
    sql::all(on, case, 1).await?.pop().map(Outline::new).transpose()
}

/// What a case is about, with the codes of the fields that it meets: the outline as it was drawn, else as the patch has it
/// that opened the case.
pub(crate) async fn place_of(on: &impl Session, case: &str) -> Result<Option<(Geometry, Vec<String>)>> {
    let Some(drawn) = sql::all(on, case, 1).await?.pop() else {
        return Ok(crate::patches::place_of_case(on, case).await?);
    };
    let met: Vec<Met> = serde_json::from_str(&drawn.parcels).map_err(Problem::internal)?;
    let outline = Geometry { crs: CGCS2000, geometry: drawn.geometry, shape: drawn.shape };
    Ok(Some((outline, met.into_iter().filter_map(|met| met.code).collect())))
}

/// An outline before it is stored.
struct Drawn {
    geometry: Vec<u8>,
    shape: Vec<u8>,
    /// West, south, east, north, degrees.
    bounds: [f64; 4],
    overlay: Overlay,
}

/// Draws what a case that stands at `version` is about: a GeoJSON Polygon or MultiPolygon in CGCS2000 degrees.
///
/// 404 outside his units, 412 when the case has moved on, 403 when it is not his turn, 409 when the case's state
/// does not allow it, 422 when the outline or the reason is not acceptable.
pub async fn draw(
    app: &App,
    by: &Caller,
    case: &str,
    version: i64,
    geometry: &serde_json::Value,
    words: String,
) -> Result<()> {
    let found = super::sql::find(app.db(), case).await?.ok_or_else(Problem::not_found)?;
    let drawn = measured(app, geometry).await?;
    in_place(&drawn.overlay, &found.unit)?;
    let event =
        Event { action: Action::Outline, words: Some(words), photos: Vec::new(), fields: Fields::default() };
    let new = sql::Stored {
        seq: version + 1,
        geometry: drawn.geometry,
        shape: drawn.shape,
        area: drawn.overlay.area,
        farmland: drawn.overlay.farmland,
        permanent: drawn.overlay.permanent,
        added: drawn.overlay.added,
        outside: drawn.overlay.outside,
        parcels: serde_json::to_string(&met(&drawn.overlay)).map_err(Problem::internal)?,
        drawn_at: app.env().now(),
        drawn_by: by.name.clone(),
    };
    let (at, by, case) = (app.clone(), by.clone(), case.to_owned());
    app.db()
        .write(move |tx| async move {
            act(&tx, &at, &by, &case, version, &event).await?;
            sql::insert(&tx, &case, &new, drawn.bounds).await?;
            Ok::<_, Problem>(())
        })
        .await
}

/// Mends and measures what was drawn, and cuts it with what it meets.
async fn measured(app: &App, geometry: &serde_json::Value) -> Result<Drawn> {
    let wrong = |message: String| Problem::invalid("/geometry", message);
    let polygons =
        polygons(geometry).ok_or_else(|| wrong("范围应为 GeoJSON 的 Polygon 或 MultiPolygon。".into()))?;
    if polygons.coords_count() > CORNERS {
        return Err(wrong(format!("范围的拐点不能超过 {CORNERS} 个。")));
    }
    let bounds = app.policy().parcels.bounds;
    let taken = Intake::new(Crs::Geographic).take(&polygons, Some(bounds));
    let taken = taken.map_err(|flaw| wrong(format!("{}。", flaw.reason)))?;
    let (shape, bounds) = (taken.shape.to_bytes(), taken.shape.bounds());
    let overlay = overlay::of_outline(app, taken.lonlat.clone(), bounds).await.map_err(Problem::internal)?;
    Ok(Drawn { geometry: wkb::write(&taken.lonlat), shape, bounds, overlay })
}

fn polygons(geometry: &serde_json::Value) -> Option<MultiPolygon<f64>> {
    let parsed: geojson::Geometry = serde_json::from_value(geometry.clone()).ok()?;
    match geo::Geometry::<f64>::try_from(parsed).ok()? {
        geo::Geometry::Polygon(polygon) => Some(MultiPolygon::new(vec![polygon])),
        geo::Geometry::MultiPolygon(polygons) => Some(polygons),
        _ => None,
    }
}

/// An outline that meets parcels has to meet one of the case's township: a slip of the hand is not to send people
/// elsewhere.
fn in_place(overlay: &Overlay, unit: &RegionCode) -> Result<()> {
    let township = unit.ancestor(Level::Township).unwrap_or(*unit);
    if overlay.units.is_empty() || overlay.units.iter().any(|(met, _)| township.contains(met)) {
        return Ok(());
    }
    Err(Problem::invalid("/geometry", "勾绘的范围不在线索所在的乡镇，请核对。"))
}

fn met(overlay: &Overlay) -> Vec<Met> {
    let one = |met: &overlay::Met| Met {
        code: met.code.map(|code| code.to_string()),
        unit: met.unit.to_string(),
        class_name: classes::name(&met.dlbm).map(str::to_owned),
        dlbm: met.dlbm.clone(),
        permanent: met.permanent,
        area: met.area,
        share: met.share_of_patch,
    };
    overlay.parcels.iter().map(one).collect()
}
