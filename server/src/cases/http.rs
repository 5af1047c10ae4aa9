//! Routes of cases.

use axum::extract::{FromRequestParts, State as Part};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::sql::{self, Filter, Stored, StoredEvent};
use super::workflow::{self, Action, Actor, State};
use super::{Event, Kind, Severity, Source, act};
use crate::auth::Scope;
use crate::auth::rights::{HandleCases, ReadCases};
use crate::db::Timestamp;
use crate::error::{Problem, Result};
use crate::evidence;
use crate::extract::{Json, Page, Paging, Path, Query, if_match, with_etag};
use crate::grid::Grid;
use crate::state::App;

/// The longest text of an event, and the most photos.
const WORDS: usize = 2_000;
const PHOTOS: usize = 20;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(one)).routes(routes!(add_event))
}

/// A case as lists show it.
#[derive(Serialize, ToSchema)]
struct Listed {
    id: String,
    /// Where it is.
    unit: String,
    /// 沙坡头区滨河镇…
    unit_name: String,
    source: Source,
    source_title: &'static str,
    kind: Kind,
    kind_title: &'static str,
    severity: Severity,
    state: State,
    state_title: &'static str,
    /// Whose turn it is.
    holder: String,
    holder_name: String,
    /// The parcel's code.
    parcel: Option<String>,
    /// Degrees, WGS 84.
    lon: Option<f64>,
    /// Degrees, WGS 84.
    lat: Option<f64>,
    words: Option<String>,
    opened_at: Timestamp,
    updated_at: Timestamp,
    /// For If-Match, in quotes.
    version: i64,
}

impl Listed {
    fn new(grid: &Grid, case: Stored) -> Self {
        Self {
            unit: case.unit.to_string(),
            unit_name: grid.full_name(&case.unit),
            source: case.source.0,
            source_title: case.source.title(),
            kind: case.kind.0,
            kind_title: case.kind.title(),
            severity: case.severity.0,
            state: case.state.0,
            state_title: case.state.title(),
            holder: case.holder.to_string(),
            holder_name: grid.name(&case.holder).to_owned(),
            parcel: case.parcel.map(|code| code.to_string()),
            lon: case.lon,
            lat: case.lat,
            words: case.words,
            opened_at: case.opened_at,
            updated_at: case.updated_at,
            version: case.version,
            id: case.id,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only in this unit and below.
    region: Option<String>,
    state: Option<State>,
    source: Option<Source>,
    kind: Option<Kind>,
}

/// Cases in scope, the newest first.
#[utoipa::path(get, path = "/api/v1/cases", tag = "cases", params(Paging, Wanted),
    responses((status = 200, body = Page<Listed>), (status = 404, description = "the region is out of scope"),
        (status = 422, description = "a parameter is not acceptable")))]
async fn list(
    Part(app): Part<App>,
    scope: Scope<ReadCases>,
    Query(paging): Query<Paging>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Page<Listed>>> {
    let units = scope.narrow(wanted.region.as_deref())?;
    let limit = paging.limit()?;
    let filter =
        Filter { state: wanted.state, source: wanted.source, kind: wanted.kind, before: paging.after()? };
    let rows = sql::list(app.db(), &units, &filter, limit + 1).await?;
    let grid = app.grid();
    Ok(Json(Page::new(rows, limit, |case| case.id.clone()).map(|case| Listed::new(&grid, case))))
}

/// A case with all that happened.
#[derive(Serialize, ToSchema)]
struct Whole {
    #[serde(flatten)]
    case: Listed,
    /// What forbids it, or makes it a duty.
    article: &'static str,
    /// What the caller may do now.
    possible: Vec<Action>,
    /// SHA-256 of its photos; `GET /api/v1/evidence/{sha256}`.
    photos: Vec<String>,
    events: Vec<Happened>,
}

/// Something that happened to a case.
#[derive(Serialize, ToSchema)]
struct Happened {
    /// The case's version after it.
    seq: i64,
    at: Timestamp,
    /// Who, by the name he had then.
    name: String,
    /// `open`, or an action.
    action: String,
    /// Chinese.
    title: &'static str,
    from: State,
    to: State,
    words: Option<String>,
}

impl From<StoredEvent> for Happened {
    fn from(event: StoredEvent) -> Self {
        Self {
            seq: event.seq,
            at: event.at,
            name: event.name,
            title: event.action.parse().map_or("立案", Action::title),
            action: event.action,
            from: event.from_state.0,
            to: event.to_state.0,
            words: event.words,
        }
    }
}

/// A case, what happened to it, and what the caller may do.
#[utoipa::path(get, path = "/api/v1/cases/{id}", tag = "cases", params(("id" = String, Path)),
    responses((status = 200, body = Whole, headers(("ETag" = String, description = "the version"))),
        (status = 304), (status = 404)))]
