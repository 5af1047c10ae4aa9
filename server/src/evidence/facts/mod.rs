//! What a camera knew when it took a photo: time, place, direction, device.
//!
//! The facts are handed in beside the photo, by whoever took it, once; they are never changed. They join the chain
//! of his device (or of his account, where no device is named): each link's SM3 covers the photo's two hashes, the
//! facts and the link before. What looks odd in them is a [`checks::Doubt`], found anew at every look, never a
//! reason to refuse: a person decides (存疑，由人判断).

pub mod chain;
pub mod checks;
mod http;
mod sql;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::db::{Db, Timestamp, Tx};
use crate::error::{self, Problem, Result};

pub use http::routes;
pub use sql::{Kept, Photographed, of_photos, parcel_of};

/// What a camera knew when it took a photo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CaptureFacts)]
pub struct Facts {
    /// When it was taken, by the device's clock.
    pub taken_at: Option<Timestamp>,
    /// When these facts were sent, by the device's clock: tells how wrong it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub sent_at: Option<Timestamp>,
    /// The device, at most 64 characters; it has a chain of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub device: Option<String>,
    /// Longitude, degrees, CGCS2000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = -180, maximum = 180)]
    pub lon: Option<f64>,
    /// Latitude, degrees, CGCS2000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = -90, maximum = 90)]
    pub lat: Option<f64>,
    /// How good the position is, metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = 0)]
    pub accuracy: Option<f64>,
    /// Where the camera looked, degrees from true north, clockwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = 0, maximum = 360)]
    pub azimuth: Option<f64>,
    /// How far it looked up, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = -90, maximum = 90)]
    pub pitch: Option<f64>,
    /// How far it was turned about its own line of sight, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = -180, maximum = 180)]
    pub roll: Option<f64>,
    /// There was no network when it was taken.
    #[serde(default)]
    #[schema(required = false)]
    pub offline: bool,
    /// The system says that an app feigns positions.
    #[serde(default)]
    #[schema(required = false)]
    pub mocked: bool,
    /// The device's system has been opened up.
    #[serde(default)]
    #[schema(required = false)]
    pub rooted: bool,
    /// SM3 of the bytes, taken when the photo was, 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub sm3: Option<String>,
    /// SHA-256 of the photo that this device took before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub previous: Option<String>,
}

impl Facts {
    /// 422 for what no camera can have measured.
    pub fn check(&self) -> Result<()> {
        let within =
            |value: Option<f64>, low: f64, high: f64| value.is_none_or(|v| (low..=high).contains(&v));
        let hash = |text: &Option<String>| text.as_deref().is_none_or(super::is_sha256);
        let device =
            |text: &str| !text.is_empty() && text.chars().count() <= 64 && !text.contains(char::is_control);
        let rules = [
            (within(self.lon, -180.0, 180.0), "lon", "经度应在 -180 至 180 之间。"),
            (within(self.lat, -90.0, 90.0), "lat", "纬度应在 -90 至 90 之间。"),
            (self.lon.is_some() == self.lat.is_some(), "lon", "经度和纬度应同时提供。"),
            (within(self.accuracy, 0.0, 1e7), "accuracy", "定位精度应为不小于 0 的米数。"),
            (within(self.azimuth, 0.0, 360.0), "azimuth", "方位角应在 0 至 360 之间。"),
            (within(self.pitch, -90.0, 90.0), "pitch", "俯仰角应在 -90 至 90 之间。"),
            (within(self.roll, -180.0, 180.0), "roll", "横滚角应在 -180 至 180 之间。"),
            (hash(&self.sm3), "sm3", "SM3 应为 64 位小写十六进制。"),
            (hash(&self.previous), "previous", "前一张照片的编号应为 64 位小写十六进制。"),
            (self.device.as_deref().is_none_or(device), "device", "设备编号应为 1 至 64 个字符。"),
        ];
        let wrong = rules.iter().filter(|(right, ..)| !right);
        let problem = wrong.fold(None, |problem: Option<Problem>, (_, field, message)| {
            Some(problem.unwrap_or_else(|| Problem::new(error::INVALID)).field(*field, *message))
        });
        problem.map_or(Ok(()), Err)
    }

