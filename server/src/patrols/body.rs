//! A patrol as it is handed in, and what may be wrong with it.

use gengwei_proto::{ParcelCode, RegionCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cases::{Kind, words};
use crate::db::Timestamp;
use crate::env::is_uuid_v7;
use crate::error::{self, Problem};
use crate::evidence::is_sha256;

words! {
    /// What the patrol did (R15, R17): 发现、制止、报告、劝耕, each with its time.
    Action {
        Found = "found" "发现",
        Stopped = "stopped" "制止",
        Reported = "reported" "报告",
        Persuaded = "persuaded" "劝耕促耕",
    }
}

/// A clock that runs ahead by so much is taken for right.
const AHEAD_SECONDS: i64 = 300;
const MOST_SIGHTINGS: usize = 100;
const MOST_PHOTOS: usize = 20;
const MOST_POINTS: usize = 20_000;
const MOST_CHARACTERS: usize = 2_000;

/// A patrol.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPatrol {
    /// A UUIDv7, made by the client before it is sent: sending it again is safe.
    #[schema(format = Uuid, example = "01a20e35-9823-734f-9405-a8d66f878601")]
    pub id: String,
    /// The unit that was patrolled: 4, 6, 9, 12 or 14 digits.
    pub unit: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// A remark.
    #[serde(default)]
    pub words: Option<String>,
    /// Where it went, `[lon, lat]` by `[lon, lat]`; only if the person or the task wants it.
    #[serde(default)]
    pub track: Option<Vec<[f64; 2]>>,
    /// What was seen.
    #[serde(default)]
    pub sightings: Vec<NewSighting>,
    /// What was done.
    #[serde(default)]
    pub actions: Vec<Deed>,
}

/// Something that may be wrong with a field.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSighting {
    /// What.
    pub kind: Kind,
    /// Longitude in degrees.
    #[serde(default)]
    pub lon: Option<f64>,
    /// Latitude in degrees.
    #[serde(default)]
    pub lat: Option<f64>,
    /// Metres.
    #[serde(default)]
    pub accuracy: Option<f64>,
    /// Of the position; WGS-84 when not given. A GCJ-02 position (maps of phones in China) is converted once.
    #[serde(default)]
    pub datum: Datum,
    /// The parcel's code; without it the position finds the parcel.
    #[serde(default)]
    pub parcel: Option<String>,
    /// In words.
    #[serde(default)]
    pub words: Option<String>,
    /// When.
    pub seen_at: Timestamp,
    /// SHA-256 of photos that were handed in before.
    #[serde(default)]
    pub photos: Vec<String>,
}

/// What a position refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Datum {
    /// GNSS as it is; the same as CGCS2000 to 0.1 m.
    #[default]
    Wgs84,
    /// The shifted positions of Chinese phone maps.
    Gcj02,
}

/// Something that was done.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// What.
    pub action: Action,
    /// When.
    pub at: Timestamp,
    /// About which sighting, from 0.
    #[serde(default)]
    pub sighting: Option<usize>,
    /// In words.
    #[serde(default)]
    pub words: Option<String>,
}

impl NewSighting {
    /// Longitude and latitude in CGCS2000.
    pub fn place(&self) -> Option<(f64, f64)> {
        let at = geo::Coord { x: self.lon?, y: self.lat? };
        let at = match self.datum {
            Datum::Wgs84 => at,
            Datum::Gcj02 => crate::geo::gcj02::to_wgs84(at),
        };
        Some((at.x, at.y))
    }
}

/// Collects everything that is wrong, so that the user mends it in one go.
struct Faults(Option<Problem>);

impl Faults {
    fn check(&mut self, holds: bool, field: impl Into<String>, message: &str) {
        if !holds {
            let problem = self.0.take().unwrap_or_else(|| Problem::new(error::INVALID));
            self.0 = Some(problem.field(field, message));
        }
    }
}

