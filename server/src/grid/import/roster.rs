//! Village groups and rosters.
//!
//! A row names a unit and, mostly, somebody in it. [`crate::grid::book`] says how terms meet those that stand;
//! on top of that:
//!
//! | In the file | Treatment |
//! |---|---|
//! | a 14-digit code that is new, below a known village | a village group; without a name 第N村民小组 |
//! | a row without name and role | the unit only: a group, an office phone |
//! | 任职日期 empty | the open term that is meant, or else the import's day |
//! | 依据 empty | for a new term, the name of the file |
//! | a unit's name that is not the stored one | refused: the code or the name is wrong |
//! | a unit that was re-zoned before the term begins | refused, with the successor's code |
//! | a mobile's number as an office's | refused |
//!
//! Rows apply in the order of their first days, so that a file may hold a post's whole history.

use std::collections::BTreeMap;

use gengwei_proto::{Level, RegionCode};
use jiff::civil::Date;

use super::{Cells, Columns, Refusal, Report, Source, record};
use crate::auth::Caller;
use crate::db::{Db, Topic, Tx};
use crate::env::Env;
use crate::exchange::rejects::Outcome;
use crate::exchange::table::{CellError, Column, Row, TableError};
use crate::grid::appointments::Role;
use crate::grid::book::{Book, Defaults, Said, Who};
use crate::grid::{self, Unit, check_office_phone, sql};

/// Imports a roster. `starts` is the first day of new terms whose rows do not say.
pub async fn roster(
    db: &Db,
    env: &Env,
    by: &Caller,
    source: Source,
    starts: Option<Date>,
) -> anyhow::Result<Report> {
    let (drafts, mut report) = read(&source)?;
    let defaults = Defaults {
        starts: starts.unwrap_or_else(|| env.today()),
        source: format!("花名册 {}", source.name),
    };
    let (env, by) = (env.clone(), by.clone());
    db.write_bulk(move |tx| async move {
        let mut roster = Roster::load(&tx).await?;
        for draft in drafts {
            let outcome = within(&source, &draft.unit).and_then(|()| roster.enter(&env, &draft, &defaults));
            report
                .add(outcome.map_err(|reason| Refusal::new(draft.row, draft.identifier(), "roster", reason)));
        }
        let report = report.close()?;
        if !source.dry_run {
            roster.store(&tx, &env, &by).await?;
            record(&tx, &env, &by, "import.roster", &source, report.counts).await?;
        }
        Ok(report)
    })
    .await
}

/// An importer enters what is his to edit and nothing else.
fn within(source: &Source, unit: &RegionCode) -> Result<(), String> {
    match &source.within {
        Some(units) if !grid::is_editable(units, unit) => {
            Err(format!("{unit} 不在导入单位的辖区内，或者由上级维护"))
        }
        _ => Ok(()),
    }
}

/// A row as it stands.
#[derive(Clone, Debug)]
struct Draft {
    row: u64,
    unit: RegionCode,
    unit_name: Option<String>,
    office_phone: Option<String>,
    /// Who is what in it; `None` in a row about the unit only.
    said: Option<Said>,
}

impl Draft {
    fn identifier(&self) -> String {
        let name = self.said.as_ref().and_then(|said| said.who.name.as_deref()).unwrap_or_default();
        format!("{} {name}", self.unit).trim_end().to_owned()
    }
}

struct Binding {
    unit: Column,
    unit_name: Option<Column>,
    name: Option<Column>,
    person: Option<Column>,
    role: Option<Column>,
    title: Option<Column>,
    portfolio: Option<Column>,
    basis: Option<Column>,
    department: Option<Column>,
    starts: Option<Column>,
    ends: Option<Column>,
    consent: Option<Column>,
    source: Option<Column>,
    office_phone: Option<Column>,
}

