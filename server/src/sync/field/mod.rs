//! What follows from the records of a person on patrol.
//!
//! A patrol comes in pieces, in any order: its begin, its track, its sightings, its end. A sighting opens its case at
//! once; the patrol is filed in the ledger when its begin and its end are there, and what comes later is added.
//! Cases and ledger rows are made by the code that files a patrol handed in whole ([`patrols::file`]).

mod sql;
mod unended;

pub use unended::file_unended;

use gengwei_proto::RegionCode;
use gengwei_proto::wire::{
    Event, EvidenceReference, PatrolFinished, PatrolStarted, Record, Sighting, SightingKind, TrackChunk, Uuid,
};
use serde_json::json;

use super::store::{Context, Item};
use crate::accounts;
use crate::auth::rights::FilePatrols;
use crate::auth::{Caller, Units};
use crate::cases::Kind;
use crate::db::{Timestamp, Tx};
use crate::error::{self, Problem, Result};
use crate::evidence;
use crate::parcels::{self, Parcel};
use crate::patrols::file::{self, Located};
use crate::patrols::{self, Action, Datum, Deed, NewPatrol, NewSighting};

/// Applies one record. An error means that nothing can follow from it as it is; the caller keeps it.
pub(super) async fn apply(tx: &Tx, context: &Context, item: &Item<'_>) -> Result<()> {
    let record = Record::decode(&item.record.bytes).ok().flatten();
    let record = record.ok_or_else(|| refused("记录无法读出"))?;
    let by = Person::of(tx, context, item).await?;
    let at = item.placed.at;
    match record.event {
        Event::PatrolStarted(started) => by.start(&started, at).await,
        Event::PatrolFinished(finished) => by.finish(&finished, at).await,
        Event::TrackChunk(chunk) => by.track(item, &chunk).await,
        Event::Sighting(sighting) => by.sight(&sighting, at).await,
        Event::EvidenceReference(reference) => by.refer(&reference).await,
        _ => Err(refused("不是巡查记录")),
    }
}

fn refused(why: &str) -> Problem {
    Problem::new(error::INVALID).detail(why)
}

/// An id as the ledger writes it.
fn name(id: Uuid) -> String {
    uuid::Uuid::from_bytes(id.0).to_string()
}

/// Degrees × 10⁷ in degrees.
fn degrees(e7: i32) -> f64 {
    f64::from(e7) / 1e7
}

/// The person whose tablet it is, and what is needed to act for him.
struct Person<'a> {
    tx: &'a Tx,
    context: &'a Context,
    device: u32,
    caller: Caller,
    units: Units,
}

impl<'a> Person<'a> {
    async fn of(tx: &'a Tx, context: &'a Context, item: &Item<'_>) -> Result<Self> {
        let account = item.device.account.as_deref().ok_or_else(|| refused("这台设备不属于任何账号"))?;
        Self::holding(tx, context, account, item.device.number).await
    }

    async fn holding(tx: &'a Tx, context: &'a Context, account: &str, device: u32) -> Result<Self> {
        let login = accounts::sql::name_of(tx, account).await?.map(|(login, _)| login);
        let login = login.ok_or_else(|| refused("账号不存在"))?;
        let caller = accounts::holder(tx, &context.env, &login).await?;
        let caller = caller.ok_or_else(|| refused("账号已锁定"))?;
        let units = caller.units::<FilePatrols>();
        if units.is_empty() {
            return Err(refused("这个账号现在没有填报巡查的职责"));
        }
        Ok(Self { tx, context, device, caller, units })
    }

    async fn start(&self, started: &PatrolStarted, at: Timestamp) -> Result<()> {
        let unit = self.context.grid.resolve(&started.region).map(|unit| unit.code);
        let unit = unit.filter(|unit| self.units.contain(unit));
        let unit = unit.ok_or_else(|| refused("巡查的单位不在责任区内"))?;
        self.claim(&name(started.patrol)).await?;
        sql::start(self.tx, &name(started.patrol), &unit, at).await?;
        self.file(&name(started.patrol)).await
    }

    async fn finish(&self, finished: &PatrolFinished<'_>, at: Timestamp) -> Result<()> {
        self.claim(&name(finished.patrol)).await?;
        let patrol = name(finished.patrol);
        sql::finish(self.tx, &patrol, finished.note, at).await?;
        if sql::patrol(self.tx, &patrol).await?.is_some_and(|patrol| patrol.filed_at.is_some()) {
            patrols::sql::set_end(self.tx, &patrol, at, finished.note).await?;
        }
        self.file(&patrol).await
    }

