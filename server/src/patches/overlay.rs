//! A patch against everything that it meets: parcels, villages and groups, 永久基本农田, 新增耕地, approvals,
//! filings. All areas are m² by the official formula on the pieces, cut in EPSG:4523.

use std::collections::{BTreeMap, HashMap};

use gengwei_proto::{Level, ParcelCode, RegionCode};

use super::sql::ParcelRow;
use super::triage;
use crate::db::Db;
use crate::geo::overlay::{Piece, Region, intersection, to_plane, union_area};
use crate::geo::{Crs, CrsError, ParcelShape, wkb};
use crate::layers::{self, Kind, Shelf};
use crate::parcels::classes;
use crate::state::App;

/// Less than this in common is rounding: a square decimetre.
const NOTHING: f64 = 0.01;

/// What a patch has in common with a parcel.
#[derive(Clone, Debug, PartialEq)]
pub struct Met {
    /// The parcel.
    pub parcel: i64,
    /// Its code; farmland only.
    pub code: Option<ParcelCode>,
    /// The village or group it belonged to.
    pub unit: RegionCode,
    /// Its class then.
    pub dlbm: String,
    /// Whether it was 永久基本农田.
    pub permanent: bool,
    /// Of what both share, m².
    pub area: f64,
    /// Of the parcel, 0 to 1.
    pub share_of_parcel: f64,
    /// Of the patch, 0 to 1.
    pub share_of_patch: f64,
}

/// What a patch has in common with an area of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Covered {
    /// The area's id.
    pub area_id: i64,
    /// What it tells.
    pub kind: Kind,
    /// 批准文号, 备案编号 and the like.
    pub number: Option<String>,
    /// What for.
    pub purpose: Option<String>,
    /// The last day of a temporary approval.
    pub valid_to: Option<jiff::civil::Date>,
    /// m²
    pub area: f64,
    /// Of the patch, 0 to 1.
    pub share: f64,
}

/// All that a patch meets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlay {
    /// Of the patch, m².
    pub area: f64,
    /// Every parcel, the largest piece first.
    pub parcels: Vec<Met>,
    /// Villages and groups with their areas, the largest first.
    pub units: Vec<(RegionCode, f64)>,
    /// Areas of layers, by kind, the largest first.
    pub layers: Vec<Covered>,
    /// On farmland, m²; ground under two parcels counts once, here and below.
    pub farmland: f64,
    /// On 永久基本农田.
    pub permanent: f64,
    /// On 新增耕地.
    pub added: f64,
    /// In no parcel at all.
    pub outside: f64,
}

impl Overlay {
    /// The parcel that a case of it is about: most of its farmland, or most of it.
    pub fn main_parcel(&self) -> Option<&Met> {
        self.parcels.iter().find(|met| classes::is_farmland(&met.dlbm)).or_else(|| self.parcels.first())
    }

    /// The village with the largest share, and within it the group with the largest.
    pub fn unit(&self) -> Option<RegionCode> {
        let mut villages: BTreeMap<RegionCode, f64> = BTreeMap::new();
        for (unit, area) in &self.units {
            *villages.entry(unit.ancestor(Level::Village).unwrap_or(*unit)).or_default() += area;
        }
        // Of two equal ones the one with the smaller code, so that the answer is always the same.
        let (village, _) = villages.into_iter().rev().max_by(|a, b| a.1.total_cmp(&b.1))?;
        self.units.iter().map(|(unit, _)| *unit).find(|unit| village.contains(unit))
    }

    /// Whether a kind's pieces make up a share of the patch's farmland.
    fn covers(&self, share: f64, wanted: impl Fn(&Covered) -> bool) -> bool {
        let sum: f64 = self.layers.iter().filter(|c| wanted(c)).map(|c| c.area).sum();
        sum > 0.0 && sum >= share * self.farmland.min(self.area)
    }

