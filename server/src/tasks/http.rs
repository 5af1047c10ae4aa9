//! Routes of tasks.

use axum::extract::State as Part;
use axum::http::StatusCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Outcome, State, sql};
use crate::auth::Scope;
use crate::auth::rights::{DoTasks, ReadTasks};
use crate::cases::Kind;
use crate::db::{Text, Timestamp};
use crate::env::is_uuid_v7;
use crate::error::{Problem, Result};
use crate::evidence;
use crate::extract::{Json, Page, Paging, Path, Query};
use crate::grid::Grid;
use crate::state::App;

const WORDS: usize = 2_000;
const PHOTOS: usize = 20;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(one)).routes(routes!(finish))
}

/// A task: where, what is wanted, by when.
#[derive(Serialize, ToSchema)]
struct Task {
    id: String,
    /// Who does it.
    unit: String,
    unit_name: String,
    state: State,
    state_title: &'static str,
    kind: Kind,
    kind_title: &'static str,
    /// What is asked for.
    words: Option<String>,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    due: Text<Date>,
    /// Photos, at least.
    photos: i64,
    /// GeoJSON in degrees: the patch, the parcel, or a point.
    #[schema(value_type = Option<Object>)]
    outline: Option<serde_json::Value>,
    /// Codes of the parcels that it touches.
    parcels: Vec<String>,
    assigned_at: Timestamp,
    done_at: Option<Timestamp>,
}

impl Task {
    fn new(grid: &Grid, task: sql::Stored) -> Self {
        Self {
            unit: task.unit.to_string(),
            unit_name: grid.full_name(&task.unit),
            state: task.state.0,
            state_title: task.state.title(),
            kind: task.kind.0,
            kind_title: task.kind.title(),
            words: task.words,
            due: task.due_on,
            photos: task.photos,
            outline: task.outline.and_then(|text| serde_json::from_str(&text).ok()),
            parcels: serde_json::from_str(&task.parcels).unwrap_or_default(),
            assigned_at: task.assigned_at,
            done_at: task.done_at,
            id: task.id,
        }
    }
}

/// Changes of tasks, in their order.
#[derive(Serialize, ToSchema)]
struct Changes {
    items: Vec<Task>,
    /// The cursor of the next page; null when there is nothing more now.
    next: Option<String>,
    /// The cursor to come back with later: what changes from now on follows it.
    resume: String,
}

/// Tasks of the caller's units that changed since a cursor, in the order of their changes.
///
/// Without a cursor: from the beginning. A task that changes again comes again; nothing is left out and
/// nothing comes twice, however many servers write meanwhile.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "tasks", params(Paging),
    responses((status = 200, body = Changes), (status = 422, description = "a parameter is not acceptable")))]
async fn list(
    Part(app): Part<App>,
    scope: Scope<ReadTasks>,
    Query(paging): Query<Paging>,
) -> Result<Json<Changes>> {
    let (after, limit) = (paging.after::<i64>()?.unwrap_or_default(), paging.limit()?);
    let rows = sql::changed_after(app.db(), &scope.units, after, limit + 1).await?;
    let last = rows.iter().take(limit as usize).next_back().map_or(after, |task| task.revision);
    let page = Page::new(rows, limit, |task| task.revision);
    let grid = app.grid();
    let items = page.items.into_iter().map(|task| Task::new(&grid, task)).collect();
    Ok(Json(Changes { items, next: page.next, resume: Paging::cursor(&last) }))
}

/// One task.
#[utoipa::path(get, path = "/api/v1/tasks/{id}", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = Task), (status = 404)))]
async fn one(Part(app): Part<App>, scope: Scope<ReadTasks>, Path(id): Path<String>) -> Result<Json<Task>> {
    let task = sql::find(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&task.unit)?;
    Ok(Json(Task::new(&app.grid(), task)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TaskOutcome)]
struct Brought {
    /// Made by the client, UUIDv7: sending the same outcome again is safe.
    id: String,
    /// What was seen, up to 2,000 characters.
    #[serde(default)]
    words: Option<String>,
    /// SHA-256 of photos handed in before, up to 20.
    #[serde(default)]
    photos: Vec<String>,
}

impl Brought {
    fn checked(self) -> Result<Outcome> {
        if !is_uuid_v7(&self.id) {
            return Err(Problem::invalid("/id", "id 应为 UUIDv7。"));
        }
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
            None => Ok(Outcome { id: self.id, words, photos: self.photos }),
        }
    }
}

/// Hand in a task's outcome; it joins the case as an event.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/outcome", tag = "tasks", params(("id" = String, Path)),
    request_body = Brought,
    responses((status = 201, body = Task), (status = 200, body = Task, description = "handed in before"),
        (status = 404), (status = 409, description = "another outcome was handed in, or the case is closed"),
        (status = 422, description = "photos are missing")))]
async fn finish(
    Part(app): Part<App>,
    scope: Scope<DoTasks>,
    Path(id): Path<String>,
    Json(brought): Json<Brought>,
) -> Result<(StatusCode, Json<Task>)> {
    let outcome = brought.checked()?;
    let task = sql::find(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&task.unit)?;
    let (at, by) = (app.clone(), scope.caller.clone());
    let new =
        app.db().write(move |tx| async move { super::finish(&tx, &at, &by, &task, outcome).await }).await?;
    let task = sql::find(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Task::new(&app.grid(), task))))
}
