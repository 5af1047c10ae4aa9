//! Routes of accounts and sessions.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{AdminRole, NewAccount, sql};
use crate::auth::{Admin, AuditAdmin, COOKIE, Caller, Held, SecurityAdmin, SystemAdmin, password, token_of};
use crate::error::{self, Problem, Result};
use crate::extract::{Json, Page, Paging, Path, Query};
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(log_in, log_out))
        .routes(routes!(me))
        .routes(routes!(change_password))
        .routes(routes!(list, create))
        .routes(routes!(lock))
        .routes(routes!(audit_trail))
}

#[derive(Deserialize, ToSchema)]
struct Login {
    /// 账号
    account: String,
    /// 密码
    password: String,
}

#[derive(Serialize, ToSchema)]
struct Opened {
    /// For `Authorization: Bearer`.
    token: String,
    /// When it ends, however much it is used.
    ends_at: crate::db::Timestamp,
}

/// Log in.
///
/// Programs keep the token; browsers get it as a cookie besides.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "accounts",
    responses((status = 201, body = Opened), (status = 401, description = "wrong account or password"),
        (status = 403, description = "locked")))]
async fn log_in(State(app): State<App>, headers: HeaderMap, Json(login): Json<Login>) -> Result<Response> {
    let agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let session = super::log_in(&app, &login.account, &login.password, agent).await?;
    let secure = app.public_url().starts_with("https://");
    let cookie = Cookie::build((COOKIE, session.token.reveal().to_owned()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure);
    let opened = Opened { token: session.token.reveal().to_owned(), ends_at: session.ends_at };
    Ok((StatusCode::CREATED, CookieJar::new().add(cookie), Json(opened)).into_response())
}

/// Log out.
#[utoipa::path(delete, path = "/api/v1/sessions", tag = "accounts", responses((status = 204)))]
async fn log_out(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<Response> {
    let digest = token_of(&headers).ok_or_else(|| Problem::new(error::UNAUTHENTICATED))?.digest();
    app.db()
        .write(move |tx| async move {
            sql::close_session(&tx, &digest).await?;
            tx.audit(caller.entry("session.close", &*caller.login));
            Ok::<_, Problem>(())
        })
        .await?;
    app.recent_callers().forget();
    let gone = CookieJar::from_headers(&headers).remove(Cookie::build(COOKIE).path("/"));
    Ok((StatusCode::NO_CONTENT, gone).into_response())
}

#[derive(Serialize, ToSchema)]
struct Me {
    account: String,
    name: String,
    #[schema(value_type = Option<AdminRole>)]
    admin: Option<AdminRole>,
    /// Appointments in force today.
    appointments: Vec<MyAppointment>,
    /// The units that these appointments cover.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<gengwei_proto::RegionCode>,
}

#[derive(Serialize, ToSchema)]
struct MyAppointment {
    #[serde(flatten)]
    held: Held,
    /// The unit's name.
    unit_name: String,
    /// The role's name, Chinese.
    title: &'static str,
    /// 2 to 6.
    level: u8,
}

/// Who am I?
#[utoipa::path(get, path = "/api/v1/me", tag = "accounts", responses((status = 200, body = Me)))]
async fn me(State(app): State<App>, caller: Caller) -> Json<Me> {
    let scopes = caller.units::<crate::auth::rights::ReadGrid>().iter().copied().collect();
    let grid = app.grid();
    let named = |held: Held| MyAppointment {
        unit_name: grid.name(&held.unit).to_owned(),
        title: held.role.title(),
        level: held.unit.level().number(),
        held,
    };
    let appointments = caller.held.into_iter().map(named).collect();
    Json(Me { account: caller.login, name: caller.name, admin: caller.admin, appointments, scopes })
}

#[derive(Deserialize, ToSchema)]
struct NewPassword {
    old: String,
    new: String,
}

/// Change my password. All my other sessions end.
#[utoipa::path(put, path = "/api/v1/me/password", tag = "accounts", responses((status = 204)))]
async fn change_password(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<NewPassword>,
) -> Result<StatusCode> {
    if body.new.chars().count() < password::SHORTEST {
        return Err(Problem::invalid("/new", format!("密码至少 {} 个字符。", password::SHORTEST)));
    }
    super::check_password(&app, &caller, body.old).await?;
    let hashed = super::hash(app.env(), body.new).await?;
    let this = token_of(&headers).map(|t| t.digest()).unwrap_or_default();
    app.db()
        .write(move |tx| async move {
            sql::set_password(&tx, &caller.account, &hashed).await?;
            sql::close_other_sessions(&tx, &caller.account, &this).await?;
            tx.audit(caller.entry("account.password", &*caller.login));
            Ok::<_, Problem>(())
        })
        .await?;
    app.recent_callers().forget();
    Ok(StatusCode::NO_CONTENT)
}

/// All accounts. For the system administrator.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts", params(Paging),
    responses((status = 200, body = Page<sql::Listed>)))]
