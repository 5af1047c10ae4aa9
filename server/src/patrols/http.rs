//! Routes of patrols.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{NewPatrol, ledger, plan, sql};
use crate::auth::rights::{FilePatrols, ReadPatrols};
use crate::auth::{Scope, Units};
use crate::db::Timestamp;
use crate::error::{Problem, Result};
use crate::evidence;
use crate::extract::{Json, Page, Paging, Path, Query};
use crate::grid::OnDay;
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, file))
        .routes(routes!(one))
        .routes(routes!(plans))
        .routes(routes!(ledger_rows))
        .routes(routes!(ledger_xlsx))
        .routes(routes!(ledger_html))
}

/// A patrol with all that belongs to it.
#[derive(Serialize, ToSchema)]
#[schema(as = PatrolDetail)]
struct Detail {
    #[serde(flatten)]
    patrol: sql::Listed,
    /// The unit's full name.
    unit_name: String,
    /// GeoJSON LineString.
    #[schema(value_type = Option<Object>)]
    track: Option<serde_json::Value>,
    sightings: Vec<Seen>,
    actions: Vec<sql::Done>,
}

#[derive(Serialize, ToSchema)]
struct Seen {
    #[serde(flatten)]
    sighting: sql::Sighting,
    /// SHA-256 of its photos.
    photos: Vec<String>,
}

/// File a patrol.
///
/// Each sighting opens a case in the queue of its place. Sending the same body again is safe.
#[utoipa::path(post, path = "/api/v1/patrols", tag = "patrols", request_body = NewPatrol,
    responses((status = 201, body = Detail), (status = 200, body = Detail, description = "filed before"),
        (status = 404, description = "the unit is not in scope"),
        (status = 409, description = "another patrol has this id"), (status = 422)))]
async fn file(
    State(app): State<App>,
    scope: Scope<FilePatrols>,
    Json(patrol): Json<NewPatrol>,
) -> Result<(StatusCode, Json<Detail>)> {
    let filed = super::file(&app, &scope, patrol).await?;
    let status = if filed.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(detail(&app, &scope.units, &filed.id).await?)))
}

async fn detail(app: &App, units: &Units, id: &str) -> Result<Detail> {
    let one = sql::one(app.db(), units, id).await?.ok_or_else(Problem::not_found)?;
    let ids = [one.listed.id.clone()];
    let sightings = match one.listed.sightings {
        0 => Vec::new(),
        _ => seen(app, sql::sightings(app.db(), units, &ids).await?).await?,
    };
    let actions = match one.actions {
        0 => Vec::new(),
        _ => sql::deeds(app.db(), &ids).await?,
    };
    Ok(Detail {
        unit_name: app.grid().full_name(&one.listed.unit),
        track: one.track.and_then(|text| serde_json::from_str(&text).ok()),
        sightings,
        actions,
        patrol: one.listed,
    })
}

/// Sightings with their photos.
async fn seen(app: &App, sightings: Vec<sql::Sighting>) -> Result<Vec<Seen>> {
    let names: Vec<String> = sightings.iter().map(|s| format!("{}/{}", s.patrol_id, s.seq)).collect();
    let photos = evidence::sql::photos_of(app.db(), "sighting", &names).await?;
    let seen = sightings.into_iter().zip(names).map(|(sighting, name)| Seen {
        photos: photos.iter().filter(|(of, _)| *of == name).map(|(_, hash)| hash.clone()).collect(),
        sighting,
    });
    Ok(seen.collect())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// 4, 6, 9, 12 or 14 digits.
    region: Option<String>,
    /// First day, YYYY-MM-DD.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<String>,
    /// Last day, YYYY-MM-DD.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<String>,
    /// Of those at this level; the ledger knows 4, 5 and 6.
    level: Option<i64>,
}

impl Filter {
    fn read(&self) -> Result<sql::Filter> {
        let day = |text: &Option<String>, field: &'static str| -> Result<Option<Date>> {
            let Some(text) = text else { return Ok(None) };
            text.parse().map(Some).map_err(|_| Problem::invalid(field, "日期应写作 2026-11-24。"))
        };
        let to = day(&self.to, "to")?.map(|d| d.tomorrow().unwrap_or(d));
        Ok(sql::Filter {
            from: day(&self.from, "from")?.map(Timestamp::start_of),
            to: to.map(Timestamp::start_of),
            level: self.level,
        })
    }
}

/// Patrols, the newest first.
#[utoipa::path(get, path = "/api/v1/patrols", tag = "patrols", params(Filter, Paging),
    responses((status = 200, body = Page<sql::Listed>)))]
async fn list(
    State(app): State<App>,
    scope: Scope<ReadPatrols>,
    Query(filter): Query<Filter>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<sql::Listed>>> {
    let units = scope.narrow(filter.region.as_deref())?;
    let (before, limit) = (paging.after::<(i64, String)>()?, paging.limit()?);
    let rows = sql::list(app.db(), &units, &filter.read()?, before.as_ref(), limit + 1).await?;
    Ok(Json(Page::new(rows, limit, |p| (p.started_at.0, p.id.clone()))))
}

/// A patrol.
#[utoipa::path(get, path = "/api/v1/patrols/{id}", tag = "patrols",
    params(("id" = String, Path, description = "the id that the client made")),
    responses((status = 200, body = Detail), (status = 404)))]
