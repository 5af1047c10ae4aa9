//! Which group a parcel belongs to: a dated assignment, taken from a table (parcel ↔ village group).
//!
//! A code never changes with it; scope reads the present unit. Past assignments stay, so that "who was
//! responsible on day D" keeps its answer.

use std::path::Path;

use gengwei_proto::{ParcelCode, RegionCode};
use jiff::civil::Date;

use super::sql;
use crate::auth::Caller;
use crate::db::Topic;
use crate::exchange::rejects::{Counts, Outcome, Reject, RejectFile};
use crate::exchange::table::{self, CellError, TableOptions};
use crate::state::App;

/// One row that can be applied.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Which parcel.
    pub code: ParcelCode,
    /// Its new unit: a village or a group.
    pub unit: RegionCode,
    /// From which day on.
    pub from: Date,
}

/// Imports a table with the columns 地块码/code, 单位代码/unit and optionally 起始日期/from (today when empty).
///
/// A row is refused when the parcel or the unit is unknown, the unit lies in another county than the parcel's
/// code, or the day lies before the present assignment.
pub async fn import(
    app: &App,
    by: &Caller,
    file: &Path,
    rejects: Option<&Path>,
    dry_run: bool,
) -> anyhow::Result<Counts> {
    let mut rejects = rejects.map(RejectFile::create).transpose()?;
    let mut counts = Counts::default();
    let mut batch = Vec::new();
    for (row, outcome) in read(file, app.env().today())? {
        let judged = match outcome {
            Ok(assignment) => judge(app, assignment).await?,
            Err(error) => Err(error.reason),
        };
        match judged {
            Ok(Some(change)) => {
                counts.add(Outcome::Updated);
                batch.push(change);
            }
            Ok(None) => counts.add(Outcome::Unchanged),
            Err(reason) => {
                counts.add(Outcome::Rejected);
                if let Some(file) = &mut rejects {
                    file.write(&Reject { row, code: "assignment", reason: &reason, ..Reject::default() })?;
                }
            }
        }
        if batch.len() >= 500 {
            store(app, by, std::mem::take(&mut batch), dry_run).await?;
        }
    }
    store(app, by, batch, dry_run).await?;
    if let Some(file) = rejects {
        file.finish()?;
    }
    counts.check()?;
    Ok(counts)
}

type Row = (u64, Result<Assignment, CellError>);

fn read(file: &Path, today: Date) -> anyhow::Result<Vec<Row>> {
    let table = table::open(file, &TableOptions::default())?;
    let code = table.column(&["地块码", "耕地码", "code"])?;
    let unit = table.column(&["单位代码", "区划代码", "unit"])?;
    let from = table.find(&["起始日期", "from"])?;
    let mut rows = Vec::new();
    for row in table {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                rows.push((error.row, Err(error)));
                continue;
            }
        };
        let parse = || -> Result<Assignment, CellError> {
            let bad = |reason: String| CellError { row: row.number, column: None, reason };
            let text = row.required_text(&code)?;
            let code = ParcelCode::parse(&text).map_err(|e| bad(format!("地块码“{text}”无效：{e}")))?;
            let text = row.required_text(&unit)?;
            let unit =
                RegionCode::parse(&text).map_err(|_| bad(format!("单位代码“{text}”不是有效的区划代码")))?;
            let from = match &from {
                Some(column) => row.date(column)?,
                None => None,
            };
            Ok(Assignment { code, unit, from: from.unwrap_or(today) })
        };
        rows.push((row.number, parse()));
    }
    Ok(rows)
}

type Judged = Result<Option<(i64, Assignment)>, String>;

/// Whether an assignment can be applied: `None` when it holds already, a Chinese sentence when it cannot.
pub async fn judge(app: &App, a: Assignment) -> sqlx::Result<Judged> {
    let Some((id, unit, since)) = sql::assigned(app.db(), &a.code).await? else {
        return Ok(Err(format!("没有地块 {}", a.code)));
    };
    let grid = app.grid();
    Ok(if grid.unit(&a.unit).is_none() {
        Err(format!("单位 {} 不在网格里", a.unit))
    } else if unit.0 == a.unit {
        Ok(None)
    } else if a.from < since.0 {
        Err(format!("起始日期 {} 早于现有归属的起始日期 {}", a.from, since.0))
    } else {
        Ok(Some((id, a)))
    })
}

/// Applies assignments that [`judge`] let pass.
pub async fn store(
    app: &App,
    by: &Caller,
    batch: Vec<(i64, Assignment)>,
    dry_run: bool,
) -> anyhow::Result<()> {
    if batch.is_empty() || dry_run {
        return Ok(());
    }
    let (by, now) = (by.clone(), app.env().now());
    app.db()
        .write_bulk(move |tx| async move {
            let revision = tx.touch(Topic::Parcels).await?;
            for (id, a) in &batch {
                sql::move_unit(&tx, *id, &a.unit, a.from, &by.login).await?;
                sql::touch(&tx, *id, revision, now).await?;
            }
            tx.audit(by.entry("parcels.assign", format!("{} parcels", batch.len())));
            Ok::<_, sqlx::Error>(())
        })
        .await?;
    Ok(())
}
