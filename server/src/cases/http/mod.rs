//! Routes of cases.

mod ahead;
mod shown;

use axum::extract::{FromRequestParts, State as Part};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use gengwei_proto::RegionCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use shown::May;
use shown::{AskedFor, Before, Clocks, Happened, Listed, Whole};

use super::deadline::{self, Urgency};
use super::sql::{self, Filter, Stored, StoredEvent};
use super::standing::{acting_unit, standing};
use super::workflow::{self, Action, Actor, Fields, State};
use super::{Event, Kind, Source, export, outlines, persons};
use crate::auth::rights::{HandleCases, ReadCases};
use crate::auth::{Caller, Scope};
use crate::error::{Problem, Result};
use crate::evidence;
use crate::extract::{Json, Page, Paging, Path, Query, if_match, order, with_etag};
use crate::state::App;
use crate::tasks;

/// The longest text of an event, and the most photos.
const WORDS: usize = 2_000;
const PHOTOS: usize = 20;
/// Other cases of the parcel that a case shows.
const SAME_PARCEL: i64 = 20;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(count))
        .routes(routes!(one))
        .routes(routes!(add_event))
        .routes(routes!(queue_xlsx))
        .routes(routes!(dossier))
        .merge(outlines::routes())
        .merge(persons::routes())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only in this unit and below.
    region: Option<String>,
    state: Option<State>,
    source: Option<Source>,
    kind: Option<Kind>,
    /// Only those whose turn it is of this unit.
    holder: Option<String>,
    /// Only on permanent basic farmland (true), or off it (false).
    permanent: Option<bool>,
    /// Only those in time, due soon, overdue (the long overdue among them), or long overdue.
    deadline: Option<Urgency>,
    /// `opened`, `updated`, `due`, `where`, `turn`, `state`, `kind` or `source`, with `-` before it downwards; the
    /// newest first when not given.
    sort: Option<String>,
}

impl Wanted {
    fn filter(&self, app: &App, before: Option<String>) -> Result<Filter> {
        let holder = self.holder.as_deref().map(RegionCode::parse).transpose();
        Ok(Filter {
            state: self.state,
            source: self.source,
            kind: self.kind,
            holder: holder
                .map_err(|_| Problem::invalid("holder", "区划代码应为 4、6、9、12 或 14 位数字。"))?,
            permanent: self.permanent,
            due: self.deadline.map_or([None; 2], |wanted| deadline::span(app, wanted)),
            before,
            order: order(&sql::SORTABLE, self.sort.as_deref())?,
        })
    }
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
    let filter = wanted.filter(&app, paging.after()?)?;
    let rows = sql::list(app.db(), &units, &filter, limit + 1).await?;
    let grid = app.grid();
    Ok(Json(Page::new(rows, limit, |case| case.id.clone()).map(|case| Listed::new(&app, &grid, case))))
}

/// The queue as XLSX, filtered and sorted as the list is, the first 50,000.
#[utoipa::path(get, path = "/api/v1/cases.xlsx", tag = "cases", params(Wanted),
    responses((status = 200, body = Vec<u8>,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 404, description = "the region is out of scope"), (status = 422)))]
async fn queue_xlsx(
    Part(app): Part<App>,
    scope: Scope<ReadCases>,
    Query(wanted): Query<Wanted>,
) -> Result<Response> {
    let units = scope.narrow(wanted.region.as_deref())?;
    let cases = sql::list(app.db(), &units, &wanted.filter(&app, None)?, export::MOST).await?;
    let places = units.iter().map(|unit| app.grid().name(unit).to_owned()).collect::<Vec<_>>();
    let title = format!("{}耕地保护问题线索（内部资料）", places.join("、"));
    let bytes = tokio::task::spawn_blocking(move || export::workbook(&app, &title, &cases));
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"cases.xlsx\""),
    ];
    Ok((headers, bytes.await.map_err(Problem::internal)??).into_response())
}

/// A case's file (案卷) as PDF: facts, sketch, what happened, photos.
#[utoipa::path(get, path = "/api/v1/cases/{id}/dossier.pdf", tag = "cases", params(("id" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"), (status = 404)))]
async fn dossier(Part(app): Part<App>, scope: Scope<ReadCases>, Path(id): Path<String>) -> Result<Response> {
    let case = sql::find(app.db(), &id).await?.ok_or_else(Problem::not_found)?;
    scope.require(&case.unit)?;
    let bytes = super::dossier::pdf(&app, &case).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.pdf\"")),
    ];
    Ok((headers, bytes).into_response())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Where {
    /// Only in this unit and below.
    region: Option<String>,
}

