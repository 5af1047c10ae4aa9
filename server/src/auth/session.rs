//! Tokens, and where a request carries them.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum_extra::extract::CookieJar;
use sha2::{Digest, Sha256};

use crate::error::{self, Problem};

/// The cookie of browsers.
pub const COOKIE: &str = "gengwei_session";

/// A session's secret. Only its digest is stored.
pub struct Token {
    secret: String,
    from_cookie: bool,
}

impl Token {
    /// A new token out of 32 random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self { secret: hex::encode(random), from_cookie: false }
    }

    /// The secret, for the client.
    pub fn reveal(&self) -> &str {
        &self.secret
    }

    /// What the database knows of it.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.secret.as_bytes()))
    }
}

/// The token of a request: `Authorization: Bearer`, else the cookie.
pub fn token_of(headers: &HeaderMap) -> Option<Token> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
        let secret = secret.trim().to_owned();
        return scheme.eq_ignore_ascii_case("bearer").then_some(Token { secret, from_cookie: false });
    }
    let secret = CookieJar::from_headers(headers).get(COOKIE)?.value().to_owned();
    Some(Token { secret, from_cookie: true })
}

/// A browser sends its cookie whatever page made the request. So a change that rests on a cookie must come
/// from our own pages: the browser says so in `Sec-Fetch-Site`, older ones in `Origin`.
pub(super) fn refuse_forged(parts: &Parts, token: &Token) -> Result<(), Problem> {
    let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || !token.from_cookie || from_our_pages(&parts.headers) {
        return Ok(());
    }
    Err(Problem::new(error::FORBIDDEN).detail("这个操作不是从本系统的页面发出的，已拒绝。"))
}

fn from_our_pages(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    let host = text(header::HOST).unwrap_or_default();
    text(header::ORIGIN).and_then(|o| o.split_once("://")).is_some_and(|(_, origin)| origin == host)
}
