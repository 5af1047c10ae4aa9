//! What a device is to be told: it comes with the answer to its next frame, and again until the device has taken it.

use gengwei_proto::wire::PostConfig;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Kind, sql};
use crate::auth::Caller;
use crate::db::{Timestamp, Topic, Tx};
use crate::error::{self, Problem, Result};

/// A post's settings; what is absent stays as it was there. All that is present takes effect together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeviceConfig)]
pub struct Config {
    /// Seconds between heartbeats, 60 and more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_period_s: Option<u32>,
    /// Seconds before the first retry of an exchange that got no answer, 1 and more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_first_s: Option<u32>,
    /// The most seconds between retries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_most_s: Option<u32>,
    /// Degrees from upright at which a post leans, 1 to 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tilt_degrees: Option<u8>,
    /// Acceleration in mg that counts as vibration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vibration_mg: Option<u16>,
    /// Acceleration in mg that counts as tampering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tamper_mg: Option<u16>,
    /// Milliseconds for which an input must hold to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debounce_ms: Option<u16>,
    /// Seconds after a motion event in which further ones are only counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion_pause_s: Option<u16>,
    /// Battery voltage in millivolts below which it is nearly empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_battery_mv: Option<u16>,
}

impl Config {
    /// 422 for a value that no post would take.
    pub fn check(&self) -> Result<()> {
        let problem = |field: &str, message: &str| Err(Problem::invalid(format!("/{field}"), message));
        if self.health_period_s.is_some_and(|period| period < 60) {
            return problem("health_period_s", "心跳间隔不能短于 60 秒。");
        }
        if self.retry_first_s == Some(0) {
            return problem("retry_first_s", "首次重试不能短于 1 秒。");
        }
        if self.tilt_degrees.is_some_and(|degrees| !(1..=90).contains(&degrees)) {
            return problem("tilt_degrees", "倾斜角应为 1 至 90 度。");
        }
        if *self == Self::default() {
            return Err(Problem::new(error::INVALID).detail("没有写明要改的设置。"));
        }
        Ok(())
    }

    /// As it goes over the wire.
    pub fn on_wire(&self, version: u32) -> PostConfig {
        PostConfig {
            version,
            health_period_s: self.health_period_s,
            retry_first_s: self.retry_first_s,
            retry_most_s: self.retry_most_s,
            tilt_degrees: self.tilt_degrees,
            vibration_mg: self.vibration_mg,
            tamper_mg: self.tamper_mg,
            debounce_ms: self.debounce_ms,
            motion_pause_s: self.motion_pause_s,
            low_battery_mv: self.low_battery_mv,
        }
    }
}

/// Settings on their way to a post.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SentDeviceConfig)]
pub struct Sent {
    /// Their version: the post reports it as `config` once they are in force, as `config_refused` otherwise.
    pub version: u32,
    /// When they were ordered.
    pub made_at: Timestamp,
    /// The settings.
    #[serde(flatten)]
    pub config: Config,
}

/// Orders settings for a post. 409 for a tablet.
///
/// Cursor and version are the time in seconds, or one more than the last: so both ascend even when an old backup was
/// restored, and a post never passes over new settings.
pub async fn configure(
    tx: &Tx,
    by: &Caller,
    device: &sql::Device,
    config: Config,
    now: Timestamp,
) -> Result<Sent> {
    config.check()?;
    if device.kind.0 != Kind::Post {
        return Err(Problem::new(error::CONFLICT).detail("只有警示桩可以下发设置。"));
    }
    let cursor = (now.0 / 1_000_000).max(device.message + 1);
    let version = u32::try_from(cursor).map_err(Problem::internal)?;
    let body = serde_json::to_string(&config).map_err(Problem::internal)?;
    sql::insert_message(tx, device.number, cursor, &body, now).await?;
    tx.touch(Topic::Devices).await?;
    let detail = serde_json::json!({"version": version, "config": config});
    tx.audit(by.entry("device.configure", device.number.to_string()).detail(detail));
    Ok(Sent { version, made_at: now, config })
}