    /// What of this the rules look at; an approval or a filing covers from `covered` on, 0 to 1.
    pub fn inputs(
        &self,
        to: Option<String>,
        seen: Option<String>,
        month: Option<i8>,
        covered: f64,
    ) -> triage::Inputs {
        let approval = |temporary: bool| {
            self.covers(covered, |c| c.kind == Kind::Approval && c.valid_to.is_some() == temporary)
        };
        let approval = match (approval(false), approval(true)) {
            (true, _) => triage::Approval::Lasting,
            (false, true) => triage::Approval::Temporary,
            (false, false) => triage::Approval::None,
        };
        let papers = self.layers.iter().filter(|c| matches!(c.kind, Kind::Approval | Kind::Filing));
        let mut numbers: Vec<String> = papers.filter_map(|c| c.number.clone()).collect();
        numbers.dedup();
        triage::Inputs {
            from: self.main_parcel().map(|met| met.dlbm.clone()),
            to,
            seen,
            area: self.area,
            farmland: self.farmland,
            permanent: self.permanent,
            added: self.added,
            approval,
            filing: self.covers(covered, |c| c.kind == Kind::Filing),
            numbers,
            month,
            repeated: false,
        }
    }
}

/// A patch as the overlay takes it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// In the plane of EPSG:4523.
    pub region: Region,
    /// Its box in degrees: west, south, east, north.
    pub bounds: [f64; 4],
}

/// An outline in CGCS2000 degrees against everything that it meets; its box is west, south, east, north.
///
/// # Errors
/// The database's, and coordinates that no plane has.
pub async fn of_outline(
    app: &App,
    lonlat: geo::MultiPolygon<f64>,
    bounds: [f64; 4],
) -> anyhow::Result<Overlay> {
    let subjects = vec![subject(lonlat, &Crs::Geographic, bounds)?];
    let shelf = Shelf::load(app.db()).await?;
    let around = Surroundings::load(app, &shelf, &subjects).await?;
    let mut cut = tokio::task::spawn_blocking(move || around.cut(&subjects)).await?;
    Ok(cut.pop().unwrap_or_default())
}

/// What may be met near some patches, read once for all of them.
pub(super) struct Surroundings {
    parcels: HashMap<i64, (ParcelRow, Region)>,
    areas: HashMap<i64, (layers::Area, Region)>,
    near: Vec<(Vec<i64>, Vec<i64>)>,
}

