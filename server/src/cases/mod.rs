//! Cases (问题线索): one workflow for everything that may be wrong with a field, whatever its source (R35).
//!
//! A case opens at the village, whose turn it is; the township sees it at once and gets the turn when the
//! village forwards it or lets the policy's delay pass ([`crate::jobs`]). 乱占耕地建房 goes to both at once:
//! the turn is the township's, and the village sees it anyway. What may be done from which state, by whom,
//! is the table in [`workflow`]; what was done is never changed: `case_events` only grows, and the number of
//! its rows is the case's version.

mod act;
mod change;
mod count;
pub mod deadline;
mod dossier;
mod export;
mod http;
mod kinds;
mod note;
pub mod outlines;
pub mod persons;
mod remind;
pub mod sql;
mod standing;
#[cfg(test)]
mod tests;
pub mod together;
mod withdraw;
mod words;
pub mod workflow;

use gengwei_proto::{Level, RegionCode};

use crate::auth::units;
use crate::db::Tx;
use crate::error::Problem;
use crate::state::App;

pub use act::{Event, act, forward_overdue};
pub(crate) use act::{hand_in, require_photos};
pub use count::{Counts, counts};
pub use http::routes;
pub(crate) use http::{May, turn};
pub use kinds::{Kind, Severity, Source};
pub use note::note;
pub use remind::{Recipient, remind};
pub use withdraw::withdraw_source;
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
pub async fn open(tx: &Tx, app: &App, new: NewCase) -> Result<String, Problem> {
    let unit = app.grid().resolve(&new.unit).map_or(new.unit, |unit| unit.code);
    let (id, now) = (app.env().new_id(), app.env().now());
    let holder = first_holder(&unit, new.kind.severity());
    let due_at = deadline::due(app, State::Opened, None, now);
    let permanent = match new.parcel {
        Some(id) => is_permanent(tx, app, id).await?,
        None => false,
    };
    let counted = count::Counted {
        place: unit,
        holder,
        state: State::Opened,
        source: new.source,
        kind: new.kind,
        permanent,
        supervised: false,
        due_at,
    };
    sql::insert(tx, &id, &counted, &new, now).await?;
    counted.tally(tx, 1);
    let detail = serde_json::json!({ "unit": unit.as_str(), "holder": holder.as_str(), "facts": new.facts,
        "due_at": due_at.map(|at| at.0) });
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
        detail,
    };
    sql::insert_event(tx, event).await?;
    Ok(id)
}

/// Whether a parcel is permanent basic farmland: from memory, or from the database when it is newer than that.
async fn is_permanent(tx: &Tx, app: &App, parcel: i64) -> sqlx::Result<bool> {
    match app.locator().facts(parcel) {
        Some(facts) => Ok(facts.permanent),
        None => Ok(crate::parcels::find_by_id(tx, parcel).await?.is_some_and(|parcel| parcel.permanent)),
    }
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
