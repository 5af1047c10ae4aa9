//! The sealed answer: what is stored, the time, and what the device is to be told.

use axum::body::Bytes;
use gengwei_proto::wire::{DownlinkHead, DownlinkHeader, DownlinkWriter, Message};

use super::desk::Stored;
use crate::devices::{self, messages::Config};
use crate::error::{self, Problem};
use crate::state::App;

/// What an answer without messages takes at most: head, header with a whole bitmap, tag.
const LEAST_ROOM: usize = 96;

/// The longest answer; more than any number of messages at a time takes.
const MOST_ROOM: usize = 4_096;
/// Messages that are told at a time.
const MESSAGES: i64 = 16;

/// Seals the answer to a push, in at most `room` bytes.
pub(super) async fn seal(app: &App, stored: &Stored, room: usize) -> Result<Bytes, Problem> {
    let (device, head, header) = (stored.device(), stored.head(), stored.header());
    // A key may have ended while its frame was being stored.
    let pair = device.keys.iter().find(|pair| pair.key == head.key);
    let pair = pair.ok_or_else(|| Problem::new(error::UNAVAILABLE))?;
    let ack = stored.live().stored.ack(header.base);
    let down =
        DownlinkHead { suite: pair.suite, key: pair.key, epoch: app.sync().epoch(), counter: stored.counter };
    let answer = DownlinkHeader {
        heard: head.counter,
        next: ack.next(),
        arrivals: ack.arrivals(),
        now: u64::try_from(app.env().now().0 / 1_000_000).unwrap_or_default(),
    };
    let configs = match device.message > header.cursor {
        true => devices::sql::messages(app.db(), device.number, header.cursor, MESSAGES).await?,
        false => Vec::new(),
    };
    let mut buffer = vec![0; room.clamp(LEAST_ROOM, MOST_ROOM)];
    let mut writer = DownlinkWriter::new(&mut buffer, &down, &answer).map_err(Problem::internal)?;
    for (cursor, body) in configs {
        let cursor = u32::try_from(cursor).map_err(Problem::internal)?;
        let config: Config = serde_json::from_str(&body).map_err(Problem::internal)?;
        // What finds no room comes with the next answer.
        if writer.message(cursor, &Message::Config(config.on_wire(cursor))).is_err() {
            break;
        }
    }
    let sealed = writer.seal(&*pair.down, head.device, head.epoch).map_err(Problem::internal)?;
    let sealed = Bytes::copy_from_slice(sealed);
    stored.live().last = Some((head.counter, sealed.clone()));
    Ok(sealed)
}
