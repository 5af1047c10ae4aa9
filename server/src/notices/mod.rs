//! Notices (通知): what somebody should know — a case's turn, a deadline, a post that is out of order.
//!
//! A notice goes to an account or to a unit. A unit's notices are read by whoever holds office in it at that
//! time, so an office passes on with its notices; who has read what is each account's own. A notice is raised
//! in the transaction of what it tells of (invariant 4).

mod http;
pub mod sql;
#[cfg(test)]
mod tests;

use gengwei_proto::{Level, RegionCode};

use crate::auth::Caller;
use crate::auth::rights::{ReceiveNotices, Right};
use crate::cases::words;
use crate::db::Tx;
use crate::env::Env;

pub use http::routes;

words! {
    /// What a notice is about.
    #[schema(as = NoticeSubject)]
    Subject {
        Case = "case" "问题线索",
        Task = "task" "任务",
        Device = "device" "设备",
        Delivery = "delivery" "对外报送",
        Report = "report" "群众举报",
    }
}

/// Whom a notice is for.
#[derive(Clone, Debug, PartialEq)]
pub enum To {
    /// Whoever holds office in a unit, by [`ReceiveNotices`].
    Unit(RegionCode),
    /// One account, by its id.
    Account(String),
}

impl To {
    /// The account's id, or the unit's code.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Unit(unit) => unit.as_str(),
            Self::Account(id) => id,
        }
    }
}

/// A notice to be raised.
#[derive(Clone, Debug)]
pub struct NewNotice {
    /// For whom.
    pub to: To,
    /// What it is about.
    pub subject: Subject,
    /// The id of what it is about.
    pub subject_id: String,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// One line.
    pub title: String,
    /// More, if there is more to say. Personal data do not belong here.
    pub words: Option<String>,
    /// A key under which it is raised once only: a job may then run twice.
    pub once: Option<String>,
}

/// Those responsible on the spot: the unit, its village, its township, each once.
pub fn of_place(unit: &RegionCode) -> Vec<To> {
    let mut units: Vec<_> =
        [Level::Village, Level::Township].iter().filter_map(|l| unit.ancestor(*l)).collect();
    units.insert(0, *unit);
    units.dedup();
    units.into_iter().map(To::Unit).collect()
}

/// Raises a notice in the caller's transaction; answers whether it is new.
pub async fn raise(tx: &Tx, env: &Env, new: NewNotice) -> sqlx::Result<bool> {
    sql::insert(tx, &env.new_id(), &new, env.now()).await
}

/// Under which names somebody receives: his account, and the units in which his office lets him.
pub(crate) fn recipients(caller: &Caller) -> Vec<String> {
    let units = caller.held.iter().filter(|h| ReceiveNotices::granted(h.role, h.unit.level()));
    let mut all: Vec<String> = units.map(|h| h.unit.as_str().to_owned()).collect();
    all.push(caller.account.clone());
    all.sort_unstable();
    all.dedup();
    all
}
