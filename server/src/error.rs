//! Failures as the client sees them: RFC 9457 `application/problem+json`.
//!
//! `type` is a stable relative URL that the server itself explains (`/problems/{kind}`), `title` and
//! `detail` are Chinese sentences for the person in front of the screen. What went wrong inside goes to the
//! log, never into a body.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// A kind of problem: its name in `type`, its status, its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The last part of `type`.
    pub name: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// Chinese, for people.
    pub title: &'static str,
    /// English, for the page behind `type`.
    pub help: &'static str,
}

macro_rules! kinds {
    ($($const:ident = $name:literal $status:ident $title:literal $help:literal;)*) => {
        $(#[doc = $help] pub const $const: Kind =
            Kind { name: $name, status: StatusCode::$status, title: $title, help: $help };)*
        /// Every kind there is.
        pub const KINDS: &[Kind] = &[$($const),*];
    };
}

kinds! {
    BAD_REQUEST = "bad-request" BAD_REQUEST "请求有误" "The request cannot be read: malformed JSON, a bad number, a missing part.";
    INVALID = "invalid" UNPROCESSABLE_ENTITY "内容有误" "The request was read, but a value in it is not acceptable; `errors` says which and why.";
    UNAUTHENTICATED = "unauthenticated" UNAUTHORIZED "请先登录" "No valid session: log in at POST /api/v1/sessions and send the token.";
    LOGIN_FAILED = "login-failed" UNAUTHORIZED "登录失败" "The account or the password is wrong.";
    LOCKED = "locked" FORBIDDEN "账号已锁定" "The account is locked, for some minutes after too many wrong passwords, or by an administrator.";
    FORBIDDEN = "forbidden" FORBIDDEN "没有这项权限" "None of your appointments or roles gives the right to do this.";
    NOT_FOUND = "not-found" NOT_FOUND "没有找到" "There is no such thing, or it lies outside your area.";
    METHOD = "method-not-allowed" METHOD_NOT_ALLOWED "不支持这种操作" "The address exists, but not with this HTTP method.";
    CONFLICT = "conflict" CONFLICT "与已有内容冲突" "Something else is stored under this id or key already.";
    STALE = "stale" PRECONDITION_FAILED "内容已被他人更新" "If-Match does not name the present version: read it again, look at what changed, decide again.";
    IF_MATCH_REQUIRED = "if-match-required" PRECONDITION_REQUIRED "缺少版本号" "Send If-Match with the ETag of what you read.";
    GONE = "gone" GONE "已过期" "It was there, and its time has run out.";
    SILENT = "silent" REQUEST_TIMEOUT "网络中断" "Nothing more of the body came for half a minute.";
    TOO_LARGE = "too-large" PAYLOAD_TOO_LARGE "内容过大" "The body is larger than is accepted here.";
    MEDIA_TYPE = "media-type" UNSUPPORTED_MEDIA_TYPE "内容类型不支持" "The Content-Type is not one that is accepted here.";
    BUSY = "busy" LOCKED "正被另一个请求使用" "Another request is working on the same thing; ask again in a moment.";
    CHECKSUM = "checksum" BAD_REQUEST "内容在传输中损坏" "Status 460: the piece has another checksum than Upload-Checksum says; send it again.";
    TUS_VERSION = "tus-version" PRECONDITION_FAILED "上传协议版本不支持" "Uploads speak tus 1.0.0: send Tus-Resumable: 1.0.0.";
    TOO_MANY = "too-many" TOO_MANY_REQUESTS "操作太频繁" "Too many requests from one address; Retry-After says when to come back.";
    UNAVAILABLE = "unavailable" SERVICE_UNAVAILABLE "系统繁忙" "The database is busy or away; the same request may succeed in a moment.";
    INTERNAL = "internal" INTERNAL_SERVER_ERROR "系统出错" "A fault of the server; the log has the detail under the response's x-request-id.";
}

/// A failure on its way to the client.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after: Option<u64>,
    status: StatusCode,
}

/// What is wrong with one value.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where: a JSON pointer (`/sightings/0/kind`) or a parameter's name.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// The body of a problem.
#[derive(Serialize, ToSchema)]
pub struct ProblemBody {
    /// Stable; `/problems/{kind}`.
    #[schema(example = "/problems/not-found")]
    pub r#type: String,
    /// In one or two words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// In a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub detail: Option<String>,
    /// Value by value, where that is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
}

/// What a handler answers.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    /// A problem that its title says enough about.
    pub fn new(kind: Kind) -> Self {
        Self { kind, detail: None, errors: Vec::new(), retry_after: None, status: kind.status }
    }

    /// Adds a sentence for the user.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds what is wrong with one value.
    pub fn field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), message: message.into() });
        self
    }

    /// Tells the client after how many seconds to come back.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Another status than its kind's, where a protocol has one of its own.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// One value is not acceptable.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(INVALID).field(field, message)
    }

    /// There is no such thing in the caller's scope.
    pub fn not_found() -> Self {
        Self::new(NOT_FOUND)
    }

    /// A fault of ours; `error` goes to the log.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "internal error");
        Self::new(INTERNAL)
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// After how many seconds the client may come back, when that is known.
    pub fn seconds(&self) -> Option<u64> {
        self.retry_after
    }

    /// The sentence for the user, or else the title; for pages that are not JSON.
    pub fn sentence(&self) -> String {
        let errors = self.errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join("；");
        match (&self.detail, errors.is_empty()) {
            (Some(detail), _) => detail.clone(),
            (None, false) => errors,
            (None, true) => self.kind.title.to_owned(),
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if crate::db::is_nul_in_text(&error) {
            return Self::new(INVALID).detail("文字里有不能保存的字符（NUL），请删去后重试。");
        }
        if crate::db::is_temporary(&error) {
            tracing::warn!(%error, "database busy");
            return Self::new(UNAVAILABLE).detail("数据库正忙，请稍后再试。").retry_after(2);
        }
        Self::internal(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            r#type: format!("/problems/{}", self.kind.name),
            title: self.kind.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            errors: self.errors,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
