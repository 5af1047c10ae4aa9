//! Codes travel as strings in JSON and are checked on the way in.

use gengwei_proto::{ParcelCode, RegionCode};

#[test]
fn codes_are_json_strings_that_are_checked_when_read() {
    let parcel = ParcelCode::parse("6405021022100100001X").unwrap();
    assert_eq!(
        serde_json::to_string(&(parcel, parcel.village())).unwrap(),
        r#"["6405021022100100001X","640502102210"]"#
    );
    let read: (ParcelCode, RegionCode) =
        serde_json::from_str(r#"["6405021022100100001x","640502102"]"#).unwrap();
    assert_eq!((read.0, read.1.as_str()), (parcel, "640502102000"));

    let error = serde_json::from_str::<ParcelCode>("\"64050210221001000011\"").unwrap_err();
    assert!(error.to_string().contains("call for X"), "{error}");
}