async fn one(
    State(app): State<App>,
    scope: Scope<ReadPatrols>,
    Path(id): Path<String>,
) -> Result<Json<Detail>> {
    Ok(Json(detail(&app, &scope.units, &id).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct InRegion {
    /// 4, 6, 9, 12 or 14 digits; a township or smaller keeps the answer short.
    region: Option<String>,
}

/// Who has to patrol in the period of a day, who has, and who is behind.
#[utoipa::path(get, path = "/api/v1/patrol-plan", tag = "patrols", params(InRegion, OnDay),
    responses((status = 200, body = Page<plan::Plan>)))]
async fn plans(
    State(app): State<App>,
    scope: Scope<ReadPatrols>,
    Query(place): Query<InRegion>,
    Query(day): Query<OnDay>,
) -> Result<Json<Page<plan::Plan>>> {
    let units = scope.narrow(place.region.as_deref())?;
    let items = plan::plans(&app, &units, day.or(app.env().today())?).await?;
    Ok(Json(Page { items, next: None }))
}

/// The most rows of a ledger that is exported or printed; narrow the days for more.
const MOST_ROWS: i64 = 5_000;

/// The patrols of a ledger with what belongs to them.
async fn rows(
    app: &App,
    scope: &Scope<ReadPatrols>,
    filter: &Filter,
    before: Option<&(i64, String)>,
    limit: i64,
) -> Result<(Vec<sql::Listed>, Vec<sql::Sighting>, Vec<sql::Done>)> {
    let Some(4..=6) = filter.level else {
        return Err(Problem::invalid("level", "巡查台账只有第 4、5、6 级，请给出 level=4、5 或 6。"));
    };
    let units = scope.narrow(filter.region.as_deref())?;
    let patrols = sql::list(app.db(), &units, &filter.read()?, before, limit).await?;
    let (mut sightings, mut deeds) = (Vec::new(), Vec::new());
    for part in patrols.chunks(500) {
        let ids: Vec<String> = part.iter().map(|p| p.id.clone()).collect();
        sightings.extend(sql::sightings(app.db(), &scope.units, &ids).await?);
        deeds.extend(sql::deeds(app.db(), &ids).await?);
    }
    Ok((patrols, sightings, deeds))
}

/// As [`rows`], for a copy that must not end before the ledger does: 422 when it would.
async fn whole(
    app: &App,
    scope: &Scope<ReadPatrols>,
    filter: &Filter,
) -> Result<(Vec<sql::Listed>, Vec<sql::Sighting>, Vec<sql::Done>)> {
    let whole = rows(app, scope, filter, None, MOST_ROWS + 1).await?;
    if whole.0.len() as i64 > MOST_ROWS {
        let message = format!("台账超过 {MOST_ROWS} 行，请用 from、to 或 region 缩小范围后分次导出。");
        return Err(Problem::invalid("from", message));
    }
    Ok(whole)
}

/// A row of the ledger.
#[derive(Serialize, ToSchema)]
struct Entry {
    #[serde(flatten)]
    patrol: sql::Listed,
    sightings_seen: Vec<sql::Sighting>,
    actions: Vec<sql::Done>,
}

/// The ledger (巡查台账) of level 4, 5 or 6, the newest first.
#[utoipa::path(get, path = "/api/v1/ledger", tag = "patrols", params(Filter, Paging),
    responses((status = 200, body = Page<Entry>), (status = 422, description = "no level")))]
async fn ledger_rows(
    State(app): State<App>,
    scope: Scope<ReadPatrols>,
    Query(filter): Query<Filter>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Entry>>> {
    let (before, limit) = (paging.after::<(i64, String)>()?, paging.limit()?);
    let (patrols, sightings, deeds) = rows(&app, &scope, &filter, before.as_ref(), limit + 1).await?;
    let page = Page::new(patrols, limit, |p| (p.started_at.0, p.id.clone()));
    Ok(Json(page.map(|patrol| Entry {
        sightings_seen: sightings.iter().filter(|s| s.patrol_id == patrol.id).cloned().collect(),
        actions: deeds.iter().filter(|d| d.patrol_id == patrol.id).cloned().collect(),
        patrol,
    })))
}

fn title(app: &App, scope: &Scope<ReadPatrols>, filter: &Filter) -> Result<String> {
    let units = scope.narrow(filter.region.as_deref())?;
    let grid = app.grid();
    let place = units.iter().map(|unit| match grid.full_name(unit) {
        name if name.is_empty() => grid.name(unit).to_owned(),
        name => name,
    });
    let level = match filter.level {
        Some(4) => "乡级",
        Some(5) => "村级",
        _ => "组级",
    };
    Ok(format!("{}{level}耕地保护巡查台账", place.collect::<Vec<_>>().join("、")))
}

/// The ledger as XLSX.
#[utoipa::path(get, path = "/api/v1/ledger.xlsx", tag = "patrols", params(Filter),
    responses((status = 200, body = Vec<u8>,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (status = 422)))]
async fn ledger_xlsx(
    State(app): State<App>,
    scope: Scope<ReadPatrols>,
    Query(filter): Query<Filter>,
) -> Result<Response> {
    let (patrols, sightings, deeds) = whole(&app, &scope, &filter).await?;
    let rows = ledger::rows(&app.grid(), &patrols, &sightings, &deeds);
    let bytes = ledger::workbook(&title(&app, &scope, &filter)?, &rows, app.env().now())?;
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"ledger.xlsx\""),
    ];
    Ok((headers, bytes).into_response())
}

/// The ledger as a page to print.
#[utoipa::path(get, path = "/api/v1/ledger.html", tag = "patrols", params(Filter),
    responses((status = 200, content_type = "text/html", body = String), (status = 422)))]
async fn ledger_html(
    State(app): State<App>,
    scope: Scope<ReadPatrols>,
    Query(filter): Query<Filter>,
) -> Result<Html<String>> {
    let (patrols, sightings, deeds) = whole(&app, &scope, &filter).await?;
    let rows = ledger::rows(&app.grid(), &patrols, &sightings, &deeds);
    Ok(Html(ledger::page(&title(&app, &scope, &filter)?, &rows, app.env().now())?))
}
