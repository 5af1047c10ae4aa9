use gengwei_proto::RegionCode;

use super::*;
use crate::crypto::Keyring;
use crate::posts::tag::{PostNumber, issue};
use gengwei_proto::ParcelCode;

fn labels(count: u32, village: &str) -> Vec<Label> {
    let keys = Keyring::generate(|| [42; 32]);
    let region = RegionCode::parse("640502102210").unwrap();
    (1..=count)
        .map(|number| {
            let code = ParcelCode::mint(&region, 1, number).unwrap();
            let tag = issue(&keys, &code, PostNumber::new(number).unwrap()).unwrap();
            Label::new("https://gengwei.nxzw.gov.cn", code, &tag, village, "中卫市自然资源局").unwrap()
        })
        .collect()
}

#[test]
fn labels_fill_pages_and_the_last_page_holds_the_rest() {
    for (size, count, pages) in [
        (LabelSize::Paper, 24, 1),
        (LabelSize::Paper, 25, 2),
        (LabelSize::Card, 31, 4),
        (LabelSize::Plate, 3, 2),
        (LabelSize::Plate, 0, 1),
    ] {
        let made = sheet("试印", &labels(count, "柔远村"), size).unwrap();
        assert_eq!(made.pages, pages, "{count} labels {size}");
        assert!(made.pdf.starts_with(b"%PDF-"));
        let counted = format!("/Count {pages}");
        assert!(made.pdf.windows(counted.len()).any(|window| window == counted.as_bytes()));
        assert!(made.missing.is_empty());
    }
}

#[test]
fn the_same_labels_give_the_same_document() {
    let labels = labels(5, "柔远村");
    assert_eq!(sheet("试印", &labels, LabelSize::Card), sheet("试印", &labels, LabelSize::Card));
}

#[test]
fn characters_without_a_shape_are_told_with_their_number() {
    let made = sheet("𠮷", &labels(3, "𠮷家村"), LabelSize::Paper).unwrap();
    assert_eq!(made.missing, BTreeMap::from([('𠮷', 4)]));
}

#[test]
fn labels_and_cut_marks_stay_on_the_paper_and_apart() {
    for size in LabelSize::ALL {
        let grid = Grid::new(size);
        let corners: Vec<_> = (0..grid.per_page()).map(|index| grid.corner(index)).collect();
        for (at, &(x, y)) in corners.iter().enumerate() {
            assert!(x >= 5.0 && y >= 5.0, "printers leave about 5 mm white");
            assert!(x + grid.cell.0 <= A4.0 - 5.0 && y + grid.cell.1 <= A4.1 - 5.0);
            for &(other_x, other_y) in &corners[at + 1..] {
                let beside = (x - other_x).abs() >= grid.cell.0 - 0.01;
                let below = (y - other_y).abs() >= grid.cell.1 - 0.01;
                assert!(beside || below, "{size}");
            }
        }
        for mark in grid.cut_marks() {
            let above_or_below = mark.y + mark.height < grid.top || mark.y > A4.1 - grid.top;
            let beside = mark.x + mark.width < grid.left || mark.x > A4.0 - grid.left;
            assert!(above_or_below || beside, "{size} {mark:?} runs into a label");
        }
    }
}
