//! Routes of cases that are about the same spot.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Offered, sql};
use crate::auth::Scope;
use crate::auth::rights::{HandleCases, ReadCases};
use crate::cases::{Kind, Source};
use crate::db::Timestamp;
use crate::error::{Problem, Result};
use crate::extract::{Json, Path, Query};
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(together)).routes(routes!(join)).routes(routes!(split))
}

/// What belongs to a case, and what may.
#[derive(Serialize, ToSchema)]
#[schema(as = CasesTogether)]
struct Together {
    /// The case that this one follows.
    leader: Option<String>,
    /// The cases that follow this one.
    members: Vec<Member>,
    /// Open cases that may be about the same spot, the nearest first.
    offered: Vec<Offered>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CaseMember)]
struct Member {
    case: String,
    source: Source,
    kind: Kind,
    opened_at: Timestamp,
    /// Metres when they were joined; null where one of them has no place.
    distance: Option<f64>,
    /// Why they were joined.
    reason: String,
    joined_at: Timestamp,
    /// Who joined them.
    by: String,
}

/// The cases joined to this one, and those that may be about the same spot.
#[utoipa::path(get, path = "/api/v1/cases/{id}/together", tag = "cases", params(("id" = String, Path)),
    responses((status = 200, body = Together), (status = 404)))]
async fn together(
    State(app): State<App>,
    scope: Scope<ReadCases>,
    Path(id): Path<String>,
) -> Result<Json<Together>> {
    let case = crate::cases::sql::find(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&case.unit)?;
    read(&app, &scope.units, &id).await.map(Json)
}

async fn read(app: &App, units: &crate::auth::Units, id: &str) -> Result<Together> {
    let members = sql::members(app.db(), id).await?.into_iter().map(|row| Member {
        case: row.member_id,
        source: row.source.0,
        kind: row.kind.0,
        opened_at: row.opened_at,
        distance: row.distance,
        reason: row.reason,
        joined_at: row.joined_at,
        by: row.joined_name,
    });
    Ok(Together {
        leader: sql::leader_of(app.db(), id).await?,
        members: members.collect(),
        offered: super::offered(app.db(), units, id, app.policy().cases.together_metres).await?,
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CaseToJoin)]
struct ToJoin {
    /// The case that shall follow this one.
    member: String,
}

/// Join a case to this one, which leads from now on.
#[utoipa::path(post, path = "/api/v1/cases/{id}/members", tag = "cases", params(("id" = String, Path)),
    request_body = ToJoin,
    responses((status = 200, body = Together), (status = 404),
        (status = 409, description = "one of them follows another case already"),
        (status = 422, description = "further apart than the city's distance, which `detail` names")))]
async fn join(
    State(app): State<App>,
    scope: Scope<HandleCases>,
    Path(id): Path<String>,
    Json(said): Json<ToJoin>,
) -> Result<Json<Together>> {
    let (caller, units, now) = (scope.caller.clone(), scope.units.clone(), app.env().now());
    let (leader, near) = (id.clone(), app.policy().cases.together_metres);
    app.db()
        .write(move |tx| async move { super::join(&tx, &caller, &units, near, &leader, &said.member, now).await })
        .await?;
    read(&app, &scope.units, &id).await.map(Json)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Why {
    /// Why they are not the same, up to 500 characters.
    why: String,
}

/// Split a case from the one it follows.
#[utoipa::path(delete, path = "/api/v1/cases/{id}/members/{member}", tag = "cases",
    params(("id" = String, Path), ("member" = String, Path), Why),
    responses((status = 200, body = Together), (status = 404), (status = 422)))]
async fn split(
    State(app): State<App>,
    scope: Scope<HandleCases>,
    Path((id, member)): Path<(String, String)>,
    Query(said): Query<Why>,
) -> Result<Json<Together>> {
    let case = crate::cases::sql::find(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&case.unit)?;
    let why = said.why.trim().to_owned();
    if !crate::grid::is_plain(&why, 500) {
        return Err(Problem::invalid("why", "请写明拆分的原因，不超过 500 字。"));
    }
    let (caller, now, leader) = (scope.caller.clone(), app.env().now(), id.clone());
    app.db()
        .write(move |tx| async move { super::split(&tx, &caller, &leader, &member, &why, now).await })
        .await?;
    read(&app, &scope.units, &id).await.map(Json)
}
