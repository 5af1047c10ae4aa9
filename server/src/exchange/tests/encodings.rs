//! Text comes out right or not at all.

use encoding_rs::{EUC_KR, Encoding, GB18030, GBK, UTF_8, WINDOWS_1251, WINDOWS_1252};
use proptest::prelude::*;

use super::samples::{open, open_encoded, read_all, text_shapefile};
use crate::exchange::encoding::{self, Evidence, Finding};
use crate::exchange::layer::{OpenError, RowErrorKind, Value};

const TEXTS: [&str; 4] = ["水浇地", "沙坡头区东园镇", "旱地", "宣和镇丹阳村"];

fn encoded(encoding: &'static Encoding, texts: &[&str]) -> Vec<Vec<Vec<u8>>> {
    texts.iter().map(|text| vec![encoding.encode(text).0.into_owned()]).collect()
}

/// A layer with a Chinese field name and Chinese texts, all in `encoding`.
fn chinese(
    encoding: &'static Encoding,
    language: u8,
    cpg: Option<&str>,
) -> (tempfile::TempDir, std::path::PathBuf) {
    let name = encoding.encode("地类").0;
    text_shapefile(language, cpg, &[&name], &encoded(encoding, &TEXTS))
}

fn texts(layer: &mut crate::exchange::layer::Layer) -> Vec<String> {
    let (features, errors) = read_all(layer);
    assert_eq!(errors, vec![]);
    features.iter().map(|f| f.values[0].as_text().unwrap().into_owned()).collect()
}

#[test]
fn gbk_is_read_by_every_name_it_goes_by() {
    for cpg in
        ["GBK", "gbk", "936", "GB2312", "gb18030", "OEM 936", "oem 936", "ANSI 936", "CP936\r\n", "GB 2312"]
    {
        let (_folder, path) = chinese(GBK, 0, Some(cpg));
        let mut layer = open(&path).unwrap();
        assert_eq!(layer.fields[0].name, "地类", "{cpg}");
        assert_eq!(texts(&mut layer), TEXTS, "{cpg}");
        assert!(layer.warnings.is_empty(), "{cpg} is a plain declaration: {:?}", layer.warnings);
    }
}

#[test]
fn utf8_is_read_by_every_name_it_goes_by() {
    for cpg in ["UTF-8", "utf8", "65001"] {
        let (_folder, path) = chinese(UTF_8, 0, Some(cpg));
        let mut layer = open(&path).unwrap();
        assert_eq!(layer.fields[0].name, "地类");
        assert_eq!(texts(&mut layer), TEXTS);
    }
}

#[test]
fn the_language_byte_decides_when_there_is_no_cpg() {
    for byte in [0x4D, 0x7A] {
        let (_folder, path) = chinese(GBK, byte, None);
        assert_eq!(texts(&mut open(&path).unwrap()), TEXTS);
    }
    let (_folder, path) = text_shapefile(0xC9, None, &[b"NAME"], &encoded(WINDOWS_1251, &["поле", "пашня"]));
    assert_eq!(texts(&mut open(&path).unwrap()), ["поле", "пашня"]);
}

#[test]
fn the_cpg_wins_over_the_language_byte() {
    let (_folder, path) = chinese(UTF_8, 0x4D, Some("UTF-8"));
    assert_eq!(texts(&mut open(&path).unwrap()), TEXTS);
}

#[test]
fn with_neither_the_bytes_decide_and_the_user_is_told() {
    for (encoding, name) in [(GBK, "GB18030"), (UTF_8, "UTF-8")] {
        // 0x57 is "ANSI of this machine", which says nothing.
        for language in [0, 0x57] {
            let (_folder, path) = chinese(encoding, language, None);
            let mut layer = open(&path).unwrap();
            assert_eq!(layer.fields[0].name, "地类");
            assert_eq!(texts(&mut layer), TEXTS);
            assert!(layer.warnings[0].contains(name) && layer.warnings[0].contains("--encoding"));
        }
    }
}

#[test]
fn an_unknown_cpg_is_told_and_the_bytes_decide() {
    let (_folder, path) = chinese(GBK, 0, Some("Klingon"));
    let mut layer = open(&path).unwrap();
    assert_eq!(texts(&mut layer), TEXTS);
    assert!(layer.warnings[0].contains("Klingon"));
}

#[test]
fn an_explicit_encoding_wins_over_everything() {
    let (_folder, path) = chinese(GBK, 0x03, Some("ISO-8859-1"));
    assert_eq!(texts(&mut open_encoded(&path, "GB18030").unwrap()), TEXTS);
    let error = open_encoded(&path, "latin-17").unwrap_err();
    assert!(error.to_string().contains("latin-17"), "{error}");
}

#[test]
fn a_declaration_that_the_bytes_contradict_is_refused_with_a_hint() {
    for (encoding, language, cpg) in [
        (GBK, 0, Some("UTF-8")),
        (UTF_8, 0, Some("GBK")),
        (UTF_8, 0x4D, None),
        (GBK, 0x03, None),
        (UTF_8, 0, Some("ISO-8859-1")),
    ] {
        let (_folder, path) = chinese(encoding, language, cpg);
        let error = open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Encoding(_)), "{error}");
        assert!(error.to_string().contains("--encoding"), "{error}");
        assert!(error.to_string().contains("地类"), "the hint shows what it would read: {error}");
    }
}