    /// Longitude and latitude, degrees.
    pub fn place(&self) -> Option<(f64, f64)> {
        self.lon.zip(self.lat)
    }
}

/// Tries to be first in a chain; several server processes may extend the same one at once.
const TRIES: usize = 5;

/// Hands in the facts of a photo; answers whether they are new.
///
/// 404 when there is no such photo, 409 when he has handed in other facts.
pub async fn hand_in(db: &Db, caller: &Caller, sha256: &str, facts: &Facts, now: Timestamp) -> Result<bool> {
    facts.check()?;
    let (by, sha256, facts) = (By::from(caller), sha256.to_owned(), facts.clone());
    extend(db, move |tx| {
        let (by, sha256, facts) = (by.clone(), sha256.clone(), facts.clone());
        async move { add(&tx, &by, &sha256, &facts, now).await }
    })
    .await
}

/// Runs a job that adds to a chain; again, when another process was first.
pub(crate) async fn extend<T, W>(db: &Db, job: impl Fn(Tx) -> W + Clone + Send + 'static) -> Result<T>
where
    T: Send + 'static,
    W: Future<Output = std::result::Result<T, Failure>> + Send + 'static,
{
    for _ in 0..TRIES {
        match db.write(job.clone()).await {
            Err(Failure::Database(error)) if crate::db::is_duplicate(&error) => {}
            Err(Failure::Database(error)) => return Err(error.into()),
            Err(Failure::Problem(problem)) => return Err(problem),
            Ok(done) => return Ok(done),
        }
    }
    Err(Problem::new(error::BUSY).retry_after(1))
}

/// Who hands facts in.
#[derive(Clone)]
pub(crate) struct By {
    pub(crate) account: String,
    pub(crate) login: String,
    pub(crate) name: String,
}

impl From<&Caller> for By {
    fn from(caller: &Caller) -> Self {
        Self { account: caller.account.clone(), login: caller.login.clone(), name: caller.name.clone() }
    }
}

/// Why facts were not added.
pub(crate) enum Failure {
    /// To be tried again when it says that the place in the chain was taken.
    Database(sqlx::Error),
    /// To be told.
    Problem(Problem),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Adds the facts of a photo that is stored, in the caller's transaction; answers whether they are new.
pub(crate) async fn add(
    tx: &Tx,
    by: &By,
    sha256: &str,
    facts: &Facts,
    now: Timestamp,
) -> std::result::Result<bool, Failure> {
    let body = serde_json::to_string(facts).expect("facts are plain data");
    if let Some(known) = sql::known(tx, sha256, &by.account).await? {
        let other =
            || Problem::new(error::CONFLICT).detail("这张照片的拍摄信息已经提交过，内容不同，不能更改。");
        return if known == body { Ok(false) } else { Err(Failure::Problem(other())) };
    }
    let stored = super::sql::find(tx, sha256).await?;
    let stored = stored.ok_or_else(|| Failure::Problem(Problem::not_found()))?;
    let chain = match &facts.device {
        Some(device) => format!("{}/{device}", by.account),
        None => by.account.clone(),
    };
    let (seq, previous) = sql::head(tx, &chain).await?.unwrap_or_default();
    let mut link = chain::Link {
        chain,
        seq: seq + 1,
        account: by.account.clone(),
        sha256: sha256.to_owned(),
        sm3: stored.sm3,
        body,
        received_at: now,
        hash: String::new(),
    };
    link.hash = link.hash_after(&previous);
    sql::insert(tx, &link, &by.name).await?;
    tx.audit(crate::audit::Entry::new(&*by.login, "evidence.facts", sha256));
    Ok(true)
}
