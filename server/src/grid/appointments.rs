//! Who is responsible where, and since when (R09–R19). Terms of office are never deleted: "who was
//! responsible for parcel P on day D" must have an answer for ever (R04, 终身追责).

use std::fmt;
use std::str::FromStr;

use gengwei_proto::{Level, RegionCode};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::Text;

/// What somebody is in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 总责任人: levels 2 to 4.
    Chief,
    /// 副总责任人: levels 2 to 4, with a portfolio at levels 2 and 3.
    Deputy,
    /// 村级责任人: level 5, one person.
    VillageHead,
    /// 村民小组责任人: level 6, 组长 or 村委会确定.
    GroupLeader,
    /// 网格员: levels 5 and 6.
    GridWorker,
    /// 网格办主任: levels 2 and 3.
    OfficeDirector,
    /// 经办人: staff of an office or of a township, levels 2 to 4.
    Officer,
    /// 协调机制成员: one of each of the eight departments, levels 2 and 3.
    Member,
    /// 联络员: likewise.
    Liaison,
    /// 举报办理员: may read reporters' phone numbers, levels 2 to 4.
    ReportHandler,
}

const ROLES: [(Role, &str, &str, &[Level]); 10] = {
    const UPPER: &[Level] = &[Level::City, Level::County];
    const OFFICIAL: &[Level] = &[Level::City, Level::County, Level::Township];
    [
        (Role::Chief, "chief", "总责任人", OFFICIAL),
        (Role::Deputy, "deputy", "副总责任人", OFFICIAL),
        (Role::VillageHead, "village_head", "村级责任人", &[Level::Village]),
        (Role::GroupLeader, "group_leader", "村民小组责任人", &[Level::Group]),
        (Role::GridWorker, "grid_worker", "网格员", &[Level::Village, Level::Group]),
        (Role::OfficeDirector, "office_director", "网格办主任", UPPER),
        (Role::Officer, "officer", "经办人", OFFICIAL),
        (Role::Member, "member", "协调机制成员", UPPER),
        (Role::Liaison, "liaison", "联络员", UPPER),
        (Role::ReportHandler, "report_handler", "举报办理员", OFFICIAL),
    ]
};

impl Role {
    /// All roles.
    pub fn all() -> impl Iterator<Item = Self> {
        ROLES.into_iter().map(|(role, ..)| role)
    }

    /// The word in JSON and in the database.
    pub fn name(self) -> &'static str {
        ROLES[self as usize].1
    }

    /// Chinese, for people.
    pub fn title(self) -> &'static str {
        ROLES[self as usize].2
    }

    /// The levels at which the notice knows this role.
    pub fn levels(self) -> &'static [Level] {
        ROLES[self as usize].3
    }

    /// Whether one person at a time holds such a post; for members and liaisons, one of each department (R18).
    pub fn is_held_by_one(self) -> bool {
        !matches!(self, Self::Deputy | Self::GridWorker | Self::Officer | Self::ReportHandler)
    }

    /// Whom every unit of a level that takes part must have (R09–R16).
    pub fn required_at(level: Level) -> Self {
        match level {
            Level::City | Level::County | Level::Township => Self::Chief,
            Level::Village => Self::VillageHead,
            Level::Group => Self::GroupLeader,
        }
    }

    /// Whether he bears responsibility by the notice itself (总责任人 … 村民小组责任人), rather than works for
    /// those who do.
    pub fn is_responsible(self) -> bool {
        matches!(self, Self::Chief | Self::Deputy | Self::VillageHead | Self::GroupLeader)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no role.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("“{0}” is no role")]
pub struct NoSuchRole(String);

impl FromStr for Role {
    type Err = NoSuchRole;

    /// Reads the English word or the Chinese title.
    fn from_str(text: &str) -> Result<Self, NoSuchRole> {
        let found = ROLES.into_iter().find(|(_, name, title, _)| text == *name || text == *title);
        found.map(|(role, ..)| role).ok_or_else(|| NoSuchRole(text.to_owned()))
    }
}

/// The departments of the coordination mechanism (R18), in the notice's order.
pub const DEPARTMENTS: [&str; 8] = [
    "自然资源局",
    "发展改革委",
    "财政局",
    "交通运输局",
    "水务局",
    "农业农村局",
    "统计局",
    "粮食和物资储备局",
];

/// A term of office with the person's name.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema, sqlx::FromRow)]
pub struct Term {
    /// The appointment's id.
    pub id: String,
    /// The unit's code.
    #[schema(value_type = String)]
    pub unit: Text<RegionCode>,
    /// The role.
    #[schema(value_type = Role)]
    pub role: Text<Role>,
    /// 职务: 市委副书记、市长
    pub title: Option<String>,
    /// 自然资源 or 农业农村, for a deputy.
    pub portfolio: Option<String>,
    /// 组长 or 村委会确定, for a group's leader (R16).
    pub basis: Option<String>,
    /// One of the eight departments, for a member or liaison.
    pub department: Option<String>,
    /// The person's id.
    pub person_id: String,
    /// The person's name.
    pub name: String,
    /// Whether the public may see the name; for level 6 only with recorded consent.
    pub shows_name: bool,
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub starts: Text<Date>,
    /// First day on which it no longer holds; `null` while it does.
    #[schema(value_type = Option<String>, format = Date)]
    pub ends: Option<Text<Date>>,
    /// The document it rests on.
    pub source: String,
}

/// A new appointment.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTerm {
    /// The unit.
    pub unit: RegionCode,
    /// The role in it.
    pub role: Role,
    /// 职务
    pub title: Option<String>,
    /// 自然资源 or 农业农村, for a deputy of levels 2 and 3.
    pub portfolio: Option<String>,
    /// 组长 or 村委会确定, for a group's leader.
    pub basis: Option<String>,
    /// One of [`DEPARTMENTS`], for a member or liaison.
    pub department: Option<String>,
    /// The first day.
    pub starts: Date,
    /// The document it rests on.
    pub source: String,
}

impl NewTerm {
    /// What is wrong with it, as a Chinese sentence.
    pub fn check(&self) -> Result<(), String> {
        let level = self.unit.level();
        if !self.role.levels().contains(&level) {
            return Err(format!("{}不能设在第{}级（{}）。", self.role.title(), level.number(), self.unit));
        }
        let one_of = |value: &Option<String>, allowed: &[&str], what: &str| match value.as_deref() {
            Some(word) if !allowed.contains(&word) => {
                Err(format!("{what}“{word}”应为{}之一。", allowed.join("、")))
            }
            _ => Ok(()),
        };
        one_of(&self.portfolio, &["自然资源", "农业农村"], "分管")?;
        one_of(&self.basis, &["组长", "村委会确定"], "确定方式")?;
        one_of(&self.department, &DEPARTMENTS, "部门")?;
        if self.role == Role::GroupLeader && self.basis.is_none() {
            return Err("村民小组责任人须注明确定方式：组长或村委会确定。".to_owned());
        }
        if matches!(self.role, Role::Member | Role::Liaison) && self.department.is_none() {
            return Err("协调机制成员和联络员须注明部门。".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_roles() {
        for role in Role::all() {
            assert_eq!(role.name().parse(), Ok(role));
            assert_eq!(role.title().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
    }
}
