//! Routes of posts.

use axum::extract::State as AppState;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gengwei_proto::{Level, ParcelCode, RegionCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::label::LabelSize;
use super::{Change, State, sql};
use crate::auth::rights::{EditPosts, ReadParcels};
use crate::auth::{Scope, Units};
use crate::error::{self, Problem, Result};
use crate::extract::{Json, Page, Paging, Path, Query, if_match, with_etag};
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, register))
        .routes(routes!(one, change))
        .routes(routes!(move_post))
        .routes(routes!(label_svg))
        .routes(routes!(label_png))
        .routes(routes!(label_sheet))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// 4, 6, 9, 12 or 14 digits.
    region: Option<String>,
    /// Only posts in this state.
    state: Option<State>,
}

/// Posts, by number.
#[utoipa::path(get, path = "/api/v1/posts", tag = "posts", params(Filter, Paging),
    responses((status = 200, body = Page<sql::Post>)))]
async fn list(
    AppState(app): AppState<App>,
    scope: Scope<ReadParcels>,
    Query(filter): Query<Filter>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<sql::Post>>> {
    let units = scope.narrow(filter.region.as_deref())?;
    let (after, limit) = (paging.after::<i64>()?, paging.limit()?);
    let rows = sql::list(app.db(), &units, filter.state, after, limit + 1).await?;
    Ok(Json(Page::new(rows, limit, |post| post.number)))
}

#[derive(Serialize, ToSchema)]
#[schema(as = PostDetail)]
struct Detail {
    #[serde(flatten)]
    post: sql::Post,
    /// Where it stood before.
    moves: Vec<sql::Move>,
}

/// A post with its moves.
#[utoipa::path(get, path = "/api/v1/posts/{number}", tag = "posts",
    params(("number" = i64, Path, description = "the post's number")),
    responses((status = 200, body = Detail), (status = 304), (status = 404)))]
async fn one(
    AppState(app): AppState<App>,
    scope: Scope<ReadParcels>,
    headers: HeaderMap,
    Path(number): Path<i64>,
) -> Result<Response> {
    let post = super::visible(app.db(), &scope.units, number).await?;
    let version = post.version.to_string();
    Ok(with_etag(&headers, &version, Detail { moves: sql::moves(app.db(), number).await?, post }))
}

#[derive(Deserialize, ToSchema)]
struct NewPost {
    /// The parcel's code.
    parcel: String,
    #[serde(flatten)]
    change: Change,
}

/// Register a post for a parcel.
#[utoipa::path(post, path = "/api/v1/posts", tag = "posts", request_body = NewPost,
    responses((status = 201, body = sql::Post), (status = 404, description = "no such parcel in scope")))]
async fn register(
    AppState(app): AppState<App>,
    scope: Scope<EditPosts>,
    Json(new): Json<NewPost>,
) -> Result<(StatusCode, Json<sql::Post>)> {
    let code = ParcelCode::parse(&new.parcel)
        .map_err(|_| Problem::invalid("/parcel", "地块码应为 20 位，末位为校验位。"))?;
    let number = super::register(&app, &scope.caller, &scope.units, &code, new.change).await?;
    Ok((StatusCode::CREATED, Json(super::visible(app.db(), &scope.units, number).await?)))
}

/// Change what is said of a post.
#[utoipa::path(patch, path = "/api/v1/posts/{number}", tag = "posts", request_body = Change,
    params(("number" = i64, Path, description = "the post's number"),
        ("If-Match" = Option<String>, Header, description = "the ETag that was read")),
    responses((status = 200, body = sql::Post), (status = 404), (status = 412), (status = 428)))]
async fn change(
    AppState(app): AppState<App>,
    scope: Scope<EditPosts>,
    headers: HeaderMap,
    Path(number): Path<i64>,
    Json(change): Json<Change>,
) -> Result<Json<sql::Post>> {
    let version = if_match(&headers)?;
    change.check()?;
    let now = app.env().now();
    let post = app
        .db()
        .write(move |tx| async move {
            let post = super::visible(&tx, &scope.units, number).await?;
            if post.version != version {
                return Err(Problem::new(error::STALE));
            }
            sql::change(&tx, number, &change, now).await?;
            tx.audit(scope.caller.entry("post.change", number.to_string()).detail(change.state));
            super::visible(&tx, &scope.units, number).await
        })
        .await?;
    Ok(Json(post))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = NewPostMove)]
struct Move {
    /// The code of the parcel that it stands for from now on.
    parcel: String,
    /// Why.
    why: String,
}

