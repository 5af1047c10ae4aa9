//! Tables as people fill them in.

use encoding_rs::{GBK, UTF_16LE};
use jiff::civil::date;
use proptest::prelude::*;

use super::samples::{bomb, file};
use crate::exchange::dates::{from_excel_serial, from_number, parse_date};
use crate::exchange::table::{self, Row, Table, TableError, TableOptions};
use crate::exchange::workbook::{Cell, Column, Workbook};

fn open(path: &std::path::Path) -> Result<Table, TableError> {
    table::open(path, &TableOptions::default())
}

fn rows(table: Table) -> Vec<Row> {
    table.map(Result::unwrap).collect()
}

const ROSTER: &str =
    "村民小组,组长姓名,任职日期\n一组,王某某,2023-11-22\n二组, 李某某　,２０２３年１月２日\n";

#[test]
fn a_csv_in_every_usual_encoding() {
    let utf16: Vec<u8> =
        [0xFEFF].into_iter().chain(ROSTER.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(UTF_16LE.decode(&utf16).0, ROSTER);
    let with_bom = format!("\u{FEFF}{ROSTER}").into_bytes();
    for content in [ROSTER.as_bytes().to_vec(), with_bom, GBK.encode(ROSTER).0.into_owned(), utf16] {
        let (_folder, path) = file("r.csv", content);
        let table = open(&path).unwrap();
        let group = table.column(&["group", "村民小组"]).unwrap();
        let leader = table.column(&["组长姓名"]).unwrap();
        let since = table.column(&["任职日期"]).unwrap();
        let rows = rows(table);
        assert_eq!(rows[1].number, 3);
        assert_eq!(rows[1].text(&group).unwrap().as_deref(), Some("二组"));
        assert_eq!(rows[1].text(&leader).unwrap().as_deref(), Some("李某某"));
        assert_eq!(rows[1].date(&since).unwrap(), Some(date(2023, 1, 2)));
    }
}

#[test]
fn gbk_is_said_aloud_and_utf8_is_not() {
    let (_folder, path) = file("r.csv", GBK.encode(ROSTER).0);
    assert!(open(&path).unwrap().warnings[0].contains("GB18030"));
    let (_folder, path) = file("r.csv", ROSTER);
    assert!(open(&path).unwrap().warnings.is_empty());
}

#[test]
fn headers_are_found_whatever_their_width_case_and_blanks() {
    let (_folder, path) = file("r.csv", "Ｎａｍｅ （全称）, CODE ,code2\na,b,c\n");
    let table = open(&path).unwrap();
    assert!(table.find(&["name(全称)"]).unwrap().is_some());
    assert_eq!(table.column(&["Code"]).unwrap().header, "CODE");
    assert_eq!(table.find(&["电话"]).unwrap(), None);
    let message = table.column(&["电话", "phone"]).unwrap_err().to_string();
    assert!(message.contains("电话") && message.contains("phone") && message.contains("CODE"), "{message}");
}

#[test]
fn two_columns_of_one_name_are_not_guessed_between() {
    let (_folder, path) = file("r.csv", "姓名,姓名\na,b\n");
    assert!(matches!(open(&path).unwrap().column(&["姓名"]), Err(TableError::TwoColumns(_))));
}

#[test]
fn title_rows_and_blank_rows_are_passed_over_and_numbers_stay_true() {
    let (_folder, path) = file("r.csv", "某镇花名册,,\n,,\n姓名,电话,\n,,\n甲,1,\n");
    let rows = rows(open(&path).unwrap());
    assert_eq!((rows.len(), rows[0].number), (1, 5));
}

#[test]
fn cells_that_are_wrong_name_their_row_and_column() {
    let (_folder, path) = file("r.csv", "姓名,日期,面积\n甲,去年,\"1,234.5\"\n,2023-02-30,多\n甲,,,多余\n");
    let table = open(&path).unwrap();
    let (name, day, area) = (
        table.column(&["姓名"]).unwrap(),
        table.column(&["日期"]).unwrap(),
        table.column(&["面积"]).unwrap(),
    );
    let rows: Vec<_> = table.collect();
    let first = rows[0].as_ref().unwrap();
    assert_eq!(first.number(&area).unwrap(), Some(1234.5));
    assert_eq!(
        first.date(&day).unwrap_err().to_string(),
        "第 2 行“日期”列：“去年”不是日期，请写成 2023-11-22 这样"
    );
    let second = rows[1].as_ref().unwrap();
    assert!(second.required_text(&name).unwrap_err().reason.contains("没有填写"));
    assert!(second.date(&day).is_err() && second.number(&area).is_err());
    assert_eq!(rows[2].as_ref().unwrap_err().row, 4);
}

#[test]
fn one_undecodable_row_is_one_error() {
    let mut content = ROSTER.repeat(30).into_bytes();
    content.extend(b"x,\xFF\xFE,\n");
    content.extend("九组,王某某,\n".as_bytes());
    let (_folder, path) = file("r.csv", content);
    let options = TableOptions { encoding: Some("UTF-8".into()), sheet: None };
    let rows: Vec<_> = table::open(&path, &options).unwrap().collect();
    assert_eq!(rows.iter().filter(|row| row.is_err()).count(), 1);
    assert!(rows.last().unwrap().is_ok());
}

/// A workbook as our own writer makes it.
fn xlsx(sheets: &[(&str, Vec<Vec<Cell>>)]) -> Vec<u8> {
    let mut book = Workbook::new(date(2026, 1, 1).at(0, 0, 0, 0)).unwrap();
    let columns = ["编码", "日期", "数量"].map(|header| Column::new(header, 12.0));
    for (name, rows) in sheets {
        let mut sheet = book.sheet(name, Some("花名册"), &columns).unwrap();
        for row in rows {
            sheet.row(row).unwrap();
        }
    }
    book.finish().unwrap()
}

#[test]
fn an_xlsx_with_a_title_typed_cells_and_two_sheets() {
    let day = Cell::Date(date(2023, 11, 22));
    let bytes = xlsx(&[
        ("甲", vec![vec!["640502211001".into(), day, Cell::Decimal(1.5, 2)]]),
        ("乙", vec![vec![Cell::Number(640502211001.0), Cell::Number(45252.0), Cell::Integer(7)]]),
    ]);
    let (_folder, path) = file("r.xlsx", bytes);
    for sheet in [None, Some("乙".to_owned())] {
        let table = table::open(&path, &TableOptions { encoding: None, sheet }).unwrap();
        let columns = ["编码", "日期", "数量"].map(|name| table.column(&[name]).unwrap());
        let rows = rows(table);
        assert_eq!((rows.len(), rows[0].number), (1, 3));
        assert_eq!(rows[0].text(&columns[0]).unwrap().as_deref(), Some("640502211001"));
        assert_eq!(rows[0].date(&columns[1]).unwrap(), Some(date(2023, 11, 22)));
        assert!(rows[0].number(&columns[2]).unwrap().is_some());
    }
    let options = TableOptions { encoding: None, sheet: Some("丙".into()) };
    assert!(table::open(&path, &options).unwrap_err().to_string().contains("甲"));
}

#[test]
fn a_long_code_typed_as_a_number_is_refused_because_excel_has_rounded_it() {
    let bytes = xlsx(&[("甲", vec![vec![Cell::Number(6_405_022_110_010_000_123.0)]])]);
    let (_folder, path) = file("r.xlsx", bytes);
    let table = open(&path).unwrap();
    let code = table.column(&["编码"]).unwrap();
    let error = rows(table)[0].text(&code).unwrap_err();
    assert!(error.reason.contains("15 位"), "{error}");
}

#[test]
fn a_workbook_that_unpacks_without_end_is_refused() {
    let (_folder, path) = file("r.xlsx", bomb("xl/sharedStrings.xml", 300 << 20));
    assert!(open(&path).unwrap_err().to_string().contains("上限"));
}

#[test]
fn an_old_xls_says_what_to_do() {
    let (_folder, path) = file("r.xls", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
    assert!(open(&path).unwrap_err().to_string().contains(".xlsx"));
}

#[test]
fn dates_in_every_usual_form() {
    for text in [
        "2023-11-22",
        "2023/11/22",
        "2023.11.22",
        "2023年11月22日",
        "20231122",
        " 2023-11-22 08:30:00",
        "２０２３－１１－２２",
    ] {
        assert_eq!(parse_date(text), Some(date(2023, 11, 22)), "{text}");
    }
    assert_eq!(parse_date("2023/1/2"), Some(date(2023, 1, 2)));
    for text in
        ["", "2023", "2023-13-01", "2023-02-29", "22/11/2023", "23-11-22", "2023-11", "2023--1-2", "abc"]
    {
        assert_eq!(parse_date(text), None, "{text}");
    }
}

#[test]
fn excel_serials_with_their_false_leap_day() {
    for (serial, day) in [
        (1.0, Some(date(1900, 1, 1))),
        (59.0, Some(date(1900, 2, 28))),
        (60.0, None),
        (61.0, Some(date(1900, 3, 1))),
        (45252.75, Some(date(2023, 11, 22))),
        (0.0, None),
        (1e12, None),
        (f64::NAN, None),
    ] {
        assert_eq!(from_excel_serial(serial), day, "{serial}");
    }
    assert_eq!(from_number(20231122.0), Some(date(2023, 11, 22)));
    assert_eq!(from_number(45252.0), Some(date(2023, 11, 22)));
    assert_eq!(from_number(12.0), None);
}

proptest! {
    #[test]
    fn any_text_may_stand_where_a_date_should(text in "\\PC{0,20}") {
        let _ = parse_date(&text);
    }
}
