//! QR posts (二维码警示桩, R17): a register of posts, each with a number of its own, and their labels.
//!
//! A label is printed for a post and the parcel that it stands for then; its tag proves both ([`tag`]). A post
//! can move to another parcel: the register knows where it stands now, and its old label goes on working.

pub(crate) mod drawing;
mod http;
pub mod label;
pub mod qr;
pub mod sheet;
pub mod sql;
pub mod tag;

use std::fmt;
use std::str::FromStr;

use gengwei_proto::{Level, ParcelCode, RegionCode};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{Caller, Units};
use crate::db::{Session, Tx};
use crate::error::{Problem, Result};
use crate::state::App;
use label::Label;
use tag::PostNumber;

pub use http::routes;

/// What a post is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PostState)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its label may be printed; it does not stand yet.
    Planned,
    /// It stands.
    Installed,
    /// It stands, but must be mended.
    Damaged,
    /// It stands no more.
    Removed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Planned, Self::Installed, Self::Damaged, Self::Removed];

    /// The word in JSON and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Installed => "installed",
            Self::Damaged => "damaged",
            Self::Removed => "removed",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no state of a post.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is no state of a post")]
pub struct NoSuchState(String);

impl FromStr for State {
    type Err = NoSuchState;

    fn from_str(text: &str) -> Result<Self, NoSuchState> {
        Self::ALL.into_iter().find(|s| s.name() == text).ok_or_else(|| NoSuchState(text.to_owned()))
    }
}

/// What may be said of a post; `None` leaves it as it is.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Change {
    /// Where it stands, in words.
    pub place: Option<String>,
    /// Longitude and latitude in degrees.
    pub lon: Option<f64>,
    /// Latitude.
    pub lat: Option<f64>,
    /// What it is in.
    pub state: Option<State>,
    /// The day on which it was set up.
    #[schema(value_type = Option<String>, format = Date)]
    pub installed_on: Option<Date>,
    /// The id of the device inside it.
    pub device: Option<String>,
}

impl Change {
    fn check(&self) -> Result<()> {
        let long = |text: &Option<String>| text.as_ref().is_some_and(|t| t.chars().count() > 200);
        if long(&self.place) || long(&self.device) {
            return Err(Problem::invalid("/place", "不能超过 200 个字符。"));
        }
        let off = |value: Option<f64>, most: f64| value.is_some_and(|v| !(-most..=most).contains(&v));
        if off(self.lon, 180.0) || off(self.lat, 90.0) || self.lon.is_some() != self.lat.is_some() {
            return Err(Problem::invalid("/lon", "经度和纬度应为一对度数。"));
        }
        Ok(())
    }
}

/// Registers a post for a parcel in the caller's scope; answers its number.
pub async fn register(
    app: &App,
    by: &Caller,
    units: &Units,
    code: &ParcelCode,
    change: Change,
) -> Result<i64> {
    change.check()?;
    let parcel = crate::parcels::find(app.db(), code).await?.ok_or_else(Problem::not_found)?;
    if !units.contain(&parcel.unit) || parcel.retired_on.is_some() {
        return Err(Problem::not_found().detail("没有这个地块，或它不在您的管辖范围内。"));
    }
    let (by, now) = (by.clone(), app.env().now());
    app.db()
        .write(move |tx| async move {
            let number = sql::next_numbers(&tx, 1).await?;
            sql::insert(&tx, number, parcel.id, parcel.unit.as_str(), now).await?;
            sql::change(&tx, number, &change, now).await?;
            tx.audit(by.entry("post.register", number.to_string()));
            Ok(number)
        })
        .await
}

