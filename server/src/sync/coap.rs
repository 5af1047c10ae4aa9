//! `POST coap://host/sync`: the same frames and answers as over HTTP, in CoAP over UDP (RFC 7252).
//!
//! A post sends a non-confirmable message, because its frame has an acknowledgement of its own; a confirmable one
//! gets its response in the acknowledgement. A message that comes twice is taken once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use coap_lite::{CoapOption, ContentFormat, MessageClass, MessageType, Packet, RequestType, ResponseType};
use gengwei_proto::wire::{MAX_DATAGRAM, Refusal};
use quick_cache::sync::Cache;
use tokio::net::UdpSocket;
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Outcome;
use crate::db::Timestamp;
use crate::state::App;

/// What CoAP adds to a frame of [`MAX_DATAGRAM`] with room to spare; what is longer is cut and refused.
const LONGEST: usize = MAX_DATAGRAM + 256;
/// A message that comes again within this is the same one (EXCHANGE_LIFETIME of RFC 7252).
const LIFETIME_SECONDS: i64 = 247;
/// Messages that are remembered for that.
const REMEMBERED: usize = 50_000;
/// Messages that are worked on at a time; what comes beyond is dropped, and the device tries again.
const AT_A_TIME: usize = 4_096;

/// Critical options (odd numbers) that we understand or that do not concern us: Uri-Host, Uri-Port, Uri-Path,
/// Uri-Query, Accept.
const UNDERSTOOD: [u16; 5] = [3, 7, 11, 15, 17];

/// What a message was answered with, once that is known; none for nothing.
type Answer = Arc<OnceCell<Option<Vec<u8>>>>;

struct Listener {
    app: App,
    socket: UdpSocket,
    answered: Cache<(SocketAddr, u64), (Timestamp, Answer)>,
    message: AtomicU16,
}

/// Answers on a socket until `stop`; what was taken on by then is answered.
pub async fn serve(app: App, socket: UdpSocket, stop: CancellationToken) {
    let message = AtomicU16::new(u16::from_be_bytes(app.env().random()));
    let listener = Arc::new(Listener { app, socket, answered: Cache::new(REMEMBERED), message });
    let (tasks, room) = (TaskTracker::new(), Arc::new(Semaphore::new(AT_A_TIME)));
    let mut buffer = [0; LONGEST];
    loop {
        let received = tokio::select! {
            () = stop.cancelled() => break,
            received = listener.socket.recv_from(&mut buffer) => received,
        };
        // An error here tells of an answer that could not be delivered.
        let Ok((length, from)) = received else { continue };
        let Ok(place) = room.clone().try_acquire_owned() else { continue };
        let (listener, datagram) = (listener.clone(), buffer[..length].to_vec());
        tasks.spawn(async move {
            listener.take(from, &datagram).await;
            drop(place);
        });
    }
    tasks.close();
    tasks.wait().await;
}

impl Listener {
    async fn take(&self, from: SocketAddr, datagram: &[u8]) {
        let mut hasher = DefaultHasher::new();
        datagram.hash(&mut hasher);
        // Its number and all else: a device behind a shared address may use a number again.
        let key = (from, hasher.finish());
        let now = self.app.env().now();
        let known = self.answered.get(&key).filter(|(at, _)| now.seconds_since(*at) < LIFETIME_SECONDS);
        let is_new = known.is_none();
        let answer = known.map_or_else(Answer::default, |(_, answer)| answer);
        if is_new {
            self.answered.insert(key, (now, answer.clone()));
        }
        let answer = answer.get_or_init(|| self.answer(datagram)).await;
        // Only who wants to be sure of being heard asks twice.
        let is_confirmable = datagram.first().is_some_and(|first| first >> 4 & 3 == 0);
        if let Some(answer) = answer.as_ref().filter(|_| is_new || is_confirmable) {
            let _ = self.socket.send_to(answer, from).await;
        }
    }

    async fn answer(&self, datagram: &[u8]) -> Option<Vec<u8>> {
        let first = *datagram.first()?;
        let number = u16::from_be_bytes([*datagram.get(2)?, *datagram.get(3)?]);
        let is_confirmable = first >> 4 & 3 == 0;
        let packet = Packet::from_bytes(datagram).ok().filter(|packet| packet.header.get_version() == 1);
        let Some(request) = packet.filter(|packet| matches!(packet.header.code, MessageClass::Request(_)))
        else {
            // Not understood, or a ping, which is an empty confirmable message.
            let mut reset = Packet::new();
            reset.header.set_type(MessageType::Reset);
            reset.header.code = MessageClass::Empty;
            reset.header.message_id = number;
            return reset.to_bytes().ok().filter(|_| is_confirmable && first >> 6 == 1);
        };
        let (code, payload) = self.respond(&request, is_confirmable).await?;
        let mut response = Packet::new();
        response.set_token(request.get_token().to_vec());
        response.header.code = code;
        if is_confirmable {
            response.header.set_type(MessageType::Acknowledgement);
            response.header.message_id = number;
        } else {
            response.header.set_type(MessageType::NonConfirmable);
            response.header.message_id = self.message.fetch_add(1, Ordering::Relaxed);
        }
        if !payload.is_empty() {
            response.set_content_format(ContentFormat::ApplicationCBOR);
            response.payload = payload;
        }
        response.to_bytes().ok()
    }

    /// Code and payload of a response; none when nothing needs to be said.
    async fn respond(&self, request: &Packet, is_confirmable: bool) -> Option<(MessageClass, Vec<u8>)> {
        let only = |kind| Some((MessageClass::Response(kind), Vec::new()));
        let path = request.get_option(CoapOption::UriPath);
        if path.is_none_or(|path| !path.iter().map(Vec::as_slice).eq([b"sync"])) {
            return only(ResponseType::NotFound);
        }
        if request.header.code != MessageClass::Request(RequestType::Post) {
            return only(ResponseType::MethodNotAllowed);
        }
        // A frame fits into a datagram, so blocks are not spoken: a first block says that there are more.
        if request
            .get_first_option(CoapOption::Block1)
            .is_some_and(|block| block.last().is_some_and(|b| b & 8 != 0))
        {
            return only(ResponseType::RequestEntityTooLarge);
        }
        let is_foreign = |number: &u16| number % 2 == 1 && !UNDERSTOOD.contains(number) && *number != 27;
        if request.options().any(|(number, _)| is_foreign(number)) {
            return only(ResponseType::BadOption);
        }
        match super::take(&self.app, request.payload.clone(), MAX_DATAGRAM).await {
            Outcome::Answered(answers) => {
                Some((MessageClass::Response(ResponseType::Changed), answers.to_vec()))
            }
            // The device did not ask, and its radio may sleep.
            Outcome::Stored if is_confirmable => only(ResponseType::Changed),
            Outcome::Stored => None,
            Outcome::Refused(refusal) => {
                let mut buffer = [0; Refusal::MAX_LENGTH];
                let payload = refusal.encode(&mut buffer).map(<[u8]>::to_vec).unwrap_or_default();
                Some((MessageClass::from(refusal.code.coap_code()), payload))
            }
        }
    }
}
