//! Cases (问题线索): one workflow for everything that may be wrong with a field, whatever its source (R35).
//!
//! A case opens at the village, whose turn it is; the township sees it at once and gets the turn when the
//! village forwards it or lets the policy's delay pass ([`crate::jobs`]). 乱占耕地建房 goes to both at once:
//! the turn is the township's, and the village sees it anyway. What may be done from which state, by whom,
//! is the table in [`workflow`]; what was done is never changed: `case_events` only grows, and the number of
//! its rows is the case's version.

mod act;
mod http;
mod kinds;
pub mod sql;
#[cfg(test)]
mod tests;
mod words;
pub mod workflow;

use gengwei_proto::{Level, RegionCode};

use crate::auth::units;
use crate::db::Tx;
use crate::env::Env;
use crate::error::Problem;
use crate::grid::Grid;

pub use act::{Event, act, forward_overdue};
pub use http::routes;
pub use kinds::{Kind, Severity, Source};
pub use words::UnknownWord;
pub(crate) use words::words;
pub use workflow::{Action, State};

/// A case to be opened.
#[derive(Clone, Debug)]
pub struct NewCase {
    /// Where it is: a village or a group, a unit above only when nothing closer is known.
    pub unit: RegionCode,
    /// Where it comes from.
    pub source: Source,
    /// What is wrong.
    pub kind: Kind,
    /// The parcel that it lies in.
    pub parcel: Option<i64>,
    /// Longitude and latitude in degrees.
    pub place: Option<(f64, f64)>,
    /// What the one who saw it says.
    pub words: Option<String>,
    /// An account's id, or `public`.
    pub by: String,
    /// His name as it shall be shown: `群众举报` for a passer-by.
    pub name: String,
    /// What its source knows beyond that, a JSON object or null: a patch's suggestion with the rule's version,
    /// a device's event. Kept in the opening event, never changed (R48).
    pub facts: serde_json::Value,
}

/// Opens a case; answers its id. A code that was re-zoned opens it in the successor.
///
/// The caller adds the audit entry, because one entry tells of a whole push.
pub async fn open(tx: &Tx, env: &Env, grid: &Grid, new: NewCase) -> Result<String, Problem> {
    let unit = grid.resolve(&new.unit).map_or(new.unit, |unit| unit.code);
    let (id, now) = (env.new_id(), env.now());
    let holder = first_holder(&unit, new.kind.severity());
    sql::insert(tx, &id, &unit, &holder, &new, now).await?;
    let event = sql::NewEvent {
        case: &id,
        seq: 1,
        at: now,
        account: &new.by,
        name: &new.name,
        action: "open",
        from: State::Opened,
        to: State::Opened,
        words: None,
        detail: serde_json::json!({ "unit": unit.as_str(), "holder": holder.as_str(), "facts": new.facts }),
    };
    sql::insert_event(tx, event).await?;
    Ok(id)
}

/// Whose turn it is first: the village's, the township's for a grave case, a higher unit's own when nothing
/// closer is known.
pub fn first_holder(unit: &RegionCode, severity: Severity) -> RegionCode {
    let level = match severity {
        Severity::Normal => Level::Village,
        Severity::Grave => Level::Township,
    };
    unit.ancestor(level).unwrap_or(*unit)
}

/// A unit's ancestors as the columns `village`, `township`, `county`, `city` hold them.
pub(crate) fn ancestors(unit: &RegionCode) -> [String; 4] {
    [Level::Village, Level::Township, Level::County, Level::City].map(|level| units::ancestor(unit, level))
}