/// Gives every coded parcel of some units that has no post a planned one, and answers the labels of all of
/// them by parcel code. Doing it again changes nothing.
pub async fn labels(app: &App, by: &Caller, units: &Units) -> Result<Vec<Label>> {
    let mut labels = Vec::new();
    let mut after = String::new();
    loop {
        let page = crate::parcels::sql::coded(app.db(), units, &after, 1_000).await?;
        let Some((_, last, _)) = page.last() else { return Ok(labels) };
        after = last.to_string();
        let ids: Vec<i64> = page.iter().map(|(id, ..)| *id).collect();
        plan_missing(app, by, page.iter().map(|(id, _, unit)| (*id, unit.to_string())).collect()).await?;
        let posts = sql::of_parcels(app.db(), &ids).await?;
        for (id, code, unit) in page {
            for (_, number) in posts.iter().filter(|(parcel, _)| *parcel == id) {
                labels.push(label_of(app, *number, code.0, &unit)?);
            }
        }
    }
}

async fn plan_missing(app: &App, by: &Caller, parcels: Vec<(i64, String)>) -> Result<()> {
    let ids: Vec<i64> = parcels.iter().map(|(id, _)| *id).collect();
    if sql::parcels_with_posts(app.db(), &ids).await?.len() == ids.len() {
        return Ok(());
    }
    let (by, now) = (by.clone(), app.env().now());
    app.db()
        .write_bulk(move |tx: Tx| async move {
            // Asked again inside the transaction: another process may have been at it.
            let have = sql::parcels_with_posts(&tx, &ids).await?;
            let missing: Vec<_> = parcels.into_iter().filter(|(id, _)| !have.contains(id)).collect();
            if missing.is_empty() {
                return Ok(());
            }
            let first = sql::next_numbers(&tx, missing.len() as i64).await?;
            for (number, (parcel, unit)) in (first..).zip(&missing) {
                sql::insert(&tx, number, *parcel, unit, now).await?;
            }
            tx.audit(by.entry("post.plan", format!("{} posts", missing.len())));
            Ok(())
        })
        .await
}

/// The label of a post, for the parcel that it stands for now.
pub fn label_of(app: &App, number: i64, code: ParcelCode, unit: &RegionCode) -> Result<Label> {
    let number = u32::try_from(number).ok().and_then(PostNumber::new).ok_or_else(Problem::not_found)?;
    let tag = tag::issue(app.keys(), &code, number).map_err(Problem::internal)?;
    let grid = app.grid();
    let village = grid.full_name(&unit.ancestor(Level::Village).unwrap_or(*unit));
    let county = unit.ancestor(Level::County).map(|c| format!("{}人民政府", grid.name(&c)));
    Label::new(app.public_url(), code, &tag, &village, &county.unwrap_or_default()).map_err(Problem::internal)
}

/// The label of the first post of a parcel, which is planned if there is none.
pub async fn label_for(app: &App, by: &Caller, code: &ParcelCode) -> Result<Label> {
    let parcel = crate::parcels::find(app.db(), code)
        .await?
        .ok_or_else(|| Problem::not_found().detail(format!("没有地块 {code}。")))?;
    plan_missing(app, by, vec![(parcel.id, parcel.unit.to_string())]).await?;
    let posts = sql::of_parcels(app.db(), &[parcel.id]).await?;
    let (_, number) = posts.first().ok_or_else(Problem::not_found)?;
    label_of(app, *number, *code, &parcel.unit)
}

/// Moves a post to another parcel: its old label goes on working and leads to the new one.
pub async fn move_to(
    tx: &Tx,
    by: &Caller,
    units: &Units,
    number: i64,
    code: &ParcelCode,
    why: &str,
    now: crate::db::Timestamp,
) -> Result<()> {
    let parcel = crate::parcels::find(tx, code).await?.ok_or_else(Problem::not_found)?;
    if !units.contain(&parcel.unit) || parcel.retired_on.is_some() {
        return Err(Problem::not_found().detail("没有这个地块，或它不在您的管辖范围内。"));
    }
    sql::move_to(tx, number, parcel.id, parcel.unit.as_str(), by, why, now).await?;
    tx.audit(by.entry("post.move", number.to_string()).detail(code.as_str()));
    Ok(())
}

/// A post in scope; 404 otherwise.
pub async fn visible(on: &impl Session, units: &Units, number: i64) -> Result<sql::Post> {
    let post = sql::find(on, number).await?.ok_or_else(Problem::not_found)?;
    if units.contain(&post.unit) { Ok(post) } else { Err(Problem::not_found()) }
}
