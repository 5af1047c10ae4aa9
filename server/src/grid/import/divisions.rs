//! Units from a table of divisions.
//!
//! | In the file | Treatment |
//! |---|---|
//! | a code that is new | a unit, valid from `valid_from` or else the import's day |
//! | another name | a new row of validity from that day on; the old name stays with its own |
//! | another name from the very day on which the old one began | a correction of the name |
//! | `successor` | the unit is closed (on `valid_to` or else the import's day); its code resolves to the other |
//! | an empty cell | what is stored stays |
//! | bad code, unknown parent or successor, level that is not the code's, the same code twice | refused |
//! | a mobile's number as an office's | refused: it is somebody's own (个保法) |

use std::collections::{BTreeMap, HashMap, HashSet};

use gengwei_proto::RegionCode;
use jiff::civil::Date;
use serde_json::json;

use super::{Cells, Columns, Refusal, Report, Source, record};
use crate::auth::Caller;
use crate::db::{Db, Topic, Tx};
use crate::env::Env;
use crate::exchange::rejects::Outcome;
use crate::exchange::table::{CellError, Column, Row, TableError};
use crate::grid::{Unit, check_office_phone, is_plain, sql};

/// Imports units. `from` is the day from which they are valid when a row does not say.
pub async fn divisions(
    db: &Db,
    env: &Env,
    by: &Caller,
    source: Source,
    from: Option<Date>,
) -> anyhow::Result<Report> {
    let (drafts, report) = read(&source)?;
    let from = from.unwrap_or_else(|| env.today());
    let (env, by) = (env.clone(), by.clone());
    db.write_bulk(move |tx| async move {
        let mut register = Register::load(&tx).await?;
        let report = judge(&mut register, drafts, report, from)?;
        if !source.dry_run {
            register.store(&tx, &by).await?;
            record(&tx, &env, &by, "import.divisions", &source, report.counts).await?;
        }
        Ok(report)
    })
    .await
}

/// A row as it stands.
#[derive(Clone, Debug)]
struct Draft {
    row: u64,
    code: RegionCode,
    name: String,
    valid_from: Option<Date>,
    valid_to: Option<Date>,
    successor: Option<RegionCode>,
    takes_part: Option<bool>,
    office_phone: Option<String>,
}

struct Binding {
    code: Column,
    name: Column,
    parent: Option<Column>,
    level: Option<Column>,
    valid_from: Option<Column>,
    valid_to: Option<Column>,
    successor: Option<Column>,
    takes_part: Option<Column>,
    office_phone: Option<Column>,
}

impl Binding {
    fn new(columns: &mut Columns<'_>) -> Result<Self, TableError> {
        Ok(Self {
            code: columns.required(&["code", "区划代码", "单位代码"])?,
            name: columns.required(&["name", "单位名称", "名称"])?,
            parent: columns.find(&["parent", "上级代码"])?,
            level: columns.find(&["level", "级别", "层级"])?,
            valid_from: columns.find(&["valid_from", "启用日期"])?,
            valid_to: columns.find(&["valid_to", "停用日期"])?,
            successor: columns.find(&["successor", "承接代码"])?,
            takes_part: columns.find(&["takes_part", "有耕地保护任务"])?,
            office_phone: columns.find(&["office_phone", "办公电话"])?,
        })
    }

    fn draft(&self, row: &Row) -> Result<Draft, CellError> {
        let code = code(row, &self.code, &row.required_text(&self.code)?)?;
        self.check_place(row, &code)?;
        let name = row.required_text(&self.name)?;
        if !is_plain(&name, 64) {
            return Err(row.wrong(&self.name, "名称应为 1 至 64 个字符，不含换行"));
        }
        let successor = match (&self.successor, row.maybe(&self.successor)?) {
            (Some(column), Some(text)) => Some(self::code(row, column, &text)?),
            _ => None,
        };
        let office_phone = row.maybe(&self.office_phone)?;
        if let (Some(column), Some(phone)) = (&self.office_phone, &office_phone) {
            check_office_phone(phone).map_err(|reason| row.wrong(column, reason))?;
        }
        Ok(Draft {
            row: row.number,
            code,
            name,
            valid_from: row.maybe_date(&self.valid_from)?,
            valid_to: row.maybe_date(&self.valid_to)?,
            successor,
            takes_part: row.maybe_bool(&self.takes_part)?,
            office_phone,
        })
    }