/// Move a post to another parcel. Its old label goes on working and leads to the new one.
#[utoipa::path(post, path = "/api/v1/posts/{number}/moves", tag = "posts", request_body = Move,
    params(("number" = i64, Path, description = "the post's number")),
    responses((status = 200, body = sql::Post), (status = 404)))]
async fn move_post(
    AppState(app): AppState<App>,
    scope: Scope<EditPosts>,
    Path(number): Path<i64>,
    Json(body): Json<Move>,
) -> Result<Json<sql::Post>> {
    let code = ParcelCode::parse(&body.parcel)
        .map_err(|_| Problem::invalid("/parcel", "地块码应为 20 位，末位为校验位。"))?;
    if body.why.trim().is_empty() || body.why.chars().count() > 200 {
        return Err(Problem::invalid("/why", "请写明原因，不超过 200 个字符。"));
    }
    let now = app.env().now();
    let post = app
        .db()
        .write(move |tx| async move {
            super::visible(&tx, &scope.units, number).await?;
            super::move_to(&tx, &scope.caller, &scope.units, number, &code, &body.why, now).await?;
            super::visible(&tx, &scope.units, number).await
        })
        .await?;
    Ok(Json(post))
}

async fn label(app: &App, scope: &Scope<ReadParcels>, number: i64) -> Result<super::Label> {
    let post = super::visible(app.db(), &scope.units, number).await?;
    let code = post.parcel.ok_or_else(Problem::not_found)?;
    super::label_of(app, number, code.0, &post.unit)
}

/// A post's label as SVG.
#[utoipa::path(get, path = "/api/v1/posts/{number}/label.svg", tag = "posts",
    params(("number" = i64, Path, description = "the post's number")),
    responses((status = 200, content_type = "image/svg+xml", body = String), (status = 404)))]
async fn label_svg(
    AppState(app): AppState<App>,
    scope: Scope<ReadParcels>,
    Path(number): Path<i64>,
) -> Result<Response> {
    let svg = label(&app, &scope, number).await?.svg(LabelSize::Card).map_err(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response())
}

/// A post's label as PNG, 300 dpi.
#[utoipa::path(get, path = "/api/v1/posts/{number}/label.png", tag = "posts",
    params(("number" = i64, Path, description = "the post's number")),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 404)))]
async fn label_png(
    AppState(app): AppState<App>,
    scope: Scope<ReadParcels>,
    Path(number): Path<i64>,
) -> Result<Response> {
    let label = label(&app, &scope, number).await?;
    let png = tokio::task::spawn_blocking(move || label.png(LabelSize::Card, 300))
        .await
        .map_err(Problem::internal)?
        .map_err(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SheetWanted {
    /// A village or a village group.
    region: String,
    /// Columns × rows of a page: `3x8` (adhesive sheets), `2x5` (cards), `1x2` (plates); `3x8` when not given.
    #[serde(default)]
    size: Option<String>,
}

/// The labels of all parcels of a village or group as PDF, to be printed on A4.
///
/// Parcels without a post get a planned one, as with `gengwei codes sheet`; doing it again changes nothing.
#[utoipa::path(post, path = "/api/v1/posts/sheet", tag = "posts", request_body = SheetWanted,
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 404),
        (status = 422, description = "no village or group, or no such size")))]
async fn label_sheet(
    AppState(app): AppState<App>,
    scope: Scope<EditPosts>,
    Json(wanted): Json<SheetWanted>,
) -> Result<Response> {
    let region = RegionCode::parse(&wanted.region).ok().filter(|region| region.level() >= Level::Village);
    let region = region.ok_or_else(|| Problem::invalid("/region", "请选择一个村或村民小组。"))?;
    scope.require(&region)?;
    let size = wanted.size.as_deref().unwrap_or("3x8").parse::<LabelSize>();
    let size = size.map_err(|_| Problem::invalid("/size", "标签规格应为 3x8、2x5 或 1x2。"))?;
    let labels = super::labels(&app, &scope.caller, &Units::new([region])).await?;
    if labels.is_empty() {
        return Err(Problem::not_found().detail("这里没有带码的地块。"));
    }
    let title = app.grid().full_name(&region);
    let drawing = tokio::task::spawn_blocking(move || super::sheet::sheet(&title, &labels, size));
    let sheet = drawing.await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf"),
        (header::CONTENT_DISPOSITION, "attachment; filename=labels.pdf"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, sheet.pdf).into_response())
}
