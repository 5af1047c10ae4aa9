//! SQL of patches that leave the house: what came in, what it touches, and what people made of it.

use gengwei_proto::RegionCode;
use jiff::civil::Date;

use super::Filter;
use crate::auth::Units;
use crate::cases::{self, Action};
use crate::db::{Session, Text, Timestamp, sql};
use crate::patches::triage::Verdict;

/// A patch with its outline and where its case stands.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::patches) struct Leaving {
    pub id: String,
    pub number: String,
    pub period: String,
    pub kind: Option<String>,
    pub seen: Option<String>,
    pub to_class: Option<String>,
    pub stated_area: Option<f64>,
    pub before_on: Option<Text<Date>>,
    pub after_on: Option<Text<Date>>,
    pub rest: Option<String>,
    pub unit: Text<RegionCode>,
    pub area: f64,
    pub farmland: f64,
    pub permanent: f64,
    pub added: f64,
    pub outside: f64,
    pub crs: i64,
    pub geometry: Vec<u8>,
    pub shape: Vec<u8>,
    pub suggestion: String,
    pub withdrawn_at: Option<Timestamp>,
    pub case_id: String,
    pub case_kind: Text<cases::Kind>,
    pub case_state: Text<cases::State>,
}

const LEAVING: &str = "select p.id, p.number, p.period, p.kind, p.seen, p.to_class, p.stated_area, p.before_on, \
     p.after_on, p.rest, p.unit, p.area, p.farmland, p.permanent, p.added, p.outside, p.crs, p.geometry, p.shape, \
     p.suggestion, p.withdrawn_at, p.case_id, c.kind as case_kind, c.state as case_state \
     from patches p join cases c on c.id = p.case_id where true";

/// The newest patches in some units, with all that a file holds of them.
pub(in crate::patches) async fn leaving(
    on: &impl Session,
    units: &Units,
    filter: &Filter,
    limit: i64,
) -> sqlx::Result<Vec<Leaving>> {
    let query = units
        .filter_ancestors(sql(LEAVING), &super::COLUMNS)
        .push_if(" and p.batch_id = ", filter.batch.as_deref())
        .push_if(" and p.case_id = ", filter.case.as_deref())
        .push_if(" and p.verdict = ", filter.verdict.map(Verdict::name))
        .push_if(" and p.id < ", filter.before.as_deref());
    on.all(query.push_bind(" order by p.id desc limit ", limit)).await
}

/// What a person said about a case.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::patches) struct Said {
    pub case_id: String,
    pub at: Timestamp,
    pub action: Text<Action>,
    pub words: Option<String>,
    pub detail: String,
}

/// What people concluded about some cases, the oldest first.
pub(in crate::patches) async fn said(on: &impl Session, cases: &[&str]) -> sqlx::Result<Vec<Said>> {
    const VERDICTS: [Action; 4] = [Action::Refute, Action::Confirm, Action::Determine, Action::Reopen];
    let mut all = Vec::new();
    for part in cases.chunks(500) {
        let query = sql("select case_id, at, action, words, detail from case_events where case_id in ")
            .push_list(part.iter().copied())
            .push(" and action in ")
            .push_list(VERDICTS.iter().map(|action| action.name()));
        all.extend(on.all::<Said>(query.push(" order by case_id, seq")).await?);
    }
    Ok(all)
}
