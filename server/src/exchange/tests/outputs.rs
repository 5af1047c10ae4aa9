//! Reject files, counts and workbooks.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use jiff::civil::{date, datetime};
use proptest::prelude::*;

use crate::exchange::layer::{RowError, RowErrorKind};
use crate::exchange::rejects::{Counts, Outcome, Reject, RejectFile};
use crate::exchange::workbook::{Cell, Column, Workbook};

#[test]
fn a_reject_file_opens_in_excel_and_carries_no_formula() {
    let mut file = RejectFile::new(Vec::new()).unwrap();
    let error = RowError {
        row: 7,
        field: Some("DLMC".into()),
        kind: RowErrorKind::Encoding,
        reason: "坏了，\"真\"".into(),
    };
    file.write(&Reject { identifier: "=HYPERLINK(1)", place: "-105.1,37.5", ..Reject::from(&error) })
        .unwrap();
    let bytes = file.finish().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(
        text,
        "\u{FEFF}row,identifier,field,place,reason_code,reason\n\
         7,'=HYPERLINK(1),DLMC,\"-105.1,37.5\",encoding,\"坏了，\"\"真\"\"\"\n"
    );
}

#[test]
fn counts_read_as_agreed_and_show_a_lost_row() {
    let mut counts = Counts::default();
    for outcome in [Outcome::Imported, Outcome::Imported, Outcome::Updated, Outcome::Rejected] {
        counts.add(outcome);
    }
    assert_eq!(counts.to_string(), "read 4 imported 2 updated 1 unchanged 0 rejected 1");
    assert_eq!(counts.check(), Ok(()));
    counts.read += 1;
    assert!(counts.check().is_err());
}

proptest! {
    #[test]
    fn counts_always_add_up(outcomes in proptest::collection::vec(0..4_u8, 0..100)) {
        let mut counts = Counts::default();
        for outcome in &outcomes {
            counts.add(match outcome {
                0 => Outcome::Imported,
                1 => Outcome::Updated,
                2 => Outcome::Unchanged,
                _ => Outcome::Rejected,
            });
        }
        prop_assert_eq!(counts.read, outcomes.len() as u64);
        prop_assert!(counts.check().is_ok());
    }
}

#[test]
fn a_workbook_keeps_types_and_shows_formulas_as_text() {
    let mut book = Workbook::new(datetime(2026, 11, 24, 8, 0, 0, 0)).unwrap();
    let columns = [Column::new("编码", 22.0), Column::new("面积", 10.0), Column::new("时间", 18.0)];
    let mut sheet = book.sheet("台账[2026]/一", Some("巡查台账"), &columns).unwrap();
    let at = datetime(2026, 11, 24, 9, 30, 0, 0);
    sheet.row(&["=1+1".into(), Cell::Decimal(1.25, 1), Cell::DateTime(at)]).unwrap();
    sheet.row(&["字".repeat(40_000).into(), Cell::Integer(7), Cell::Date(date(2026, 1, 2))]).unwrap();
    sheet.row(&[Cell::from(None::<String>), Cell::Number(0.5), Cell::Empty]).unwrap();
    let bytes = book.finish().unwrap();

    let mut read: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let name = read.sheet_names()[0].clone();
    assert_eq!(name, "台账_2026__一");
    let range = read.worksheet_range(&name).unwrap();
    assert_eq!(range.get_value((0, 0)), Some(&Data::String("巡查台账".into())));
    assert_eq!(range.get_value((1, 1)), Some(&Data::String("面积".into())));
    assert_eq!(range.get_value((2, 0)), Some(&Data::String("=1+1".into())));
    assert_eq!(range.get_value((2, 1)), Some(&Data::Float(1.25)));
    let Some(Data::DateTime(read_at)) = range.get_value((2, 2)) else { panic!("no moment") };
    assert_eq!(read_at.to_ymd_hms_milli(), (2026, 11, 24, 9, 30, 0, 0));
    let Some(Data::String(long)) = range.get_value((3, 0)) else { panic!("no text") };
    assert_eq!((long.chars().count(), long.chars().last()), (32_767, Some('…')));
    let formulas = read.worksheet_formula(&name).unwrap();
    assert!(formulas.used_cells().all(|(_, _, formula)| formula.is_empty()));
}

#[test]
fn the_same_workbook_is_the_same_bytes() {
    let make = || {
        let mut book = Workbook::new(datetime(2026, 11, 24, 8, 0, 0, 0)).unwrap();
        book.sheet("a", None, &[Column::new("x", 5.0)]).unwrap().row(&["y".into()]).unwrap();
        book.finish().unwrap()
    };
    assert_eq!(make(), make());
}
