//! Routes of devices.

use axum::extract::State as AppState;
use axum::http::StatusCode;
use gengwei_proto::RegionCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::messages::{Config, Sent};
use super::{CODE_MINUTES, Enrolled, Enrolment, Issued, Kind, Place, State, sql};
use crate::auth::rights::{FilePatrols, ManageDevices};
use crate::auth::{Caller, Scope, Units};
use crate::db::Timestamp;
use crate::error::{Problem, Result};
use crate::extract::{Json, Page, Paging, Path, Query};
use crate::posts::qr::Symbol;
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, register))
        .routes(routes!(own, register_own))
        .routes(routes!(one))
        .routes(routes!(issue))
        .routes(routes!(revoke))
        .routes(routes!(configure))
        .routes(routes!(enrol))
}

/// A code, with the QR code that shows it.
#[derive(Serialize, ToSchema)]
struct DeviceCode {
    /// The device's number.
    device: u32,
    /// What it is.
    kind: Kind,
    /// Works once; told only here.
    code: String,
    /// When it ends.
    expires_at: Timestamp,
    /// What the QR code says.
    url: String,
    /// The QR code.
    svg: String,
}

impl DeviceCode {
    fn new(app: &App, issued: Issued) -> Result<Self> {
        let url = issued.code.url(app.public_url());
        Ok(Self {
            device: issued.device,
            kind: issued.kind,
            code: issued.code.to_string(),
            expires_at: issued.expires_at,
            svg: Symbol::encode(&url).map_err(Problem::internal)?.svg(),
            url,
        })
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// 4, 6, 9, 12 or 14 digits.
    region: Option<String>,
    /// Only of this kind.
    kind: Option<Kind>,
    /// Only in this state.
    state: Option<State>,
}

/// Devices, by number.
#[utoipa::path(get, path = "/api/v1/devices", tag = "devices", params(Wanted, Paging),
    responses((status = 200, body = Page<sql::Device>)))]
async fn list(
    AppState(app): AppState<App>,
    scope: Scope<ManageDevices>,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<sql::Device>>> {
    let units = scope.narrow(wanted.region.as_deref())?;
    let (after, limit) = (paging.after::<i64>()?, paging.limit()?);
    let filter = sql::Filter { kind: wanted.kind, state: wanted.state, account: None, after };
    let rows = sql::list(app.db(), Some(&units), &filter, limit + 1).await?;
    Ok(Json(Page::new(rows, limit, |device| device.number)))
}

#[derive(Deserialize, ToSchema)]
struct NewDevice {
    /// What it is.
    kind: Kind,
    /// The number of the post that it sits in.
    post: Option<i64>,
    /// For a post that stands nowhere yet: the unit that keeps it.
    unit: Option<String>,
    /// For a tablet: the login of the account that it speaks for.
    account: Option<String>,
    /// What people call it.
    name: Option<String>,
    /// How long the code works; an hour when absent.
    minutes: Option<i64>,
}

impl NewDevice {
    fn place(&self) -> Result<Place> {
        match (self.kind, self.post, &self.unit, &self.account) {
            (Kind::Post, Some(post), None, None) => Ok(Place::Post(post)),
            (Kind::Post, None, Some(unit), None) => RegionCode::parse(unit)
                .map(Place::Unit)
                .map_err(|_| Problem::invalid("/unit", "区划代码应为 4、6、9、12 或 14 位数字。")),
            (Kind::Tablet, None, None, Some(account)) => Ok(Place::Account(account.clone())),
            (Kind::Post, ..) => Err(Problem::invalid("/post", "请写明警示桩编号，或备用设备所属的单位。")),
            (Kind::Tablet, ..) => Err(Problem::invalid("/account", "请写明使用终端的账号。")),
        }
    }
}

/// Make a device and get a code for it.
#[utoipa::path(post, path = "/api/v1/devices", tag = "devices", request_body = NewDevice,
    responses((status = 201, body = DeviceCode), (status = 404, description = "no such post or account in scope"),
        (status = 409, description = "the account is an administrator's, or holds no office")))]
async fn register(
    AppState(app): AppState<App>,
    scope: Scope<ManageDevices>,
    Json(new): Json<NewDevice>,
) -> Result<(StatusCode, Json<DeviceCode>)> {
    let (place, caller) = (new.place()?, (*scope.caller).clone());
    make(&app, caller, Some(scope.units), place, new.name, new.minutes).await
}

#[derive(Deserialize, ToSchema)]
struct NewTablet {
    /// What people call it.
    name: Option<String>,
    /// How long the code works; an hour when absent.
    minutes: Option<i64>,
}

/// Make a tablet of my own and get a code for it.
#[utoipa::path(post, path = "/api/v1/me/devices", tag = "devices", request_body = NewTablet,
    responses((status = 201, body = DeviceCode)))]
async fn register_own(
    AppState(app): AppState<App>,
    scope: Scope<FilePatrols>,
    Json(new): Json<NewTablet>,
) -> Result<(StatusCode, Json<DeviceCode>)> {
    let caller = (*scope.caller).clone();
    // One's own account is in scope whatever the units.
    make(&app, caller.clone(), None, Place::Account(caller.login), new.name, new.minutes).await
}

