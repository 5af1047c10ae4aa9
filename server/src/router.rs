//! Every address the server answers.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::error::{self, Problem};
use crate::state::App;
use crate::{
    accounts, audit, cases, deliveries, devices, evidence, grid, imports, notices, ogc, openapi, pages,
    parcels, patches, patrols, posts, public, sync, tasks, telemetry, tiles,
};

/// No request may take longer; imports answer at once and go on by themselves. Uploads have no limit, they may take long
/// on a village's network and end when nothing comes any more; nor has the verification of the log.
const LONGEST: Duration = Duration::from_secs(60);

/// The API with its description.
pub fn api() -> OpenApiRouter<App> {
    openapi::router()
        .merge(accounts::routes())
        .merge(cases::routes())
        .merge(cases::together::routes())
        .merge(devices::routes())
        .merge(deliveries::routes())
        .merge(grid::routes())
        .merge(imports::routes())
        .merge(notices::routes())
        .merge(parcels::routes())
        .merge(patches::routes())
        .merge(patrols::routes())
        .merge(posts::routes())
        .merge(public::routes())
        .merge(tasks::routes())
        .merge(sync::routes())
        .merge(tiles::routes())
        .merge(ogc::routes())
        .layer(timely())
        .merge(audit::routes())
        .merge(evidence::routes())
        .merge(imports::uploads())
        .merge(patches::uploads())
        .merge(public::uploads())
        .merge(deliveries::uploads())
}

fn timely() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONGEST)
}

/// The OpenAPI document of this build.
pub fn document() -> String {
    openapi::finish(api().into_openapi())
}

/// The whole service.
pub fn router(app: App) -> Router {
    let (api, document) = api().split_for_parts();
    let document = openapi::finish(document);
    let around = ServiceBuilder::new()
        .layer(axum::middleware::from_fn(telemetry::observe))
        .layer(CatchPanicLayer::custom(|_| Problem::internal("a handler panicked").into_response()))
        .layer(header_layer("x-content-type-options", "nosniff"))
        .layer(header_layer("referrer-policy", "same-origin"))
        .layer(header_layer("x-frame-options", "DENY"));
    Router::new()
        .merge(api)
        .merge(pages::routes())
        .route("/openapi.json", get(move || async move { openapi::serve(document) }))
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(ready).layer(timely()))
        .route("/problems/{kind}", get(problem_page))
        .fallback(public::nowhere)
        .method_not_allowed_fallback(|| async { Problem::new(error::METHOD) })
        .layer(around)
        .with_state(app)
}

fn header_layer(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// Ready once the database answers.
async fn ready(axum::extract::State(app): axum::extract::State<App>) -> Result<&'static str, Problem> {
    app.refresh().await?;
    Ok("ready")
}

/// What the `type` of a problem points to.
async fn problem_page(axum::extract::Path(kind): axum::extract::Path<String>) -> axum::response::Response {
    let Some(kind) = error::KINDS.iter().find(|k| k.name == kind) else {
        return Problem::not_found().into_response();
    };
    let text = format!("{} {}\n{}\n\n{}\n", kind.status.as_u16(), kind.name, kind.title, kind.help);
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
