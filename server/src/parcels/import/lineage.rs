//! New parcels that lie on old ones: the same parcel under another BSM, or its descendants.

use std::collections::{BTreeMap, HashMap, HashSet};

use geo::{Area, BooleanOps, BoundingRect, Coord, MapCoords, MultiPolygon};

use super::known::Existing;
use super::prepare::Draft;
use super::sql;
use crate::db::Tx;
use crate::geo::ParcelShape;
use crate::state::App;

/// A parent that gave less than this share of itself is a neighbour whose border was redrawn.
const LEAST_SHARE: f64 = 0.05;
/// A parent of which so much went into children is no more.
const USED_UP: f64 = 0.9;

/// A parent and a child.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Link {
    pub parent: i64,
    pub child: i64,
    /// Of the parent's area, 0 to 1.
    pub share: f64,
    /// split, merge or redraw.
    pub reason: &'static str,
    /// Whether the parent ends with this.
    pub retires: bool,
}

/// The existing parcels under one row.
pub(super) struct Parents(Vec<Parent>);

struct Parent {
    existing: Existing,
    of_parent: f64,
    of_child: f64,
}

/// The existing parcels under a row, without those in `matched`: a row of the file bears their BSM.
pub(super) async fn parents(app: &App, matched: &HashSet<i64>, draft: &Draft) -> anyhow::Result<Parents> {
    let ids = app.locator().within(draft.shape.bounds());
    let ids: Vec<i64> = ids.into_iter().filter(|id| !matched.contains(id)).collect();
    let child = draft.shape.to_lonlat();
    let mut parents = Vec::new();
    for row in sql::existing_with_shape(app.db(), &ids).await? {
        let Ok(shape) = ParcelShape::from_bytes(&row.shape) else { continue };
        let (of_parent, of_child) = shares(&shape.to_lonlat(), &child);
        if of_parent >= LEAST_SHARE || of_child >= LEAST_SHARE {
            parents.push(Parent { existing: row.into_existing(), of_parent, of_child });
        }
    }
    Ok(Parents(parents))
}

impl Parents {
    /// The one that this row is, by mutual overlap.
    pub(super) fn same(&self, overlap: f64) -> Option<Existing> {
        let same = self.0.iter().find(|p| p.of_parent >= overlap && p.of_child >= overlap);
        same.map(|p| p.existing.clone())
    }

    /// Links to a child of these parents.
    pub(super) fn links(&self, child: i64) -> Vec<Link> {
        let parents = self.0.iter().filter(|p| p.of_parent >= LEAST_SHARE);
        parents
            .map(|p| Link {
                parent: p.existing.id,
                child,
                share: p.of_parent,
                reason: "redraw",
                retires: false,
            })
            .collect()
    }
}

/// Once all links are known: which were splits and merges, and which parents are used up.
pub(super) fn settle(links: &mut [Link]) {
    let mut children: BTreeMap<i64, (u32, f64)> = BTreeMap::new();
    let mut parents: HashMap<i64, u32> = HashMap::new();
    for link in links.iter() {
        let entry = children.entry(link.parent).or_default();
        *entry = (entry.0 + 1, entry.1 + link.share);
        *parents.entry(link.child).or_default() += 1;
    }
    for link in links {
        let (count, used) = children[&link.parent];
        link.retires = used >= USED_UP;
        link.reason = match (count > 1, parents[&link.child] > 1) {
            (true, false) => "split",
            (false, true) => "merge",
            _ => "redraw",
        };
    }
}

pub(super) async fn store(tx: &Tx, stamp: &sql::Stamp<'_>, links: &[Link], by: &str) -> sqlx::Result<()> {
    if links.is_empty() {
        return Ok(());
    }
    sql::link(tx, stamp, links, by).await?;
    let retired: HashSet<i64> = links.iter().filter(|l| l.retires).map(|l| l.parent).collect();
    for id in retired {
        sql::retire(tx, stamp, id).await?;
    }
    Ok(())
}

/// The intersection's share of either area. Ratios need no projection: degrees, moved to the origin for the
/// sake of precision, do.
fn shares(parent: &MultiPolygon<f64>, child: &MultiPolygon<f64>) -> (f64, f64) {
    let Some(origin) = parent.bounding_rect().map(|b| b.min()) else { return (0.0, 0.0) };
    let local = |p: &MultiPolygon<f64>| {
        p.map_coords(|c| Coord { x: (c.x - origin.x) * 1e5, y: (c.y - origin.y) * 1e5 })
    };
    let (parent, child) = (local(parent), local(child));
    let common = parent.intersection(&child).unsigned_area();
    (common / parent.unsigned_area(), common / child.unsigned_area())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(parent: i64, child: i64, share: f64) -> Link {
        Link { parent, child, share, reason: "redraw", retires: false }
    }

    #[test]
    fn a_parcel_cut_in_two_is_split_and_gone() {
        let mut links = [link(1, 10, 0.6), link(1, 11, 0.4)];
        settle(&mut links);
        assert!(links.iter().all(|l| l.reason == "split" && l.retires));
    }

    #[test]
    fn two_parcels_become_one() {
        let mut links = [link(1, 10, 1.0), link(2, 10, 1.0)];
        settle(&mut links);
        assert!(links.iter().all(|l| l.reason == "merge" && l.retires));
    }

    #[test]
    fn a_parcel_that_lost_a_corner_lives_on() {
        let mut links = [link(1, 10, 0.2)];
        settle(&mut links);
        assert_eq!((links[0].reason, links[0].retires), ("redraw", false));
    }
}
