//! Photos out and in as an evidence package (举证包): a SQLite file in the layout of the national tool, with the tables
//! JCTB (one row a case) and FJ (one row a photo).
//!
//! The checksum JYM is issued by the state app and cannot be made by anybody else. We put our own there, `SM3:` and the
//! SM3 of the bytes, and say so in the table GWSM: a package of ours is of the same build, not accepted by
//! 国土调查云. On the way in our own checksums are confirmed; others are kept for what they are.

mod sql;
#[cfg(test)]
mod tests;

use std::path::Path;

use gengwei_proto::Level;
use geo::Coord;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::facts::{self, Facts};
use super::{LARGEST, Photo, Photos};
use crate::auth::Units;
use crate::db::{Db, Timestamp};
use crate::error::Problem;
use crate::geo::{GaussKruger, ParcelShape};

use sql::{Attachment, Case, Package, Patch};

/// What GWSM says.
const STATEMENT: &str = "本文件由耕卫按举证包同构导出。校验码 JYM 为“SM3:”加附件原始字节的 SM3，是耕卫自己的校验码，\
     不是国土调查云签发的校验码，不表示已被国家平台接收。JCBH、TBYBH 为耕卫线索编号。坐标为 CGCS2000；\
     XZB、YZB 为 3 度带 35 带（EPSG:4523）。";
/// Begins a checksum of ours.
const OURS: &str = "SM3:";
/// The account that imported photos are kept under.
const IMPORT: &str = "import";
/// Cases read at once.
const PAGE: i64 = 100;

/// What became of the photos of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Photos in the package.
    pub read: u64,
    /// New here, or new to their case.
    pub imported: u64,
    /// Known already.
    pub unchanged: u64,
    /// Not taken, with the reason.
    pub rejected: Vec<(i64, String)>,
}

/// What the record beside a photo holds.
#[derive(Serialize, Deserialize)]
struct Record {
    sha256: String,
    facts: Facts,
}