    /// Parent and level follow from the code; where the file states them, it must agree with itself.
    fn check_place(&self, row: &Row, code: &RegionCode) -> Result<(), CellError> {
        if let Some(column) = &self.level
            && let Some(level) = row.text(column)?
            && level != code.level().number().to_string()
        {
            let message = format!("{code} 是第 {} 级的代码，与级别“{level}”不符", code.level().number());
            return Err(row.wrong(column, message));
        }
        if let Some(column) = &self.parent
            && let Some(text) = row.text(column)?
            && code.parent() != Some(self::code(row, column, &text)?)
        {
            let parent = code.parent().map_or_else(|| "（无）".to_owned(), |p| p.to_string());
            return Err(row.wrong(column, format!("{code} 的上级代码应为 {parent}，不是“{text}”")));
        }
        Ok(())
    }
}

/// A region code in a cell.
pub(super) fn code(row: &Row, column: &Column, text: &str) -> Result<RegionCode, CellError> {
    RegionCode::parse(text)
        .map_err(|_| row.wrong(column, format!("“{text}”不是区划代码，应为 4、6、9、12 或 14 位数字")))
}

fn read(source: &Source) -> anyhow::Result<(Vec<Draft>, Report)> {
    let table = source.open()?;
    let mut columns = Columns::of(&table);
    let binding = Binding::new(&mut columns)?;
    let mut report = Report { warnings: columns.warnings(), ..Report::default() };
    let mut first: HashMap<RegionCode, u64> = HashMap::new();
    let mut drafts = Vec::new();
    for row in table {
        let draft = row.and_then(|row| binding.draft(&row)).map_err(Refusal::from).and_then(|draft| {
            match first.insert(draft.code, draft.row) {
                None => Ok(draft),
                Some(earlier) => {
                    first.insert(draft.code, earlier);
                    let reason = format!("代码与第 {earlier} 行重复");
                    Err(Refusal::new(draft.row, draft.code.as_str(), "duplicate", reason))
                }
            }
        });
        match draft {
            Ok(draft) => drafts.push(draft),
            Err(refusal) => report.add(Err(refusal)),
        }
    }
    Ok((drafts, report))
}

/// All units with all their rows of validity, as they are and as they are to be.
struct Register {
    units: BTreeMap<RegionCode, Vec<Unit>>,
    stored: BTreeMap<RegionCode, Vec<Unit>>,
}

impl Register {
    async fn load(tx: &Tx) -> sqlx::Result<Self> {
        let mut units: BTreeMap<RegionCode, Vec<Unit>> = BTreeMap::new();
        for unit in sql::units(tx).await? {
            units.entry(unit.code).or_default().push(unit);
        }
        Ok(Self { stored: units.clone(), units })
    }

    /// Parts the rows whose parents and successors are there, or nowhere to come from, from those that wait for
    /// others; when all wait for each other, all are ready to be refused.
    fn ready(&self, drafts: Vec<Draft>) -> (Vec<Draft>, Vec<Draft>) {
        let waiting: HashSet<RegionCode> = drafts.iter().map(|draft| draft.code).collect();
        let missing = |code: &RegionCode| waiting.contains(code) && !self.units.contains_key(code);
        let waits = |draft: &Draft| [draft.code.parent(), draft.successor].iter().flatten().any(missing);
        let (rest, ready): (Vec<_>, Vec<_>) = drafts.into_iter().partition(waits);
        if ready.is_empty() { (rest, ready) } else { (ready, rest) }
    }

    /// Takes a row, or leaves everything as it is and says why.
    fn judge(&mut self, draft: &Draft, today: Date) -> Result<Outcome, (&'static str, String)> {
        self.check_relations(draft)?;
        let before = self.units.get(&draft.code).cloned();
        let outcome = self.put(draft, today);
        if let (Err(_), Some(before)) = (&outcome, before) {
            self.units.insert(draft.code, before);
        }
        outcome
    }

