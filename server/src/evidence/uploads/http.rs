//! Routes of uploads: tus 1.0 with creation, creation-with-upload, termination, checksum and expiration.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Piece, Standing, tus};
use crate::auth::Scope;
use crate::auth::rights::FilePatrols;
use crate::error::{self, Problem, Result};
use crate::extract::Path;
use crate::state::App;

/// The routes. They have no time limit: a piece ends when nothing comes any more.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(options, create))
        .routes(routes!(head, patch, delete, overridden))
        .layer(axum::middleware::from_fn(speak_tus))
}

/// Refuses other versions, and says in every answer which one this is.
async fn speak_tus(request: Request, next: Next) -> Response {
    let spoken = request.headers().get(tus::RESUMABLE) == Some(&tus::VERSION);
    let mut response = if spoken || request.method() == Method::OPTIONS {
        next.run(request).await
    } else {
        let mut refused = Problem::new(error::TUS_VERSION).into_response();
        refused.headers_mut().insert(tus::VERSION_HEADER, tus::VERSION);
        refused
    };
    response.headers_mut().insert(tus::RESUMABLE, tus::VERSION);
    response
}

/// What the server can do.
#[utoipa::path(options, path = "/api/v1/uploads", tag = "evidence",
    responses((status = 204, description = "Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm")))]
async fn options(State(app): State<App>) -> Response {
    let size = HeaderValue::from(app.policy().evidence.upload_bytes);
    let headers = [
        (tus::VERSION_HEADER, tus::VERSION),
        (tus::EXTENSION, tus::EXTENSIONS),
        (tus::ALGORITHMS_HEADER, tus::ALGORITHMS),
        (tus::MAX_SIZE, size),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Begin an upload (tus 1.0, creation; the first piece may come along).
///
/// Upload-Metadata may hold `sha256`, the hash that the whole is to have; what arrives otherwise is refused.
#[utoipa::path(post, path = "/api/v1/uploads", tag = "evidence",
    params(("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = u64, Header, description = "bytes of the whole"),
        ("Upload-Metadata" = Option<String>, Header, description = "`sha256 <base64 of the hexadecimal digits>`")),
    responses((status = 201, description = "Location is where the pieces go; Upload-Expires until when"),
        (status = 412, description = "not tus 1.0.0"), (status = 413), (status = 422), (status = 429)))]
async fn create(
    State(app): State<App>,
    scope: Scope<FilePatrols>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let length = tus::number(&headers, &tus::LENGTH)?;
    let upload = super::begin(&app, &scope.caller, length, tus::metadata(&headers)).await?;
    let location = format!("/api/v1/uploads/{}", upload.id);
    let mut standing = Standing { upload, offset: 0 };
    if tus::is_piece(&headers) {
        let piece =
            Piece { offset: 0, body: body.into_data_stream(), checksum: tus::Checksum::read(&headers)? };
        let (caller, id) = ((*scope.caller).clone(), standing.upload.id.clone());
        standing = unbroken(super::append(app, caller, id, piece)).await?;
    }
    let mut response = (StatusCode::CREATED, told(&standing)).into_response();
    let location = HeaderValue::from_str(&location).map_err(Problem::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// How far an upload is.
#[utoipa::path(head, path = "/api/v1/uploads/{id}", tag = "evidence",
    params(("id" = String, Path), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses((status = 200, description = "Upload-Offset bytes of Upload-Length are on disk; Content-Location \
        names the photo once it is stored"),
        (status = 404), (status = 410, description = "expired"), (status = 412, description = "not tus 1.0.0")))]
async fn head(State(app): State<App>, scope: Scope<FilePatrols>, Path(id): Path<String>) -> Result<Response> {
    let standing = unbroken(super::standing(app, (*scope.caller).clone(), id)).await?;
    let mut headers = told(&standing);
    headers.insert(tus::LENGTH, HeaderValue::from(standing.upload.length));
    if let Ok(metadata) = HeaderValue::from_str(&standing.upload.metadata)
        && !metadata.is_empty()
    {
        headers.insert(tus::METADATA, metadata);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((StatusCode::OK, headers).into_response())
}

/// Append a piece. The answer to the last one means that the photo is stored.
#[utoipa::path(patch, path = "/api/v1/uploads/{id}", tag = "evidence",
    params(("id" = String, Path), ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "where the piece begins"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1 <base64>` or `sha256 <base64>`")),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 204, description = "Upload-Offset bytes are on disk"), (status = 404),
        (status = 409, description = "the upload has another length by now"), (status = 410), (status = 412),
        (status = 415), (status = 422, description = "no photo, or another hash: the upload is over"),
        (status = 423, description = "the same upload came in on another connection"),
        (status = 460, description = "damaged on its way; send the piece again")))]
async fn patch(
    State(app): State<App>,
    scope: Scope<FilePatrols>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    if !tus::is_piece(&headers) {
        return Err(
            Problem::new(error::MEDIA_TYPE).detail(format!("请以 Content-Type: {} 发送。", tus::PIECE))
        );
    }
    let piece = Piece {
        offset: tus::number(&headers, &tus::OFFSET)?,
        body: body.into_data_stream(),
        checksum: tus::Checksum::read(&headers)?,
    };
    let standing = unbroken(super::append(app, (*scope.caller).clone(), id, piece)).await?;
    Ok((StatusCode::NO_CONTENT, told(&standing)).into_response())
}

/// End an upload. A photo that was stored stays.
#[utoipa::path(delete, path = "/api/v1/uploads/{id}", tag = "evidence",
    params(("id" = String, Path), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses((status = 204), (status = 404), (status = 410), (status = 412)))]
async fn delete(
    State(app): State<App>,
    scope: Scope<FilePatrols>,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    unbroken(super::terminate(app, (*scope.caller).clone(), id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// PATCH, HEAD or DELETE by X-HTTP-Method-Override, for networks that let only GET and POST through.
#[utoipa::path(post, path = "/api/v1/uploads/{id}", tag = "evidence",
    params(("id" = String, Path), ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("X-HTTP-Method-Override" = String, Header, description = "PATCH, HEAD or DELETE")),
    responses((status = 200), (status = 204), (status = 404), (status = 405), (status = 409), (status = 410),
        (status = 412), (status = 415), (status = 422), (status = 423), (status = 460)))]
async fn overridden(
    State(app): State<App>,
    scope: Scope<FilePatrols>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let method = headers.get(tus::METHOD_OVERRIDE).and_then(|m| m.to_str().ok()).unwrap_or_default();
    match method {
        "PATCH" => patch(State(app), scope, Path(id), headers, body).await,
        "HEAD" => head(State(app), scope, Path(id)).await,
        "DELETE" => Ok(delete(State(app), scope, Path(id)).await?.into_response()),
        _ => Err(Problem::new(error::METHOD)),
    }
}

/// Runs to its end even when the client hangs up, so that what came is kept in order.
async fn unbroken<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(work).await.map_err(Problem::internal)?
}

fn told(standing: &Standing) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(tus::OFFSET, HeaderValue::from(standing.offset));
    let texts = [
        (tus::EXPIRES, Some(tus::http_date(standing.upload.expires_at))),
        (
            header::CONTENT_LOCATION,
            standing.upload.sha256.as_ref().map(|hash| format!("/api/v1/evidence/{hash}")),
        ),
    ];
    for (name, text) in texts {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(name, value);
        }
    }
    headers
}
