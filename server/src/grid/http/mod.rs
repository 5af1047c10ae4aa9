//! Routes of the grid.

mod appointments;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use gengwei_proto::RegionCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::appointments::Term;
use super::{Grid, Unit, check_office_phone, sql};
use crate::auth::Scope;
use crate::auth::rights::{EditGrid, ReadGrid};
use crate::db::Topic;
use crate::error::{self, Problem, Result};
use crate::extract::{Json, Page, Path, Query, if_match, with_etag};
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(region, change_region))
        .routes(routes!(children))
        .routes(routes!(responsible_for))
        .merge(appointments::routes())
        .merge(super::targets::routes())
}

/// A unit as the API shows it.
#[derive(Serialize, ToSchema)]
struct Region {
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

    /// What its ETag says: a number that follows from all that is shown.
    fn version(&self) -> i64 {
        let shown = serde_json::to_vec(self).unwrap_or_default();
        let digest = Sha256::digest(shown);
        let bytes = digest.first_chunk::<8>().expect("32 bytes");
        i64::from_be_bytes(*bytes) & i64::MAX
    }
}

/// The code of a unit that is in scope: what every route under `/regions/{code}` begins with.
pub(super) fn visible<R>(app: &App, scope: &Scope<R>, code: &str) -> Result<RegionCode> {
    let code = RegionCode::parse(code).map_err(|_| Problem::not_found())?;
    scope.require(&code)?;
    if app.grid().unit(&code).is_some() { Ok(code) } else { Err(Problem::not_found()) }
}

/// A unit. A code that was re-zoned answers itself, with its `successor`.
#[utoipa::path(get, path = "/api/v1/regions/{code}", tag = "grid",
    params(("code" = String, Path, description = "4, 6, 9, 12 or 14 digits")),
    responses((status = 200, body = Region), (status = 304), (status = 401), (status = 403), (status = 404)))]
async fn region(
    State(app): State<App>,
    scope: Scope<ReadGrid>,
    headers: HeaderMap,
    Path(code): Path<String>,
) -> Result<Response> {
    let code = visible(&app, &scope, &code)?;
    let grid = app.grid();
    let unit = grid.unit(&code).ok_or_else(Problem::not_found)?;
    let region = Region::new(&grid, unit);
    Ok(with_etag(&headers, &region.version().to_string(), region))
}

/// Whether the caller may change a unit that is in his scope: offices of city and counties their own and what
/// lies below, townships only what lies below them.
pub(super) fn require_editable(scope: &Scope<EditGrid>, unit: &RegionCode) -> Result<()> {
    if super::is_editable(&scope.units, unit) {
        Ok(())
    } else {
        Err(Problem::new(error::FORBIDDEN).detail("本乡镇自己的信息由县（区）网格办维护。"))
    }
}

/// What can be changed about a unit; names and codes come with the divisions.
#[derive(Deserialize, ToSchema)]
struct ChangeRegion {
    /// Shown to the public; `null` shows none. No mobile's number.
    #[schema(max_length = 32)]
    office_phone: Option<String>,
    /// Has farmland tasks (R12).
    takes_part: bool,
}

/// Change a unit's office phone and whether it takes part.
#[utoipa::path(put, path = "/api/v1/regions/{code}", tag = "grid",
    params(("code" = String, Path, description = "4, 6, 9, 12 or 14 digits"),
        ("If-Match" = Option<String>, Header, description = "the ETag of what was read")),
    request_body = ChangeRegion,
    responses((status = 200, body = Region), (status = 400), (status = 401), (status = 403), (status = 404),
        (status = 412, description = "somebody else changed it"), (status = 413), (status = 415), (status = 422),
        (status = 428, description = "If-Match is missing")))]
async fn change_region(
    State(app): State<App>,
    scope: Scope<EditGrid>,
    headers: HeaderMap,
    Path(code): Path<String>,
    Json(body): Json<ChangeRegion>,
) -> Result<Response> {
    let code = visible(&app, &scope, &code)?;
    require_editable(&scope, &code)?;
    let version = if_match(&headers)?;
    let phone = body.office_phone.filter(|phone| !phone.trim().is_empty());
    if let Some(phone) = &phone {
        check_office_phone(phone).map_err(|reason| Problem::invalid("/office_phone", reason))?;
    }
    let grid = app.grid();
    app.db()
        .write(move |tx| async move {
            let stored = sql::unit(&tx, &code).await?.ok_or_else(Problem::not_found)?;
            if Region::new(&grid, &stored).version() != version {
                return Err(Problem::new(error::STALE));
            }
            let unit = Unit { office_phone: phone, takes_part: body.takes_part, ..stored.clone() };
            if unit != stored {
                sql::change_unit(&tx, stored.valid_from, &unit).await?;
                tx.touch(Topic::Grid).await?;
                let fields = |u: &Unit| serde_json::json!([u.office_phone, u.takes_part]);
                let detail = serde_json::json!({"was": fields(&stored), "is": fields(&unit)});
                tx.audit(scope.caller.entry("region.change", code.as_str()).detail(detail));
            }
            Ok(())
        })
        .await?;
    app.refresh().await?;
    let grid = app.grid();
    let region = Region::new(&grid, grid.unit(&code).ok_or_else(Problem::not_found)?);
    Ok(with_etag(&HeaderMap::new(), &region.version().to_string(), region))
}

/// The units directly below one.
#[utoipa::path(get, path = "/api/v1/regions/{code}/children", tag = "grid",
    params(("code" = String, Path, description = "4, 6, 9, 12 or 14 digits")),
    responses((status = 200, body = Page<Region>), (status = 401), (status = 403), (status = 404)))]
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
    responses((status = 200, body = Responsible), (status = 400), (status = 401), (status = 403), (status = 404),
        (status = 422)))]
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
