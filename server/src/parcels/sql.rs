//! SQL of parcels.

use gengwei_proto::ParcelCode;

use super::Parcel;
use crate::db::{Session, sql};

const PARCEL: &str =
    "select id, code, unit, dlbm, area, tbmj, permanent, crop, version, retired_on from parcels where ";

pub(super) async fn by_code(on: &impl Session, code: &ParcelCode) -> sqlx::Result<Option<Parcel>> {
    on.first(sql(PARCEL).push_bind("code = ", code.as_str())).await
}

pub(super) async fn by_id(on: &impl Session, id: i64) -> sqlx::Result<Option<Parcel>> {
    on.first(sql(PARCEL).push_bind("id = ", id)).await
}
