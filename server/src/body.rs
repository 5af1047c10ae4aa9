//! A request's body as it comes, ended by silence and not by a clock: whoever has a slow line may take his time.

use std::time::Duration;

use axum::extract::multipart::MultipartError;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};

use crate::error::{self, Problem, Result};
use crate::extract::body_problem;

/// A body from which nothing comes for so long has ended.
pub const IDLE: Duration = Duration::from_secs(30);

/// Reads a whole body. `too_large` beyond `largest` bytes, 408 when nothing comes for `idle`, 400 when it is cut off.
pub async fn read<E>(
    body: impl Stream<Item = std::result::Result<Bytes, E>>,
    largest: usize,
    idle: Duration,
    too_large: impl FnOnce() -> Problem,
) -> Result<Bytes> {
    let mut body = std::pin::pin!(body);
    let mut whole = BytesMut::new();
    loop {
        match tokio::time::timeout(idle, body.next()).await {
            Err(_) => return Err(Problem::new(error::SILENT)),
            Ok(None) => return Ok(whole.freeze()),
            Ok(Some(Err(_))) => {
                return Err(Problem::new(error::BAD_REQUEST).detail("请求内容没有完整收到。"));
            }
            Ok(Some(Ok(chunk))) if whole.len() + chunk.len() > largest => return Err(too_large()),
            Ok(Some(Ok(chunk))) => whole.extend_from_slice(&chunk),
        }
    }
}

/// Waits for the next piece of a multipart body. 408 when nothing comes for [`IDLE`], 400 when it is cut off or
/// broken, 413 beyond the route's limit.
pub async fn piece<T>(next: impl Future<Output = std::result::Result<T, MultipartError>>) -> Result<T> {
    match tokio::time::timeout(IDLE, next).await {
        Err(_) => Err(Problem::new(error::SILENT)),
        Ok(Err(error)) => Err(body_problem(error.status())),
        Ok(Ok(piece)) => Ok(piece),
    }
}
