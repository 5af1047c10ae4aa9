//! What the notice leaves open: frequencies, deadlines, counts, limits (R29, requirements part F).
//!
//! Every value has a source and a date, or none: then it is our default and is shown as 本市未规定（默认值）
//! (invariant 6). The shipped file `policy.default.toml` *is* the default, so the sample cannot drift.

use std::path::Path;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cases::Recipient;
use crate::cases::workflow::{Action, State};
use crate::patches::triage::Thresholds;

/// The default policy, as shipped.
pub const DEFAULT: &str = include_str!("../policy.default.toml");

/// What is shown beside a value that the city has not set.
pub const NOT_SET: &str = "本市未规定（默认值）";

/// All of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Login and sessions.
    pub login: Login,
    /// How often each level patrols.
    pub patrols: Vec<PatrolPlan>,
    /// What the public may hand in.
    pub reports: Reports,
    /// Photos.
    pub evidence: Evidence,
    /// Cases.
    pub cases: Cases,
    /// From where on something counts when a patch is judged beforehand.
    pub triage: Thresholds,
    /// Parcels and their codes.
    pub parcels: Parcels,
    /// What the public page shows.
    pub public: PublicPage,
    /// Posts' radios and tablets.
    pub devices: Devices,
}

/// Posts' radios and tablets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Devices {
    /// A tablet's token ends after so many days.
    pub token_days: i64,
    /// A post from which nothing came for so long is silent, and those responsible are told.
    pub silent_after_hours: i64,
    /// A patrol that began so long ago on a tablet and has no end is filed as far as it is known.
    pub unended_after_hours: i64,
}

/// Login and sessions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Wrong passwords in a row before the lockout.
    pub attempts: i64,
    /// How long it lasts.
    pub lockout_minutes: i64,
    /// A session unused for so long ends.
    pub idle_minutes: i64,
    /// Every session ends after so long.
    pub session_hours: i64,
}

/// How often those responsible at one level patrol.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatrolPlan {
    /// 2 to 6.
    pub level: u8,
    /// Patrols a period.
    pub times: u32,
    /// The period.
    pub period: Period,
    /// The document that says so; without it the value is our default.
    #[serde(default)]
    pub source: Option<String>,
    /// The document's date.
    #[serde(default)]
    pub date: Option<String>,
}

/// A stretch of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// January to June, July to December.
    HalfYear,
}

/// What the public may hand in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reports {
    /// Reports an hour from one address.
    pub per_hour: u32,
    /// Photos a report.
    pub photos: usize,
    /// Bytes a photo.
    pub photo_bytes: usize,
    /// Characters of text.
    pub characters: usize,
}

/// Photos.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Bytes of a photo that comes in pieces.
    pub upload_bytes: usize,
    /// An upload that is not finished by then is given up.
    pub upload_hours: i64,
    /// Unfinished uploads an account may have.
    pub open_uploads: i64,
    /// From where on a photo is in doubt (存疑).
    pub checks: Checks,
}

/// From where on a photo is in doubt (存疑); never refused for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checks {
    /// Metres between the camera and the parcel or patch.
    pub distance_metres: f64,
    /// Degrees between the camera's direction and the parcel or patch.
    pub bearing_degrees: f64,
    /// Metres that the position may be rough.
    pub accuracy_metres: f64,
    /// Seconds between the device's clock and ours.
    pub clock_seconds: i64,
    /// The document that says so; without it the values are our defaults.
    #[serde(default)]
    pub source: Option<String>,
    /// The document's date.
    #[serde(default)]
    pub date: Option<String>,
}

/// Cases: who waits for whom how long, and what has to be shown.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// A village that has not acted on a case for so long: it is forwarded to the township.
    pub forward_after_hours: i64,
    /// Extensions that a county may grant in one round.
    pub extensions: i64,
    /// A case is shown as due soon so many days before.
    pub soon_days: i64,
    /// And as long overdue so many days after.
    pub long_overdue_days: i64,
    /// Cases within so many metres are offered as one.
    pub together_metres: f64,
    /// The document that sets `extensions`, `soon_days` and `long_overdue_days`.
    #[serde(default)]
    pub source: Option<String>,
    /// Photos that an action needs.
    pub photos: Photos,
    /// How long each step may take.
    pub deadlines: Vec<Deadline>,
    /// Who is reminded when.
    #[serde(default)]
    pub reminders: Vec<Reminder>,
}

/// Who is reminded of a deadline, so many days after its day.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reminder {
    /// -3 is three days before, 0 on the last day, 1 on the first day late.
    pub days: i64,
    /// Who.
    pub to: Vec<Recipient>,
    /// The document that says so; without it the value is our default.
    #[serde(default)]
    pub source: Option<String>,
    /// The document's date.
    #[serde(default)]
    pub date: Option<String>,
}

/// Photos that an action needs at least. No more than that is ever asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Photos {
    /// To confirm a problem on the spot.
    pub confirm: usize,
    /// To refute one on the spot.
    pub refute: usize,
    /// To report it put right.
    pub rectify: usize,
}

impl Photos {
    /// Photos that an action needs.
    pub fn of(&self, action: Action) -> usize {
        match action {
            Action::Confirm => self.confirm,
            Action::Refute => self.refute,
            Action::Rectify => self.rectify,
            _ => 0,
        }
    }
}

/// How long a case may stay in a state.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// In which state.
    pub state: State,
    /// Only when it came there by this action.
    #[serde(default)]
    pub after: Option<Action>,
    /// So many days.
    pub days: u32,
    /// Whether only working days count.
    pub working: bool,
    /// The document that says so; without it the value is our default.
    #[serde(default)]
    pub source: Option<String>,
    /// The document's date.
    #[serde(default)]
    pub date: Option<String>,
}

impl Cases {
    /// How long a case may stay in a state that it came to by an action.
    pub fn deadline(&self, state: State, after: Option<Action>) -> Option<&Deadline> {
        let of =
            |wanted: Option<Action>| self.deadlines.iter().find(|d| d.state == state && d.after == wanted);
        after.and_then(|action| of(Some(action))).or_else(|| of(None))
    }
}

/// Parcels and their codes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parcels {
    /// The box around the city, degrees: west, south, east, north. A parcel whose middle lies outside is
    /// refused on import.
    pub bounds: [f64; 4],
    /// Our own serials begin here, so that they never meet those of contract parcels (DKBM).
    pub first_serial: u32,
    /// The imported area may differ from the computed one by so many m² before a warning.
    pub area_tolerance: f64,
    /// Mutual overlap from which a re-imported parcel without BSM counts as the same, 0 to 1.
    pub same_overlap: f64,
}

/// What the public page shows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicPage {
    /// The hotline.
    pub hotline: String,
    /// Levels whose responsible are named.
    pub levels: Vec<u8>,
    /// What is forbidden, sentence by sentence.
    pub forbidden: Vec<String>,
}

impl Policy {
    /// The city's file, or the default.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let text = match file {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|e| anyhow::anyhow!("the policy {} cannot be read: {e}", path.display()))?,
            None => DEFAULT.to_owned(),
        };
        toml::from_str(&text).map_err(|e| anyhow::anyhow!("the policy cannot be understood: {e}"))
    }

    /// The plan of a level.
    pub fn patrol_plan(&self, level: u8) -> Option<&PatrolPlan> {
        self.patrols.iter().find(|plan| plan.level == level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_default_is_complete() {
        let policy = Policy::load(None).unwrap();
        assert!((2..=6).all(|level| policy.patrol_plan(level).is_some()));
    }
}