impl NewPatrol {
    /// The unit's code. 422 with every fault by JSON pointer.
    pub fn check(&self, now: Timestamp) -> Result<RegionCode, Problem> {
        let mut faults = Faults(None);
        let latest = now.plus_seconds(AHEAD_SECONDS);
        let unit = RegionCode::parse(&self.unit);
        faults.check(is_uuid_v7(&self.id), "/id", "编号应为 UUIDv7。");
        faults.check(unit.is_ok(), "/unit", "区划代码应为 4、6、9、12 或 14 位数字。");
        faults.check(self.started_at <= self.ended_at, "/ended_at", "结束时间早于开始时间。");
        faults.check(self.ended_at <= latest, "/ended_at", "结束时间在未来，请检查设备的时钟。");
        faults.check(short(&self.words), "/words", "文字太长。");
        let track = self.track.as_deref().unwrap_or_default();
        faults.check(track.len() <= MOST_POINTS, "/track", "轨迹点太多。");
        faults.check(
            track.iter().all(|[lon, lat]| on_earth(*lon, *lat)),
            "/track",
            "轨迹里有不是经纬度的点。",
        );
        faults.check(self.sightings.len() <= MOST_SIGHTINGS, "/sightings", "一次巡查最多 100 条发现。");
        for (n, sighting) in self.sightings.iter().enumerate().take(MOST_SIGHTINGS) {
            sighting.check(&mut faults, n, latest);
        }
        faults.check(self.actions.len() <= MOST_SIGHTINGS, "/actions", "一次巡查最多 100 条处置。");
        for (n, deed) in self.actions.iter().enumerate().take(MOST_SIGHTINGS) {
            let known = deed.sighting.is_none_or(|s| s < self.sightings.len());
            faults.check(known, format!("/actions/{n}/sighting"), "没有这条发现。");
            faults.check(deed.at <= latest, format!("/actions/{n}/at"), "时间在未来，请检查设备的时钟。");
            faults.check(short(&deed.words), format!("/actions/{n}/words"), "文字太长。");
        }
        match (faults.0, unit) {
            (None, Ok(unit)) => Ok(unit),
            (Some(problem), _) => Err(problem),
            (None, Err(_)) => unreachable!("a bad unit is a fault"),
        }
    }

    /// All photos that it names, each once.
    pub fn photos(&self) -> Vec<String> {
        let mut all: Vec<String> = self.sightings.iter().flat_map(|s| s.photos.clone()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl NewSighting {
    fn check(&self, faults: &mut Faults, n: usize, latest: Timestamp) {
        let at = |field: &str| format!("/sightings/{n}/{field}");
        let place = match (self.lon, self.lat) {
            (None, None) => true,
            (Some(lon), Some(lat)) => on_earth(lon, lat),
            _ => false,
        };
        faults.check(place, at("lon"), "经度和纬度应为一对度数。");
        let accuracy = self.accuracy.is_none_or(|a| (0.0..1e6).contains(&a));
        faults.check(accuracy, at("accuracy"), "精度应为米数。");
        let parcel = self.parcel.as_deref().is_none_or(|p| ParcelCode::parse(p).is_ok());
        faults.check(parcel, at("parcel"), "地块码应为 20 位，末位为校验位。");
        faults.check(short(&self.words), at("words"), "文字太长。");
        faults.check(self.seen_at <= latest, at("seen_at"), "时间在未来，请检查设备的时钟。");
        faults.check(self.photos.len() <= MOST_PHOTOS, at("photos"), "每条发现最多 20 张照片。");
        faults.check(
            self.photos.iter().all(|p| is_sha256(p)),
            at("photos"),
            "照片编号应为 64 位小写十六进制。",
        );
    }
}

fn short(words: &Option<String>) -> bool {
    words.as_ref().is_none_or(|w| w.chars().count() <= MOST_CHARACTERS && !w.contains('\0'))
}

fn on_earth(lon: f64, lat: f64) -> bool {
    lon.abs() <= 180.0 && lat.abs() <= 90.0
}