/// How many cases there are in scope; costs the same however many there are.
#[utoipa::path(get, path = "/api/v1/cases/counts", tag = "cases", params(Where),
    responses((status = 200, body = super::Counts), (status = 404, description = "the region is out of scope")))]
async fn count(
    Part(app): Part<App>,
    scope: Scope<ReadCases>,
    Query(at): Query<Where>,
) -> Result<Json<super::Counts>> {
    let units = scope.narrow(at.region.as_deref())?;
    Ok(Json(super::counts(&app, app.db(), &units).await?))
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
    let (tasks, grid) = (tasks::sql::of_case(app.db(), id).await?, app.grid());
    let same_parcel = sql::same_place(app.db(), id, SAME_PARCEL).await?;
    let may = possible(app, &scope.caller, &case, &events);
    Ok(Whole {
        article: case.kind.article(),
        possible: may.iter().map(|may| may.action).collect(),
        may,
        // An object in any case: reports and patrols may know nothing besides.
        facts: events
            .first()
            .map(|event| event.detail().facts)
            .filter(serde_json::Value::is_object)
            .unwrap_or_else(|| serde_json::json!({})),
        ahead: ahead::ahead(&standing(&case, &events), &app.policy().cases),
        outline: outlines::latest(app.db(), id).await?,
        clocks: Clocks::new(&case),
        tasks: tasks.into_iter().map(|task| AskedFor::new(&grid, task)).collect(),
        same_parcel: same_parcel.into_iter().map(Before::from).collect(),
        photos: photos.into_iter().map(|(_, hash)| hash).collect(),
        events: events.into_iter().map(Happened::from).collect(),
        case: Listed::new(app, &grid, case),
    })
}

/// What somebody may do with a case now, each with what it needs.
fn possible(app: &App, caller: &Caller, case: &Stored, events: &[StoredEvent]) -> Vec<May> {
    let (standing, policy) = (standing(case, events), &app.policy().cases);
    let Some(unit) = acting_unit(caller, case) else { return Vec::new() };
    let actor = Actor { account: caller.account.clone(), unit };
    let rules = workflow::possible(&standing, &actor, policy);
    rules.into_iter().map(|rule| May::new(&standing, rule, policy)).collect()
}

/// Where a case stands and what somebody may do with it, for whoever shows the case beside something else. The
/// version goes into If-Match.
pub(crate) async fn turn(app: &App, caller: &Caller, id: &str) -> Result<(State, i64, Vec<May>)> {
    let case = sql::find(app.db(), id).await?.ok_or_else(Problem::not_found)?;
    let mut events = sql::events(app.db(), id, 0).await?;
    events.retain(|event| event.seq <= case.version);
    Ok((case.state.0, case.version, possible(app, caller, &case, &events)))
}

/// The version in If-Match; without one the request ends before its body is read.
pub(super) struct IfMatch(pub(super) i64);

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
    /// What `may` asks for.
    #[serde(default)]
    fields: Fields,
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
        self.fields
            .check_texts()
            .map_err(|(field, message)| Problem::invalid(format!("/fields/{field}"), message))?;
        match self.photos.iter().position(|hash| !evidence::is_sha256(hash)) {
            Some(i) => {
                Err(Problem::invalid(format!("/photos/{i}"), "照片编号应为 64 位小写十六进制 SHA-256。"))
            }
            None => Ok(Event { action: self.action, words, photos: self.photos, fields: self.fields }),
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
    let (caller, at, case) = (scope.caller.clone(), app.clone(), id.clone());
    app.db()
        .write(move |tx| async move {
            super::act(&tx, &at, &caller, &case, version, &event).await?;
            // Only who may draw is told where: what was done so far is undone with the refusal.
            match event.action {
                Action::Outline => Err(Problem::invalid("/action", "请在地图上勾绘后提交范围。")),
                _ => Ok(()),
            }
        })
        .await?;
    let whole = whole(&app, &scope, &id).await?;
    let mut response = with_etag(&HeaderMap::new(), &whole.case.version.to_string(), whole);
    *response.status_mut() = axum::http::StatusCode::CREATED;
    Ok(response)
}
