//! Parcel codes (一地一码): the vectors, what people type, and what the check character finds.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use gengwei_proto::{CodeError, ParcelCode, RegionCode};
use proptest::prelude::*;

#[derive(Debug)]
struct Vector {
    village: String,
    group: u8,
    serial: u32,
    body: String,
    code: String,
}

fn vectors() -> Vec<Vector> {
    let mut rows = csv::Reader::from_path("tests/data/parcel_codes.csv").unwrap();
    rows.deserialize::<(String, String, u8, u32, String, String, String)>()
        .map(|row| row.unwrap())
        .map(|(village, _, group, serial, body, _, code)| Vector { village, group, serial, body, code })
        .collect()
}

#[test]
fn the_vectors_mint_parse_and_take_apart() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 24);
    for v in vectors {
        let village = RegionCode::parse(&v.village).unwrap();
        let code = ParcelCode::parse(&v.code).unwrap();
        assert_eq!(ParcelCode::mint(&village, v.group, v.serial), Ok(code), "{v:?}");
        assert_eq!(ParcelCode::from_body(&v.body), Ok(code), "{v:?}");
        assert_eq!((code.as_str(), code.body()), (&*v.code, &*v.body));
        assert_eq!((code.village(), code.group(), code.serial()), (village, v.group, v.serial));
        assert_eq!(code.county().prefix(), &v.code[..6]);
    }
}

#[test]
fn a_code_reads_as_people_type_it() {
    let code = ParcelCode::parse("6405021022100100001X").unwrap();
    assert_eq!(code.display().to_string(), "640502 102 210 01 00001 X");
    for text in [
        "640502 102 210 01 00001 X",
        "6405021022100100001x",
        "６４０５０２１０２２１００１００００１Ｘ",
        "\u{3000}6405021022100100001ｘ\n",
    ] {
        assert_eq!(ParcelCode::parse(text), Ok(code), "{text}");
    }
}

#[test]
fn what_is_no_code_is_told_why() {
    for (text, error) in [
        ("", CodeError::Length { got: 0, expected: "20 characters" }),
        ("6405021022100100001", CodeError::Length { got: 19, expected: "20 characters" }),
        ("6405021022100100001X0", CodeError::Length { got: 21, expected: "20 characters" }),
        ("640502-102-210-01-00001-X", CodeError::NotADigit { position: 7 }),
        ("640502102210010000XX", CodeError::NotADigit { position: 19 }),
        ("6405021022100100001Y", CodeError::NotADigit { position: 20 }),
        ("64050210221001000010", CodeError::CheckCharacter { expected: 'X', got: '0' }),
    ] {
        assert_eq!(ParcelCode::parse(text), Err(error), "{text}");
    }
    for (body, error) in [
        ("640502102210010000X", CodeError::NotADigit { position: 19 }),
        ("64050210221001", CodeError::Length { got: 14, expected: "19 digits" }),
        ("6405021022100100000", CodeError::Serial),
        ("6405021020000100001", CodeError::Level),
        ("6405020002100100001", CodeError::MissingParent),
        ("0000000000000000001", CodeError::Level),
    ] {
        assert_eq!(ParcelCode::from_body(body), Err(error), "{body}");
    }
}

#[test]
fn minting_takes_a_village_a_group_and_a_serial_in_range() {
    let village = RegionCode::parse("640502102210").unwrap();
    assert_eq!(ParcelCode::mint(&village, 0, 50_001).unwrap().body(), "6405021022100050001");
    assert_eq!(ParcelCode::mint(&village, 1, 0), Err(CodeError::Serial));
    assert_eq!(ParcelCode::mint(&village, 1, 100_000), Err(CodeError::Serial));
    assert_eq!(ParcelCode::mint(&village, 100, 1), Err(CodeError::Group));
    assert_eq!(ParcelCode::mint(&village.group(1).unwrap(), 1, 1), Err(CodeError::Level));
    assert_eq!(ParcelCode::mint(&village.parent().unwrap(), 1, 1), Err(CodeError::Level));
}

fn any_parcel() -> impl Strategy<Value = ParcelCode> {
    (0..24usize, 0..=99u8, 1..=99_999u32).prop_map(|(at, group, serial)| {
        ParcelCode::mint(&RegionCode::parse(&vectors()[at].village).unwrap(), group, serial).unwrap()
    })
}

proptest! {
    #[test]
    fn a_code_reads_back_from_both_displays(code in any_parcel()) {
        prop_assert_eq!(code.to_string().parse(), Ok(code));
        prop_assert_eq!(ParcelCode::parse(&code.display().to_string()), Ok(code));
        prop_assert_eq!(ParcelCode::from_body(code.body()), Ok(code));
    }

    #[test]
    fn every_single_wrong_character_is_found(code in any_parcel()) {
        for at in 0..20 {
            for wrong in "0123456789X".chars().filter(|c| !code.as_str()[at..].starts_with(*c)) {
                let mut text = code.to_string();
                text.replace_range(at..=at, &wrong.to_string());
                prop_assert!(ParcelCode::parse(&text).is_err(), "{}", text);
            }
        }
    }

    #[test]
    fn every_swap_of_neighbours_is_found(code in any_parcel()) {
        for at in 0..19 {
            let mut text = code.to_string().into_bytes();
            text.swap(at, at + 1);
            let text = String::from_utf8(text).unwrap();
            prop_assert_eq!(ParcelCode::parse(&text).is_ok(), text == code.as_str(), "{}", text);
        }
    }

    #[test]
    fn codes_order_like_their_texts(a in any_parcel(), b in any_parcel()) {
        prop_assert_eq!(a.cmp(&b), a.as_str().cmp(b.as_str()));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,30}") {
        let _ = ParcelCode::parse(&text);
    }
}
