//! SQL of the grid.

use gengwei_proto::RegionCode;
use jiff::civil::Date;

use super::Unit;
use super::appointments::{NewTerm, Role, Term};
use crate::auth::Units;
use crate::db::{Bulk, Session, Text, Timestamp, Tx, sql};

#[derive(sqlx::FromRow)]
struct UnitRow {
    code: Text<RegionCode>,
    name: String,
    takes_part: bool,
    valid_from: Text<Date>,
    valid_to: Option<Text<Date>>,
    successor: Option<Text<RegionCode>>,
    office_phone: Option<String>,
}

impl From<UnitRow> for Unit {
    fn from(row: UnitRow) -> Self {
        Self {
            code: row.code.0,
            name: row.name,
            takes_part: row.takes_part,
            valid_from: row.valid_from.0,
            valid_to: row.valid_to.map(|d| d.0),
            successor: row.successor.map(|s| s.0),
            office_phone: row.office_phone,
        }
    }
}

const UNITS: &str = "select code, name, takes_part, valid_from, valid_to, successor, office_phone \
     from regions where true";

/// All units, the latest validity of each last.
pub async fn units(on: &impl Session) -> sqlx::Result<Vec<Unit>> {
    let rows: Vec<UnitRow> = on.all(sql(UNITS).push(" order by valid_from")).await?;
    Ok(rows.into_iter().map(Unit::from).collect())
}

/// The latest validity of a unit.
pub async fn unit(on: &impl Session, code: &RegionCode) -> sqlx::Result<Option<Unit>> {
    let query = sql(UNITS).push_bind(" and code = ", code.as_str());
    let row: Option<UnitRow> = on.first(query.push(" order by valid_from desc limit 1")).await?;
    Ok(row.map(Unit::from))
}

/// Adds units that are not there yet.
pub async fn insert_units(tx: &Tx, units: &[Unit]) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into regions \
         (code, valid_from, valid_to, name, level, parent, takes_part, successor, office_phone)",
        " on conflict (code, valid_from) do nothing",
    );
    for unit in units {
        rows.row(vec![
            unit.code.as_str().to_owned().into(),
            unit.valid_from.into(),
            unit.valid_to.into(),
            unit.name.clone().into(),
            i64::from(unit.code.level().number()).into(),
            unit.code.parent().map(|p| p.as_str().to_owned()).into(),
            unit.takes_part.into(),
            unit.successor.map(|s| s.as_str().to_owned()).into(),
            unit.office_phone.clone().into(),
        ]);
    }
    tx.insert(rows).await
}

/// Changes the row of a unit that is valid since `since`.
pub async fn change_unit(tx: &Tx, since: Date, unit: &Unit) -> sqlx::Result<u64> {
    tx.execute(
        sql(
            "update regions set valid_from = $1, valid_to = $2, name = $3, takes_part = $4, successor = $5, \
             office_phone = $6 where code = $7 and valid_from = $8",
        )
        .bind(unit.valid_from)
        .bind(unit.valid_to)
        .bind(&unit.name)
        .bind(unit.takes_part)
        .bind(unit.successor.map(|s| s.as_str().to_owned()))
        .bind(unit.office_phone.as_deref())
        .bind(&unit.code)
        .bind(since),
    )
    .await
}

const TERMS: &str = "select t.id, t.unit, t.role, t.title, t.portfolio, t.basis, t.department, t.person_id, \
     p.name, p.shows_name, t.starts, t.ends, t.source \
     from appointments t join people p on p.id = t.person_id where true";

/// The appointments in force anywhere on a day.
pub async fn terms_on(on: &impl Session, day: Date) -> sqlx::Result<Vec<Term>> {
    let day = day.to_string();
    on.all(
        sql(TERMS)
            .push_bind(" and t.starts <= ", day.clone())
            .push_bind(" and (t.ends is null or t.ends > ", day)
            .push(") order by t.unit, t.starts, t.id"),
    )
    .await
}

/// The appointments in force on a day in any of the given units: with a unit's ancestors, "who was
/// responsible on day D" for all five levels in one query.
pub async fn responsible(on: &impl Session, units: &[RegionCode], day: Date) -> sqlx::Result<Vec<Term>> {
    let day = day.to_string();
    on.all(
        sql(TERMS)
            .push(" and t.unit in ")
            .push_list(units.iter().map(|u| u.as_str().to_owned()))
            .push_bind(" and t.starts <= ", day.clone())
            .push_bind(" and (t.ends is null or t.ends > ", day)
            .push(") order by t.unit, t.starts, t.id"),
    )
    .await
}

/// All terms ever in a unit, the newest first.
pub async fn history(on: &impl Session, unit: &RegionCode) -> sqlx::Result<Vec<Term>> {
    on.all(sql(TERMS).push_bind(" and t.unit = ", unit.as_str()).push(" order by t.starts desc, t.id")).await
}

