//! The net of five levels (R01, R09–R20): units, who is responsible in them, their targets.
//!
//! Units and the appointments in force are small and read by everything, so each process holds them in a
//! [`Grid`], replaced as a whole whenever the topic `grid` moves.

pub mod appointments;
pub mod book;
mod http;
pub mod import;
pub mod sql;
pub mod targets;

use std::collections::BTreeMap;

use gengwei_proto::{Level, RegionCode};
use jiff::civil::Date;

use crate::auth::Units;
use crate::db::Db;
use appointments::{Role, Term};

pub use http::{AtLevel, OnDay, Responsible, responsible, routes};

/// A unit: city, county, township, village or village group.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// 12 digits, 14 for a group.
    pub code: RegionCode,
    /// 滨河镇
    pub name: String,
    /// Has farmland tasks; units without stay out of the net (R12).
    pub takes_part: bool,
    /// Since when it bears this code and name.
    pub valid_from: Date,
    /// Until when; `None` means today.
    pub valid_to: Option<Date>,
    /// Where the code resolves to after a re-zoning.
    pub successor: Option<RegionCode>,
    /// Shown to the public.
    pub office_phone: Option<String>,
}

impl Unit {
    /// Whether somebody can take office in it on a day; a Chinese sentence when it is closed by then.
    pub fn check_open(&self, on: Date) -> Result<(), String> {
        match (self.valid_to, self.successor) {
            (Some(to), Some(next)) if on >= to => {
                Err(format!("{} 已于 {to} 并入 {next}，请改用新代码", self.code))
            }
            (Some(to), None) if on >= to => Err(format!("{} 已于 {to} 停用", self.code)),
            _ => Ok(()),
        }
    }
}

/// Whether a text is 1 to `most` characters of plain writing. PostgreSQL stores no NUL, and no other control
/// character belongs into a name or a document's number.
pub(crate) fn is_plain(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

/// What keeps a phone number from being shown as an office's, as a Chinese sentence: a mobile is somebody's
/// own (个保法), and anything but a number is no help.
pub fn check_office_phone(phone: &str) -> Result<(), String> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let plain = phone.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '+' | '转'));
    let local = digits.strip_prefix("86").filter(|_| phone.starts_with('+')).unwrap_or(&digits);
    if local.len() == 11 && local.starts_with('1') {
        return Err("办公电话不能填个人手机号".to_owned());
    }
    if !plain || !(3..=18).contains(&digits.len()) || phone.chars().count() > 32 {
        return Err(format!("“{phone}”不是电话号码，应写作 0955-7012345"));
    }
    Ok(())
}

/// All units, and the appointments in force, at one revision.
#[derive(Debug, Default)]
pub struct Grid {
    day: Option<Date>,
    units: BTreeMap<RegionCode, Unit>,
    terms: BTreeMap<RegionCode, Vec<Term>>,
}

impl Grid {
    /// Reads the grid as it is on a day.
    pub async fn load(db: &Db, on: Date) -> sqlx::Result<Self> {
        // In order of validity, so that a unit's latest row wins.
        let units = sql::units(db).await?.into_iter().map(|unit| (unit.code, unit)).collect();
        let mut terms: BTreeMap<RegionCode, Vec<Term>> = BTreeMap::new();
        for term in sql::terms_on(db, on).await? {
            terms.entry(*term.unit).or_default().push(term);
        }
        Ok(Self { day: Some(on), units, terms })
    }

    /// Whether it shows the appointments of this day.
    pub fn is_of(&self, day: Date) -> bool {
        self.day == Some(day)
    }

    /// How many units there are.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether there is no unit: a fresh database.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// The units of a level that are in force, by code.
    pub fn at_level(&self, level: Level) -> Vec<RegionCode> {
        let open = self.units.values().filter(|unit| unit.valid_to.is_none());
        open.map(|unit| unit.code).filter(|code| code.level() == level).collect()
    }

    /// The unit with this very code.
    pub fn unit(&self, code: &RegionCode) -> Option<&Unit> {
        self.units.get(code)
    }

    /// The unit that a code means today: itself, or the one that it was re-zoned into.
    pub fn resolve(&self, code: &RegionCode) -> Option<&Unit> {
        let mut unit = self.units.get(code)?;
        // A chain of successors longer than this is a loop.
        for _ in 0..16 {
            match unit.successor.and_then(|next| self.units.get(&next)) {
                Some(next) => unit = next,
                None => return Some(unit),
            }
        }
        None
    }

    /// A unit's name; empty when it is unknown.
    pub fn name(&self, code: &RegionCode) -> &str {
        self.units.get(code).map_or("", |unit| &unit.name)
    }

    /// County, township and village in one: 沙坡头区滨河镇向阳巷居委会.
    pub fn full_name(&self, code: &RegionCode) -> String {
        let levels = [Level::County, Level::Township, Level::Village, Level::Group];
        let ancestors = levels.into_iter().filter_map(|level| code.ancestor(level));
        ancestors.map(|ancestor| self.name(&ancestor)).collect()
    }

    /// The units directly below one, by code.
    pub fn children<'a>(&'a self, code: &RegionCode) -> impl Iterator<Item = &'a Unit> {
        let parent = *code;
        self.units
            .range(parent..)
            .map(|(_, unit)| unit)
            .take_while(move |u| parent.contains(&u.code))
            .filter(move |unit| unit.code.parent() == Some(parent) && unit.valid_to.is_none())
    }

    /// All units below one and itself, by code.
    pub fn below<'a>(&'a self, code: &RegionCode) -> impl Iterator<Item = &'a Unit> {
        let top = *code;
        self.units.range(top..).map(|(_, unit)| unit).take_while(move |unit| top.contains(&unit.code))
    }

    /// The appointments in force in a unit itself.
    pub fn terms(&self, code: &RegionCode) -> &[Term] {
        self.terms.get(code).map_or(&[], Vec::as_slice)
    }

    /// The units from one downwards that take part and have nobody in the post that their level must have.
    pub fn vacancies<'a>(&'a self, code: &RegionCode) -> impl Iterator<Item = &'a Unit> {
        self.below(code).filter(|unit| {
            let role = Role::required_at(unit.code.level());
            let held = self.terms(&unit.code).iter().any(|term| *term.role == role);
            unit.takes_part && unit.valid_to.is_none() && !held
        })
    }

    /// A unit and its ancestors, the city first.
    pub fn path(&self, code: &RegionCode) -> Vec<RegionCode> {
        let levels = [Level::City, Level::County, Level::Township, Level::Village, Level::Group];
        levels.into_iter().filter_map(|level| code.ancestor(level)).collect()
    }
}

/// Whether a unit is edited from some units: a township edits its villages and groups, itself is the county's matter.
pub(crate) fn is_editable(units: &Units, unit: &RegionCode) -> bool {
    units.iter().any(|own| own.contains(unit) && (own != unit || own.level() < Level::Township))
}

#[cfg(test)]
mod tests {
    use super::check_office_phone;

    #[test]
    fn an_office_has_a_landline_or_a_short_number_and_nobodys_mobile() {
        for phone in ["0955-7012345", "(0955) 7012345", "12345", "+86 955 7012345", "7012345转801"] {
            assert_eq!(check_office_phone(phone), Ok(()), "{phone}");
        }
        for phone in ["13909550000", "139-0955-0000", "+86 139 0955 0000", "12", "村委会", ""] {
            assert!(check_office_phone(phone).is_err(), "{phone}");
        }
    }
}
