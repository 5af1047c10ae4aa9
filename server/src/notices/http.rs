//! Routes of notices.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{recipients, sql};
use crate::auth::Caller;
use crate::error::{Problem, Result};
use crate::extract::{Json, Page, Paging, Path, Query};
use crate::state::App;

/// Unread notices are counted up to here; a screen shows it as 99+.
const COUNTED: i64 = 100;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read)).routes(routes!(read_all))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only those not read yet.
    #[serde(default)]
    unread: bool,
}

/// A page of notices.
#[derive(Serialize, ToSchema)]
struct Inbox {
    items: Vec<sql::Stored>,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
    /// How many the caller has not read, of all pages; counted up to 100.
    unread: i64,
}

/// The caller's notices and those of the units in which he holds office, the newest first.
#[utoipa::path(get, path = "/api/v1/notices", tag = "notices", params(Wanted, Paging),
    responses((status = 200, body = Inbox), (status = 422, description = "a parameter is not acceptable")))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
) -> Result<Json<Inbox>> {
    let (before, limit) = (paging.after::<String>()?, paging.limit()?);
    let (to, account) = (recipients(&caller), caller.account.as_str());
    let rows = sql::list(app.db(), account, &to, wanted.unread, before.as_deref(), limit + 1).await?;
    let unread = sql::unread(app.db(), account, &to, COUNTED).await?;
    let page = Page::new(rows, limit, |notice| notice.id.clone());
    Ok(Json(Inbox { items: page.items, next: page.next, unread }))
}

/// A notice is read.
#[utoipa::path(post, path = "/api/v1/notices/{id}/read", tag = "notices", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
async fn read(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode> {
    let (to, now) = (recipients(&caller), app.env().now());
    app.db()
        .write(move |tx| async move {
            if !sql::is_for(&tx, &id, &to).await? {
                return Err(Problem::not_found());
            }
            sql::mark(&tx, &caller.account, &id, now).await?;
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReadTo {
    /// The id of the newest notice that the caller has seen.
    to: String,
}

/// A notice and all before it are read.
#[utoipa::path(post, path = "/api/v1/notices/read", tag = "notices", request_body = ReadTo,
    responses((status = 204), (status = 404)))]
async fn read_all(State(app): State<App>, caller: Caller, Json(seen): Json<ReadTo>) -> Result<StatusCode> {
    let (to, now) = (recipients(&caller), app.env().now());
    app.db()
        .write(move |tx| async move {
            if !sql::is_for(&tx, &seen.to, &to).await? {
                return Err(Problem::not_found());
            }
            sql::mark_to(&tx, &caller.account, &to, &seen.to, now).await?;
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