async fn make(
    app: &App,
    caller: Caller,
    units: Option<Units>,
    place: Place,
    name: Option<String>,
    minutes: Option<i64>,
) -> Result<(StatusCode, Json<DeviceCode>)> {
    let (env, minutes) = (app.env().clone(), minutes.unwrap_or(CODE_MINUTES));
    let issued = app
        .db()
        .write(move |tx| async move {
            super::register(&tx, &env, &caller, units.as_ref(), &place, name.as_deref(), minutes).await
        })
        .await?;
    Ok((StatusCode::CREATED, Json(DeviceCode::new(app, issued)?)))
}

/// My own tablets.
#[utoipa::path(get, path = "/api/v1/me/devices", tag = "devices", params(Paging),
    responses((status = 200, body = Page<sql::Device>)))]
async fn own(
    AppState(app): AppState<App>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<sql::Device>>> {
    let (after, limit) = (paging.after::<i64>()?, paging.limit()?);
    let filter = sql::Filter { account: Some(caller.account), after, ..sql::Filter::default() };
    let rows = sql::list(app.db(), None, &filter, limit + 1).await?;
    Ok(Json(Page::new(rows, limit, |device| device.number)))
}

/// A device: state, last seen, battery, firmware, journal fill. For its office, and for whose tablet it is.
#[utoipa::path(get, path = "/api/v1/devices/{number}", tag = "devices",
    params(("number" = i64, Path, description = "the device's number")),
    responses((status = 200, body = sql::Device), (status = 404)))]
async fn one(
    AppState(app): AppState<App>,
    caller: Caller,
    Path(number): Path<i64>,
) -> Result<Json<sql::Device>> {
    Ok(Json(super::visible(app.db(), &caller, number).await?))
}

#[derive(Deserialize, ToSchema)]
struct NewCode {
    /// How long it works; an hour when absent.
    minutes: Option<i64>,
}

/// Get a new code for a device: with it the device changes to new keys. Codes not used before are void.
#[utoipa::path(post, path = "/api/v1/devices/{number}/codes", tag = "devices", request_body = NewCode,
    params(("number" = i64, Path, description = "the device's number")),
    responses((status = 201, body = DeviceCode), (status = 404)))]
async fn issue(
    AppState(app): AppState<App>,
    caller: Caller,
    Path(number): Path<i64>,
    Json(new): Json<NewCode>,
) -> Result<(StatusCode, Json<DeviceCode>)> {
    let env = app.env().clone();
    let issued = app
        .db()
        .write(move |tx| async move {
            let device = super::visible(&tx, &caller, number).await?;
            super::issue(&tx, &env, &caller, &device, new.minutes.unwrap_or(CODE_MINUTES)).await
        })
        .await?;
    Ok((StatusCode::CREATED, Json(DeviceCode::new(&app, issued)?)))
}

#[derive(Deserialize, ToSchema)]
struct Revocation {
    /// 挂失: it is not where it should be.
    #[serde(default)]
    lost: bool,
}

/// Revoke a device, or report it lost: keys, token and codes end at once.
#[utoipa::path(post, path = "/api/v1/devices/{number}/revocation", tag = "devices", request_body = Revocation,
    params(("number" = i64, Path, description = "the device's number")),
    responses((status = 200, body = sql::Device), (status = 404)))]
async fn revoke(
    AppState(app): AppState<App>,
    caller: Caller,
    Path(number): Path<i64>,
    Json(body): Json<Revocation>,
) -> Result<Json<sql::Device>> {
    let now = app.env().now();
    let device = app
        .db()
        .write(move |tx| async move {
            let device = super::visible(&tx, &caller, number).await?;
            super::revoke(&tx, &caller, &device, body.lost, now).await?;
            super::visible(&tx, &caller, number).await
        })
        .await?;
    // This process refuses its frames and its token before anybody is told so.
    app.recent_callers().forget();
    app.refresh().await?;
    Ok(Json(device))
}

/// Order settings for a post; it takes them with the answer to its next frame.
#[utoipa::path(put, path = "/api/v1/devices/{number}/config", tag = "devices", request_body = Config,
    params(("number" = i64, Path, description = "the device's number")),
    responses((status = 202, body = Sent), (status = 404), (status = 409, description = "it is no post")))]
async fn configure(
    AppState(app): AppState<App>,
    scope: Scope<ManageDevices>,
    Path(number): Path<i64>,
    Json(config): Json<Config>,
) -> Result<(StatusCode, Json<Sent>)> {
    let now = app.env().now();
    let sent = app
        .db()
        .write(move |tx| async move {
            let device = super::visible(&tx, &scope.caller, number).await?;
            super::messages::configure(&tx, &scope.caller, &device, config, now).await
        })
        .await?;
    app.refresh().await?;
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// Hand in a code and get keys; for devices, without login.
#[utoipa::path(post, path = "/api/v1/enrolments", tag = "devices", request_body = Enrolment,
    responses((status = 201, body = Enrolled), (status = 404, description = "the code is unknown, used or expired")))]
async fn enrol(
    AppState(app): AppState<App>,
    Json(handed): Json<Enrolment>,
) -> Result<(StatusCode, Json<Enrolled>)> {
    Ok((StatusCode::CREATED, Json(super::enrol(&app, handed).await?)))
}
