//! The queue as XLSX.

use gengwei_proto::Level;

use super::deadline;
use super::sql::Stored;
use crate::db::Timestamp;
use crate::error::Problem;
use crate::exchange::workbook::{Cell, Column, Workbook, WorkbookError};
use crate::state::App;

/// Rows of one export; more is a matter for the next platform's exchange, not for a desk.
pub(super) const MOST: i64 = 50_000;

fn columns() -> Vec<Column> {
    [
        ("线索编号", 38.0),
        ("县（区）", 12.0),
        ("乡镇", 14.0),
        ("村、组", 20.0),
        ("来源", 12.0),
        ("问题类型", 24.0),
        ("程度", 8.0),
        ("永久基本农田", 12.0),
        ("地块编码", 24.0),
        ("状态", 22.0),
        ("承办单位", 20.0),
        ("期限", 12.0),
        ("紧急程度", 10.0),
        ("挂牌督办", 14.0),
        ("延期次数", 8.0),
        ("发现时间", 18.0),
        ("制止时间", 18.0),
        ("整改时间", 18.0),
        ("销号时间", 18.0),
        ("图斑批次撤回", 18.0),
        ("情况", 40.0),
    ]
    .map(|(header, width)| Column::new(header, width))
    .into()
}

/// Writes cases as a workbook of one sheet.
pub(super) fn workbook(app: &App, title: &str, cases: &[Stored]) -> Result<Vec<u8>, Problem> {
    write(app, title, cases).map_err(|error| match error {
        WorkbookError::TooManyRows => Problem::invalid("region", error.to_string()),
        WorkbookError::Writer(_) => Problem::internal(error),
    })
}

fn write(app: &App, title: &str, cases: &[Stored]) -> Result<Vec<u8>, WorkbookError> {
    let now = app.env().now();
    let mut workbook = Workbook::new(now.civil())?;
    let mut sheet = workbook.sheet("问题线索", Some(title), &columns())?;
    for case in cases {
        sheet.row(&row(app, case, now))?;
    }
    workbook.finish()
}

fn row(app: &App, case: &Stored, now: Timestamp) -> Vec<Cell> {
    let grid = app.grid();
    let name = |level: Level| case.unit.ancestor(level).map(|unit| grid.name(&unit).to_owned());
    let place: String = [name(Level::Village), name(Level::Group)].into_iter().flatten().collect();
    let at = |time: Option<Timestamp>| time.map_or(Cell::Empty, |time| Cell::DateTime(time.civil()));
    let supervised = case.supervised.map(|unit| grid.name(&unit).to_owned());
    vec![
        case.id.as_str().into(),
        name(Level::County).into(),
        name(Level::Township).into(),
        place.into(),
        case.source.title().into(),
        case.kind.title().into(),
        case.severity.title().into(),
        if case.permanent { "是" } else { "否" }.into(),
        case.parcel.as_ref().map(|code| code.as_str()).into(),
        case.state.title().into(),
        grid.full_name(&case.holder).into(),
        case.due_at.map_or(Cell::Empty, |due| Cell::Date(deadline::day_of(due))),
        case.due_at.map(|_| deadline::urgency(app, case.due_at, now).title()).into(),
        supervised.into(),
        Cell::Integer(case.extensions),
        at(Some(case.found_at)),
        at(case.stopped_at),
        at(case.rectified_at),
        at(case.closed_at),
        at(case.withdrawn_at),
        case.words.as_deref().into(),
    ]
}