    /// Makes the patrol known as this account's.
    async fn claim(&self, patrol: &str) -> Result<()> {
        sql::claim(self.tx, patrol, self.device, &self.caller.account).await?;
        let known = sql::patrol(self.tx, patrol).await?;
        match known {
            Some(known) if known.account_id == self.caller.account => Ok(()),
            _ => Err(refused("这个编号下已有别人的巡查")),
        }
    }

    async fn track(&self, item: &Item<'_>, chunk: &TrackChunk<'_>) -> Result<()> {
        if chunk.points().any(|point| point.is_err()) {
            return Err(refused("轨迹点无法读出"));
        }
        let patrol = name(chunk.patrol);
        self.claim(&patrol).await?;
        sql::insert_track(self.tx, item, &patrol, chunk.points).await?;
        if sql::patrol(self.tx, &patrol).await?.is_some_and(|patrol| patrol.filed_at.is_some())
            && let Some(line) = self.line(&patrol).await?
        {
            patrols::sql::set_track(self.tx, &patrol, &line).await?;
        }
        Ok(())
    }

    /// Where a patrol went, as far as its pieces have come.
    async fn line(&self, patrol: &str) -> Result<Option<Vec<[f64; 2]>>> {
        let mut points = Vec::new();
        for (at, bytes) in sql::tracks(self.tx, patrol).await? {
            let chunk = TrackChunk { patrol: Uuid([0; 16]), points: &bytes };
            for point in chunk.points().flatten() {
                let place = [degrees(point.longitude_e7), degrees(point.latitude_e7)];
                points.push((at.plus_seconds(point.seconds.into()), place));
            }
        }
        points.sort_by_key(|(at, _)| *at);
        Ok((points.len() > 1).then(|| points.into_iter().map(|(_, place)| place).collect()))
    }

    async fn sight(&self, sighting: &Sighting<'_>, at: Timestamp) -> Result<()> {
        let id = name(sighting.id);
        if sql::sighting(self.tx, &id).await?.is_some() {
            return Err(refused("这个编号下已有另一条发现"));
        }
        let patrol = match sighting.patrol.map(name) {
            Some(patrol) => {
                self.claim(&patrol).await?;
                sql::patrol(self.tx, &patrol).await?
            }
            None => None,
        };
        let photos = sql::photos(self.tx, &id).await?;
        let new = new_sighting(sighting, at, photos);
        let located = self.locate(&new, patrol.as_ref().and_then(|patrol| patrol.unit.map(|u| u.0))).await?;
        let facts = json!({"device": self.device, "sighting": sighting.kind.0, "stopped": sighting.stopped});
        let case = file::open_case(self.tx, &self.context.app, &self.caller, &new, &located, facts).await?;
        let patrol_id = patrol.as_ref().map(|patrol| patrol.id.as_str());
        sql::insert_sighting(self.tx, &id, patrol_id, &new, &located, &case, sighting.stopped).await?;
        match patrol {
            Some(patrol) if patrol.filed_at.is_some() => self.add(&patrol).await,
            _ => Ok(()),
        }
    }

    /// By the parcel's code, else by place; where neither finds one, the patrol's unit, else the closest that the
    /// person answers for. A code that names nothing any more must not hold up what was seen.
    async fn locate(&self, sighting: &NewSighting, patrolled: Option<RegionCode>) -> Result<Located> {
        let unit = patrolled.or_else(|| self.units.iter().copied().max_by_key(RegionCode::level));
        let unit = unit.ok_or_else(|| refused("无法确定发现所在的单位"))?;
        let place = sighting.place();
        let mut parcel: Option<Parcel> = None;
        if let Some(code) = sighting.parcel.as_deref().and_then(|code| code.parse().ok()) {
            let found = parcels::find(self.tx, &code).await?;
            parcel = found.filter(|parcel| self.units.contain(&parcel.unit));
        }
        if parcel.is_none() {
            parcel = file::at_place(self.tx, &self.context.locator, &unit, place).await?;
        }
        let unit = parcel.as_ref().map_or(unit, |parcel| parcel.unit.0);
        Ok(Located { parcel: parcel.map(|parcel| parcel.id), unit, place })
    }

    async fn refer(&self, reference: &EvidenceReference) -> Result<()> {
        let (subject, sha256) = (name(reference.subject), hex::encode(reference.sha256));
        sql::insert_photo(self.tx, &subject, &sha256, reference).await?;
        let Some(sighting) = sql::sighting(self.tx, &subject).await? else { return Ok(()) };
        let photos = [sha256];
        evidence::sql::link(self.tx, &photos, "case", &sighting.case_id, sighting.unit.as_str()).await?;
        if let (Some(patrol), Some(seq)) = (&sighting.patrol, sighting.seq)
            && let Some(unit) = sql::patrol(self.tx, patrol).await?.and_then(|patrol| patrol.unit)
        {
            let id = format!("{patrol}/{seq}");
            evidence::sql::link(self.tx, &photos, "sighting", &id, unit.as_str()).await?;
        }
        Ok(())
    }

