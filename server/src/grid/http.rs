//! Routes of the grid.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use gengwei_proto::RegionCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::appointments::Term;
use super::{Grid, Unit, sql};
use crate::auth::Scope;
use crate::auth::rights::ReadGrid;
use crate::error::{Problem, Result};
use crate::extract::{Json, Page, Path, Query, with_etag};
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(region)).routes(routes!(children)).routes(routes!(responsible_for))
}

/// A unit as the API shows it.
#[derive(Serialize, ToSchema)]
pub struct Region {
    /// 12 digits, 14 for a village group.
    code: String,
    /// 滨河镇
    name: String,
    /// With county, township and village.
    full_name: String,
    /// 2 to 6.
    level: u8,
    /// The unit above.
    parent: Option<String>,
    /// Has farmland tasks (R12).
    takes_part: bool,
    #[schema(value_type = String, format = Date)]
    valid_from: Date,
    #[schema(value_type = Option<String>, format = Date)]
    valid_to: Option<Date>,
    /// Where the code resolves to after a re-zoning.
    successor: Option<String>,
    /// Shown to the public.
    office_phone: Option<String>,
}

impl Region {
    fn new(grid: &Grid, unit: &Unit) -> Self {
        Self {
            code: unit.code.to_string(),
            name: unit.name.clone(),
            full_name: grid.full_name(&unit.code),
            level: unit.code.level().number(),
            parent: unit.code.parent().map(|p| p.to_string()),
            takes_part: unit.takes_part,
            valid_from: unit.valid_from,
            valid_to: unit.valid_to,
            successor: unit.successor.map(|s| s.to_string()),
            office_phone: unit.office_phone.clone(),
        }
    }
}

/// The code of a unit that is in scope: what every route under `/regions/{code}` begins with.
pub fn visible<R>(app: &App, scope: &Scope<R>, code: &str) -> Result<RegionCode> {
    let code = RegionCode::parse(code).map_err(|_| Problem::not_found())?;
    scope.require(&code)?;
    if app.grid().unit(&code).is_some() { Ok(code) } else { Err(Problem::not_found()) }
}

/// A unit. A code that was re-zoned answers itself, with its `successor`.
#[utoipa::path(get, path = "/api/v1/regions/{code}", tag = "grid",
    params(("code" = String, Path, description = "4, 6, 9, 12 or 14 digits")),
    responses((status = 200, body = Region), (status = 304), (status = 404)))]
async fn region(
    State(app): State<App>,
    scope: Scope<ReadGrid>,
    headers: HeaderMap,
    Path(code): Path<String>,
) -> Result<Response> {
    let code = visible(&app, &scope, &code)?;
    let grid = app.grid();
    let unit = grid.unit(&code).ok_or_else(Problem::not_found)?;
    Ok(with_etag(&headers, &app.grid_revision().to_string(), Region::new(&grid, unit)))
}

/// The units directly below one.
#[utoipa::path(get, path = "/api/v1/regions/{code}/children", tag = "grid",
    params(("code" = String, Path, description = "4, 6, 9, 12 or 14 digits")),
    responses((status = 200, body = Page<Region>), (status = 404)))]
async fn children(
    State(app): State<App>,
    scope: Scope<ReadGrid>,
    Path(code): Path<String>,
) -> Result<Json<Page<Region>>> {
    let code = visible(&app, &scope, &code)?;
    let grid = app.grid();
    let items = grid.children(&code).map(|unit| Region::new(&grid, unit)).collect();
    Ok(Json(Page { items, next: None }))
}

/// On which day.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OnDay {
    /// YYYY-MM-DD; today when not given.
    #[param(value_type = Option<String>, format = Date)]
    pub on: Option<String>,
}

impl OnDay {
    /// The day, or `today`; 422 when it is none.
    pub fn or(&self, today: Date) -> Result<Date> {
        let Some(text) = &self.on else { return Ok(today) };
        text.parse().map_err(|_| Problem::invalid("on", "日期应写作 2026-11-24。"))
    }
}

/// Who is responsible, level by level.
#[derive(Serialize, ToSchema)]
pub struct Responsible {
    /// The day that was asked for.
    #[schema(value_type = String, format = Date)]
    pub on: Date,
    /// Levels 2 to 6, as far as the unit reaches.
    pub levels: Vec<AtLevel>,
}

/// The responsible of one level.
#[derive(Serialize, ToSchema)]
pub struct AtLevel {
    /// 2 to 6.
    pub level: u8,
    /// The unit's code.
    pub unit: String,
    /// Its name.
    pub name: String,
    /// Terms in force on that day; empty means the post is vacant.
    pub people: Vec<Term>,
}

/// Who was responsible for a unit and everything above it on a day.
pub async fn responsible(app: &App, unit: &RegionCode, on: Date) -> Result<Responsible> {
    let grid = app.grid();
    let path = grid.path(unit);
    let terms = sql::responsible(app.db(), &path, on).await?;
    let levels = path.iter().map(|unit| AtLevel {
        level: unit.level().number(),
        unit: unit.to_string(),
        name: grid.name(unit).to_owned(),
        people: terms.iter().filter(|t| *t.unit == *unit && t.role.is_responsible()).cloned().collect(),
    });
    Ok(Responsible { on, levels: levels.collect() })
}

/// Who is responsible for a unit, on a day.
///
/// The levels above are named too: everybody may know who his superiors are.
#[utoipa::path(get, path = "/api/v1/regions/{code}/responsible", tag = "grid",
    params(("code" = String, Path, description = "4, 6, 9, 12 or 14 digits"), OnDay),
    responses((status = 200, body = Responsible), (status = 404)))]
async fn responsible_for(
    State(app): State<App>,
    scope: Scope<ReadGrid>,
    Path(code): Path<String>,
    Query(day): Query<OnDay>,
) -> Result<Json<Responsible>> {
    let code = visible(&app, &scope, &code)?;
    let day = day.or(app.env().today())?;
    Ok(Json(responsible(&app, &code, day).await?))
}
