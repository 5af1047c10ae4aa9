//! Parcels (地块): one permanent code each (一地一码, R02).

pub mod assign;
pub mod classes;
mod http;
pub mod import;
pub mod locator;
pub(crate) mod outline;
pub mod sql;

use gengwei_proto::{ParcelCode, RegionCode};
use jiff::civil::Date;

use crate::db::{Session, Text};

pub(crate) use http::parse_bbox;
pub use http::routes;
pub use locator::{Facts, Locator};

/// A parcel as everybody else needs it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Parcel {
    /// Its id: the county's 6 digits, then a serial of 10.
    pub id: i64,
    /// 20 characters; farmland (耕地) only.
    pub code: Option<Text<ParcelCode>>,
    /// The village or group it belongs to now.
    pub unit: Text<RegionCode>,
    /// 三调工作分类, e.g. `0102`.
    pub dlbm: String,
    /// Official ellipsoidal area, m².
    pub area: f64,
    /// Imported 图斑面积, m².
    pub tbmj: Option<f64>,
    /// 永久基本农田
    pub permanent: bool,
    /// 种植属性 (ZZSXDM).
    pub crop: Option<String>,
    /// Grows with every change.
    pub version: i64,
    /// Since when it is no more.
    pub retired_on: Option<Text<Date>>,
}

impl Parcel {
    /// The area that counts: the imported one where there is one (it is never recomputed), m².
    pub fn square_metres(&self) -> f64 {
        self.tbmj.unwrap_or(self.area)
    }
}

/// The parcel with a code; retired ones too.
pub async fn find(on: &impl Session, code: &ParcelCode) -> sqlx::Result<Option<Parcel>> {
    sql::by_code(on, code).await
}

/// The parcel with an id; retired ones too.
pub async fn find_by_id(on: &impl Session, id: i64) -> sqlx::Result<Option<Parcel>> {
    sql::by_id(on, id).await
}
