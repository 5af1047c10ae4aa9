//! Reports as officers see them, and the answer that the public reads.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{reports, sql};
use crate::auth::Scope;
use crate::auth::rights::{HandleCases, ReadCases, SeeReporters};
use crate::error::{Problem, Result};
use crate::extract::{Json, Page, Paging, Path, Query};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(phone))
        .routes(routes!(answer))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// 4, 6, 9, 12 or 14 digits.
    region: Option<String>,
}

/// Reports from the public, the newest first.
#[utoipa::path(get, path = "/api/v1/reports", tag = "public", params(Filter, Paging),
    responses((status = 200, body = Page<sql::Listed>)))]
async fn list(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Query(filter): Query<Filter>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<sql::Listed>>> {
    let units = scope.narrow(filter.region.as_deref())?;
    let (before, limit) = (paging.after::<(i64, String)>()?, paging.limit()?);
    let rows = sql::list(app.db(), &units, before.as_ref(), limit + 1).await?;
    Ok(Json(Page::new(rows, limit, |r| (r.received_at.0, r.tracking.clone()))))
}

/// A report.
#[utoipa::path(get, path = "/api/v1/reports/{tracking}", tag = "public",
    params(("tracking" = String, Path, description = "the tracking number")),
    responses((status = 200, body = sql::Listed), (status = 404)))]
async fn one(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Path(tracking): Path<String>,
) -> Result<Json<sql::Listed>> {
    let tracking = reports::read_tracking(&tracking).ok_or_else(Problem::not_found)?;
    Ok(Json(sql::find(app.db(), &scope.units, &tracking).await?.ok_or_else(Problem::not_found)?))
}

#[derive(Serialize, ToSchema)]
struct Phone {
    phone: String,
}

/// The reporter's phone number. For 网格办主任 and 举报办理员 only; every look is logged.
#[utoipa::path(get, path = "/api/v1/reports/{tracking}/phone", tag = "public",
    params(("tracking" = String, Path, description = "the tracking number")),
    responses((status = 200, body = Phone), (status = 404, description = "no such report, or no phone was left")))]
async fn phone(
    State(app): State<App>,
    scope: Scope<SeeReporters>,
    Path(tracking): Path<String>,
) -> Result<Json<Phone>> {
    let tracking = reports::read_tracking(&tracking).ok_or_else(Problem::not_found)?;
    sql::find(app.db(), &scope.units, &tracking).await?.ok_or_else(Problem::not_found)?;
    let sealed = sql::phone(app.db(), &tracking).await?.ok_or_else(Problem::not_found)?;
    let phone = reports::unseal(&app, &tracking, &sealed)?;
    // Logged before it is shown.
    app.db()
        .write(move |tx| async move {
            tx.audit(scope.caller.entry("report.phone", tracking));
            Ok::<_, Problem>(())
        })
        .await?;
    Ok(Json(Phone { phone }))
}

#[derive(Deserialize, ToSchema)]
struct Answer {
    /// What the public reads under the tracking number.
    answer: String,
}

/// Answer a report: the words that the public reads.
#[utoipa::path(post, path = "/api/v1/reports/{tracking}/answer", tag = "public", request_body = Answer,
    params(("tracking" = String, Path, description = "the tracking number")),
    responses((status = 204), (status = 404)))]
async fn answer(
    State(app): State<App>,
    scope: Scope<HandleCases>,
    Path(tracking): Path<String>,
    Json(body): Json<Answer>,
) -> Result<StatusCode> {
    let tracking = reports::read_tracking(&tracking).ok_or_else(Problem::not_found)?;
    if body.answer.trim().is_empty() || body.answer.chars().count() > 1_000 {
        return Err(Problem::invalid("/answer", "答复应为 1 至 1000 个字。"));
    }
    let now = app.env().now();
    app.db()
        .write(move |tx| async move {
            sql::find(&tx, &scope.units, &tracking).await?.ok_or_else(Problem::not_found)?;
            sql::answer(&tx, &tracking, body.answer.trim(), now).await?;
            tx.audit(scope.caller.entry("report.answer", tracking));
            Ok::<_, Problem>(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
