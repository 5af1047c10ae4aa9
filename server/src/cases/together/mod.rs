//! The same spot seen twice: a patch from above, a patrol's sighting, a passer-by's report.
//!
//! Cases near each other are *offered* as one, each with the distance and the reason; a person joins them, and may
//! split them again. Joined cases stay what they are, with their own events: the members follow the leading case,
//! on which people go on working. Nothing is joined by machine.

mod http;
mod sql;
#[cfg(test)]
mod tests;

use geo::{Coord, Distance, Euclidean, MultiPolygon, Point};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{note, sql as cases};
use crate::auth::{Caller, Units};
use crate::db::{Session, Timestamp, Tx};
use crate::error::{self, Problem};
use crate::geo::overlay::PLANE;
use crate::geo::{ParcelShape, overlay};

pub use http::routes;

/// A degree of latitude, metres; of longitude at 38° N at least this times [`EAST`].
const DEGREE: f64 = 111_000.0;
const EAST: f64 = 0.78;

/// A case that may be about the same spot.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = CaseOffered)]
pub struct Offered {
    /// The other case.
    pub case: String,
    /// Where it comes from.
    pub source: super::Source,
    /// What it says is wrong.
    pub kind: super::Kind,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Metres between the places, or from the place to the patch's outline, 0 inside it; null where one of them
    /// has no place.
    pub distance: Option<f64>,
    /// Why it is offered, in Chinese.
    pub reason: String,
}

/// Where a case is, in the plane of EPSG:4523.
struct Spot {
    at: Option<Point<f64>>,
    outline: Option<MultiPolygon<f64>>,
    parcel: Option<i64>,
}

impl Spot {
    fn new(row: &sql::SpotRow) -> Self {
        let place = row.lon.zip(row.lat).map(|(x, y)| Point(PLANE.forward(Coord { x, y })));
        let shape = row.shape.as_deref().and_then(|bytes| ParcelShape::from_bytes(bytes).ok());
        let outline =
            shape.and_then(|shape| overlay::to_plane(shape.to_lonlat(), &crate::geo::Crs::Geographic).ok());
        Self { at: place, outline, parcel: row.parcel_id }
    }

    /// Metres to another spot; between two outlines, from outline to outline.
    fn distance(&self, other: &Self) -> Option<f64> {
        match (&self.outline, &other.outline, self.at, other.at) {
            (Some(a), Some(b), ..) => Some(Euclidean.distance(a, b)),
            (Some(outline), None, _, Some(at)) | (None, Some(outline), Some(at), _) => {
                Some(Euclidean.distance(&at, outline))
            }
            (None, None, Some(a), Some(b)) => Some(Euclidean.distance(a, b)),
            _ => None,
        }
    }

    /// Why two spots may be the same, within so many metres. On one parcel but known to be further apart they are
    /// not: a field may be long.
    fn reason(&self, other: &Self, distance: Option<f64>, near: f64) -> Option<String> {
        let same_parcel = self.parcel.is_some() && self.parcel == other.parcel;
        let outline = self.outline.is_some() || other.outline.is_some();
        let mut reasons = Vec::new();
        match distance {
            Some(distance) if distance <= 0.0 && outline => reasons.push("位于图斑范围内".to_owned()),
            Some(distance) if distance <= near => reasons.push(format!("相距 {distance:.0} 米")),
            Some(_) => return None,
            None => {}
        }
        if same_parcel {
            reasons.push("在同一地块".to_owned());
        }
        (!reasons.is_empty()).then(|| reasons.join("，"))
    }
}

/// The open cases in some units that may be about the same spot, within so many metres; the nearest first.
pub async fn offered(on: &impl Session, units: &Units, case: &str, near: f64) -> sqlx::Result<Vec<Offered>> {
    let Some(row) = sql::spot(on, case).await? else { return Ok(Vec::new()) };
    let (own, [west, south, east, north]) = (Spot::new(&row), reach(&row, near));
    let mut found = Vec::new();
    for other in sql::near(on, units, case, row.parcel_id, [west, south, east, north]).await? {
        let spot = Spot::new(&other);
        let distance = own.distance(&spot);
        if let Some(reason) = own.reason(&spot, distance, near) {
            found.push(Offered {
                case: other.id,
                source: other.source.0,
                kind: other.kind.0,
                opened_at: other.opened_at,
                distance: distance.map(|distance| (distance * 10.0).round() / 10.0),
                reason,
            });
        }
    }
    let far = |o: &Offered| o.distance.unwrap_or(f64::INFINITY);
    found.sort_by(|a, b| far(a).total_cmp(&far(b)).then(a.case.cmp(&b.case)));
    Ok(found)
}