async fn list(
    State(app): State<App>,
    _: SystemAdmin,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<sql::Listed>>> {
    let (after, limit) = (paging.after::<String>()?, paging.limit()?);
    let rows = sql::list(app.db(), after.as_deref(), limit + 1).await?;
    Ok(Json(Page::new(rows, limit, |a| a.login.clone())))
}

#[derive(Deserialize, ToSchema)]
struct Create {
    account: String,
    name: String,
    password: String,
    /// The id of a person with appointments.
    person: Option<String>,
    admin: Option<AdminRole>,
}

/// Make an account. For the system administrator.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "accounts",
    responses((status = 201, body = sql::Listed), (status = 409, description = "the login is taken")))]
async fn create(
    State(app): State<App>,
    Admin(caller): SystemAdmin,
    Json(body): Json<Create>,
) -> Result<(StatusCode, Json<sql::Listed>)> {
    let login = body.account.clone();
    let new = NewAccount {
        login: body.account,
        name: body.name,
        password: body.password,
        person: body.person,
        admin: body.admin,
    };
    super::create(app.db(), app.env(), caller, new).await?;
    let made = sql::find(app.db(), &login).await?.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::CREATED, Json(made)))
}

#[derive(Deserialize, ToSchema)]
struct Lock {
    /// `false` unlocks.
    locked: bool,
}

/// Lock an account, which ends its sessions, or unlock it. For the security administrator.
#[utoipa::path(put, path = "/api/v1/accounts/{account}/lock", tag = "accounts",
    params(("account" = String, Path, description = "the login")), responses((status = 204), (status = 404)))]
async fn lock(
    State(app): State<App>,
    Admin(caller): SecurityAdmin,
    Path(login): Path<String>,
    Json(body): Json<Lock>,
) -> Result<StatusCode> {
    let now = app.env().now();
    app.db()
        .write(move |tx| async move {
            super::set_locked(&tx, &caller, &login, body.locked.then_some(now)).await
        })
        .await?;
    app.recent_callers().forget();
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ByActor {
    /// Only this login's entries.
    actor: Option<String>,
}

/// The audit log, newest first. For the audit administrator.
#[utoipa::path(get, path = "/api/v1/audit", tag = "accounts", params(Paging, ByActor),
    responses((status = 200, body = Page<crate::audit::Listed>)))]
async fn audit_trail(
    State(app): State<App>,
    _: AuditAdmin,
    Query(paging): Query<Paging>,
    Query(filter): Query<ByActor>,
) -> Result<Json<Page<crate::audit::Listed>>> {
    let (before, limit) = (paging.after::<(i64, String, i64)>()?, paging.limit()?);
    let rows = crate::audit::list(app.db(), filter.actor.as_deref(), before.as_ref(), limit + 1).await?;
    Ok(Json(Page::new(rows, limit, |e| (e.at.0, e.chain.clone(), e.seq))))
}