    /// Files a patrol once it has begun and ended.
    async fn file(&self, id: &str) -> Result<()> {
        match sql::patrol(self.tx, id).await? {
            Some(patrol) => self.file_ended(&patrol).await,
            None => Ok(()),
        }
    }

    async fn file_ended(&self, patrol: &sql::Patrol) -> Result<()> {
        let (Some(unit), Some(started), Some(ended), None) =
            (patrol.unit, patrol.started_at, patrol.ended_at, patrol.filed_at)
        else {
            return Ok(());
        };
        let whole = NewPatrol {
            id: patrol.id.clone(),
            unit: unit.to_string(),
            started_at: started,
            ended_at: ended.max(started),
            words: patrol.words.clone(),
            track: self.line(&patrol.id).await?,
            sightings: Vec::new(),
            actions: Vec::new(),
        };
        let (hash, now) = (file::hash(&whole), self.context.now);
        if !patrols::sql::insert(self.tx, &whole, &unit, &self.caller, &hash, now).await? {
            return Err(refused("这个编号下已有另一份巡查记录"));
        }
        sql::filed(self.tx, &patrol.id, now).await?;
        self.add(patrol).await
    }

    /// Adds the sightings that are not yet in the ledger to their patrol, which is filed.
    async fn add(&self, patrol: &sql::Patrol) -> Result<()> {
        let waiting = sql::waiting_sightings(self.tx, &patrol.id).await?;
        let (Some(unit), Some(started), false) = (patrol.unit, patrol.started_at, waiting.is_empty()) else {
            return Ok(());
        };
        let first = sql::next_seq(self.tx, &patrol.id).await?;
        let mut part = NewPatrol {
            id: patrol.id.clone(),
            unit: unit.to_string(),
            started_at: started,
            ended_at: patrol.ended_at.unwrap_or(started),
            words: None,
            track: None,
            sightings: Vec::new(),
            actions: Vec::new(),
        };
        let (mut located, mut cases) = (Vec::new(), Vec::new());
        for (n, sighting) in waiting.into_iter().enumerate() {
            if sighting.stopped == Some(true) {
                let at = sighting.seen_at;
                part.actions.push(Deed { action: Action::Stopped, at, sighting: Some(n), words: None });
            }
            let seq = first + i64::try_from(n).unwrap_or(i64::MAX);
            sql::number_sighting(self.tx, &sighting.id, seq).await?;
            located.push(sighting.located());
            cases.push(sighting.case_id.clone());
            part.sightings.push(sighting.to_new(sql::photos(self.tx, &sighting.id).await?));
        }
        file::add_sightings(self.tx, &part, &unit, first, &located, &cases).await
    }
}

/// A sighting of the wire as one that a patrol is filed with.
fn new_sighting(sighting: &Sighting<'_>, at: Timestamp, photos: Vec<String>) -> NewSighting {
    let (kind, about) = kind(sighting.kind);
    let words = [about, sighting.note].into_iter().flatten().collect::<Vec<_>>().join("：");
    NewSighting {
        kind,
        lon: sighting.position.map(|position| degrees(position.longitude_e7)),
        lat: sighting.position.map(|position| degrees(position.latitude_e7)),
        accuracy: sighting.position.and_then(|position| position.accuracy_m).map(f64::from),
        datum: Datum::Wgs84,
        parcel: sighting.parcel.map(|code| code.as_str().to_owned()),
        words: Some(words).filter(|words| !words.is_empty()),
        seen_at: at,
        photos,
    }
}

/// The kind of case, and what must be said besides because there is no such kind.
fn kind(kind: SightingKind) -> (Kind, Option<&'static str>) {
    match kind {
        SightingKind::NON_AGRICULTURAL => (Kind::Building, None),
        SightingKind::NON_GRAIN => (Kind::Other, Some("非粮化")),
        SightingKind::ABANDONED => (Kind::Abandoned, None),
        SightingKind::ILLEGAL_HOUSE => (Kind::IllegalHouse, None),
        SightingKind::OVERSIZED_FACILITY => (Kind::Other, Some("设施农业用地超标")),
        SightingKind::DAMAGED_FACILITY => (Kind::Facility, None),
        SightingKind::DAMAGED_SIGN => (Kind::Sign, None),
        _ => (Kind::Other, None),
    }
}
