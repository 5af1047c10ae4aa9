//! Routes of targets.

use axum::extract::State;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Entered, Kind, Progress, Target, enter, progress};
use crate::auth::Scope;
use crate::auth::rights::{EditTargets, ReadGrid};
use crate::error::{Problem, Result};
use crate::extract::{Json, Path, Query};
use crate::grid::http::visible;
use crate::state::App;

pub(in crate::grid) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(targets)).routes(routes!(put_target))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct InYear {
    /// The year; this one when not given.
    #[param(minimum = 1949, maximum = 2199)]
    year: Option<i64>,
}

/// What a unit has to keep, and what its parcels add up to today.
#[utoipa::path(get, path = "/api/v1/regions/{code}/targets", tag = "grid",
    params(("code" = String, Path, description = "4, 6, 9, 12 or 14 digits"), InYear),
    responses((status = 200, body = Progress), (status = 400), (status = 401), (status = 403), (status = 404),
        (status = 422)))]
async fn targets(
    State(app): State<App>,
    scope: Scope<ReadGrid>,
    Path(code): Path<String>,
    Query(InYear { year }): Query<InYear>,
) -> Result<Json<Progress>> {
    let code = visible(&app, &scope, &code)?;
    let year = year.unwrap_or_else(|| i64::from(app.env().today().year()));
    if !(1949..=2199).contains(&year) {
        return Err(Problem::invalid("year", "年份应为四位数，例如 2023。"));
    }
    Ok(Json(progress(app.db(), &code, year).await?))
}

#[derive(Deserialize, ToSchema)]
struct NewTarget {
    /// 亩
    #[schema(exclusive_minimum = 0)]
    mu: f64,
    /// The document it rests on: 卫政办发〔2023〕74号
    #[schema(min_length = 1, max_length = 128)]
    document: String,
}

/// Enter what a unit has to keep from a year on. For the offices of city and counties.
///
/// What stood for the same year stays in the audit log.
#[utoipa::path(put, path = "/api/v1/regions/{code}/targets/{year}/{kind}", tag = "grid",
    params(("code" = String, Path, description = "4, 6, 9, 12 or 14 digits"),
        ("year" = i64, Path, minimum = 1949, maximum = 2199), ("kind" = Kind, Path)),
    request_body = NewTarget,
    responses((status = 200, body = Entered), (status = 400), (status = 401), (status = 403), (status = 404),
        (status = 413), (status = 415), (status = 422)))]
async fn put_target(
    State(app): State<App>,
    scope: Scope<EditTargets>,
    Path((code, year, kind)): Path<(String, i64, Kind)>,
    Json(body): Json<NewTarget>,
) -> Result<Json<Entered>> {
    let unit = visible(&app, &scope, &code)?;
    let target = Target { unit, year, kind, mu: body.mu, document: body.document.trim().to_owned() };
    target.check().map_err(|(field, reason)| match field {
        "year" => Problem::invalid("year", reason),
        field => Problem::invalid(format!("/{field}"), reason),
    })?;
    let (entered, now) = (target.clone(), app.env().now());
    app.db()
        .write(move |tx| async move { enter(&tx, &scope.caller, &target, now).await.map_err(Problem::from) })
        .await?;
    Ok(Json(entered.into()))
}
