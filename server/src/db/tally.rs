//! Counts that are kept exactly, so that nobody has to count: a job says what became one more or one less,
//! and the writer applies it all at the end of the transaction.
//!
//! At the end, merged and in one order: two server processes on one PostgreSQL then never wait for each other
//! in a circle, and a batch of many jobs touches the city's row once.

use std::collections::BTreeMap;

use super::query::{Session, sql};
use super::{Bulk, Tx};

/// What is counted: things of one value of one sort in one unit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tally {
    /// The unit's code.
    pub unit: String,
    /// The sort, e.g. `case.state`.
    pub name: &'static str,
    /// The value.
    pub value: String,
}

/// Applies changes, merged and in order.
pub(super) async fn apply(tx: &Tx, changes: Vec<(Tally, i64)>) -> sqlx::Result<()> {
    let mut merged: BTreeMap<Tally, i64> = BTreeMap::new();
    for (tally, change) in changes {
        *merged.entry(tally).or_default() += change;
    }
    let mut rows = Bulk::new(
        "insert into tallies (unit, name, value, n)",
        " on conflict (unit, name, value) do update set n = tallies.n + excluded.n",
    );
    for (tally, change) in merged.into_iter().filter(|(_, change)| *change != 0) {
        rows.row(vec![tally.unit.into(), tally.name.into(), tally.value.into(), change.into()]);
    }
    tx.insert(rows).await
}

/// What some units have of sorts whose names begin with `prefix`: (name, value, how many), summed over the
/// units.
pub async fn tallies(
    on: &impl Session,
    units: impl IntoIterator<Item = &str>,
    prefix: &str,
) -> sqlx::Result<Vec<(String, String, i64)>> {
    let query = sql("select name, value, cast(sum(n) as bigint) from tallies where n <> 0 and unit in ")
        .push_list(units)
        .push_bind(" and name >= ", prefix.to_owned())
        .push_bind(" and name < ", format!("{prefix}~"));
    on.all(query.push(" group by name, value order by name, value")).await
}
