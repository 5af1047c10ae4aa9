//! The pages: server-rendered, complete without JavaScript, every word in both languages beside each other.

use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::facts::Facts;
use super::sql::Followed;
use crate::cases::{Kind, State};
use crate::error::Problem;
use crate::policy::{PublicPage, Reports};

/// What was typed before, to be shown again when something in it was not acceptable.
#[derive(Default)]
pub(super) struct Typed {
    pub place: String,
    pub words: String,
    pub phone: String,
    pub kind: Option<Kind>,
}

#[derive(Template)]
#[template(path = "public/scan.html")]
pub(super) struct Scan<'a> {
    pub facts: &'a Facts,
    pub tag: &'a str,
    pub policy: &'a PublicPage,
    pub limits: &'a Reports,
    pub typed: Typed,
    pub error: Option<String>,
}

impl Scan<'_> {
    /// The code that the label's tag belongs to: the form goes back to the same address.
    fn printed(&self) -> gengwei_proto::ParcelCode {
        self.facts.moved_from.unwrap_or(self.facts.code)
    }

    fn kinds(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        let chosen = self.typed.kind;
        Kind::FOR_PUBLIC.iter().map(move |(kind, words)| (kind.name(), *words, chosen == Some(*kind)))
    }
}

#[derive(Template)]
#[template(path = "public/follow.html")]
pub(super) struct Follow<'a> {
    pub tracking: &'a str,
    pub report: &'a Followed,
    pub photos: &'a [String],
    pub state: &'static str,
    pub hotline: &'a str,
}

#[derive(Template)]
#[template(path = "public/message.html")]
pub(super) struct Message<'a> {
    pub title: &'a str,
    pub text: &'a str,
}

#[derive(Template)]
#[template(path = "public/home.html")]
pub(super) struct Home;

/// What a case's state means to whoever reported it.
pub(super) fn plain_state(state: &str) -> &'static str {
    match state.parse() {
        Ok(State::Opened) => "已收到，等待村里或乡镇签收",
        Ok(State::Accepted | State::Suspected) => "已签收，正在核实",
        Ok(State::Verified | State::Determined) => "已核实，正在认定",
        Ok(State::Rectifying) => "已认定，正在整改",
        Ok(State::Refuted) => "核实后认为不属实，正在审核",
        Ok(State::Rectified | State::Checked) => "已整改，等待验收",
        Ok(State::Enforcing) => "已移交执法部门处理",
        Ok(State::Suspended) => "依法中止办理",
        Ok(State::Closed) => "已办结",
        Err(_) => "正在办理",
    }
}

/// Renders a page; `seconds` is how long a browser may keep it.
pub(super) fn show(page: &impl Template, status: StatusCode, seconds: u32) -> Response {
    match page.render() {
        Ok(html) => {
            let headers = [
                (header::CACHE_CONTROL, format!("private, max-age={seconds}")),
                (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
            ];
            (status, headers, Html(html)).into_response()
        }
        Err(error) => Problem::internal(error).into_response(),
    }
}

/// Nothing is loaded but the page, its sketch, approved photos and its one small script; its form goes to this server.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; script-src 'self'; \
    form-action 'self'; frame-ancestors 'none'";

/// Whether the client is a browser that wants a page.
pub(super) fn wants_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("text/html"))
}

/// A problem for whoever asked: a page for browsers, problem+json for programs.
pub(crate) fn refuse(headers: &HeaderMap, problem: Problem) -> Response {
    if !wants_html(headers) {
        return problem.into_response();
    }
    let kind = problem.kind();
    let message = Message { title: kind.title, text: &problem.sentence() };
    told_when(show(&message, kind.status, 0), &problem)
}

/// The response with the time to come back, where a problem names one.
pub(super) fn told_when(mut response: Response, problem: &Problem) -> Response {
    if let Some(seconds) = problem.seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
