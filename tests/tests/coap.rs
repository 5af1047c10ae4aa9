//! The same frames over CoAP, pushed by libcoap's client and by hand.

use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use gengwei_proto::wire::{Event, PostHealth};
use gengwei_tests::device::Device;
use gengwei_tests::{Backend, Server, on_both};

on_both!(libcoap_pushes_a_frame_and_gets_its_answer, a_message_is_taken_once_and_others_are_refused);

fn post(server: &Server) -> Device {
    let mut device = Device::enrol(&server.site, &server.anonymous(), &["--unit", "640502102210"]);
    for battery_mv in [3_600, 3_550] {
        let health = PostHealth { battery_mv, ..PostHealth::default() };
        device.append(Event::PostHealth(health));
    }
    device
}

fn libcoap_pushes_a_frame_and_gets_its_answer(backend: Backend) {
    let server = Server::start(backend);
    for non_confirmable in [&[][..], &["-N"]] {
        let mut device = post(&server);
        let (frame, answer) = (server.site.path("frame.cbor"), server.site.path("answer.cbor"));
        std::fs::write(&frame, device.frame().expect("a frame")).expect("a file");
        let done = Command::new("coap-client-notls")
            .args(["-m", "post", "-t", "60", "-B", "20"])
            .args(non_confirmable)
            .arg("-f")
            .arg(&frame)
            .arg("-o")
            .arg(&answer)
            .arg(format!("coap://{}/sync", server.coap()))
            .output()
            .expect("libcoap's client is installed (scripts/setup.sh test)");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let answer = std::fs::read(&answer).unwrap_or_default();
        assert!(device.hear(answer) && device.is_done(), "{}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(device.dumped(&server.site), device.hashes());
    }
}

/// A request with a token: type 0 confirmable, 1 not; code 2 POST.
fn request(kind: u8, code: u8, number: u16, path: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = vec![0x42 | kind << 4, code];
    message.extend(number.to_be_bytes());
    message.extend(*b"tk");
    message.push(0xB0 | path.len() as u8);
    message.extend(path.as_bytes());
    if !payload.is_empty() {
        message.push(0xFF);
        message.extend(payload);
    }
    message
}

fn a_message_is_taken_once_and_others_are_refused(backend: Backend) {
    let server = Server::start(backend);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.connect(server.coap()).expect("an address");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
    let ask = |message: &[u8]| {
        socket.send(message).expect("sent");
        let mut buffer = [0; 1_024];
        let length = socket.recv(&mut buffer).expect("an answer");
        buffer[..length].to_vec()
    };
    let mut device = post(&server);
    let frame = device.frame().expect("a frame");
    let message = request(0, 2, 7, "sync", &frame);
    let answer = ask(&message);
    // An acknowledgement of message 7 with its token: 2.04 Changed, Content-Format 60.
    assert_eq!(answer[..9], [0x62, 0x44, 0, 7, b't', b'k', 0xC1, 60, 0xFF]);
    assert_eq!(ask(&message), answer, "a repetition is answered with the same bytes");
    let stored = device.dumped(&server.site);

    // 4.00 malformed, 4.01 forged, 4.04, 4.05, 4.02 for a critical option that nobody knows; a ping is reset.
    let mut flipped = frame.clone();
    *flipped.last_mut().expect("bytes") ^= 1;
    let refused = ask(&request(1, 2, 8, "sync", &frame[..20]));
    assert_eq!((refused[0] >> 4, refused[1], &refused[4..6]), (5, 0x80, &b"tk"[..]));
    assert_eq!(refused[refused.len() - 4..], [0x83, 0, 1, 0]);
    assert_eq!(ask(&request(0, 2, 9, "sync", &flipped))[1], 0x81);
    assert_eq!(ask(&request(0, 2, 10, "other", &frame))[1], 0x84);
    assert_eq!(ask(&request(0, 1, 11, "sync", &[]))[1], 0x85);
    let mut strange = request(0, 2, 12, "sync", &[]);
    strange.extend([0xE0, 0xFD, 0xFD]); // option 11 + 269 + 0xFDFD
    assert_eq!(ask(&strange)[1], 0x82);
    assert_eq!(ask(&[0x40, 0, 0, 13]), [0x70, 0, 0, 13]);
    // No message at all is answered with nothing: what comes next is the answer to the ping.
    for noise in [&[][..], &[1], &[0xFF; 40], &[0x80, 2, 0, 1]] {
        socket.send(noise).expect("sent");
    }
    assert_eq!(ask(&[0x40, 0, 0, 14]), [0x70, 0, 0, 14]);
    assert_eq!(device.dumped(&server.site), stored);
    assert!(device.hear(answer[9..].to_vec()) && device.is_done());
}
