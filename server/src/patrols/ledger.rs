//! The ledger (巡查台账, R31) of levels 4, 5 and 6: append-only rows, as a workbook and as a page to print.

use askama::Template;

use super::sql::{Done, Listed, Sighting};
use crate::db::Timestamp;
use crate::error::{Problem, Result};
use crate::exchange::workbook::{Cell, Column, Workbook};
use crate::grid::Grid;

/// A row of the ledger: one patrol, its sightings and deeds in words.
pub(super) struct Row {
    pub day: String,
    pub hours: String,
    pub level: i64,
    pub unit: String,
    pub name: String,
    pub sightings: String,
    pub deeds: String,
    pub words: String,
}

/// The rows of patrols.
pub(super) fn rows(grid: &Grid, patrols: &[Listed], sightings: &[Sighting], deeds: &[Done]) -> Vec<Row> {
    let clock = |t: Timestamp| t.civil().strftime("%H:%M").to_string();
    let row = |p: &Listed| {
        let seen = sightings.iter().filter(|s| s.patrol_id == p.id).map(|s| {
            let parcel = s.parcel.map(|c| format!("（{}）", c.display())).unwrap_or_default();
            format!(
                "{}{parcel}{}",
                s.kind.title(),
                s.words.as_deref().map(|w| format!("：{w}")).unwrap_or_default()
            )
        });
        let done = deeds.iter().filter(|d| d.patrol_id == p.id);
        Row {
            day: p.started_at.date().to_string(),
            hours: format!("{}–{}", clock(p.started_at), clock(p.ended_at)),
            level: p.level,
            unit: grid.full_name(&p.unit),
            name: p.name.clone(),
            sightings: seen.collect::<Vec<_>>().join("；"),
            deeds: done
                .map(|d| format!("{} {}", clock(d.at), d.action.title()))
                .collect::<Vec<_>>()
                .join("；"),
            words: p.words.clone().unwrap_or_default(),
        }
    };
    patrols.iter().map(row).collect()
}

const HEADERS: [(&str, f64); 8] = [
    ("日期", 12.0),
    ("时间", 14.0),
    ("层级", 6.0),
    ("巡查单位", 36.0),
    ("巡查人", 12.0),
    ("发现情况", 60.0),
    ("处置情况", 36.0),
    ("备注", 30.0),
];

/// The ledger as XLSX.
pub(super) fn workbook(title: &str, rows: &[Row], now: Timestamp) -> Result<Vec<u8>> {
    let columns: Vec<Column> = HEADERS.iter().map(|(header, width)| Column::new(*header, *width)).collect();
    let mut book = Workbook::new(now.civil()).map_err(Problem::internal)?;
    let mut sheet = book.sheet("巡查台账", Some(title), &columns).map_err(Problem::internal)?;
    for row in rows {
        let cells = [
            Cell::from(row.day.as_str()),
            Cell::from(row.hours.as_str()),
            Cell::Integer(row.level),
            Cell::from(row.unit.as_str()),
            Cell::from(row.name.as_str()),
            Cell::from(row.sightings.as_str()),
            Cell::from(row.deeds.as_str()),
            Cell::from(row.words.as_str()),
        ];
        sheet.row(&cells).map_err(Problem::internal)?;
    }
    book.finish().map_err(Problem::internal)
}

#[derive(Template)]
#[template(path = "patrols/ledger.html")]
struct Page<'a> {
    title: &'a str,
    printed: String,
    rows: &'a [Row],
}

/// The ledger as a page to print.
pub(super) fn page(title: &str, rows: &[Row], now: Timestamp) -> Result<String> {
    let printed = now.civil().strftime("%Y-%m-%d %H:%M").to_string();
    Page { title, printed, rows }.render().map_err(Problem::internal)
}
