//! Extractors whose failures are problems: `Json`, `Query`, `Path`, and the paging parameters.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::db::{Order, Sortable};
use crate::error::{self, Problem};
use crate::state::App;

/// A JSON body.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        use axum::extract::rejection::JsonRejection;
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::JsonDataError(e)) => {
                Err(Problem::new(error::INVALID).detail(format!("内容不符合要求：{}", cause(&e))))
            }
            Err(JsonRejection::JsonSyntaxError(e)) => {
                Err(Problem::new(error::BAD_REQUEST).detail(format!("不是有效的 JSON：{}", cause(&e))))
            }
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Problem::new(error::MEDIA_TYPE).detail("请以 Content-Type: application/json 发送。"))
            }
            Err(other) => Err(body_problem(other.status())),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A body that could not be read.
pub fn body_problem(status: StatusCode) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(error::TOO_LARGE),
        _ => Problem::new(error::BAD_REQUEST).detail("请求内容没有完整收到。"),
    }
}

fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Query parameters.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(e) => Err(Problem::new(error::BAD_REQUEST).detail(format!("查询参数有误：{}", cause(&e)))),
        }
    }
}

/// Path parameters. One that cannot be read names nothing that exists.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::not_found()),
        }
    }
}

/// Where a list goes on, and how long a page is.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Items a page, 1 to 500; 50 when not given.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
}

impl Paging {
    /// Items a page; an error outside 1 to 500.
    pub fn limit(&self) -> Result<i64, Problem> {
        match self.limit.unwrap_or(50) {
            limit @ 1..=500 => Ok(limit),
            _ => Err(Problem::invalid("limit", "每页条数应为 1 至 500。")),
        }
    }

    /// The position after which the page begins.
    pub fn after<T: DeserializeOwned>(&self) -> Result<Option<T>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
        let position = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        position.map(Some).ok_or_else(|| Problem::invalid("cursor", "cursor 应为上一页返回的 next。"))
    }
}

impl Paging {
    /// A position as a cursor.
    pub fn cursor(position: &impl Serialize) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(position).expect("a position is plain data"))
    }
}

/// The order that a list's `sort` asks for; none when it asks for none.
pub fn order(of: &'static Sortable, wish: Option<&str>) -> Result<Option<Order>, Problem> {
    let Some(wish) = wish.filter(|wish| !wish.is_empty()) else { return Ok(None) };
    let words = || of.keys.iter().map(|(word, _)| *word).collect::<Vec<_>>().join("、");
    let unknown = || Problem::invalid("sort", format!("只能按这些排序：{}；倒序在前面加 -。", words()));
    of.order(wish).map(Some).ok_or_else(unknown)
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page; null on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of rows that were read with `limit + 1`; `position` tells where an item stands.
    pub fn new<P: Serialize>(mut rows: Vec<T>, limit: i64, position: impl Fn(&T) -> P) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| Paging::cursor(&position(last)));
        Self { items: rows, next }
    }

    /// The same page with other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

/// What addresses in an answer begin with: the public address when it was asked for under that name, else the name
/// that the request came under, so that a program on the inner network is not sent outside.
pub fn origin(app: &App, headers: &HeaderMap) -> String {
    let public = app.public_url();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    match host
        .filter(|host| public.split_once("://").is_none_or(|(_, name)| name.split('/').next() != Some(*host)))
    {
        Some(host) => {
            let forwarded = headers.get("x-forwarded-proto").filter(|_| app.behind_proxy());
            let https = forwarded.is_some_and(|scheme| scheme == "https");
            format!("{}://{host}", if https { "https" } else { "http" })
        }
        None => public.to_owned(),
    }
}

/// The version that a strong ETag `"7"` in If-Match names.
///
/// Missing: 428. Not of our making: 412.
pub fn if_match(headers: &HeaderMap) -> Result<i64, Problem> {
    let value = headers.get(header::IF_MATCH).ok_or_else(|| Problem::new(error::IF_MATCH_REQUIRED))?;
    let tag = value.to_str().unwrap_or_default().trim();
    let version = tag.strip_prefix('"').and_then(|t| t.strip_suffix('"')).and_then(|t| t.parse().ok());
    version.ok_or_else(|| Problem::new(error::STALE))
}

/// Whether If-None-Match names a tag, quotes included: the client has it already.
pub fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
    known.split(',').any(|k| k.trim().trim_start_matches("W/") == tag)
}

/// A response with an ETag, or 304 when If-None-Match names it.
pub fn with_etag<T: Serialize>(headers: &HeaderMap, tag: &str, body: T) -> Response {
    let tag = format!("\"{tag}\"");
    let fresh = is_known(headers, &tag);
    let etag = [(header::ETAG, tag)];
    if fresh { (StatusCode::NOT_MODIFIED, etag).into_response() } else { (etag, Json(body)).into_response() }
}
