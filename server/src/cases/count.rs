//! How many cases a unit has: of each state, and of the open ones of each source, kind and deadline. Kept as
//! tallies in the transaction that changes a case, for every unit that the case is seen in.

use std::collections::BTreeMap;

use gengwei_proto::RegionCode;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::deadline::{self, Urgency};
use super::sql::Stored;
use super::{Kind, Source, State};
use crate::auth::Units;
use crate::db::{Session, Tally, Timestamp, Tx, tallies};
use crate::error::Problem;
use crate::state::App;

/// A case as far as it is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Counted {
    pub place: RegionCode,
    pub holder: RegionCode,
    pub state: State,
    pub source: Source,
    pub kind: Kind,
    pub permanent: bool,
    pub supervised: bool,
    pub due_at: Option<Timestamp>,
}

impl From<&Stored> for Counted {
    fn from(case: &Stored) -> Self {
        Self {
            place: case.unit.0,
            holder: case.holder.0,
            state: case.state.0,
            source: case.source.0,
            kind: case.kind.0,
            permanent: case.permanent,
            supervised: case.supervised.is_some(),
            due_at: case.due_at,
        }
    }
}

impl Counted {
    /// Counts one more (1) or one less (-1) such case.
    pub(super) fn tally(&self, tx: &Tx, change: i64) {
        let mut units = super::ancestors(&self.place).to_vec();
        units.push(self.place.as_str().to_owned());
        units.sort_unstable();
        units.dedup();
        for unit in units {
            for (name, value) in self.values() {
                tx.tally(Tally { unit: unit.clone(), name, value }, change);
            }
        }
        if self.state != State::Closed {
            let unit = self.holder.as_str().to_owned();
            tx.tally(Tally { unit, name: TURN, value: self.state.name().to_owned() }, change);
        }
    }

    fn values(&self) -> Vec<(&'static str, String)> {
        let mut values = vec![(STATE, self.state.name().to_owned())];
        if self.state == State::Closed {
            return values;
        }
        values.push((SOURCE, self.source.name().to_owned()));
        values.push((KIND, self.kind.name().to_owned()));
        values.extend(self.due_at.map(|at| (DUE, deadline::day_of(at).to_string())));
        values.extend(self.permanent.then(|| (PERMANENT, TRUE.to_owned())));
        values.extend(self.supervised.then(|| (SUPERVISED, TRUE.to_owned())));
        values
    }
}

const STATE: &str = "case.state";
const SOURCE: &str = "case.source";
const KIND: &str = "case.kind";
const DUE: &str = "case.due";
const PERMANENT: &str = "case.permanent";
const SUPERVISED: &str = "case.supervised";
const TURN: &str = "case.turn";
const TRUE: &str = "true";

/// How many cases there are in some units. All but `state` are of open cases only.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = CaseCounts)]
pub struct Counts {
    /// Not closed.
    pub open: i64,
    /// Of each state, the closed ones too.
    pub state: BTreeMap<String, i64>,
    /// Of each source.
    pub source: BTreeMap<String, i64>,
    /// Of each kind.
    pub kind: BTreeMap<String, i64>,
    /// Of each urgency; those overdue without the long overdue. Those without a deadline are in none.
    pub urgency: BTreeMap<&'static str, i64>,
    /// On permanent basic farmland (永久基本农田).
    pub permanent: i64,
    /// Under a higher unit's supervision (挂牌督办).
    pub supervised: i64,
    /// Those whose turn it is of the units themselves, by state.
    pub turn: BTreeMap<String, i64>,
}

/// Counts the cases of some units.
pub async fn counts(app: &App, on: &impl Session, units: &Units) -> Result<Counts, Problem> {
    let today = app.env().today();
    let mut counts = Counts::default();
    for (name, value, n) in tallies(on, units.iter().map(RegionCode::as_str), "case.").await? {
        match &*name {
            STATE => {
                counts.open += if value == State::Closed.name() { 0 } else { n };
                counts.state.insert(value, n);
            }
            SOURCE => _ = counts.source.insert(value, n),
            KIND => _ = counts.kind.insert(value, n),
            TURN => _ = counts.turn.insert(value, n),
            PERMANENT => counts.permanent = n,
            SUPERVISED => counts.supervised = n,
            DUE => {
                let day: Date = value.parse().map_err(Problem::internal)?;
                let urgency: Urgency = deadline::urgency_of(app, day, today);
                *counts.urgency.entry(urgency.name()).or_default() += n;
            }
            _ => {}
        }
    }
    Ok(counts)
}