/// The units and roles that a person holds on a day.
pub async fn held_by(
    on: &impl Session,
    person: &str,
    day: Date,
) -> sqlx::Result<Vec<(Text<RegionCode>, Text<Role>)>> {
    on.all(
        sql("select unit, role from appointments where person_id = $1 and starts <= $2 \
             and (ends is null or ends > $2) order by unit, role")
        .bind(person)
        .bind(day),
    )
    .await
}

/// Whether there is such a person.
pub async fn person_exists(on: &impl Session, id: &str) -> sqlx::Result<bool> {
    let query = sql("select id from people where id = $1").bind(id);
    Ok(on.first::<(String,)>(query).await?.is_some())
}

/// Adds a person.
pub async fn insert_person(
    tx: &Tx,
    id: &str,
    name: &str,
    shows_name: bool,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into people (id, name, shows_name, created_at) values ($1, $2, $3, $4)")
            .bind(id)
            .bind(name)
            .bind(shows_name)
            .bind(now),
    )
    .await
}

/// Adds a term of office.
pub async fn insert_term(
    tx: &Tx,
    id: &str,
    person: &str,
    term: &NewTerm,
    now: Timestamp,
    by: &str,
) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into appointments (id, person_id, unit, role, title, portfolio, basis, department, \
             starts, source, recorded_at, recorded_by) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(id)
        .bind(person)
        .bind(&term.unit)
        .bind(term.role.name())
        .bind(term.title.as_deref())
        .bind(term.portfolio.as_deref())
        .bind(term.basis.as_deref())
        .bind(term.department.as_deref())
        .bind(term.starts)
        .bind(&term.source)
        .bind(now)
        .bind(by),
    )
    .await
}

/// One term of office.
pub async fn term(on: &impl Session, id: &str) -> sqlx::Result<Option<Term>> {
    on.first(sql(TERMS).push_bind(" and t.id = ", id)).await
}

/// All terms there ever were, by unit.
pub async fn all_terms(on: &impl Session) -> sqlx::Result<Vec<Term>> {
    on.all(sql(TERMS).push(" order by t.unit, t.starts, t.id")).await
}

/// Id, name and consent of all people.
pub async fn people(on: &impl Session) -> sqlx::Result<Vec<(String, String, bool)>> {
    on.all(sql("select id, name, shows_name from people")).await
}

/// Id, name and consent of a person who holds or held something in the given units.
pub async fn person_within(
    on: &impl Session,
    id: &str,
    units: &Units,
) -> sqlx::Result<Option<(String, String, bool)>> {
    let query = sql("select p.id, p.name, p.shows_name from people p \
                     join appointments t on t.person_id = p.id where p.id = $1");
    on.first(units.filter(query.bind(id), "t.unit").push(" limit 1")).await
}

/// Adds people: id, name, whether the public may see it.
pub async fn insert_people(tx: &Tx, people: Vec<(String, String, bool)>, now: Timestamp) -> sqlx::Result<()> {
    let mut rows = Bulk::new("insert into people (id, name, shows_name, created_at)", "");
    for (id, name, shows_name) in people {
        rows.row(vec![id.into(), name.into(), shows_name.into(), now.into()]);
    }
    tx.insert(rows).await
}

/// Records whether the public may see a name.
pub async fn set_shows_name(tx: &Tx, person: &str, shows_name: bool) -> sqlx::Result<u64> {
    tx.execute(sql("update people set shows_name = $1 where id = $2").bind(shows_name).bind(person)).await
}

/// Adds terms of office, with their ends where they are known.
pub async fn insert_terms(tx: &Tx, terms: Vec<Term>, now: Timestamp, by: &str) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into appointments (id, person_id, unit, role, title, portfolio, basis, department, \
         starts, ends, source, recorded_at, recorded_by)",
        "",
    );
    for term in terms {
        rows.row(vec![
            term.id.into(),
            term.person_id.into(),
            term.unit.as_str().to_owned().into(),
            term.role.name().into(),
            term.title.into(),
            term.portfolio.into(),
            term.basis.into(),
            term.department.into(),
            term.starts.0.into(),
            term.ends.map(|e| e.0).into(),
            term.source.into(),
            now.into(),
            by.to_owned().into(),
        ]);
    }
    tx.insert(rows).await
}

/// Corrects what is said about a term, or ends it.
pub async fn change_term(tx: &Tx, term: &Term) -> sqlx::Result<u64> {
    tx.execute(
        sql("update appointments set title = $1, portfolio = $2, basis = $3, source = $4, ends = $5 where id = $6")
            .bind(term.title.as_deref())
            .bind(term.portfolio.as_deref())
            .bind(term.basis.as_deref())
            .bind(&term.source)
            .bind(term.ends.map(|e| e.0))
            .bind(&term.id),
    )
    .await
}

/// Ends a term that has not ended; answers whether there was one.
pub async fn end_term(tx: &Tx, id: &str, ends: Date) -> sqlx::Result<bool> {
    let query = sql("update appointments set ends = $1 where id = $2 and ends is null").bind(ends).bind(id);
    Ok(tx.execute(query).await? == 1)
}
