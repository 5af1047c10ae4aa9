//! A device hands in its code and gets its keys.

use gengwei_proto::wire::SuiteId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::keys::{Direction, SUITES, Seed, suite_name};
use super::{Code, Kind, State, sql};
use crate::accounts;
use crate::audit::Entry;
use crate::auth::Token;
use crate::crypto::{CryptoProvider, Purpose};
use crate::db::{Timestamp, Topic, Tx};
use crate::error::{self, Problem, Result};
use crate::state::App;

/// What a device hands in.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Enrolment {
    /// Case, spaces and dashes do not count.
    #[schema(example = "K7QM2-XFD9A")]
    pub code: String,
    /// `sm4-ccm` (when absent), `aes-128-ccm` or `chacha20-poly1305`: what it will seal with.
    #[serde(default)]
    pub suite: Option<String>,
}

/// What a device gets, this once.
#[derive(Serialize, ToSchema)]
pub struct Enrolled {
    /// Its number.
    pub device: u32,
    /// What it is.
    pub kind: Kind,
    /// Which of its keys these are.
    pub key: u8,
    /// What they are used with.
    pub suite: &'static str,
    /// The same as it stands in a frame.
    pub suite_number: u8,
    /// 64 hexadecimal digits: seals what the device sends.
    pub up: String,
    /// 64 hexadecimal digits: opens what the server sends.
    pub down: String,
    /// What people call it.
    pub name: String,
    /// Where it belongs.
    pub unit: String,
    /// Where frames go over HTTP.
    pub sync_url: String,
    /// Where frames go over CoAP; null when the server does not listen for it.
    pub coap_url: Option<String>,
    /// Seconds since 1970-01-01 UTC.
    pub now: i64,
    /// The account that a tablet speaks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub account: Option<EnrolledAccount>,
    /// A tablet's token for the ordinary API.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub token: Option<String>,
    /// When the token ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub token_ends_at: Option<Timestamp>,
}

/// The account that a tablet speaks for.
#[derive(Clone, Serialize, ToSchema)]
pub struct EnrolledAccount {
    /// The login.
    pub account: String,
    /// The name.
    pub name: String,
}

/// Takes a code and gives the device its next keys. 404 for a code that is unknown, used or expired, 422 for a
/// suite that is not spoken here, 409 for a device that has had 256 keys.
///
/// The code is used up even if the answer is lost on its way: then a new one is needed.
pub async fn enrol(app: &App, handed: Enrolment) -> Result<Enrolled> {
    let wanted = handed.suite.as_deref().unwrap_or(SUITES[0].0);
    let suite = SUITES.iter().find(|(name, _)| *name == wanted).map(|(_, suite)| *suite);
    let suite = suite.ok_or_else(|| {
        Problem::invalid("/suite", "密码套件应为 sm4-ccm、aes-128-ccm 或 chacha20-poly1305。")
    })?;
    let code = Code::parse(&handed.code).ok_or_else(no_such_code)?;
    let ring = app.keys().newest(Purpose::Device).map_err(Problem::internal)?;
    let inner = app.clone();
    let (device, seed, holder) = app
        .db()
        .write(move |tx| async move {
            let (device, holder) = claim(&inner, &tx, &code).await?;
            let seed = next_seed(&inner, &tx, &device, suite, ring).await?;
            tx.touch(Topic::Devices).await?;
            let by = format!("device/{}", device.number);
            tx.audit(Entry::new(by, "device.enrol", device.number.to_string()).detail(seed.key));
            Ok::<_, Problem>((device, seed, holder))
        })
        .await?;
    // Frames under the new key may come at once, and a tablet's former token is good no more.
    app.recent_callers().forget();
    app.refresh().await?;
    answer(app, device, &seed, holder)
}

fn no_such_code() -> Problem {
    Problem::not_found().detail("没有这个注册码，或它已用过、已过期，请重新领取。")
}

/// A tablet's account, with its token.
struct Holder {
    account: EnrolledAccount,
    token: Token,
    ends_at: Timestamp,
}

/// Uses the code up and makes the device active.
async fn claim(app: &App, tx: &Tx, code: &Code) -> Result<(sql::Device, Option<Holder>)> {
    let now = app.env().now();
    let number = sql::use_code(tx, &code.digest(), now).await?.ok_or_else(no_such_code)?;
    let device = sql::find(tx, number).await?.ok_or_else(no_such_code)?;
    sql::set_state(tx, number, State::Active, now).await?;
    sql::heard(tx, number, now).await?;
    let Some(account) = &device.account_id else { return Ok((device, None)) };
    let (login, name) = accounts::sql::name_of(tx, account).await?.ok_or_else(no_such_code)?;
    let token = Token::new(app.env().random());
    let ends_at = now.plus_seconds(86_400 * app.policy().devices.token_days);
    accounts::sql::close_device_sessions(tx, number).await?;
    accounts::sql::open_device_session(tx, &token.digest(), account, number, now, ends_at).await?;
    let holder = Holder { account: EnrolledAccount { account: login, name }, token, ends_at };
    Ok((device, Some(holder)))
}

async fn next_seed(app: &App, tx: &Tx, device: &sql::Device, suite: SuiteId, ring: u8) -> Result<Seed> {
    let last = sql::last_key(tx, device.number).await?;
    let key = u8::try_from(last.map_or(0, |key| key + 1))
        .map_err(|_| Problem::new(error::CONFLICT).detail("这台设备的密钥编号已用完，请另建一台设备。"))?;
    let number = u32::try_from(device.number).map_err(Problem::internal)?;
    let seed = Seed { device: number, key, suite, salt: app.env().random(), ring };
    sql::insert_key(tx, &seed, app.env().now()).await?;
    Ok(seed)
}

fn answer(app: &App, device: sql::Device, seed: &Seed, holder: Option<Holder>) -> Result<Enrolled> {
    let key = |direction| {
        let key = seed.derive(app.keys(), direction).map_err(Problem::internal)?;
        Ok::<_, Problem>(hex::encode(&key[..]))
    };
    Ok(Enrolled {
        device: seed.device,
        kind: device.kind.0,
        key: seed.key,
        suite: suite_name(seed.suite),
        suite_number: seed.suite as u8,
        up: key(Direction::Up)?,
        down: key(Direction::Down)?,
        name: device.name,
        unit: device.unit.to_string(),
        sync_url: format!("{}/sync", app.public_url()),
        coap_url: app.coap_url(),
        now: app.env().now().0 / 1_000_000,
        token: holder.as_ref().map(|holder| holder.token.reveal().to_owned()),
        token_ends_at: holder.as_ref().map(|holder| holder.ends_at),
        account: holder.map(|holder| holder.account),
    })
}
