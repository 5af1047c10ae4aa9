//! Administrative codes: what the registers of 中卫市 hold must read, whatever form it is written in.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use gengwei_proto::{CodeError, Level, RegionCode};
use proptest::prelude::*;

fn code(text: &str) -> RegionCode {
    RegionCode::parse(text).unwrap()
}

#[test]
fn every_division_of_the_city_has_its_level_and_parent() {
    let mut rows = csv::Reader::from_path("tests/data/divisions.csv").unwrap();
    let mut seen = 0;
    for row in rows.deserialize::<(String, String, String, u8)>() {
        let (text, name, parent, level) = row.unwrap();
        let division = code(&text);
        assert_eq!(division.as_str(), text, "{name}");
        assert_eq!(division.level().number(), level, "{name}");
        assert_eq!(division.parent().map(|p| p.to_string()).unwrap_or_default(), parent, "{name}");
        assert!(code("6405").contains(&division), "{name}");
        seen += 1;
    }
    assert_eq!(seen, 566);
}

#[test]
fn a_unit_is_named_by_its_significant_digits_its_full_code_or_its_unit_code() {
    for (text, full, prefix, level) in [
        ("6405", "640500000000", "6405", Level::City),
        ("640500", "640500000000", "6405", Level::City),
        ("640502", "640502000000", "640502", Level::County),
        ("640502100", "640502100000", "640502100", Level::Township),
        ("640502100000", "640502100000", "640502100", Level::Township),
        ("640502102210", "640502102210", "640502102210", Level::Village),
        ("64050210221000", "640502102210", "640502102210", Level::Village),
        ("64050210221007", "64050210221007", "64050210221007", Level::Group),
        ("6405021022100000000", "640502102210", "640502102210", Level::Village),
        ("6405021022100700000", "64050210221007", "64050210221007", Level::Group),
        ("6405020000000000000", "640502000000", "640502", Level::County),
        (" ６４０５０２　102 210 ", "640502102210", "640502102210", Level::Village),
    ] {
        let unit = code(text);
        assert_eq!((unit.as_str(), unit.prefix(), unit.level()), (full, prefix, level), "{text}");
    }
}

#[test]
fn what_is_no_code_is_told_why() {
    for (text, error) in [
        ("", CodeError::Length { got: 0, expected: "4, 6, 9, 12, 14 or 19 digits" }),
        ("64050", CodeError::Length { got: 5, expected: "4, 6, 9, 12, 14 or 19 digits" }),
        ("64050210221000000001", CodeError::Length { got: 20, expected: "4, 6, 9, 12, 14 or 19 digits" }),
        ("64O5", CodeError::NotADigit { position: 3 }),
        ("64 0X", CodeError::NotADigit { position: 4 }),
        ("640502-102", CodeError::NotADigit { position: 7 }),
        ("六四〇五", CodeError::NotADigit { position: 1 }),
        ("640000000000", CodeError::Level),
        ("0005", CodeError::Level),
        ("000000", CodeError::Level),
        ("640500102000", CodeError::MissingParent),
        ("640502000210", CodeError::MissingParent),
        ("64050210200001", CodeError::MissingParent),
        ("6405021022100700001", CodeError::Trailing),
    ] {
        assert_eq!(RegionCode::parse(text), Err(error), "{text}");
    }
}

#[test]
fn the_chain_runs_from_the_group_up_to_the_city() {
    let group = code("640502102210").group(7).unwrap();
    assert_eq!(group.as_str(), "64050210221007");
    let chain: Vec<_> = std::iter::successors(Some(group), RegionCode::parent).collect();
    let texts: Vec<_> = chain.iter().map(RegionCode::prefix).collect();
    assert_eq!(texts, ["64050210221007", "640502102210", "640502102", "640502", "6405"]);
    for (above, unit) in chain.iter().flat_map(|unit| chain.iter().map(move |above| (above, unit))) {
        assert_eq!(above.contains(unit), above.level() <= unit.level());
        assert_eq!(unit.ancestor(above.level()), above.contains(unit).then_some(*above));
    }
    assert!(!code("640502102211").contains(&group));
}

#[test]
fn only_a_village_has_groups_and_they_number_1_to_99() {
    let village = code("640502102210");
    assert!((1..=99).all(|number| village.group(number).is_some_and(|g| g.parent() == Some(village))));
    assert!([0, 100, 255].iter().all(|number| village.group(*number).is_none()));
    assert_eq!(code("640502102").group(1), None);
    assert_eq!(village.group(1).unwrap().group(1), None);
}

#[test]
fn levels_have_numbers() {
    assert_eq!(Level::ALL.map(Level::number), [2, 3, 4, 5, 6]);
    assert_eq!(Level::from_number(5), Some(Level::Village));
    assert_eq!((Level::from_number(1), Level::from_number(7)), (None, None));
    assert!(Level::City < Level::Group);
}

proptest! {
    #[test]
    fn a_code_reads_back_from_its_texts(digits in "[1-9][0-9]{13}") {
        if let Ok(unit) = RegionCode::parse(&digits) {
            prop_assert_eq!(unit.to_string().parse(), Ok(unit));
            prop_assert_eq!(RegionCode::parse(unit.prefix()), Ok(unit));
        }
    }

    #[test]
    fn codes_order_like_their_texts(a in "6405[0-9]{10}", b in "6405[0-9]{10}") {
        if let (Ok(a), Ok(b)) = (RegionCode::parse(&a), RegionCode::parse(&b)) {
            prop_assert_eq!(a.cmp(&b), a.as_str().cmp(b.as_str()));
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,30}") {
        let _ = RegionCode::parse(&text);
    }
}