/// The box around a case's place or outline within which others may be near: west, south, east, north.
fn reach(row: &sql::SpotRow, near: f64) -> [f64; 4] {
    let shape = row.shape.as_deref().and_then(|bytes| ParcelShape::from_bytes(bytes).ok());
    let own = match (shape, row.lon.zip(row.lat)) {
        (Some(shape), _) => shape.bounds(),
        (None, Some((lon, lat))) => [lon, lat, lon, lat],
        // Nowhere: only the parcel can tell.
        (None, None) => return [1.0, 1.0, -1.0, -1.0],
    };
    let (north, east) = (near / DEGREE, near / (DEGREE * EAST));
    [own[0] - east, own[1] - north, own[2] + east, own[3] + north]
}

/// Joins a case to another, which leads from now on. Members of the joined case follow to the same leader.
///
/// 404 outside the caller's units, 409 when it is joined already, 422 when it is the same case or nothing says that
/// they are about the same spot: further apart than `near` metres, or without a place and on different parcels.
pub async fn join(
    tx: &Tx,
    by: &Caller,
    units: &Units,
    near: f64,
    leader: &str,
    member: &str,
    now: Timestamp,
) -> Result<(), Problem> {
    if leader == member {
        return Err(Problem::invalid("/member", "不能与自己并案。"));
    }
    for id in [leader, member] {
        let case = cases::find(tx, id).await?.ok_or_else(Problem::not_found)?;
        if !units.contain(&case.unit) {
            return Err(Problem::not_found());
        }
    }
    if sql::leader_of(tx, member).await?.is_some() || sql::leader_of(tx, leader).await?.is_some() {
        return Err(Problem::new(error::CONFLICT).detail("线索已并入另一线索，请先拆分。"));
    }
    let (reason, distance) = why(tx, near, leader, member).await?;
    sql::move_members(tx, member, leader).await?;
    sql::insert(tx, leader, member, distance, &reason, by, now).await?;
    let words = |other: &str| format!("与线索 {other} 并案办理：{reason}。");
    note(tx, leader, by, &words(member), json!({ "joined": member }), now).await?;
    note(tx, member, by, &words(leader), json!({ "follows": leader }), now).await?;
    let detail = json!({ "member": member, "reason": reason, "distance": distance });
    tx.audit(by.entry("case.join", leader).detail(detail));
    Ok(())
}

/// The reason and the distance as they are when two cases are joined.
async fn why(tx: &Tx, near: f64, leader: &str, member: &str) -> Result<(String, Option<f64>), Problem> {
    let a = sql::spot(tx, leader).await?.ok_or_else(Problem::not_found)?;
    let b = sql::spot(tx, member).await?.ok_or_else(Problem::not_found)?;
    let (a, b) = (Spot::new(&a), Spot::new(&b));
    let distance = a.distance(&b);
    let refusal = || match distance {
        Some(metres) => format!("两条线索相距 {metres:.0} 米，超过并案的距离上限 {near:.0} 米，不能并案。"),
        None => format!("有线索没有位置，又不在同一地块，无法判断是否在 {near:.0} 米以内，不能并案。"),
    };
    let reason = a.reason(&b, distance, near).ok_or_else(|| Problem::invalid("/member", refusal()))?;
    Ok((reason, distance))
}

/// Splits a member from the case it follows.
///
/// 404 when it does not follow it.
pub async fn split(
    tx: &Tx,
    by: &Caller,
    leader: &str,
    member: &str,
    why: &str,
    now: Timestamp,
) -> Result<(), Problem> {
    if !sql::leave(tx, leader, member, by, why, now).await? {
        return Err(Problem::not_found());
    }
    let words = |other: &str| format!("与线索 {other} 拆分：{why}");
    note(tx, leader, by, &words(member), json!({ "split": member }), now).await?;
    note(tx, member, by, &words(leader), json!({ "left": leader }), now).await?;
    tx.audit(by.entry("case.split", leader).detail(json!({ "member": member, "why": why })));
    Ok(())
}
