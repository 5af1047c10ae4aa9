//! Units, rosters and targets from CSV and XLSX files.
//!
//! Every import goes the same way: each row becomes a draft or a refusal; the drafts are judged against what
//! is stored, inside the transaction that then stores what is new or changed. A dry run stops before storing.
//! The same file again changes nothing.

mod divisions;
mod roster;
mod sql;
mod targets;
#[cfg(test)]
mod tests;

use std::io::Cursor;
use std::path::Path;

use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest, Sha256};

pub use divisions::divisions;
pub use roster::roster;
pub use targets::targets;

use crate::auth::{Caller, Units};
use crate::db::Tx;
use crate::env::Env;
use crate::exchange::rejects::{Counts, Outcome, Reject, RejectFile};
use crate::exchange::table::{self, CellError, Column, Row, Table, TableError, TableOptions};

/// A file to import.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its name, for the record.
    pub name: String,
    /// Its content: CSV or XLSX.
    pub bytes: Vec<u8>,
    /// Encoding and worksheet, where the file does not say them rightly.
    pub table: TableOptions,
    /// Check everything, store nothing.
    pub dry_run: bool,
    /// Where the importer may import; everywhere when not given. A unit itself is not his to change unless it is of the
    /// county or the city: a township enters its villages and groups.
    pub within: Option<Units>,
}

impl Source {
    /// A file from its content.
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into(), ..Self::default() }
    }

    /// A file on disk.
    pub fn read(path: &Path, table: TableOptions, dry_run: bool) -> Result<Self, TableError> {
        let bytes = std::fs::read(path).map_err(|source| TableError::Io { path: path.to_owned(), source })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, bytes, table, dry_run, within: None })
    }

    fn open(&self) -> Result<Table, TableError> {
        table::read(Cursor::new(self.bytes.clone()), Path::new(&self.name), &self.table)
    }

    fn sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.bytes))
    }
}

/// What came of an import.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Rows, by what became of them.
    #[serde(flatten)]
    pub counts: Counts,
    /// What the user should know though it stopped nothing.
    pub warnings: Vec<String>,
    /// Rows that were refused, in the file's order.
    #[serde(skip)]
    pub refusals: Vec<Refusal>,
}

/// A refused row.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Its number as a spreadsheet program shows it.
    pub row: u64,
    /// The code or the name that it is about; empty when unknown.
    pub identifier: String,
    /// The column, when it is about one.
    pub column: String,
    /// A stable word for programs.
    pub code: &'static str,
    /// Why, as a Chinese sentence.
    pub reason: String,
}

impl Refusal {
    fn new(row: u64, identifier: impl Into<String>, code: &'static str, reason: impl Into<String>) -> Self {
        Self { row, identifier: identifier.into(), column: String::new(), code, reason: reason.into() }
    }
}

impl From<CellError> for Refusal {
    fn from(error: CellError) -> Self {
        let column = error.column.unwrap_or_default();
        Self { column, ..Self::new(error.row, "", "cell", error.reason) }
    }
}

impl Report {
    fn add(&mut self, outcome: Result<Outcome, Refusal>) {
        match outcome {
            Ok(outcome) => self.counts.add(outcome),
            Err(refusal) => {
                self.counts.add(Outcome::Rejected);
                self.refusals.push(refusal);
            }
        }
    }

    /// Puts the refusals in the file's order and checks that no row was lost.
    fn close(mut self) -> anyhow::Result<Self> {
        self.refusals.sort_by_key(|refusal| refusal.row);
        self.counts.check()?;
        Ok(self)
    }

    /// Writes the refused rows with their reasons to a CSV file.
    pub fn write_rejects(&self, path: &Path) -> std::io::Result<()> {
        let mut file = RejectFile::create(path)?;
        for refusal in &self.refusals {
            file.write(&Reject {
                row: refusal.row,
                identifier: &refusal.identifier,
                field: &refusal.column,
                code: refusal.code,
                reason: &refusal.reason,
                ..Reject::default()
            })?;
        }
        file.finish().map(|_| ())
    }
}

/// Columns that an import knows. The rest of a file is left alone, and its user told so.
struct Columns<'t> {
    table: &'t Table,
    known: Vec<String>,
}

impl<'t> Columns<'t> {
    fn of(table: &'t Table) -> Self {
        Self { table, known: Vec::new() }
    }

    fn find(&mut self, names: &[&str]) -> Result<Option<Column>, TableError> {
        let column = self.table.find(names)?;
        self.known.extend(column.iter().map(|column| column.header.clone()));
        Ok(column)
    }

    fn required(&mut self, names: &[&str]) -> Result<Column, TableError> {
        let column = self.table.column(names)?;
        self.known.push(column.header.clone());
        Ok(column)
    }

    /// The file's own warnings, and which of its columns are not imported.
    fn warnings(self) -> Vec<String> {
        let other = |header: &&String| !header.is_empty() && !self.known.contains(header);
        let rest: Vec<_> = self.table.headers.iter().filter(other).map(String::as_str).collect();
        let mut warnings = self.table.warnings.clone();
        if !rest.is_empty() {
            warnings.push(format!("这些列没有导入：{}", rest.join("、")));
        }
        warnings
    }
}

/// Reads cells of columns that may be absent.
trait Cells {
    fn maybe(&self, column: &Option<Column>) -> Result<Option<String>, CellError>;
    fn maybe_date(&self, column: &Option<Column>) -> Result<Option<Date>, CellError>;
    fn maybe_bool(&self, column: &Option<Column>) -> Result<Option<bool>, CellError>;
    fn wrong(&self, column: &Column, reason: impl Into<String>) -> CellError;
}

impl Cells for Row {
    fn maybe(&self, column: &Option<Column>) -> Result<Option<String>, CellError> {
        let Some(column) = column else { return Ok(None) };
        match self.text(column)? {
            Some(text) if text.chars().any(char::is_control) => {
                Err(self.wrong(column, "文字里有换行或其他控制字符"))
            }
            text => Ok(text),
        }
    }

    fn maybe_date(&self, column: &Option<Column>) -> Result<Option<Date>, CellError> {
        column.as_ref().map_or(Ok(None), |column| self.date(column))
    }

    fn maybe_bool(&self, column: &Option<Column>) -> Result<Option<bool>, CellError> {
        let Some(column) = column else { return Ok(None) };
        let Some(text) = self.text(column)? else { return Ok(None) };
        match text.to_lowercase().as_str() {
            "是" | "有" | "同意" | "true" | "yes" | "1" => Ok(Some(true)),
            "否" | "无" | "不同意" | "false" | "no" | "0" => Ok(Some(false)),
            _ => Err(self.wrong(column, format!("“{text}”应为 是 或 否"))),
        }
    }

    fn wrong(&self, column: &Column, reason: impl Into<String>) -> CellError {
        CellError { row: self.number, column: Some(column.header.clone()), reason: reason.into() }
    }
}

/// Records a finished import in the register of imports and in the audit log.
async fn record(
    tx: &Tx,
    env: &Env,
    by: &Caller,
    action: &'static str,
    source: &Source,
    counts: Counts,
) -> sqlx::Result<()> {
    let (id, sha256) = (env.new_id(), source.sha256());
    let kind = action.trim_start_matches("import.");
    sql::record(tx, &id, kind, &source.name, &sha256, &by.login, counts, env.now()).await?;
    let detail = serde_json::json!({"file": source.name, "sha256": sha256, "counts": counts});
    tx.audit(by.entry(action, id).detail(detail));
    Ok(())
}
