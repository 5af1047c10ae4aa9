//! `POST /sync`, and the routes of the quarantine.

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use gengwei_proto::wire::{Refusal, RefusalCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{LARGEST, Outcome, quarantine};
use crate::state::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(push)).merge(quarantine::routes())
}

const CBOR: &str = "application/cbor";

/// Frames of a device: see docs/sync.md and proto/gengwei.cddl. A frame proves itself, so there is no login.
#[utoipa::path(post, path = "/sync", tag = "sync",
    request_body(content = Vec<u8>, content_type = "application/cbor", description = "one or more frames"),
    responses((status = 200, content_type = "application/cbor", body = Vec<u8>,
            description = "a sealed answer for each device epoch that asked; what it acknowledges is durable"),
        (status = 204, description = "stored; no frame asked"),
        (status = 400, content_type = "application/cbor", body = Vec<u8>, description = "a refusal: no frame, or a suite that is not the device's"),
        (status = 401, content_type = "application/cbor", body = Vec<u8>, description = "a refusal: unknown device, or the frame does not open"),
        (status = 403, content_type = "application/cbor", body = Vec<u8>, description = "a refusal: the device is revoked"),
        (status = 413, content_type = "application/cbor", body = Vec<u8>, description = "a refusal: more than 256 KiB"),
        (status = 503, content_type = "application/cbor", body = Vec<u8>, description = "a refusal: busy, nothing was stored")))]
async fn push(State(app): State<App>, body: Body) -> Response {
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        let refusal = Refusal { code: RefusalCode::MALFORMED, retry_after_s: 0 };
        return refused(StatusCode::PAYLOAD_TOO_LARGE, refusal);
    };
    match super::take(&app, bytes.into(), LARGEST).await {
        Outcome::Answered(answers) => ([(header::CONTENT_TYPE, CBOR)], answers).into_response(),
        Outcome::Stored => StatusCode::NO_CONTENT.into_response(),
        Outcome::Refused(refusal) => {
            let status = StatusCode::from_u16(refusal.code.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
            refused(status, refusal)
        }
    }
}

fn refused(status: StatusCode, refusal: Refusal) -> Response {
    let mut buffer = [0; Refusal::MAX_LENGTH];
    let body = refusal.encode(&mut buffer).map(<[u8]>::to_vec).unwrap_or_default();
    let mut response = (status, [(header::CONTENT_TYPE, CBOR)], body).into_response();
    if refusal.retry_after_s > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, refusal.retry_after_s.into());
    }
    response
}
