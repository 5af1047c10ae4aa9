//! Routes that anyone may call.

use axum::RequestExt;
use axum::extract::{DefaultBodyLimit, Multipart, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::facts::{self, Facts};
use super::form::Form;
use super::pages::{Follow, Home, Scan, Typed, plain_state, refuse, show, told_when, wants_html};
use super::{limits, reports, sketch, sql};
use crate::error::{self, Problem};
use crate::evidence::redactions;
use crate::extract::{Json, Path, Query};
use crate::state::App;

/// Three photos of ten megabytes and some words.
const LARGEST_FORM: usize = 40 * 1024 * 1024;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(scan))
        .routes(routes!(follow))
        .routes(routes!(sketch_of))
        .route("/g/report.js", axum::routing::get(report_script))
        .route("/", axum::routing::get(home))
}

/// Where a passer-by hands in his report; without a time limit, because a phone in a field is slow.
pub fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(report)).layer(DefaultBodyLimit::max(LARGEST_FORM))
}

async fn home() -> Response {
    show(&Home, StatusCode::OK, 300)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Label {
    /// The label's tag.
    t: Option<String>,
}

/// The page behind a label.
///
/// A label of a post that has moved since shows the parcel where the post stands now, and says so.
#[utoipa::path(get, path = "/g/{code}", tag = "public",
    params(("code" = String, Path, description = "the parcel's code as printed"), Label),
    responses((status = 200, content_type = "text/html", body = String),
        (status = 404, description = "not one of our labels")))]
async fn scan(
    State(app): State<App>,
    headers: HeaderMap,
    Path(code): Path<String>,
    label: Result<Query<Label>, Problem>,
) -> Response {
    // A query that cannot be read proves no label either, and is refused as any other.
    let tag = label.ok().and_then(|Query(label)| label.t).unwrap_or_default();
    match facts::find(&app, &code, &tag).await {
        Ok(facts) => page(&app, &facts, &tag, Typed::default(), None, StatusCode::OK),
        Err(problem) => refuse(&headers, problem),
    }
}

/// A sketch of the parcel behind a label: its outline alone, without coordinates or neighbours.
#[utoipa::path(get, path = "/g/{code}/sketch.svg", tag = "public",
    params(("code" = String, Path, description = "the parcel's code as printed"), Label),
    responses((status = 200, content_type = "image/svg+xml", body = String),
        (status = 404, description = "not one of our labels")))]
async fn sketch_of(
    State(app): State<App>,
    Path(code): Path<String>,
    label: Result<Query<Label>, Problem>,
) -> Result<Response, Problem> {
    let tag = label.ok().and_then(|Query(label)| label.t).unwrap_or_default();
    let facts = facts::find(&app, &code, &tag).await?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "private, max-age=3600"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ];
    Ok((headers, sketch::of(&app, facts.parcel_id).await?).into_response())
}

/// What lets a phone add its position to a report.
async fn report_script() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, include_str!("../../assets/report.js"))
}

fn page(
    app: &App,
    facts: &Facts,
    tag: &str,
    typed: Typed,
    error: Option<String>,
    status: StatusCode,
) -> Response {
    let policy = app.policy();
    let page = Scan { facts, tag, policy: &policy.public, limits: &policy.reports, typed, error };
    show(&page, status, if status == StatusCode::OK { 60 } else { 0 })
}

#[derive(Serialize, ToSchema)]
struct Taken {
    /// The number to follow the report with, at `/r/{tracking}`.
    tracking: String,
}

/// The parts of a report.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the multipart body; `Form` reads it")]
struct ReportParts {
    /// What you saw.
    words: String,
    /// Where, in words.
    place: Option<String>,
    /// One of the kinds that the page offers.
    kind: Option<String>,
    /// Where, in degrees, from a client that knows it.
    lon: Option<f64>,
    /// Latitude.
    lat: Option<f64>,
    /// Optional; encrypted, and readable by two named roles only.
    phone: Option<String>,
    /// The label's tag, when the address does not carry it.
    t: Option<String>,
    /// JPEG, PNG, WebP or HEIC.
    #[schema(value_type = Vec<String>, format = Binary)]
    photo: Vec<Vec<u8>>,
}

