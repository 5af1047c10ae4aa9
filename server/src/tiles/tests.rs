//! What a tile shows, and to whom.

use super::scope_name;
use crate::auth::Units;
use gengwei_proto::RegionCode;

fn units(codes: &[&str]) -> Units {
    Units::new(codes.iter().map(|code| RegionCode::parse(code).unwrap()))
}

#[test]
fn scopes_that_differ_never_share_a_tile() {
    let mine = units(&["640502102", "640521"]);
    assert_eq!(&*scope_name(&mine), "640521+640502102");
    assert_ne!(scope_name(&mine), scope_name(&units(&["640502102"])));
    assert_eq!(scope_name(&mine), scope_name(&units(&["640521", "640502102"])), "the order of codes");
}
