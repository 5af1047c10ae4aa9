//! Batches: how far they are, what was refused, withdrawing them.

use axum::extract::State as Part;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::auth::rights::ImportPatches;
use crate::cases::Source;
use crate::db::Timestamp;
use crate::error::{Problem, Result};
use crate::extract::{Json, Page, Paging, Path, Query};
use crate::grid::Grid;
use crate::patches::{State, sql, withdraw as withdraw_batch};
use crate::state::App;

/// A batch of patches.
#[derive(Serialize, ToSchema)]
#[schema(as = PatchBatch)]
pub(super) struct Batch {
    id: String,
    /// Whose: the unit of whoever imported it.
    unit: String,
    unit_name: String,
    source: Source,
    source_title: &'static str,
    /// 期数 as stated; null when each row's later image tells it.
    period: Option<String>,
    #[schema(value_type = Option<String>, format = Date)]
    before_on: Option<jiff::civil::Date>,
    #[schema(value_type = Option<String>, format = Date)]
    after_on: Option<jiff::civil::Date>,
    /// The file's name.
    file: String,
    sha256: String,
    /// Nothing but a check.
    dry_run: bool,
    state: State,
    state_title: &'static str,
    /// How much of the file has been read, 0 to 1.
    progress: f64,
    /// Rows so far, the sum of the next three.
    read: i64,
    imported: i64,
    unchanged: i64,
    rejected: i64,
    /// Warnings, or why it failed.
    said: Vec<String>,
    /// Who imported it.
    by: String,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    withdrawn_at: Option<Timestamp>,
    withdrawn_why: Option<String>,
}

impl Batch {
    pub(super) fn new(grid: &Grid, row: sql::BatchRow) -> Self {
        Self {
            id: row.id,
            unit_name: grid.full_name(&row.unit),
            unit: row.unit.to_string(),
            source: row.source.0,
            source_title: row.source.title(),
            period: row.period,
            before_on: row.before_on.map(|day| day.0),
            after_on: row.after_on.map(|day| day.0),
            file: row.file,
            sha256: row.sha256,
            dry_run: row.dry_run,
            state: row.state.0,
            state_title: row.state.title(),
            progress: row.progress,
            read: row.read,
            imported: row.imported,
            unchanged: row.unchanged,
            rejected: row.rejected,
            said: serde_json::from_str(&row.said).unwrap_or_default(),
            by: row.name,
            created_at: row.created_at,
            ended_at: row.ended_at,
            withdrawn_at: row.withdrawn_at,
            withdrawn_why: row.withdrawn_why,
        }
    }
}

/// Batches in scope, the newest first.
#[utoipa::path(get, path = "/api/v1/patch-batches", tag = "patches", params(Paging),
    responses((status = 200, body = Page<Batch>)))]
pub(super) async fn list(
    Part(app): Part<App>,
    scope: Scope<ImportPatches>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Batch>>> {
    let limit = paging.limit()?;
    let before: Option<String> = paging.after()?;
    let rows = sql::batches(app.db(), &scope.units, before.as_deref(), limit + 1).await?;
    let grid = app.grid();
    Ok(Json(Page::new(rows, limit, |row| row.id.clone()).map(|row| Batch::new(&grid, row))))
}

/// A batch: how far its import is, and what came of it.
#[utoipa::path(get, path = "/api/v1/patch-batches/{id}", tag = "patches", params(("id" = String, Path)),
    responses((status = 200, body = Batch), (status = 404)))]
pub(super) async fn one(
    Part(app): Part<App>,
    scope: Scope<ImportPatches>,
    Path(id): Path<String>,
) -> Result<Json<Batch>> {
    let row = find(&app, &scope, &id).await?;
    Ok(Json(Batch::new(&app.grid(), row)))
}

pub(super) async fn find(app: &App, scope: &Scope<ImportPatches>, id: &str) -> Result<sql::BatchRow> {
    let row = sql::batch(app.db(), id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&row.unit)?;
    Ok(row)
}

/// The rows of a batch that were refused, each with its reason.
#[utoipa::path(get, path = "/api/v1/patch-batches/{id}/rejects", tag = "patches",
    params(("id" = String, Path), Paging),
    responses((status = 200, body = Page<sql::RejectRow>), (status = 404)))]
pub(super) async fn rejects(
    Part(app): Part<App>,
    scope: Scope<ImportPatches>,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<sql::RejectRow>>> {
    find(&app, &scope, &id).await?;
    let limit = paging.limit()?;
    let rows = sql::rejects(app.db(), &id, paging.after()?.unwrap_or_default(), limit + 1).await?;
    Ok(Json(Page::new(rows, limit, |row| row.line)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PatchWithdrawal)]
pub(super) struct Withdrawal {
    /// Why, up to 500 characters.
    why: String,
}

/// Withdraw a batch: its patches no longer count; every case that it opened and every notice of them is marked, and
/// tasks that are still open are taken back. What becomes of the cases a person decides.
#[utoipa::path(post, path = "/api/v1/patch-batches/{id}/withdrawal", tag = "patches",
    params(("id" = String, Path)), request_body = Withdrawal,
    responses((status = 200, body = Batch), (status = 404),
        (status = 409, description = "withdrawn before, or still being imported"), (status = 422)))]
pub(super) async fn withdraw(
    Part(app): Part<App>,
    scope: Scope<ImportPatches>,
    Path(id): Path<String>,
    Json(said): Json<Withdrawal>,
) -> Result<Json<Batch>> {
    find(&app, &scope, &id).await?;
    let why = said.why.trim().to_owned();
    if !crate::grid::is_plain(&why, 500) {
        return Err(Problem::invalid("/why", "请写明撤回的原因，不超过 500 字。"));
    }
    let (caller, at, batch) = (scope.caller.clone(), app.clone(), id.clone());
    app.db()
        .write(move |tx| async move { withdraw_batch(&tx, &at, &caller, &batch, &why).await.map(drop) })
        .await?;
    let row = find(&app, &scope, &id).await?;
    Ok(Json(Batch::new(&app.grid(), row)))
}