impl Binding {
    fn new(columns: &mut Columns<'_>) -> Result<Self, TableError> {
        Ok(Self {
            unit: columns.required(&["区划代码", "unit", "code", "单位代码"])?,
            unit_name: columns.find(&["单位名称", "unit_name"])?,
            name: columns.find(&["姓名", "name"])?,
            person: columns.find(&["人员编号", "person"])?,
            role: columns.find(&["角色", "role"])?,
            title: columns.find(&["职务", "title"])?,
            portfolio: columns.find(&["分管", "portfolio"])?,
            basis: columns.find(&["确定方式", "basis"])?,
            department: columns.find(&["部门", "department"])?,
            starts: columns.find(&["任职日期", "starts"])?,
            ends: columns.find(&["离任日期", "ends"])?,
            consent: columns.find(&["公示同意", "consent"])?,
            source: columns.find(&["依据", "source"])?,
            office_phone: columns.find(&["办公电话", "office_phone"])?,
        })
    }

    fn draft(&self, row: &Row) -> Result<Draft, CellError> {
        let unit = super::divisions::code(row, &self.unit, &row.required_text(&self.unit)?)?;
        let office_phone = row.maybe(&self.office_phone)?;
        if let (Some(column), Some(phone)) = (&self.office_phone, &office_phone) {
            check_office_phone(phone).map_err(|reason| row.wrong(column, reason))?;
        }
        let unit_name = short(row, &self.unit_name, 64)?;
        Ok(Draft { row: row.number, unit, unit_name, office_phone, said: self.said(row, unit)? })
    }

    fn said(&self, row: &Row, unit: RegionCode) -> Result<Option<Said>, CellError> {
        let name = short(row, &self.name, 32)?;
        let Some(role) = self.role(row)? else {
            return match (&self.name, name) {
                (Some(column), Some(_)) => Err(row.wrong(column, "有姓名而没有角色")),
                _ => Ok(None),
            };
        };
        let who = Who { id: short(row, &self.person, 64)?, name, consent: row.maybe_bool(&self.consent)? };
        Ok(Some(Said {
            who,
            unit,
            role,
            title: short(row, &self.title, 64)?,
            portfolio: row.maybe(&self.portfolio)?,
            basis: row.maybe(&self.basis)?,
            department: row.maybe(&self.department)?.map(plain_department),
            starts: row.maybe_date(&self.starts)?,
            ends: row.maybe_date(&self.ends)?,
            source: short(row, &self.source, 128)?,
        }))
    }

    fn role(&self, row: &Row) -> Result<Option<Role>, CellError> {
        let (Some(column), Some(text)) = (&self.role, row.maybe(&self.role)?) else { return Ok(None) };
        let roles = || Role::all().map(Role::title).collect::<Vec<_>>().join("、");
        text.parse().map(Some).map_err(|_| row.wrong(column, format!("“{text}”应为{}之一", roles())))
    }
}

/// A text that must not be longer than so many characters.
fn short(row: &Row, column: &Option<Column>, most: usize) -> Result<Option<String>, CellError> {
    let text = row.maybe(column)?;
    match (column, &text) {
        (Some(column), Some(long)) if long.chars().count() > most => {
            Err(row.wrong(column, format!("超过 {most} 个字符")))
        }
        _ => Ok(text),
    }
}

/// 市自然资源局 is the city's 自然资源局.
fn plain_department(name: String) -> String {
    name.strip_prefix(['市', '县', '区']).map(str::to_owned).unwrap_or(name)
}

/// 白桥 of 白桥村委会: rosters write 白桥村, 白桥村民委员会, 东园镇白桥村 as well.
fn proper_name(name: &str) -> &str {
    const KINDS: [&str; 6] = ["村民委员会", "居民委员会", "村委会", "居委会", "社区", "村"];
    KINDS.iter().find_map(|kind| name.strip_suffix(kind)).filter(|rest| !rest.is_empty()).unwrap_or(name)
}