/// Report what is wrong with a parcel.
///
/// The label's tag comes with it, in the address or as the part `t`; without one the parcel's code alone
/// decides, for a report by somebody who stands at no post. A forged tag is refused. Browsers are led on to
/// the page of the tracking number.
#[utoipa::path(post, path = "/g/{code}/reports", tag = "public",
    params(("code" = String, Path, description = "the parcel's code as printed"), Label),
    request_body(content = ReportParts, content_type = "multipart/form-data"),
    responses((status = 201, body = Taken), (status = 303, description = "a browser, to /r/{tracking}"),
        (status = 404, description = "not one of our labels"), (status = 413), (status = 422), (status = 429)))]
async fn report(
    State(app): State<App>,
    headers: HeaderMap,
    Path(code): Path<String>,
    Query(label): Query<Label>,
    request: Request,
) -> Response {
    let address = limits::client(&headers, request.extensions(), app.behind_proxy());
    match take(&app, &headers, &code, label.t, address, request).await {
        Ok(response) => response,
        Err(problem) => refuse(&headers, problem),
    }
}

async fn take(
    app: &App,
    headers: &HeaderMap,
    code: &str,
    tag: Option<String>,
    address: std::net::IpAddr,
    request: Request,
) -> Result<Response, Problem> {
    app.limits().attempt(address)?;
    let multipart: Multipart = request
        .extract()
        .await
        .map_err(|_| Problem::new(error::MEDIA_TYPE).detail("请以 multipart/form-data 提交。"))?;
    let (form, read) = Form::read(multipart, &app.policy().reports).await;
    let tag = tag.or_else(|| form.tag.clone()).unwrap_or_default();
    let facts =
        if tag.is_empty() { facts::by_code(app, code).await? } else { facts::find(app, code, &tag).await? };
    if let Err(problem) = read.and_then(|()| app.limits().report(address)) {
        if !wants_html(headers) {
            return Err(problem);
        }
        let (status, error) = (problem.kind().status, problem.sentence());
        let phone = form.phone.unwrap_or_default();
        let typed = Typed { place: form.place, words: form.words, phone, kind: form.kind };
        return Ok(told_when(page(app, &facts, &tag, typed, Some(error), status), &problem));
    }
    let tracking = reports::take(app, &facts, form).await?;
    if wants_html(headers) {
        return Ok(Redirect::to(&format!("/r/{tracking}")).into_response());
    }
    Ok((StatusCode::CREATED, Json(Taken { tracking })).into_response())
}

#[derive(Serialize, ToSchema)]
struct Progress {
    tracking: String,
    /// The state of the case.
    state: String,
    /// The same in plain words.
    words: &'static str,
    received_at: crate::db::Timestamp,
    /// What the officers answered.
    answer: Option<String>,
    /// Photos of the case that were approved for the public.
    photos: Vec<String>,
}

/// What became of a report: a page for browsers, JSON for programs.
#[utoipa::path(get, path = "/r/{tracking}", tag = "public",
    params(("tracking" = String, Path, description = "the tracking number, with or without dashes")),
    responses((status = 200, body = Progress), (status = 404)))]
async fn follow(State(app): State<App>, headers: HeaderMap, Path(tracking): Path<String>) -> Response {
    match progress(&app, &headers, &tracking).await {
        Ok(response) => response,
        Err(problem) => refuse(&headers, problem),
    }
}

async fn progress(app: &App, headers: &HeaderMap, tracking: &str) -> Result<Response, Problem> {
    let unknown = || Problem::not_found().detail("没有这个查询号，请检查是否输错。");
    let tracking = reports::read_tracking(tracking).ok_or_else(unknown)?;
    let report = sql::followed(app.db(), &tracking).await?.ok_or_else(unknown)?;
    let words = plain_state(&report.state);
    let photos = redactions::public_of_case(app.db(), &report.case_id).await?;
    let photos: Vec<_> = photos.into_iter().map(|id| format!("/p/{id}")).collect();
    if wants_html(headers) {
        let hotline = &app.policy().public.hotline;
        let page = Follow { tracking: &tracking, report: &report, photos: &photos, state: words, hotline };
        return Ok(show(&page, StatusCode::OK, 0));
    }
    let sql::Followed { state, received_at, answer, .. } = report;
    let body = Json(Progress { tracking, state, words, received_at, answer, photos });
    Ok(([(header::CACHE_CONTROL, "no-store")], body).into_response())
}

/// The answer to an address that does not exist: a page for browsers.
pub(crate) async fn nowhere(headers: HeaderMap) -> Response {
    refuse(&headers, Problem::not_found().detail("没有这个地址。"))
}
