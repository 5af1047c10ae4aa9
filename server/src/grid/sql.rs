//! SQL of the grid.

use gengwei_proto::RegionCode;
use jiff::civil::Date;

use super::Unit;
use super::appointments::{NewTerm, Role, Term};
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

/// All units, the latest validity of each last.
pub async fn units(on: &impl Session) -> sqlx::Result<Vec<Unit>> {
    let rows: Vec<UnitRow> = on
        .all(sql("select code, name, takes_part, valid_from, valid_to, successor, office_phone \
                  from regions order by valid_from"))
        .await?;
    Ok(rows
        .into_iter()
        .map(|r| Unit {
            code: r.code.0,
            name: r.name,
            takes_part: r.takes_part,
            valid_from: r.valid_from.0,
            valid_to: r.valid_to.map(|d| d.0),
            successor: r.successor.map(|s| s.0),
            office_phone: r.office_phone,
        })
        .collect())
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

/// Ends a term that has not ended; answers whether there was one.
pub async fn end_term(tx: &Tx, id: &str, ends: Date) -> sqlx::Result<bool> {
    let query = sql("update appointments set ends = $1 where id = $2 and ends is null").bind(ends).bind(id);
    Ok(tx.execute(query).await? == 1)
}
