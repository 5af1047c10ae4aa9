//! A request's body as it comes, ended by silence and not by a clock.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};

use super::too_large;
use crate::error::{self, Problem, Result};

/// Reads a whole body. 413 beyond `largest` bytes, 408 when nothing comes for `idle`, 400 when it is cut off.
pub(super) async fn read<E>(
    body: impl Stream<Item = std::result::Result<Bytes, E>>,
    largest: usize,
    idle: Duration,
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
            Ok(Some(Ok(chunk))) if whole.len() + chunk.len() > largest => return Err(too_large(largest)),
            Ok(Some(Ok(chunk))) => whole.extend_from_slice(&chunk),
        }
    }
}
