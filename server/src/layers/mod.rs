//! Layers that a change patch is held against: 永久基本农田, 新增耕地 (R27), approvals and filings. They come as
//! files, each area is kept as it came, and nothing but the overlay reads them.

mod import;
mod sql;
#[cfg(test)]
mod tests;

use jiff::civil::Date;

use crate::cases::words;
use crate::db::{Db, Session, Text};
use crate::geo::{IndexBuilder, ParcelIndex};

pub use import::{Options, Report, run as import};

words! {
    /// What a layer tells.
    #[schema(as = LayerKind)]
    Kind {
        Permanent = "pbf" "永久基本农田",
        Added = "new" "新增耕地",
        Approval = "approval" "用地批准",
        Filing = "filing" "设施农业用地等备案",
    }
}

/// One area of a layer.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Area {
    /// Its id.
    pub id: i64,
    /// What it tells.
    pub kind: Text<Kind>,
    /// 批准文号, 备案编号 and the like.
    pub number: Option<String>,
    /// What for.
    pub purpose: Option<String>,
    /// The last day of a temporary approval.
    pub valid_to: Option<Text<Date>>,
    /// EPSG of `geometry`; 0 for a system without.
    pub crs: i64,
    /// WKB in source coordinates.
    pub geometry: Vec<u8>,
    /// Packed, degrees.
    pub shape: Vec<u8>,
}

/// Which areas lie where: all that are in force, in memory for as long as an import needs them.
#[derive(Default)]
pub struct Shelf {
    index: ParcelIndex,
}

impl Shelf {
    /// Reads the outlines of all areas in force.
    pub async fn load(db: &Db) -> sqlx::Result<Self> {
        let mut builder = IndexBuilder::new();
        let mut after = 0;
        loop {
            let page = sql::shapes_after(db, after).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            for (id, shape) in page {
                if let Err(error) = builder.push_bytes(id, &shape) {
                    tracing::error!(%error, area = id, "a stored shape cannot be read");
                }
            }
        }
        Ok(Self { index: builder.build() })
    }

    /// The areas that meet a box: west, south, east, north in degrees.
    pub fn within(&self, [west, south, east, north]: [f64; 4]) -> Vec<i64> {
        let corner = |x, y| geo::Coord { x, y };
        self.index.within(geo::Rect::new(corner(west, south), corner(east, north)))
    }
}

/// Areas by id.
pub async fn areas(on: &impl Session, ids: &[i64]) -> sqlx::Result<Vec<Area>> {
    sql::areas(on, ids).await
}
