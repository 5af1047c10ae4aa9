//! Files a patrol: one job of the writer holds the patrol, its sightings and deeds, the links of its photos,
//! the cases it opens and one audit entry.

use gengwei_proto::{ParcelCode, RegionCode};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{NewPatrol, NewSighting, sql};
use crate::auth::rights::FilePatrols;
use crate::auth::{Caller, Scope};
use crate::cases::{self, NewCase, Source};
use crate::db::{Session, Tx};
use crate::error::{self, Problem, Result};
use crate::evidence;
use crate::parcels::{self, Locator};
use crate::state::App;

/// What became of a patrol that was handed in.
pub struct Filed {
    /// Its id.
    pub id: String,
    /// Whether it is new; the same body again is not.
    pub new: bool,
}

/// A sighting with the parcel that it lies in.
pub(crate) struct Located {
    /// The parcel's id.
    pub parcel: Option<i64>,
    /// The parcel's unit, or else the closest that is known.
    pub unit: RegionCode,
    /// Longitude and latitude in CGCS2000.
    pub place: Option<(f64, f64)>,
}

/// Opens the case of a sighting, with its photos; answers its id.
pub(crate) async fn open_case(
    tx: &Tx,
    app: &App,
    by: &Caller,
    sighting: &NewSighting,
    at: &Located,
    facts: serde_json::Value,
) -> Result<String> {
    let new = NewCase {
        unit: at.unit,
        source: Source::Patrol,
        kind: sighting.kind,
        parcel: at.parcel,
        place: at.place,
        words: sighting.words.clone(),
        by: by.account.clone(),
        name: by.name.clone(),
        facts,
    };
    let case = cases::open(tx, app, new).await?;
    evidence::sql::link(tx, &sighting.photos, "case", &case, at.unit.as_str()).await?;
    Ok(case)
}

/// Adds sightings to a patrol that is filed, numbered from `first`, with what was done about them.
pub(crate) async fn add_sightings(
    tx: &Tx,
    patrol: &NewPatrol,
    unit: &RegionCode,
    first: i64,
    located: &[Located],
    cases: &[String],
) -> Result<()> {
    sql::insert_sightings(tx, patrol, first, located, cases).await?;
    sql::insert_deeds(tx, patrol, first).await?;
    // Whoever sees the patrol sees its photos, wherever what they show lies.
    for (n, sighting) in (first..).zip(&patrol.sightings) {
        let id = format!("{}/{n}", patrol.id);
        evidence::sql::link(tx, &sighting.photos, "sighting", &id, unit.as_str()).await?;
    }
    Ok(())
}

/// Files a patrol.
///
/// 404 when the unit is not in scope, 409 when another patrol has this id, 422 when something in it is not
/// acceptable or a photo has not been handed in yet.
pub async fn file(app: &App, scope: &Scope<FilePatrols>, patrol: NewPatrol) -> Result<Filed> {
    let now = app.env().now();
    let unit = patrol.check(now)?;
    scope.require(&unit)?;
    let unit = app.grid().resolve(&unit).map(|u| u.code).ok_or_else(Problem::not_found)?;
    let hash = hash(&patrol);
    let located = match check(app, scope, &patrol, &unit).await {
        Ok(located) => located,
        // One that was filed before stays filed, whatever has become of its parcels since.
        Err(problem) => {
            let known = sql::known(app.db(), &patrol.id).await?.ok_or(problem)?;
            return same(known, &scope.caller.account, &hash, patrol.id);
        }
    };
    let (parts, caller) = (app.clone(), scope.caller.clone());
    app.db()
        .write(move |tx: Tx| async move {
            if !sql::insert(&tx, &patrol, &unit, &caller, &hash, now).await? {
                let known = sql::known(&tx, &patrol.id).await?.ok_or_else(Problem::not_found)?;
                return same(known, &caller.account, &hash, patrol.id);
            }
            let mut cases = Vec::with_capacity(located.len());
            for (sighting, at) in patrol.sightings.iter().zip(&located) {
                let facts = serde_json::Value::Null;
                cases.push(open_case(&tx, &parts, &caller, sighting, at, facts).await?);
            }
            add_sightings(&tx, &patrol, &unit, 0, &located, &cases).await?;
            let detail = json!({"unit": unit, "cases": cases});
            tx.audit(caller.entry("patrol.file", &*patrol.id).detail(detail));
            Ok(Filed { id: patrol.id, new: true })
        })
        .await
}