async fn one(
    Part(app): Part<App>,
    scope: Scope<ReadCases>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response> {
    let whole = whole(&app, &scope, &id).await?;
    Ok(with_etag(&headers, &whole.case.version.to_string(), whole))
}

async fn whole<R>(app: &App, scope: &Scope<R>, id: &str) -> Result<Whole> {
    let case = sql::find(app.db(), id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&case.unit)?;
    let mut events = sql::events(app.db(), id, 0).await?;
    // Should an event come between the two reads, this answer tells of the case before it.
    events.retain(|event| event.seq <= case.version);
    let photos = evidence::sql::photos_of(app.db(), "case", &[id.to_owned()]).await?;
    let standing = act::standing(&case, &events);
    let possible = match act::acting_unit(&scope.caller, &case) {
        Some(unit) => {
            let actor = Actor { account: scope.caller.account.clone(), unit };
            workflow::possible(&standing, &actor)
        }
        None => Vec::new(),
    };
    Ok(Whole {
        article: case.kind.article(),
        possible,
        photos: photos.into_iter().map(|(_, hash)| hash).collect(),
        events: events.into_iter().map(Happened::from).collect(),
        case: Listed::new(&app.grid(), case),
    })
}

/// The version in If-Match; without one the request ends before its body is read.
struct IfMatch(i64);

impl FromRequestParts<App> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        if_match(&parts.headers).map(Self)
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewEvent {
    action: Action,
    /// Up to 2,000 characters; some actions need it.
    #[serde(default)]
    words: Option<String>,
    /// SHA-256 of photos handed in before, up to 20.
    #[serde(default)]
    photos: Vec<String>,
}

impl NewEvent {
    fn checked(self) -> Result<Event> {
        let words = self.words.map(|w| w.trim().to_owned()).filter(|w| !w.is_empty());
        if words.as_ref().is_some_and(|w| w.chars().count() > WORDS || w.contains('\0')) {
            return Err(Problem::invalid("/words", format!("情况说明不能超过 {WORDS} 字。")));
        }
        if self.photos.len() > PHOTOS {
            return Err(Problem::invalid("/photos", format!("一次最多 {PHOTOS} 张照片。")));
        }
        match self.photos.iter().position(|hash| !evidence::is_sha256(hash)) {
            Some(i) => {
                Err(Problem::invalid(format!("/photos/{i}"), "照片编号应为 64 位小写十六进制 SHA-256。"))
            }
            None => Ok(Event { action: self.action, words, photos: self.photos }),
        }
    }
}

/// Do something with a case.
///
/// `If-Match` carries the ETag of the case as it was read. The answer is the case afterwards.
#[utoipa::path(post, path = "/api/v1/cases/{id}/events", tag = "cases",
    params(("id" = String, Path),
        ("If-Match" = String, Header, description = "the ETag of the case as it was read")),
    request_body = NewEvent,
    responses((status = 201, body = Whole, headers(("ETag" = String, description = "the version"))),
        (status = 403, description = "not the caller's turn, or his own result"), (status = 404),
        (status = 409, description = "the state does not allow it"),
        (status = 412, description = "somebody was faster; `detail` says what happened"),
        (status = 422, description = "words or photos are missing"),
        (status = 428, description = "no If-Match")))]
async fn add_event(
    Part(app): Part<App>,
    scope: Scope<HandleCases>,
    IfMatch(version): IfMatch,
    Path(id): Path<String>,
    Json(event): Json<NewEvent>,
) -> Result<Response> {
    let event = event.checked()?;
    let (caller, now, case) = (scope.caller.clone(), app.env().now(), id.clone());
    app.db()
        .write(move |tx| async move { super::act(&tx, &caller, &case, version, &event, now).await })
        .await?;
    let whole = whole(&app, &scope, &id).await?;
    let mut response = with_etag(&HeaderMap::new(), &whole.case.version.to_string(), whole);
    *response.status_mut() = axum::http::StatusCode::CREATED;
    Ok(response)
}