fn read(source: &Source) -> anyhow::Result<(Vec<Draft>, Report)> {
    let table = source.open()?;
    let mut columns = Columns::of(&table);
    let binding = Binding::new(&mut columns)?;
    let mut report = Report { warnings: columns.warnings(), ..Report::default() };
    let mut drafts = Vec::new();
    for row in table {
        match row.and_then(|row| binding.draft(&row)) {
            Ok(draft) => drafts.push(draft),
            Err(error) => report.add(Err(error.into())),
        }
    }
    drafts.sort_by_key(|draft| draft.said.as_ref().and_then(|said| said.starts));
    Ok((drafts, report))
}

/// Units and terms, as they are to be.
struct Roster {
    units: BTreeMap<RegionCode, Unit>,
    stored: BTreeMap<RegionCode, Unit>,
    book: Book,
}

impl Roster {
    async fn load(tx: &Tx) -> sqlx::Result<Self> {
        let units: BTreeMap<_, _> = sql::units(tx).await?.into_iter().map(|unit| (unit.code, unit)).collect();
        Ok(Self { stored: units.clone(), units, book: Book::whole(tx).await? })
    }

    fn enter(&mut self, env: &Env, draft: &Draft, defaults: &Defaults) -> Result<Outcome, String> {
        let starts = draft.said.as_ref().and_then(|said| said.starts).unwrap_or(defaults.starts);
        let (unit, of_unit) = self.unit(draft, starts)?;
        if draft.said.is_some() {
            unit.check_open(starts)?;
        }
        let of_term = match &draft.said {
            Some(said) => self.book.appoint(env, said, defaults)?.0,
            None => Outcome::Unchanged,
        };
        self.units.insert(unit.code, unit);
        Ok(match (of_unit, of_term) {
            (Outcome::Imported, _) | (_, Outcome::Imported) => Outcome::Imported,
            (Outcome::Unchanged, Outcome::Unchanged) => Outcome::Unchanged,
            _ => Outcome::Updated,
        })
    }

    /// The unit of a row as it is to be.
    fn unit(&self, draft: &Draft, starts: Date) -> Result<(Unit, Outcome), String> {
        let Some(known) = self.units.get(&draft.unit) else {
            return Ok((self.new_group(draft, starts)?, Outcome::Imported));
        };
        if let Some(name) = &draft.unit_name
            && !name.contains(proper_name(&known.name))
        {
            return Err(format!("{} 登记的名称是“{}”，不是“{name}”", draft.unit, known.name));
        }
        let mut unit = known.clone();
        if draft.office_phone.is_some() {
            unit.office_phone.clone_from(&draft.office_phone);
        }
        let outcome = if unit == *known { Outcome::Unchanged } else { Outcome::Updated };
        Ok((unit, outcome))
    }

    fn new_group(&self, draft: &Draft, starts: Date) -> Result<Unit, String> {
        let code = draft.unit;
        if code.level() != Level::Group {
            return Err(format!("没有 {code} 这个单位；村以上的单位请用 gengwei import divisions 导入"));
        }
        let village = code.parent().and_then(|village| self.units.get(&village));
        let village = village.ok_or_else(|| format!("没有 {} 这个村", &code.as_str()[..12]))?;
        village.check_open(starts)?;
        let number = code.as_str()[12..].trim_start_matches('0');
        Ok(Unit {
            code,
            name: draft.unit_name.clone().unwrap_or_else(|| format!("第{number}村民小组")),
            takes_part: true,
            valid_from: starts,
            valid_to: None,
            successor: None,
            office_phone: draft.office_phone.clone(),
        })
    }

    async fn store(self, tx: &Tx, env: &Env, by: &Caller) -> sqlx::Result<()> {
        let mut fresh = Vec::new();
        for (code, unit) in self.units {
            match self.stored.get(&code) {
                None => fresh.push(unit),
                Some(stored) if *stored != unit => {
                    sql::change_unit(tx, unit.valid_from, &unit).await?;
                    tx.audit(by.entry("region.change", code.as_str()));
                    tx.touch(Topic::Grid).await?;
                }
                Some(_) => {}
            }
        }
        sql::insert_units(tx, &fresh).await?;
        if !fresh.is_empty() {
            tx.touch(Topic::Grid).await?;
        }
        self.book.store(tx, env, by).await?;
        Ok(())
    }
}