impl Surroundings {
    /// Reads what lies in the boxes of the patches.
    pub(super) async fn load(app: &App, shelf: &Shelf, subjects: &[Subject]) -> anyhow::Result<Self> {
        let locator = app.locator();
        let near: Vec<(Vec<i64>, Vec<i64>)> =
            subjects.iter().map(|s| (locator.within(s.bounds), shelf.within(s.bounds))).collect();
        let distinct = |ids: Vec<i64>| {
            let mut ids = ids;
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let parcels = distinct(near.iter().flat_map(|(parcels, _)| parcels.iter().copied()).collect());
        let areas = distinct(near.iter().flat_map(|(_, areas)| areas.iter().copied()).collect());
        let (parcels, areas) = read(app.db(), &parcels, &areas).await?;
        tokio::task::spawn_blocking(move || {
            let parcels = parcels.into_iter().map(|row| {
                let region = region(row.crs, &row.geometry, &row.shape)?;
                Ok((row.id, (row, region)))
            });
            let areas = areas.into_iter().map(|area| {
                let region = region(area.crs, &area.geometry, &area.shape)?;
                Ok((area.id, (area, region)))
            });
            let parcels = parcels.collect::<anyhow::Result<HashMap<_, _>>>()?;
            Ok(Self { parcels, areas: areas.collect::<anyhow::Result<_>>()?, near })
        })
        .await?
    }

    /// Cuts each patch with what lies near it.
    pub(super) fn cut(&self, subjects: &[Subject]) -> Vec<Overlay> {
        subjects.iter().zip(&self.near).map(|(subject, near)| self.cut_one(subject, near)).collect()
    }

    fn cut_one(&self, subject: &Subject, (parcels, areas): &(Vec<i64>, Vec<i64>)) -> Overlay {
        let whole = subject.region.area();
        let mut found = Overlay { area: whole, ..Overlay::default() };
        let mut all = Vec::new();
        let (mut farmland, mut permanent, mut added) = (Vec::new(), Vec::new(), Vec::new());
        let mut units: BTreeMap<RegionCode, f64> = BTreeMap::new();
        for (row, region) in parcels.iter().filter_map(|id| self.parcels.get(id)) {
            let piece = intersection(&subject.region, region);
            if piece.area < NOTHING {
                continue;
            }
            *units.entry(row.unit.0).or_default() += piece.area;
            found.parcels.push(met(row, &piece, region.area(), whole));
            let kinds = [
                (classes::is_farmland(&row.dlbm), &mut farmland),
                (row.permanent, &mut permanent),
                (row.added, &mut added),
            ];
            for (_, pieces) in kinds.into_iter().filter(|(belongs, _)| *belongs) {
                pieces.push(piece.clone());
            }
            all.push(piece);
        }
        for (area, region) in areas.iter().filter_map(|id| self.areas.get(id)) {
            let piece = intersection(&subject.region, region);
            if piece.area < NOTHING {
                continue;
            }
            found.layers.push(covered(area, &piece, whole));
            match area.kind.0 {
                Kind::Permanent => permanent.push(piece),
                Kind::Added => added.push(piece),
                Kind::Approval | Kind::Filing => {}
            }
        }
        found.farmland = union_area(&farmland).min(whole);
        found.permanent = union_area(&permanent).min(whole);
        found.added = union_area(&added).min(whole);
        let outside = whole - union_area(&all);
        found.outside = if outside < NOTHING { 0.0 } else { (outside * 100.0).round() / 100.0 };
        found.parcels.sort_by(|a, b| b.area.total_cmp(&a.area).then(a.parcel.cmp(&b.parcel)));
        found.layers.sort_by(|a, b| a.kind.cmp(&b.kind).then(b.area.total_cmp(&a.area)));
        found.units = units.into_iter().collect();
        found.units.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found
    }
}

async fn read(db: &Db, parcels: &[i64], areas: &[i64]) -> sqlx::Result<(Vec<ParcelRow>, Vec<layers::Area>)> {
    Ok((super::sql::parcels(db, parcels).await?, layers::areas(db, areas).await?))
}

fn met(row: &ParcelRow, piece: &Piece, parcel: f64, patch: f64) -> Met {
    Met {
        parcel: row.id,
        code: row.code.map(|code| code.0),
        unit: row.unit.0,
        dlbm: row.dlbm.clone(),
        permanent: row.permanent,
        area: piece.area,
        share_of_parcel: share(piece.area, parcel),
        share_of_patch: share(piece.area, patch),
    }
}

fn covered(area: &layers::Area, piece: &Piece, patch: f64) -> Covered {
    Covered {
        area_id: area.id,
        kind: area.kind.0,
        number: area.number.clone(),
        purpose: area.purpose.clone(),
        valid_to: area.valid_to.map(|day| day.0),
        area: piece.area,
        share: share(piece.area, patch),
    }
}

/// 0 to 1, to a millionth: areas are known to 0.01 m² and no better.
pub(super) fn share(part: f64, whole: f64) -> f64 {
    if whole <= 0.0 { 0.0 } else { ((part / whole).min(1.0) * 1e6).round() / 1e6 }
}

/// A stored outline in the plane; from the lookup shape where its system has no EPSG code.
fn region(crs: i64, geometry: &[u8], shape: &[u8]) -> anyhow::Result<Region> {
    let plane = match Crs::from_epsg(u32::try_from(crs).unwrap_or_default()) {
        Ok(crs) => to_plane(wkb::read(geometry)?, &crs)?,
        Err(_) => to_plane(ParcelShape::from_bytes(shape)?.to_lonlat(), &Crs::Geographic)?,
    };
    Ok(Region::new(plane))
}

/// A patch's outline in the plane.
pub(super) fn subject(
    polygons: geo::MultiPolygon<f64>,
    crs: &Crs,
    bounds: [f64; 4],
) -> Result<Subject, CrsError> {
    Ok(Subject { region: Region::new(to_plane(polygons, crs)?), bounds })
}