/// Whether its photos are there and its parcels in scope; where its sightings lie.
async fn check(
    app: &App,
    scope: &Scope<FilePatrols>,
    patrol: &NewPatrol,
    unit: &RegionCode,
) -> Result<Vec<Located>> {
    let missing = evidence::missing(app.db(), &patrol.photos()).await?;
    if !missing.is_empty() {
        return Err(not_there(patrol, &missing));
    }
    locate(app, scope, patrol, unit).await
}

/// Over the body as it was understood, so that spaces and the order of keys do not count.
pub(crate) fn hash(patrol: &NewPatrol) -> String {
    let text = serde_json::to_vec(patrol).expect("a patrol is plain data");
    hex::encode(Sha256::digest(text))
}

/// The patrol that is there under this id: the same one, by the same account, or a conflict.
fn same(known: sql::Known, account: &str, hash: &str, id: String) -> Result<Filed> {
    if known.account_id == account && known.body_hash == hash {
        return Ok(Filed { id, new: false });
    }
    Err(Problem::new(error::CONFLICT).detail("这个编号下已有另一份巡查记录，请换一个编号。"))
}

/// Names the photos that have not been handed in yet, each at its place.
fn not_there(patrol: &NewPatrol, missing: &[String]) -> Problem {
    let problem = Problem::new(error::INVALID).detail(format!("这些照片还没有上传：{}", missing.join("、")));
    let named = patrol.sightings.iter().enumerate().flat_map(|(n, sighting)| {
        let photos = sighting.photos.iter().enumerate().filter(|(_, hash)| missing.contains(hash));
        photos
            .map(move |(m, hash)| (format!("/sightings/{n}/photos/{m}"), format!("照片 {hash} 还没有上传。")))
    });
    named.fold(problem, |problem, (field, message)| problem.field(field, message))
}

/// The parcel by code, else by place; the unit is the parcel's, else the patrol's. A code outside the
/// caller's area is told no more about than one that does not exist.
async fn locate(
    app: &App,
    scope: &Scope<FilePatrols>,
    patrol: &NewPatrol,
    unit: &RegionCode,
) -> Result<Vec<Located>> {
    let mut all = Vec::with_capacity(patrol.sightings.len());
    for (n, sighting) in patrol.sightings.iter().enumerate() {
        let place = sighting.place();
        let parcel = match &sighting.parcel {
            Some(code) => {
                let code = ParcelCode::parse(code).map_err(|_| Problem::not_found())?;
                let found = parcels::find(app.db(), &code).await?.filter(|p| scope.units.contain(&p.unit));
                let field = format!("/sightings/{n}/parcel");
                Some(found.ok_or_else(|| Problem::invalid(field, "辖区内没有这个地块码。"))?)
            }
            None => at_place(app.db(), &app.locator(), unit, place).await?,
        };
        let unit = parcel.as_ref().map_or(*unit, |p| p.unit.0);
        all.push(Located { parcel: parcel.map(|p| p.id), unit, place });
    }
    Ok(all)
}

/// Where parcels overlap, one of the unit that was patrolled goes before others.
pub(crate) async fn at_place(
    on: &impl Session,
    locator: &Locator,
    unit: &RegionCode,
    place: Option<(f64, f64)>,
) -> Result<Option<parcels::Parcel>> {
    let Some((lon, lat)) = place else { return Ok(None) };
    let mut best = None;
    for id in locator.at(lon, lat) {
        let Some(parcel) = parcels::find_by_id(on, id).await? else { continue };
        if unit.contains(&parcel.unit) {
            return Ok(Some(parcel));
        }
        best = best.or(Some(parcel));
    }
    Ok(best)
}
