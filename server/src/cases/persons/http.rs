//! Routes of the register of persons.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Destination, Entry, Person};
use crate::auth::Scope;
use crate::auth::rights::SeePersons;
use crate::cases::sql;
use crate::error::{Problem, Result};
use crate::extract::{Json, Path};
use crate::state::App;

/// The routes.
pub(in crate::cases) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, add))
}

#[derive(Serialize, ToSchema)]
#[schema(as = CasePersons)]
struct Register {
    items: Vec<Entry>,
}

async fn require(app: &App, scope: &Scope<SeePersons>, id: &str) -> Result<()> {
    let case = sql::find(app.db(), id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&case.unit)
}

/// The persons of a case; every reading is logged.
#[utoipa::path(get, path = "/api/v1/cases/{id}/persons", tag = "cases", params(("id" = String, Path)),
    responses((status = 200, body = Register), (status = 403, description = "not one of the named roles"),
        (status = 404)))]
async fn list(State(app): State<App>, scope: Scope<SeePersons>, Path(id): Path<String>) -> Result<Response> {
    require(&app, &scope, &id).await?;
    let items = super::read(&app, &scope.caller, &id).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(Register { items })).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCasePerson)]
struct New {
    destination: Destination,
    /// The entry that this one continues.
    #[serde(default)]
    about: Option<String>,
    person: Person,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CasePersonAdded)]
struct Added {
    id: String,
}

/// Add an entry; none is ever changed.
#[utoipa::path(post, path = "/api/v1/cases/{id}/persons", tag = "cases", params(("id" = String, Path)),
    request_body = New,
    responses((status = 201, body = Added), (status = 403), (status = 404), (status = 422)))]
async fn add(
    State(app): State<App>,
    scope: Scope<SeePersons>,
    Path(id): Path<String>,
    Json(new): Json<New>,
) -> Result<(StatusCode, Json<Added>)> {
    require(&app, &scope, &id).await?;
    let id = super::record(&app, &scope.caller, &id, new.about, new.destination, &new.person).await?;
    Ok((StatusCode::CREATED, Json(Added { id })))
}
