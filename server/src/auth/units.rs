//! Sets of units, and how they narrow a query.

use gengwei_proto::{Level, RegionCode};

use crate::db::Query;

/// Units together with all that lies below them; none contains another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Units(Vec<RegionCode>);

impl Units {
    /// The smallest set that covers all of `units`.
    pub fn new(units: impl IntoIterator<Item = RegionCode>) -> Self {
        let mut units: Vec<_> = units.into_iter().collect();
        units.sort_by_key(|u| (u.level(), *u));
        let mut kept: Vec<RegionCode> = Vec::new();
        for unit in units {
            if !kept.iter().any(|k| k.contains(&unit)) {
                kept.push(unit);
            }
        }
        Self(kept)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The units, highest level first.
    pub fn iter(&self) -> impl Iterator<Item = &RegionCode> {
        self.0.iter()
    }

    /// Whether `unit` is one of these or below one.
    pub fn contain(&self, unit: &RegionCode) -> bool {
        self.0.iter().any(|u| u.contains(unit))
    }

    /// Whether the unit with this code, as a column holds it, is one of these or below one.
    pub fn contain_code(&self, code: &str) -> bool {
        RegionCode::parse(code).is_ok_and(|unit| self.contain(&unit))
    }

    /// What these and `region` have in common.
    pub fn within(&self, region: &RegionCode) -> Self {
        if self.contain(region) {
            return Self(vec![*region]);
        }
        Self(self.0.iter().filter(|u| region.contains(u)).copied().collect())
    }

    /// Adds ` and (column is in these units)` as range scans over hierarchical codes.
    pub fn filter<'q>(&self, mut query: Query<'q>, column: &'static str) -> Query<'q> {
        let mut separator = " and (";
        for unit in &self.0 {
            let prefix = unit.prefix();
            query = query.push(separator).push(column).push_bind(" >= ", prefix.to_owned());
            query = query.push(" and ").push(column).push_bind(" < ", after(prefix));
            separator = " or ";
        }
        if self.0.is_empty() { query.push(" and (false)") } else { query.push(")") }
    }

    /// The same for a table that stores its unit's ancestors in `city`, `county`, `township`, `village` and
    /// `unit`: one equality a unit, so that an index gives a page in order whatever the level. `columns` is
    /// [`ANCESTORS`] or the like with a table alias.
    pub fn filter_ancestors<'q>(&self, mut query: Query<'q>, columns: &[&'static str; 5]) -> Query<'q> {
        let mut separator = " and (";
        for unit in &self.0 {
            let column = columns[usize::from(unit.level().number()) - 2];
            query = query.push(separator).push(column).push_bind(" = ", unit.as_str().to_owned());
            separator = " or ";
        }
        if self.0.is_empty() { query.push(" and (false)") } else { query.push(")") }
    }
}

/// The columns of a table that stores its unit's ancestors, level 2 to level 6.
pub const ANCESTORS: [&str; 5] = ["city", "county", "township", "village", "unit"];

/// The code of a unit's ancestor at a level, or of the unit itself when it stands higher; what such a column
/// holds.
pub fn ancestor(unit: &RegionCode, level: Level) -> String {
    unit.ancestor(level).unwrap_or(*unit).as_str().to_owned()
}

/// The least text that is greater than everything beginning with `prefix`. Digits only; `:` follows `9`.
fn after(prefix: &str) -> String {
    let mut bytes = prefix.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last += 1;
    }
    String::from_utf8(bytes).expect("ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(codes: &[&str]) -> Units {
        Units::new(codes.iter().map(|c| RegionCode::parse(c).unwrap()))
    }

    #[test]
    fn what_a_unit_covers_is_not_listed_twice() {
        assert_eq!(units(&["640502100001", "640502100", "640502101"]), units(&["640502100", "640502101"]));
    }

    #[test]
    fn asking_for_less_gives_less_and_asking_for_more_gives_no_more() {
        let mine = units(&["640502100", "640521"]);
        assert_eq!(mine.within(&RegionCode::parse("640502100001").unwrap()), units(&["640502100001"]));
        assert_eq!(mine.within(&RegionCode::parse("6405").unwrap()), mine);
        assert_eq!(mine.within(&RegionCode::parse("640502").unwrap()), units(&["640502100"]));
        assert!(mine.within(&RegionCode::parse("640522").unwrap()).is_empty());
    }

    #[test]
    fn a_prefix_ends_before_its_neighbour() {
        assert_eq!(after("640502100"), "640502101");
        assert!(
            "640502109999" < after("640502109").as_str() && after("640502109").as_str() > "64050210999999"
        );
    }
}
