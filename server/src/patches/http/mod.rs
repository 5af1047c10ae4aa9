//! Routes of patches and their batches.

mod batches;
mod one;
mod out;
mod upload;

use axum::extract::{DefaultBodyLimit, State as Part};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::sql::{self, Filter};
use super::triage::{Suggestion, Verdict};
use crate::auth::Scope;
use crate::auth::rights::ReadCases;
use crate::db::Timestamp;
use crate::error::{Problem, Result};
use crate::extract::{Json, Page, Paging, Query, order};
use crate::grid::Grid;
use crate::parcels::classes;
use crate::state::App;

/// The upload of a batch, which has no time limit: it goes to disk as it comes, and has a limit of its own.
pub fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(upload::upload)).layer(DefaultBodyLimit::disable())
}

/// All other routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(batches::list))
        .routes(routes!(batches::one))
        .routes(routes!(batches::rejects))
        .routes(routes!(batches::withdraw))
        .routes(routes!(list))
        .routes(routes!(one::one))
        .routes(routes!(out::shapefile))
        .routes(routes!(out::geopackage))
}

/// A patch as lists show it.
#[derive(Serialize, ToSchema)]
#[schema(as = PatchListed)]
struct Listed {
    id: String,
    batch: String,
    /// 期数
    period: String,
    /// 监测编号 (JCBH)
    number: String,
    /// The village or group with the largest share.
    unit: String,
    unit_name: String,
    /// 图斑类型 (TBLX)
    kind: Option<String>,
    /// What the interpreter saw, where it is no class.
    seen: Option<String>,
    /// The class that it changed to.
    to_class: Option<String>,
    to_class_name: Option<&'static str>,
    /// 监测面积 as stated, m².
    stated_area: Option<f64>,
    /// The day of the image before.
    #[schema(value_type = Option<String>, format = Date)]
    before_on: Option<jiff::civil::Date>,
    /// The day of the image after.
    #[schema(value_type = Option<String>, format = Date)]
    after_on: Option<jiff::civil::Date>,
    /// By the official formula, m², as the next four.
    area: f64,
    /// On farmland.
    farmland: f64,
    /// On 永久基本农田.
    permanent: f64,
    /// On 新增耕地.
    added: f64,
    /// In no parcel.
    outside: f64,
    lon: f64,
    lat: f64,
    /// In Chinese.
    verdict_title: &'static str,
    /// What is suggested and why; a person decides.
    suggestion: Suggestion,
    case: CaseOf,
    imported_at: Timestamp,
    /// Since when its batch is withdrawn.
    withdrawn_at: Option<Timestamp>,
}

/// The case that a patch opened.
#[derive(Serialize, ToSchema)]
#[schema(as = PatchCase)]
struct CaseOf {
    id: String,
    state: String,
    /// For If-Match, in quotes.
    version: i64,
}

impl Listed {
    fn new(grid: &Grid, row: sql::Listed) -> Result<Self> {
        let suggestion: Suggestion = serde_json::from_str(&row.suggestion).map_err(Problem::internal)?;
        Ok(Self {
            id: row.id,
            batch: row.batch_id,
            period: row.period,
            number: row.number,
            unit: row.unit.to_string(),
            unit_name: grid.full_name(&row.unit),
            kind: row.kind,
            seen: row.seen,
            to_class_name: row.to_class.as_deref().and_then(classes::name),
            to_class: row.to_class,
            stated_area: row.stated_area,
            before_on: row.before_on.map(|day| day.0),
            after_on: row.after_on.map(|day| day.0),
            area: row.area,
            farmland: row.farmland,
            permanent: row.permanent,
            added: row.added,
            outside: row.outside,
            lon: row.lon,
            lat: row.lat,
            verdict_title: suggestion.verdict.title(),
            suggestion,
            case: CaseOf { id: row.case_id, state: row.case_state, version: row.case_version },
            imported_at: row.imported_at,
            withdrawn_at: row.withdrawn_at,
        })
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only in this unit and below.
    region: Option<String>,
    /// Only of this batch.
    batch: Option<String>,
    /// Only the one that opened this case.
    case: Option<String>,
    /// Only with this verdict suggested.
    verdict: Option<Verdict>,
    /// `number`, `unit`, `area`, `farmland`, `permanent` or `verdict`, with `-` before it downwards; the newest first
    /// when not given.
    sort: Option<String>,
}

/// Change patches in scope, the newest first.
#[utoipa::path(get, path = "/api/v1/patches", tag = "patches", params(Paging, Wanted),
    responses((status = 200, body = Page<Listed>), (status = 404, description = "the region is out of scope")))]
async fn list(
    Part(app): Part<App>,
    scope: Scope<ReadCases>,
    Query(paging): Query<Paging>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Page<Listed>>> {
    let units = scope.narrow(wanted.region.as_deref())?;
    let limit = paging.limit()?;
    let Wanted { batch, case, verdict, sort, .. } = wanted;
    let order = order(&sql::SORTABLE, sort.as_deref())?;
    let filter = Filter { batch, case, verdict, before: paging.after()?, order };
    let rows = sql::list(app.db(), &units, &filter, limit + 1).await?;
    let grid = app.grid();
    let page = Page::new(rows, limit, |patch| patch.id.clone());
    let items = page.items.into_iter().map(|row| Listed::new(&grid, row)).collect::<Result<_>>()?;
    Ok(Json(Page { items, next: page.next }))
}
