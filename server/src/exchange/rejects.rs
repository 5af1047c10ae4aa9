//! What an import tells when it is done: the file of rejected rows, and counts that add up.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::layer::RowError;
use super::table::CellError;

/// One rejected row: what, where and why.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reject<'a> {
    /// The row's number in the source file.
    pub row: u64,
    /// What identifies the row for its owner, such as its BSM; empty when unknown.
    pub identifier: &'a str,
    /// The field it is about; empty when it is about the whole row.
    pub field: &'a str,
    /// Where on the ground or in the file, such as `105.1893,37.5149`; empty when unknown.
    pub place: &'a str,
    /// A stable word for programs.
    pub code: &'a str,
    /// The reason as a Chinese sentence.
    pub reason: &'a str,
}

/// A rejected row that owns its words, on its way to the reject file or the database.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The row's number in the source file.
    pub row: u64,
    /// What identifies the row for its owner; empty when unknown.
    pub identifier: String,
    /// The field it is about; empty when it is about the whole row.
    pub field: String,
    /// Where; empty when unknown.
    pub place: String,
    /// A stable word for programs.
    pub code: &'static str,
    /// The reason as a Chinese sentence.
    pub reason: String,
    /// What follows in the file is lost.
    pub fatal: bool,
}

impl<'a> From<&'a Refusal> for Reject<'a> {
    fn from(r: &'a Refusal) -> Self {
        Self {
            row: r.row,
            identifier: &r.identifier,
            field: &r.field,
            place: &r.place,
            code: r.code,
            reason: &r.reason,
        }
    }
}

impl From<RowError> for Refusal {
    fn from(e: RowError) -> Self {
        let fatal = e.is_fatal();
        Self {
            row: e.row,
            identifier: String::new(),
            field: e.field.unwrap_or_default(),
            place: String::new(),
            code: e.kind.code(),
            reason: e.reason,
            fatal,
        }
    }
}

impl<'a> From<&'a RowError> for Reject<'a> {
    fn from(error: &'a RowError) -> Self {
        Reject {
            row: error.row,
            field: error.field.as_deref().unwrap_or_default(),
            code: error.kind.code(),
            reason: &error.reason,
            ..Reject::default()
        }
    }
}

impl<'a> From<&'a CellError> for Reject<'a> {
    fn from(error: &'a CellError) -> Self {
        Reject {
            row: error.row,
            field: error.column.as_deref().unwrap_or_default(),
            code: "cell",
            reason: &error.reason,
            ..Reject::default()
        }
    }
}

/// The reject file: CSV in UTF-8 with a byte order mark, so that Excel opens it rightly.
pub struct RejectFile<W: Write> {
    csv: csv::Writer<W>,
}

impl RejectFile<BufWriter<File>> {
    /// Creates the file with its header; an existing file is replaced.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn create(path: &Path) -> io::Result<Self> {
        RejectFile::new(BufWriter::new(File::create(path)?))
    }
}

impl<W: Write> RejectFile<W> {
    /// Starts a reject file with its header.
    ///
    /// # Errors
    /// What the writer says.
    pub fn new(mut writer: W) -> io::Result<Self> {
        writer.write_all(b"\xEF\xBB\xBF")?;
        let mut csv = csv::Writer::from_writer(writer);
        csv.write_record(["row", "identifier", "field", "place", "reason_code", "reason"])?;
        Ok(RejectFile { csv })
    }

    /// Adds one row.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        let row = reject.row.to_string();
        let texts = [reject.identifier, reject.field, reject.place, reject.code, reject.reason];
        let [identifier, field, place, code, reason] = texts.map(no_formula);
        self.csv.write_record([&row, &identifier, &field, &place, &code, &reason])?;
        Ok(())
    }

    /// Ends the file and gives the writer back.
    ///
    /// # Errors
    /// What the writer says about the last bytes.
    pub fn finish(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|e| e.into_error())
    }
}

/// Text from the source must not become a formula in whoever's spreadsheet opens the file.
fn no_formula(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let coordinates = text.split(',').all(|part| part.trim().parse::<f64>().is_ok());
    if risky && !coordinates { format!("'{text}") } else { text.to_owned() }
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// New.
    Imported,
    /// Known, and changed by this import.
    Updated,
    /// Known, and the same.
    Unchanged,
    /// Refused; it stands in the reject file.
    Rejected,
}

/// The counts of an import. Displayed as `read N imported N updated N unchanged N rejected N`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Rows read.
    pub read: u64,
    /// Rows that were new.
    pub imported: u64,
    /// Rows that changed something.
    pub updated: u64,
    /// Rows that changed nothing.
    pub unchanged: u64,
    /// Rows refused.
    pub rejected: u64,
}

/// The counts of an import do not add up: rows were lost or counted twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("导入计数对不上（{0}）：读入的行数应等于其余各项之和")]
pub struct CountsMismatch(pub Counts);

impl Counts {
    /// Counts one row and what became of it.
    pub fn add(&mut self, outcome: Outcome) {
        self.read += 1;
        let count = match outcome {
            Outcome::Imported => &mut self.imported,
            Outcome::Updated => &mut self.updated,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Rejected => &mut self.rejected,
        };
        *count += 1;
    }

    /// Checks that every row read is accounted for.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self) -> Result<(), CountsMismatch> {
        let sum = self.imported + self.updated + self.unchanged + self.rejected;
        if self.read == sum { Ok(()) } else { Err(CountsMismatch(*self)) }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { read, imported, updated, unchanged, rejected } = self;
        write!(
            f,
            "read {read} imported {imported} updated {updated} unchanged {unchanged} rejected {rejected}"
        )
    }
}
