//! Change patches (变化图斑): what the platform sees from above, once a month (R13, R30, R35).
//!
//! A patch is a clue. It comes in a batch ([`import`]), is cut with every parcel and layer that it meets
//! ([`overlay`]), gets a suggestion with the rule it rests on ([`triage`]), and opens a case in the queue of the
//! village that holds most of it, all in one transaction. From there on the case is what people work on; the
//! patch, what it touched and what was suggested are never changed. A batch can be withdrawn: its patches and the
//! cases that it opened are marked, nothing is deleted.

pub mod export;
mod http;
pub mod import;
pub mod overlay;
mod sql;
#[cfg(test)]
mod tests;
pub mod triage;
mod withdraw;

use jiff::civil::Date;

use crate::auth::Units;
use crate::cases::{self, words};
use crate::db::Session;
use crate::exchange::layer::LayerOptions;
use crate::parcels::sql::Geometry;

pub use http::{routes, uploads};
pub use withdraw::withdraw;

words! {
    /// Where a batch stands.
    #[schema(as = PatchBatchState)]
    State {
        Waiting = "waiting" "待导入",
        Running = "running" "导入中",
        Done = "done" "已导入",
        Failed = "failed" "导入失败",
        Withdrawn = "withdrawn" "已撤回",
    }
}

/// Where the patch is that opened a case: its outline, and the codes of the fields that it meets, the largest piece
/// first. None when the case comes from elsewhere.
pub(crate) async fn place_of_case(
    on: &impl Session,
    case: &str,
) -> sqlx::Result<Option<(Geometry, Vec<String>)>> {
    let Some(patch) = sql::of_case(on, case).await? else { return Ok(None) };
    let outline = sql::outline(on, &patch).await?;
    let codes = sql::met(on, &patch).await?.into_iter().filter_map(|met| met.code);
    let outline = Geometry { crs: outline.crs, geometry: outline.geometry, shape: outline.shape };
    Ok(Some((outline, codes.collect())))
}

/// What the user says about a batch.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the patches come from.
    pub source: cases::Source,
    /// 期数, e.g. `2026-10`; without it each row's month of the later image.
    pub period: Option<String>,
    /// The day of the image before, where rows do not say.
    pub before_on: Option<Date>,
    /// The day of the image after, where rows do not say.
    pub after_on: Option<Date>,
    /// Layer, encoding and coordinate system, where the file does not say them rightly.
    pub layer: LayerOptions,
    /// A field map in TOML.
    pub map: Option<String>,
    /// Check everything, store no patch.
    pub dry_run: bool,
    /// Take patches outside the city.
    pub outside: bool,
    /// Where the importer may import; what lies elsewhere is refused.
    pub units: Units,
}

impl Options {
    /// For a file that says everything itself.
    pub fn new(units: Units) -> Self {
        Self {
            source: cases::Source::ChangePatch,
            period: None,
            before_on: None,
            after_on: None,
            layer: LayerOptions::default(),
            map: None,
            dry_run: false,
            outside: false,
            units,
        }
    }
}