#[test]
fn foreign_text_without_a_declaration_is_refused_not_guessed() {
    let german = ["Grünfläche", "Äcker", "Südhang", "Höfe"];
    let russian = ["пашня", "сенокос", "пастбище", "Ёлкино"];
    let korean = ["경상북도", "서울특별시", "부산광역시", "대한민국", "강원도"];
    for (encoding, words) in [(WINDOWS_1252, &german[..]), (WINDOWS_1251, &russian), (EUC_KR, &korean)] {
        let (_folder, path) = text_shapefile(0, None, &[b"NAME"], &encoded(encoding, words));
        let error = open(&path).unwrap_err();
        assert!(error.to_string().contains("--encoding"), "{}: {error}", encoding.name());
        let mut layer = open_encoded(&path, encoding.name()).unwrap();
        assert_eq!(texts(&mut layer), words, "{}", encoding.name());
    }
}

#[test]
fn latin_text_under_its_own_cpg_is_left_alone() {
    for cpg in ["ISO-8859-1", "ISO 88591", "88591", "ANSI 1252", "1252"] {
        let words = ["Grünfläche", "Äcker", "Südhang"];
        let (_folder, path) = text_shapefile(0x57, Some(cpg), &[b"NAME"], &encoded(WINDOWS_1252, &words));
        assert_eq!(texts(&mut open(&path).unwrap()), words, "{cpg}");
    }
}

#[test]
fn plain_ascii_needs_no_declaration() {
    let (_folder, path) = text_shapefile(0, None, &[b"BSM"], &encoded(UTF_8, &["0102", "0103"]));
    let mut layer = open(&path).unwrap();
    assert!(layer.warnings.is_empty());
    assert_eq!(texts(&mut layer), ["0102", "0103"]);
}

#[test]
fn chinese_that_starts_late_in_the_file_still_decides() {
    let mut rows = vec![vec![b"0102".to_vec()]; 3000];
    rows.push(vec![GBK.encode("水浇地").0.into_owned()]);
    let (_folder, path) = text_shapefile(0, None, &[b"DLMC"], &rows);
    let mut layer = open(&path).unwrap();
    assert_eq!(texts(&mut layer).last().unwrap(), "水浇地");
}

#[test]
fn one_broken_text_rejects_its_row_and_no_other() {
    let mut rows = encoded(GBK, &TEXTS.repeat(5));
    rows[7] = vec![b"\xCB\xAE\xFF\xFF".to_vec()];
    let (_folder, path) = text_shapefile(0x4D, None, &[b"DLMC"], &rows);
    let (features, errors) = read_all(&mut open(&path).unwrap());
    assert_eq!(features.len(), 19);
    assert_eq!((errors.len(), errors[0].row, errors[0].kind), (1, 8, RowErrorKind::Encoding));
    assert_eq!(errors[0].field.as_deref(), Some("DLMC"));
}

#[test]
fn half_a_character_cut_off_by_the_field_width_is_dropped_and_told() {
    let full = GBK.encode("a沙坡头区东园镇某某").0.into_owned();
    let mut cut = full[..].to_vec();
    cut.resize(23, b'x');
    cut.push(0xC7);
    let (_folder, path) = text_shapefile(0x4D, None, &[b"ZLDWMC"], &[vec![cut]]);
    let mut layer = open(&path).unwrap();
    let (features, errors) = read_all(&mut layer);
    assert_eq!(errors, vec![]);
    assert!(matches!(&features[0].values[0], Value::Text(text) if text.starts_with("a沙坡头区东园镇某某")));
    assert!(layer.warnings.iter().any(|w| w.contains("ZLDWMC") && w.contains("截断")));
}

#[test]
fn field_names_cut_in_the_middle_of_a_character_still_open() {
    let name = &GBK.encode("坐落单位名称").0[..9];
    let name = [name, b"\xB3"].concat();
    let (_folder, path) = text_shapefile(0x4D, None, &[&name[..10]], &encoded(GBK, &TEXTS));
    let layer = open(&path).unwrap();
    assert!(layer.fields[0].name.starts_with("坐落单位"));
    assert!(!layer.fields[0].name.contains('\u{FFFD}'));
}

fn finding(encoding: &'static Encoding, text: &str) -> Finding {
    let mut evidence = Evidence::default();
    evidence.add(&encoding.encode(text).0);
    evidence.finding()
}

#[test]
fn the_famous_short_word_is_not_taken_for_utf8() {
    // 联通 in GBK has the bit pattern of two-byte UTF-8, overlong.
    assert_eq!(finding(GBK, "联通"), Finding::Gb18030);
}

#[test]
fn two_characters_of_utf8_are_enough_to_doubt_a_gbk_declaration() {
    let (_folder, path) = text_shapefile(0x4D, None, &[b"DLMC"], &encoded(UTF_8, &["旱地"]));
    assert!(open(&path).unwrap_err().to_string().contains("旱地"));
}

proptest! {
    /// Whatever Chinese is written without a declaration, it is read as written or refused.
    #[test]
    fn no_chinese_text_is_ever_read_wrongly(text in "[一-龥]{1,12}", gbk: bool) {
        let encoding = if gbk { GBK } else { UTF_8 };
        let bytes = encoding.encode(&text).0.into_owned();
        let mut evidence = Evidence::default();
        evidence.add(&bytes);
        if let Ok(decision) = encoding::decide(None, None, &evidence) {
            let decoded = encoding::decode(decision.encoding, &bytes, false).map(|d| d.text);
            prop_assert_eq!(decoded, Some(text));
        }
    }

    /// Decoding never makes up a character.
    #[test]
    fn decoding_gives_back_exactly_the_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..40), full: bool) {
        for encoding in [GB18030, UTF_8] {
            if let Some(decoded) = encoding::decode(encoding, &bytes, full) {
                let replaced = decoded.text.contains('\u{FFFD}');
                prop_assert!(!replaced);
                let back = encoding.encode(&decoded.text).0.into_owned();
                prop_assert!(back.len() <= bytes.len() + 8);
                if encoding == UTF_8 {
                    prop_assert!(bytes.starts_with(&back));
                }
            }
        }
    }
}
