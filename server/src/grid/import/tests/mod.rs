//! Stories of imports, on both databases.

mod divisions;
mod roster;
mod targets;

use gengwei_proto::RegionCode;
use jiff::civil::{Date, date};

use super::{Report, Source};
use crate::auth::Caller;
use crate::db::Db;
use crate::env::Env;
use crate::grid::Grid;

const DIVISIONS: &str = include_str!("../../../../assets/demo/divisions.csv");
const ANNEX: &str = include_str!("../../../../assets/demo/notice-74-annex.csv");
const TARGETS: &str = include_str!("../../../../assets/demo/targets.csv");

const NOTICE: Date = date(2023, 11, 22);
const TODAY: Date = date(2026, 11, 24);

fn clerk() -> Caller {
    Caller {
        account: "clerk".into(),
        login: "clerk".into(),
        name: "经办人".into(),
        person: None,
        admin: None,
        held: Vec::new(),
    }
}

fn unit(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

async fn divisions(db: &Db, env: &Env, text: &str, from: Option<Date>) -> Report {
    super::divisions(db, env, &clerk(), Source::new("divisions.csv", text), from).await.unwrap()
}

async fn roster(db: &Db, env: &Env, bytes: impl Into<Vec<u8>>) -> Report {
    super::roster(db, env, &clerk(), Source::new("roster.csv", bytes), None).await.unwrap()
}

async fn grid(db: &Db) -> Grid {
    Grid::load(db, TODAY).await.unwrap()
}

/// read, imported, updated, unchanged, rejected.
fn counts(report: &Report) -> [u64; 5] {
    let c = report.counts;
    [c.read, c.imported, c.updated, c.unchanged, c.rejected]
}

/// Row, word and reason of each refusal, one a line.
fn refusals(report: &Report) -> String {
    let lines = report.refusals.iter().map(|r| format!("{} {} {} {}", r.row, r.code, r.column, r.reason));
    lines.collect::<Vec<_>>().join("\n")
}
