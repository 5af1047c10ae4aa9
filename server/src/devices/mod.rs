//! Devices (设备): the radios in warning posts and the tablets of people on patrol (R24, R60).
//!
//! Somebody responsible makes a device and gets a **code**, which works once and not for long. The device hands
//! the code in and gets its number and two **keys**, one a direction; a tablet also gets a token in the name of
//! its account. A new code gives new keys (rotation); revoking ends keys and token at once, for a device that is
//! lost as well. `docs/sync.md` is written for whoever builds a device.

mod code;
mod enrol;
mod http;
pub mod keys;
pub mod messages;
pub mod registry;
mod silence;
pub mod sql;

use gengwei_proto::RegionCode;

use crate::accounts;
use crate::auth::rights::ManageDevices;
use crate::auth::{Caller, Units};
use crate::cases::words;
use crate::db::{Session, Timestamp, Topic, Tx};
use crate::env::Env;
use crate::error::{self, Problem, Result};
use crate::posts;

pub use code::Code;
pub use enrol::{Enrolled, Enrolment, enrol};
pub use http::routes;
pub use registry::{Known, Registry};
pub use silence::note_silent;

/// How long a code works, in minutes, unless somebody says otherwise.
pub const CODE_MINUTES: i64 = 60;
/// The longest that a code may work: a week, for posts that are flashed in a workshop.
pub const MOST_CODE_MINUTES: i64 = 7 * 24 * 60;

words! {
    /// What a device is.
    #[schema(as = DeviceKind)]
    Kind {
        Post = "post" "警示桩",
        Tablet = "tablet" "巡田终端",
    }
}

words! {
    /// How a device stands with us.
    #[schema(as = DeviceState)]
    State {
        Waiting = "waiting" "待注册",
        Active = "active" "使用中",
        Revoked = "revoked" "已吊销",
        Lost = "lost" "已挂失",
    }
}

/// Where a device belongs.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// In the post with this number.
    Post(i64),
    /// In a post that stands nowhere yet, kept by this unit.
    Unit(RegionCode),
    /// In the hands of the account with this login.
    Account(String),
}

/// A code with the device that it is for.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The device's number.
    pub device: u32,
    /// What it is.
    pub kind: Kind,
    /// The code, told this once.
    pub code: Code,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Makes a device and its first code, in the caller's transaction.
///
/// 404 when there is no such post, unit or account within `units`; `None` is the command line, which may all.
/// 409 when the account is an administrator's or holds no office.
pub async fn register(
    tx: &Tx,
    env: &Env,
    by: &Caller,
    units: Option<&Units>,
    place: &Place,
    name: Option<&str>,
    minutes: i64,
) -> Result<Issued> {
    let owner = owner(tx, env, units, place).await?;
    let name = name.map(str::trim).filter(|name| !name.is_empty()).unwrap_or(&owner.name);
    if name.chars().count() > 100 {
        return Err(Problem::invalid("/name", "名称不能超过 100 个字符。"));
    }
    let number = sql::next_number(tx).await?;
    sql::insert(tx, number, &owner, name, by, env.now()).await?;
    let device = sql::find(tx, number).await?.ok_or_else(Problem::not_found)?;
    tx.audit(by.entry("device.register", number.to_string()).detail(owner.kind));
    issue(tx, env, by, &device, minutes).await
}

/// Who a device is made for.
pub(crate) struct Owner {
    kind: Kind,
    name: String,
    unit: RegionCode,
    post: Option<i64>,
    account: Option<String>,
}

async fn owner(tx: &Tx, env: &Env, units: Option<&Units>, place: &Place) -> Result<Owner> {
    let within = |unit: &RegionCode| units.is_none_or(|units| units.contain(unit));
    match place {
        Place::Post(number) => {
            let post = posts::sql::find(tx, *number).await?.filter(|post| within(&post.unit));
            let post = post.ok_or_else(|| Problem::not_found().detail("辖区内没有这个警示桩。"))?;
            let (unit, name) = (post.unit.0, format!("警示桩 {number}"));
            Ok(Owner { kind: Kind::Post, name, unit, post: Some(*number), account: None })
        }
        Place::Unit(unit) if within(unit) => {
            Ok(Owner { kind: Kind::Post, name: "备用".to_owned(), unit: *unit, post: None, account: None })
        }
        Place::Unit(_) => Err(Problem::not_found().detail("这个单位不在您的管辖范围内。")),
        Place::Account(login) => {
            let account = accounts::holder(tx, env, login).await?.ok_or_else(Problem::not_found)?;
            let unit = account.held.iter().map(|held| held.unit).max_by_key(RegionCode::level);
            let Some(unit) = unit.filter(|_| account.admin.is_none()) else {
                let detail = "三员账号和没有任职的账号不能注册终端。";
                return Err(Problem::new(error::CONFLICT).detail(detail));
            };
            // Whoever holds the tablet acts as the account, so nobody makes one for somebody above him.
            if !account.held.iter().all(|held| within(&held.unit)) {
                return Err(Problem::not_found().detail("这个账号不在您的管辖范围内。"));
            }
            let name = format!("{}的终端", account.name);
            Ok(Owner { kind: Kind::Tablet, name, unit, post: None, account: Some(account.account) })
        }
    }
}

/// Gives a device a new code; codes that were given before and not used are void.
pub async fn issue(tx: &Tx, env: &Env, by: &Caller, device: &sql::Device, minutes: i64) -> Result<Issued> {
    if !(1..=MOST_CODE_MINUTES).contains(&minutes) {
        return Err(Problem::invalid("/minutes", "有效时间应为 1 分钟至 7 天。"));
    }
    let (code, now) = (Code::new(env.random()), env.now());
    let expires_at = now.plus_seconds(60 * minutes);
    sql::void_codes(tx, device.number, now).await?;
    sql::insert_code(tx, device.number, &code.digest(), by, now, expires_at).await?;
    tx.audit(by.entry("device.code", device.number.to_string()));
    let number = u32::try_from(device.number).map_err(Problem::internal)?;
    Ok(Issued { device: number, kind: device.kind.0, code, expires_at })
}

/// Ends a device's keys, token and codes. A new code brings it back, under new keys.
pub async fn revoke(tx: &Tx, by: &Caller, device: &sql::Device, is_lost: bool, now: Timestamp) -> Result<()> {
    let state = if is_lost { State::Lost } else { State::Revoked };
    sql::set_state(tx, device.number, state, now).await?;
    sql::end_keys(tx, device.number, None, now).await?;
    sql::void_codes(tx, device.number, now).await?;
    accounts::sql::close_device_sessions(tx, device.number).await?;
    tx.touch(Topic::Devices).await?;
    tx.audit(by.entry("device.revoke", device.number.to_string()).detail(state));
    Ok(())
}

/// A device in scope, or the caller's own tablet; 404 otherwise.
pub async fn visible(on: &impl Session, by: &Caller, number: i64) -> Result<sql::Device> {
    let device = sql::find(on, number).await?.ok_or_else(Problem::not_found)?;
    let is_own = device.account_id.as_ref() == Some(&by.account);
    if is_own || by.units::<ManageDevices>().contain(&device.unit) {
        Ok(device)
    } else {
        Err(Problem::not_found())
    }
}