/// Writes the photos of the cases in some units, or of one case, to a new file; answers how many cases and photos.
pub async fn export(
    db: &Db,
    photos: &Photos,
    units: &Units,
    only: Option<&str>,
    path: &Path,
) -> anyhow::Result<(u64, u64)> {
    anyhow::ensure!(!path.exists(), "{} 已存在，请换一个文件名", path.display());
    let mut package = Package::create(path, STATEMENT).await?;
    let (mut after, mut cases, mut count) = (String::new(), 0, 0);
    loop {
        let page = sql::cases(db, units, only, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for case in page {
            count += add(db, photos, &mut package, &case).await?;
            cases += 1;
        }
    }
    package.close().await?;
    Ok((cases, count))
}

async fn add(db: &Db, photos: &Photos, package: &mut Package, case: &Case) -> anyhow::Result<u64> {
    let county = case.unit.ancestor(Level::County).unwrap_or(*case.unit);
    let (mut count, mut points) = (0, Vec::new());
    for photo in sql::photos(db, &case.id).await? {
        let kept = facts::of_photos(db, std::slice::from_ref(&photo.sha256)).await?.into_iter().next();
        let facts = kept.as_ref().map(facts::Kept::facts).unwrap_or_default();
        let plane = facts.place().and_then(plane);
        if let (Some((x, y)), Some(azimuth)) = (facts.place(), facts.azimuth) {
            points.push(json!({"type": "photo", "x": x, "y": y, "radius": azimuth}));
        }
        let record = Record { sha256: photo.sha256.clone(), facts: facts.clone() };
        let kind = photo.media_type.name().trim_start_matches("image/");
        let attachment = Attachment {
            number: Some(case.id.clone()),
            county: Some(county.as_str().to_owned()),
            name: Some(format!("{}.{kind}", &photo.sha256[..16])),
            kind: Some(kind.to_owned()),
            bytes: Some(photos.get(&photo.sha256).await.map_err(|p| anyhow::anyhow!(p.sentence()))?.to_vec()),
            taken_at: Some(
                facts.taken_at.unwrap_or(photo.stored_at).civil().strftime("%Y-%m-%d %H:%M:%S").to_string(),
            ),
            azimuth: facts.azimuth.map(f64::round),
            person: kept.map(|kept| kept.name),
            lon: facts.lon,
            lat: facts.lat,
            x: plane.map(|(x, _)| x),
            y: plane.map(|(_, y)| y),
            record: Some(serde_json::to_string(&record)?),
            checksum: Some(format!("{OURS}{}", photo.sm3)),
            ..Attachment::default()
        };
        package.add_photo(&attachment).await?;
        count += 1;
    }
    let place = case.lon.zip(case.lat).and_then(plane);
    let patch = Patch {
        number: &case.id,
        kind: &case.kind,
        county: county.as_str(),
        area: case.area,
        plane: place,
        points: serde_json::Value::from(points).to_string(),
        words: case.words.as_deref(),
        outline: case.shape.as_deref().and_then(outline),
    };
    package.add_patch(&patch).await?;
    Ok(count)
}

/// Northing and easting with zone prefix, EPSG:4523, as XZB and YZB hold them.
fn plane((lon, lat): (f64, f64)) -> Option<(f64, f64)> {
    let point = GaussKruger::from_epsg(4523)?.forward(Coord { x: lon, y: lat });
    Some((point.y, point.x))
}

/// A packed outline as WKT in degrees.
fn outline(shape: &[u8]) -> Option<String> {
    let polygons = ParcelShape::from_bytes(shape).ok()?.to_lonlat();
    let ring = |ring: &geo::LineString<f64>| {
        let corners: Vec<_> = ring.coords().map(|c| format!("{} {}", c.x, c.y)).collect();
        format!("({})", corners.join(", "))
    };
    let polygon = |p: &geo::Polygon<f64>| {
        let rings: Vec<_> = std::iter::once(p.exterior()).chain(p.interiors()).map(ring).collect();
        format!("({})", rings.join(", "))
    };
    let all: Vec<_> = polygons.iter().map(polygon).collect();
    Some(format!("MULTIPOLYGON ({})", all.join(", ")))
}

/// Takes the photos of a package to the cases that they name; again changes nothing.
pub async fn import(db: &Db, photos: &Photos, path: &Path, now: Timestamp) -> anyhow::Result<Counts> {
    let mut package = Package::open(path).await?;
    let (mut counts, mut after) = (Counts::default(), i64::MIN);
    while let Some(attachment) = package.next_photo(after).await? {
        after = attachment.id;
        counts.read += 1;
        match take(db, photos, attachment, now).await {
            Ok(true) => counts.imported += 1,
            Ok(false) => counts.unchanged += 1,
            Err(problem) => counts.rejected.push((after, problem.sentence())),
        }
    }
    package.close().await?;
    Ok(counts)
}

/// Takes one photo; answers whether something is new.
async fn take(db: &Db, photos: &Photos, attachment: Attachment, now: Timestamp) -> Result<bool, Problem> {
    let number = attachment.number.clone().unwrap_or_default();
    let unit = sql::unit_of(db, &number).await?;
    let unit = unit.ok_or_else(|| Problem::invalid("TBYBH", format!("没有编号为“{number}”的线索。")))?;
    let facts = facts_of(&attachment);
    let person = attachment.person.unwrap_or_default();
    let bytes = attachment.bytes.ok_or_else(|| Problem::invalid("FJ", "附件是空的。"))?;
    let photo = Photo::new(bytes.into(), LARGEST)?;
    let checksum = attachment.checksum.unwrap_or_default();
    if checksum.strip_prefix(OURS).is_some_and(|sm3| sm3 != photo.sm3) {
        return Err(Problem::invalid("JYM", "附件与校验码（SM3）不符。"));
    }
    super::keep(photos, &photo).await?;
    facts::extend(db, move |tx| {
        let (photo, facts, number, unit) = (photo.clone(), facts.clone(), number.clone(), unit.clone());
        let by = facts::By { account: IMPORT.to_owned(), login: "cli".to_owned(), name: person.clone() };
        async move {
            let new = super::record_as(&tx, &photo, IMPORT, "cli", now).await?;
            let linked = sql::linked(&tx, &photo.sha256, &number).await?;
            super::sql::link(&tx, std::slice::from_ref(&photo.sha256), "case", &number, &unit).await?;
            // What was handed in with the photo by whoever took it stands.
            if facts::of_photos(&tx, std::slice::from_ref(&photo.sha256)).await?.is_empty() {
                facts::add(&tx, &by, &photo.sha256, &facts, now).await?;
            }
            Ok(new || !linked)
        }
    })
    .await
}

/// Our own record where there is one that makes sense, else what the columns say; they are of another hand, so what
/// no camera can have measured is left out.
fn facts_of(attachment: &Attachment) -> Facts {
    let record: Option<Record> =
        attachment.record.as_deref().and_then(|text| serde_json::from_str(text).ok());
    if let Some(record) = record.filter(|record| record.facts.check().is_ok()) {
        return record.facts;
    }
    let china = |text: &str| format!("{}+08:00", text.trim().replace(' ', "T")).parse().ok();
    let facts = Facts {
        taken_at: attachment.taken_at.as_deref().and_then(china),
        lon: attachment.lon.filter(|_| attachment.lat.is_some()),
        lat: attachment.lat.filter(|_| attachment.lon.is_some()),
        azimuth: attachment.azimuth,
        offline: true,
        ..Facts::default()
    };
    if facts.check().is_ok() {
        facts
    } else {
        Facts { taken_at: facts.taken_at, offline: true, ..Facts::default() }
    }
}
