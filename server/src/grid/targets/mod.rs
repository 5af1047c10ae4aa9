//! What a unit has to keep (R03), against what its parcels add up to.
//!
//! The notice states the city's two figures; those of the counties are entered, each with the document it
//! rests on. A target holds until the next year that has one.

mod http;
mod sql;

use std::fmt;
use std::str::FromStr;

use gengwei_proto::RegionCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{Caller, Units};
use crate::db::{Session, Timestamp, Tx};

pub(super) use http::routes;

/// What is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TargetKind)]
pub enum Kind {
    /// 耕地保有量
    Cropland,
    /// 永久基本农田保护面积
    Permanent,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Cropland, Self::Permanent];

    /// Chinese, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Cropland => "耕地保有量",
            Self::Permanent => "永久基本农田",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cropland => "cropland",
            Self::Permanent => "permanent",
        })
    }
}

/// A word that names no target.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("“{0}” is neither cropland nor permanent")]
pub struct NoSuchKind(String);

impl FromStr for Kind {
    type Err = NoSuchKind;

    /// Reads the English word or the Chinese title.
    fn from_str(text: &str) -> Result<Self, NoSuchKind> {
        match text {
            "cropland" | "耕地保有量" => Ok(Self::Cropland),
            "permanent" | "永久基本农田" | "永久基本农田保护面积" => Ok(Self::Permanent),
            other => Err(NoSuchKind(other.to_owned())),
        }
    }
}

/// A target as it is entered.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Whose.
    pub unit: RegionCode,
    /// From which year on.
    pub year: i64,
    /// Of what.
    pub kind: Kind,
    /// 亩
    pub mu: f64,
    /// The document it rests on.
    pub document: String,
}

impl Target {
    /// What is wrong with it: the field and a Chinese sentence.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if !(1949..=2199).contains(&self.year) {
            return Err(("year", "年份应为四位数，例如 2023。".to_owned()));
        }
        if !(self.mu.is_finite() && self.mu > 0.0 && self.mu < 1e9) {
            return Err(("mu", "面积应为大于 0 的亩数。".to_owned()));
        }
        if !super::is_plain(&self.document, 128) {
            return Err(("document", "须注明依据的文件，不超过 128 个字符。".to_owned()));
        }
        Ok(())
    }
}

/// What stands for the same unit, year and kind: 亩 and document.
pub async fn stored(on: &impl Session, target: &Target) -> sqlx::Result<Option<(f64, String)>> {
    sql::find(on, &target.unit, target.year, target.kind).await
}

/// Enters a target; answers the one that stood for the same year, if there was one. What stood stays in the
/// audit log.
pub async fn enter(
    tx: &Tx,
    by: &Caller,
    target: &Target,
    now: Timestamp,
) -> sqlx::Result<Option<(f64, String)>> {
    let before = stored(tx, target).await?;
    if before.as_ref().is_some_and(|(mu, document)| *mu == target.mu && *document == target.document) {
        return Ok(before);
    }
    sql::put(tx, target, now, &by.login).await?;
    let detail = serde_json::json!({"year": target.year, "kind": target.kind, "mu": target.mu,
        "document": target.document, "was": before});
    tx.audit(by.entry("target.enter", target.unit.as_str()).detail(detail));
    Ok(before)
}

/// 亩 of so many square metres: 15 亩 are a hectare.
pub fn mu(square_metres: f64) -> f64 {
    square_metres * 3.0 / 2_000.0
}

/// Where a unit stands in a year.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TargetProgress)]
pub struct Progress {
    /// The unit's code.
    pub unit: String,
    /// The year that was asked for.
    pub year: i64,
    /// One of each kind.
    pub items: Vec<Standing>,
    /// 耕地等别 of the unit's cropland, weighted by area: the smaller the better. `null` when no parcel has one.
    pub quality: Option<Quality>,
}

/// Where a unit stands with one target.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TargetStanding)]
pub struct Standing {
    /// Of what.
    pub kind: Kind,
    /// Chinese, for people.
    pub title: &'static str,
    /// `null` when none was entered for this year or one before.
    pub target: Option<InForce>,
    /// How many parcels add up.
    pub parcels: i64,
    /// Their area, m²: TBMJ as imported, else by the official formula.
    pub area: f64,
    /// The same in 亩.
    pub mu: f64,
    /// 亩 that are missing; negative when there is more than the target. `null` without a target.
    pub gap: Option<f64>,
}

/// The target in force.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = TargetInForce)]
pub struct InForce {
    /// The year for which it was entered.
    pub year: i64,
    /// 亩
    pub mu: f64,
    /// The document it rests on.
    pub document: String,
}

/// The average 耕地等别.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = CroplandQuality)]
pub struct Quality {
    /// 1 (best) to 15.
    pub average: f64,
    /// The area of the parcels that have one, m².
    pub area: f64,
}

/// Where a unit stands in a year.
pub async fn progress(on: &impl Session, unit: &RegionCode, year: i64) -> sqlx::Result<Progress> {
    let sums = sql::sums(on, &Units::new([*unit])).await?;
    let mut items = Vec::new();
    for kind in Kind::ALL {
        let (parcels, area) = match kind {
            Kind::Cropland => (sums.cropland_parcels, sums.cropland),
            Kind::Permanent => (sums.permanent_parcels, sums.permanent),
        };
        let target = sql::in_force(on, unit, year, kind).await?;
        let mu = mu(area);
        let gap = target.as_ref().map(|target| target.mu - mu);
        items.push(Standing { kind, title: kind.title(), target, parcels, area, mu, gap });
    }
    let quality =
        (sums.graded > 0.0).then(|| Quality { average: sums.grades / sums.graded, area: sums.graded });
    Ok(Progress { unit: unit.to_string(), year, items, quality })
}

/// A target as the API answers it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TargetEntered)]
pub struct Entered {
    /// The unit's code.
    pub unit: String,
    /// The year.
    pub year: i64,
    /// Of what.
    pub kind: Kind,
    /// 亩
    pub mu: f64,
    /// The document it rests on.
    pub document: String,
}

impl From<Target> for Entered {
    fn from(target: Target) -> Self {
        let Target { unit, year, kind, mu, document } = target;
        Self { unit: unit.to_string(), year, kind, mu, document }
    }
}