    fn put(&mut self, draft: &Draft, today: Date) -> Result<Outcome, (&'static str, String)> {
        let closes = draft.valid_to.or(draft.successor.map(|_| today));
        let Some(rows) = self.units.get_mut(&draft.code) else {
            let from = draft.valid_from.unwrap_or(today);
            let unit = Unit {
                code: draft.code,
                name: draft.name.clone(),
                takes_part: draft.takes_part.unwrap_or(true),
                // A unit that is gone already was there before.
                valid_from: closes.map_or(from, |closes| from.min(closes)),
                valid_to: closes,
                successor: draft.successor,
                office_phone: draft.office_phone.clone(),
            };
            self.units.insert(draft.code, vec![unit]);
            return Ok(Outcome::Imported);
        };
        let before = rows.clone();
        rename(rows, draft, today)?;
        let only = rows.len() == 1;
        let unit = rows.last_mut().expect("a register has no empty entries");
        if let Some(from) = draft.valid_from.filter(|from| *from != unit.valid_from) {
            if !only {
                let reason = format!("这个名称已登记自 {} 起，与 {from} 不符", unit.valid_from);
                return Err(("validity", reason));
            }
            unit.valid_from = from;
        }
        unit.takes_part = draft.takes_part.unwrap_or(unit.takes_part);
        unit.successor = draft.successor.or(unit.successor);
        unit.valid_to = draft.valid_to.or(unit.valid_to).or(closes);
        unit.office_phone = draft.office_phone.clone().or_else(|| unit.office_phone.take());
        if unit.valid_to.is_some_and(|to| to < unit.valid_from) {
            return Err(("validity", format!("停用日期早于启用日期 {}", unit.valid_from)));
        }
        Ok(if *rows == before { Outcome::Unchanged } else { Outcome::Updated })
    }

    /// What is wrong with a unit's place among the others.
    fn check_relations(&self, draft: &Draft) -> Result<(), (&'static str, String)> {
        if let Some(parent) = draft.code.parent()
            && !self.units.contains_key(&parent)
        {
            return Err(("parent", format!("上级单位 {parent} 不存在")));
        }
        let mut next = draft.successor;
        while let Some(code) = next {
            if code == draft.code {
                return Err(("successor", "承接代码绕回到了单位自己".to_owned()));
            }
            let Some(rows) = self.units.get(&code) else {
                return Err(("successor", format!("承接单位 {code} 不存在")));
            };
            next = rows.last().and_then(|unit| unit.successor);
        }
        Ok(())
    }

    async fn store(&self, tx: &Tx, by: &Caller) -> sqlx::Result<()> {
        let mut fresh = Vec::new();
        let mut changed = false;
        for (code, rows) in &self.units {
            let old = self.stored.get(code).map_or(&[][..], Vec::as_slice);
            for (index, unit) in rows.iter().enumerate() {
                match old.get(index) {
                    None => fresh.push(unit.clone()),
                    Some(was) if was != unit => {
                        changed = true;
                        sql::change_unit(tx, was.valid_from, unit).await?;
                    }
                    Some(_) => continue,
                }
            }
            if let Some(was) = old.last()
                && rows.as_slice() != old
            {
                let now = rows.last().map(|unit| unit.name.as_str());
                let detail = json!({"was": was.name, "is": now});
                tx.audit(by.entry("region.change", code.as_str()).detail(detail));
            }
        }
        sql::insert_units(tx, &fresh).await?;
        if changed || !fresh.is_empty() {
            tx.touch(Topic::Grid).await?;
        }
        Ok(())
    }
}

/// Gives a unit its new name: from a day on, or as a correction of the old one.
fn rename(rows: &mut Vec<Unit>, draft: &Draft, today: Date) -> Result<(), (&'static str, String)> {
    let last = rows.last_mut().expect("a register has no empty entries");
    if last.name == draft.name {
        return Ok(());
    }
    let from = draft.valid_from.unwrap_or(today);
    if from < last.valid_from {
        let reason = format!("名称与登记的“{}”（自 {} 起）不同，日期却更早", last.name, last.valid_from);
        return Err(("name", reason));
    }
    if from == last.valid_from {
        last.name.clone_from(&draft.name);
        return Ok(());
    }
    let mut unit = Unit { name: draft.name.clone(), valid_from: from, ..last.clone() };
    (unit.valid_to, unit.successor) = (None, None);
    last.valid_to = Some(last.valid_to.map_or(from, |to| to.min(from)));
    rows.push(unit);
    Ok(())
}

fn judge(
    register: &mut Register,
    drafts: Vec<Draft>,
    mut report: Report,
    today: Date,
) -> anyhow::Result<Report> {
    let mut waiting = drafts;
    while !waiting.is_empty() {
        let (ready, rest) = register.ready(waiting);
        for draft in ready {
            let outcome = register.judge(&draft, today);
            report.add(
                outcome.map_err(|(code, reason)| Refusal::new(draft.row, draft.code.as_str(), code, reason)),
            );
        }
        waiting = rest;
    }
    report.close()
}
