//! Targets from a table: unit, year, kind, 亩, document.

use super::{Cells, Columns, Refusal, Report, Source, record};
use crate::auth::Caller;
use crate::db::{Db, Tx};
use crate::env::Env;
use crate::exchange::rejects::Outcome;
use crate::exchange::table::{CellError, Column, Row, TableError};
use crate::grid::sql::units;
use crate::grid::targets::{Kind, Target, enter, stored};

/// Imports targets. A row is refused when its unit is unknown, a cell is empty or no number, or it rests on no
/// document.
pub async fn targets(db: &Db, env: &Env, by: &Caller, source: Source) -> anyhow::Result<Report> {
    let table = source.open()?;
    let mut columns = Columns::of(&table);
    let binding = Binding::new(&mut columns)?;
    let mut report = Report { warnings: columns.warnings(), ..Report::default() };
    let rows: Vec<_> = table
        .map(|row| row.and_then(|row| Ok((row.number, binding.target(&row)?))).map_err(Refusal::from))
        .collect();
    let (env, by) = (env.clone(), by.clone());
    db.write_bulk(move |tx| async move {
        let known: std::collections::HashSet<_> = units(&tx).await?.into_iter().map(|u| u.code).collect();
        for row in rows {
            let judged = row.and_then(|(row, target)| {
                let refuse = |code, reason| Refusal::new(row, target.unit.as_str(), code, reason);
                if !known.contains(&target.unit) {
                    return Err(refuse("unit", format!("没有 {} 这个单位", target.unit)));
                }
                target.check().map_err(|(field, reason)| refuse(field, reason))?;
                Ok(target)
            });
            let outcome = match judged {
                Ok(target) => Ok(take(&tx, &env, &by, &target, source.dry_run).await?),
                Err(refusal) => Err(refusal),
            };
            report.add(outcome);
        }
        let report = report.close()?;
        if !source.dry_run {
            record(&tx, &env, &by, "import.targets", &source, report.counts).await?;
        }
        Ok(report)
    })
    .await
}

/// Enters a target, or in a dry run only looks what would become of it.
async fn take(tx: &Tx, env: &Env, by: &Caller, target: &Target, dry_run: bool) -> sqlx::Result<Outcome> {
    let before = if dry_run { stored(tx, target).await? } else { enter(tx, by, target, env.now()).await? };
    Ok(match before {
        None => Outcome::Imported,
        Some((mu, document)) if mu == target.mu && document == target.document => Outcome::Unchanged,
        Some(_) => Outcome::Updated,
    })
}

struct Binding {
    unit: Column,
    year: Column,
    kind: Column,
    mu: Column,
    document: Column,
}

impl Binding {
    fn new(columns: &mut Columns<'_>) -> Result<Self, TableError> {
        Ok(Self {
            unit: columns.required(&["区划代码", "unit", "code", "单位代码"])?,
            year: columns.required(&["年份", "year"])?,
            kind: columns.required(&["指标", "kind"])?,
            mu: columns.required(&["面积（亩）", "面积(亩)", "亩", "mu"])?,
            document: columns.required(&["依据", "document"])?,
        })
    }

    fn target(&self, row: &Row) -> Result<Target, CellError> {
        let unit = super::divisions::code(row, &self.unit, &row.required_text(&self.unit)?)?;
        let year = row.required_text(&self.year)?;
        let year = year.parse().map_err(|_| row.wrong(&self.year, format!("“{year}”不是年份")))?;
        let kind = row.required_text(&self.kind)?;
        let titles = Kind::ALL.map(Kind::title).join("或");
        let kind = kind.parse().map_err(|_| row.wrong(&self.kind, format!("“{kind}”应为{titles}")))?;
        let mu = row.number(&self.mu)?.ok_or_else(|| row.wrong(&self.mu, "没有填写"))?;
        Ok(Target { unit, year, kind, mu, document: row.required_text(&self.document)? })
    }
}
