//! Frames in CoAP messages (RFC 7252) that ask for no acknowledgement of their own: the frame has one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use coap_lite::{CoapOption, ContentFormat, MessageClass, MessageType, Packet, RequestType};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::link::Arrival;

/// The longest answer: a frame and what CoAP adds.
const LONGEST: usize = 1024;

pub(crate) struct Carrier {
    socket: Arc<UdpSocket>,
    message: AtomicU16,
    listener: AbortHandle,
}

impl Carrier {
    pub(crate) async fn new(server: SocketAddr, answers: UnboundedSender<Vec<u8>>) -> anyhow::Result<Self> {
        let local: SocketAddr = if server.is_ipv4() { ([0; 4], 0).into() } else { ([0; 16], 0).into() };
        let socket = Arc::new(UdpSocket::bind(local).await?);
        socket.connect(server).await?;
        let listener = tokio::spawn(listen(Arc::clone(&socket), answers)).abort_handle();
        Ok(Self { socket, message: AtomicU16::new(0), listener })
    }

    pub(crate) fn send(&self, burst: Vec<Arrival>) {
        for arrival in burst {
            let number = self.message.fetch_add(1, Ordering::Relaxed);
            let Ok(message) = request(number, arrival.bytes).to_bytes() else { continue };
            let socket = Arc::clone(&self.socket);
            tokio::spawn(async move {
                sleep(arrival.after).await;
                // Refused when the server is down: a datagram like any other that got lost.
                let _ = socket.send(&message).await;
            });
        }
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn listen(socket: Arc<UdpSocket>, answers: UnboundedSender<Vec<u8>>) {
    let mut buffer = [0; LONGEST];
    loop {
        let Ok(length) = socket.recv(&mut buffer).await else { continue };
        if let Ok(message) = Packet::from_bytes(&buffer[..length])
            && matches!(message.header.code, MessageClass::Response(_))
            && !message.payload.is_empty()
            && answers.send(message.payload).is_err()
        {
            return;
        }
    }
}

fn request(number: u16, frame: Vec<u8>) -> Packet {
    let mut message = Packet::new();
    message.header.set_type(MessageType::NonConfirmable);
    message.header.code = MessageClass::Request(RequestType::Post);
    message.header.message_id = number;
    message.set_token(number.to_be_bytes().to_vec());
    message.add_option(CoapOption::UriPath, b"sync".to_vec());
    message.set_content_format(ContentFormat::ApplicationCBOR);
    message.payload = frame;
    message
}
