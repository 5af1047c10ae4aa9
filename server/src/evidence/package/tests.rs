//! A package out and back in.

use super::*;

#[test]
fn foreign_columns_are_read_as_far_as_they_make_sense() {
    let attachment = Attachment {
        taken_at: Some("2025-06-01 08:30:00".to_owned()),
        lon: Some(105.2),
        lat: Some(37.5),
        azimuth: Some(271.0),
        record: Some("another app's words".to_owned()),
        ..Attachment::default()
    };
    let facts = facts_of(&attachment);
    assert_eq!(facts.place(), Some((105.2, 37.5)));
    assert_eq!(facts.azimuth, Some(271.0));
    assert_eq!(facts.taken_at.unwrap().to_string(), "2025-06-01T08:30:00+08:00");
    let odd = facts_of(&Attachment { azimuth: Some(-1.0), ..attachment });
    assert_eq!((odd.place(), odd.azimuth), (None, None));
    assert!(odd.taken_at.is_some());
}

#[test]
fn places_are_projected_as_the_layout_wants_them() {
    let (north, east) = plane((105.0, 37.5)).unwrap();
    // On the central meridian of zone 35: the easting is the false one.
    assert!((east - 35_500_000.0).abs() < 0.01, "{east}");
    assert!((4_151_000.0..4_153_000.0).contains(&north), "{north}");
}
