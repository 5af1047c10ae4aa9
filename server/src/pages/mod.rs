//! The console and the tablet: the pages that `scripts/web.sh` builds from `server/web`, inside the program.
//!
//! A release carries them in itself; a debug build reads `server/web/dist` anew for each request, so that the
//! pages can be rebuilt without the server. Nothing but the files is here: what a page shows comes through
//! the API, under the session of whoever looks at it.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{Embed, EmbeddedFile};

use crate::extract::is_known;
use crate::public;
use crate::state::App;

#[cfg(test)]
mod tests;

/// What the web build left; empty for whoever builds with cargo alone.
#[derive(Embed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Files;

/// Scripts, styles, workers and WebAssembly of this server and nothing else; no request leaves the origin.
/// MapLibre draws its controls from data: URLs and decodes pictures from blob: URLs.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a developer sees who has not built the pages.
const NOT_BUILT: &str = "网页还没有构建。请在源代码目录运行 scripts/web.sh，然后刷新本页。\n\
    The pages are not built: run scripts/web.sh in the source folder, then reload.\n";

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/console", get(async |headers: HeaderMap| page("console", &headers)))
        .route("/console/{*path}", get(async |headers, path| file("console", &headers, path)))
        .route("/tablet", get(async |headers: HeaderMap| page("tablet", &headers)))
        .route("/tablet/{*path}", get(async |headers, path| file("tablet", &headers, path)))
        .route("/console/", get(async |headers: HeaderMap| page("console", &headers)))
        .route("/tablet/", get(async |headers: HeaderMap| page("tablet", &headers)))
}

/// A face's page: every address in it that is no file is a view, which the page itself tells apart.
fn page(face: &str, headers: &HeaderMap) -> Response {
    let name = format!("{face}/index.html");
    match Files::get(&name) {
        Some(found) => answer(&name, found, headers),
        None => (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")], NOT_BUILT).into_response(),
    }
}

fn file(face: &str, headers: &HeaderMap, Path(path): Path<String>) -> Response {
    let name = format!("{face}/{path}");
    match Files::get(&name) {
        Some(found) => answer(&name, found, headers),
        None if path.rsplit('/').next().is_some_and(|last| last.contains('.')) => {
            public::refuse(headers, crate::error::Problem::not_found())
        }
        None => page(face, headers),
    }
}

/// A file in the smallest form that the client takes, or 304.
fn answer(name: &str, plain: EmbeddedFile, headers: &HeaderMap) -> Response {
    let (body, encoding) = [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .filter(|(encoding, _)| accepts(headers, encoding))
        .find_map(|(encoding, ending)| Files::get(&format!("{name}.{ending}")).map(|f| (f, Some(encoding))))
        .unwrap_or((plain, None));
    let tag = format!("\"{}\"", hex::encode(&body.metadata.sha256_hash()[..16]));
    let kept = if name.contains("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut about = HeaderMap::new();
    let mut say =
        |name: HeaderName, value: &str| about.insert(name, HeaderValue::from_str(value).expect("ASCII"));
    say(header::ETAG, &tag);
    say(header::CACHE_CONTROL, kept);
    say(header::VARY, "accept-encoding");
    if is_known(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    say(header::CONTENT_TYPE, media_type(name));
    say(header::CONTENT_SECURITY_POLICY, POLICY);
    if let Some(encoding) = encoding {
        say(header::CONTENT_ENCODING, encoding);
    }
    if name == "tablet/sw.js" {
        // The page is /tablet, without a slash; a worker beside it reaches only what lies below.
        say(HeaderName::from_static("service-worker-allowed"), "/tablet");
    }
    (about, body.data).into_response()
}

/// Whether Accept-Encoding names an encoding and does not refuse it with `q=0`.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|one| {
        let (name, quality) = one.split_once(';').unwrap_or((one, ""));
        let refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case(encoding) && !refused
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
