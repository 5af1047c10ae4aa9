//! Frames: what one end seals the other opens, and nobody else can make or change one.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use gengwei_proto::wire::*;
use proptest::prelude::*;

const KEY: Key = [7; 32];
const DEVICE: DeviceId = DeviceId(40_123);
const EPOCH: Epoch = Epoch(0xDEAD_BEEF);

fn ciphers() -> [Box<dyn Cipher>; 3] {
    [Box::new(Sm4Ccm::new(&KEY)), Box::new(Aes128Ccm::new(&KEY)), Box::new(ChaCha20Poly1305::new(&KEY))]
}

fn head(cipher: &dyn Cipher, counter: u32) -> UplinkHead {
    UplinkHead { suite: cipher.suite(), key: 0, device: DEVICE, epoch: EPOCH, counter }
}

fn header(base: u32) -> UplinkHeader {
    UplinkHeader { now: Time::SinceBoot { boot: 3, seconds: 90_000 }, ask: true, base: Seq(base), cursor: 0 }
}

/// A stand-in for a record: a CBOR byte string of this many bytes in all.
fn record(length: usize, fill: u8) -> Vec<u8> {
    let mut bytes = vec![fill; length];
    match length {
        1..=24 => bytes[0] = 0x40 + (length - 1) as u8,
        _ => bytes[..2].copy_from_slice(&[0x58, (length - 2) as u8]),
    }
    bytes
}

fn uplink(cipher: &dyn Cipher, base: u32, records: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut buffer = [0; MAX_DATAGRAM];
    let mut writer = UplinkWriter::new(&mut buffer, &head(cipher, 500), &header(base)).unwrap();
    for (seq, record) in records {
        writer.record(Seq(*seq), record).unwrap();
    }
    writer.seal(cipher).unwrap().to_vec()
}

type Numbered = Vec<(u32, Vec<u8>)>;

fn opened(cipher: &dyn Cipher, frame: &[u8]) -> Result<(UplinkHeader, Numbered), WireError> {
    let mut bytes = frame.to_vec();
    let read = Frame::<UplinkHead>::read(&bytes)?;
    let (header, records) = read_uplink(read.open(cipher, &mut bytes, None)?)?;
    let records: Result<_, _> = records.map(|r| r.map(|(seq, bytes)| (seq.0, bytes.to_vec()))).collect();
    Ok((header, records?))
}

#[test]
fn every_suite_carries_records_with_gaps() {
    let records =
        vec![(100, record(40, 1)), (101, record(13, 2)), (164, record(20, 3)), (40_000, record(1, 0))];
    for cipher in ciphers() {
        let frame = uplink(&*cipher, 100, &records);
        assert_eq!(opened(&*cipher, &frame), Ok((header(100), records.clone())));
        let late = vec![(105, record(9, 4))];
        assert_eq!(opened(&*cipher, &uplink(&*cipher, 100, &late)).unwrap().1, late);
        assert_eq!(opened(&*cipher, &uplink(&*cipher, 100, &[])).unwrap().1, []);
    }
}

#[test]
fn a_bit_a_key_a_suite_or_an_addressee_that_is_another_opens_nothing() {
    for cipher in ciphers() {
        let frame = uplink(&*cipher, 1, &[(1, record(30, 5))]);
        for bit in 0..frame.len() * 8 {
            let mut flipped = frame.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(opened(&*cipher, &flipped).is_err(), "bit {bit}");
        }
        for cut in 0..frame.len() {
            assert!(opened(&*cipher, &frame[..cut]).is_err(), "cut at {cut}");
        }
        for other in ciphers().iter().filter(|other| other.suite() != cipher.suite()) {
            assert_eq!(opened(&**other, &frame), Err(WireError::Forged));
        }
    }
    let frame = uplink(&Sm4Ccm::new(&KEY), 1, &[]);
    assert_eq!(opened(&Sm4Ccm::new(&[8; 32]), &frame), Err(WireError::Forged));
}

#[test]
fn an_answer_opens_for_its_device_and_epoch_only() {
    let config = Message::Config(PostConfig { version: 4, tilt_degrees: Some(15), ..PostConfig::default() });
    for cipher in ciphers() {
        let ack = Ack::new(Seq(10), [10, 11, 13].map(Seq));
        let header =
            DownlinkHeader { heard: 500, next: ack.next(), arrivals: ack.arrivals(), now: 1_795_000_000 };
        let head = DownlinkHead { suite: cipher.suite(), key: 1, epoch: Epoch(9), counter: 70_000 };
        let mut buffer = [0; MAX_DATAGRAM];
        let mut writer = DownlinkWriter::new(&mut buffer, &head, &header).unwrap();
        writer.message(6, &config).unwrap();
        let frame = writer.seal(&*cipher, DEVICE, EPOCH).unwrap().to_vec();

        let read = Frame::<DownlinkHead>::read(&frame).unwrap();
        assert_eq!((read.head, read.length), (head, frame.len()));
        let mut bytes = frame.clone();
        let (got, messages) =
            read_downlink(read.open(&*cipher, &mut bytes, Some((DEVICE, EPOCH))).unwrap()).unwrap();
        assert_eq!(got, header);
        assert_eq!(messages.collect::<Result<Vec<_>, _>>(), Ok(vec![(6, config)]));
        for wrong in [None, Some((DeviceId(1), EPOCH)), Some((DEVICE, Epoch(1)))] {
            assert_eq!(read.open(&*cipher, &mut frame.clone(), wrong), Err(WireError::Forged));
        }
    }
}

#[test]
fn frames_follow_one_another_in_a_body() {
    let cipher = Sm4Ccm::new(&KEY);
    let (first, second) =
        (uplink(&cipher, 1, &[(1, record(30, 1))]), uplink(&cipher, 2, &[(2, record(30, 2))]));
    let body = [first.clone(), second.clone()].concat();
    let read = Frame::<UplinkHead>::read(&body).unwrap();
    assert_eq!(read.length, first.len());
    assert_eq!(opened(&cipher, &body[read.length..]).unwrap().1, [(2, record(30, 2))]);
}

#[test]
fn a_newer_message_and_newer_fields_are_passed_over() {
    let mut message = Vec::new();
    let mut e = minicbor::Encoder::new(&mut message);
    e.array(6)
        .unwrap()
        .u8(5)
        .unwrap()
        .u8(7)
        .unwrap()
        .bytes(&[])
        .unwrap()
        .u32(9)
        .unwrap()
        .null()
        .unwrap()
        .str("new")
        .unwrap();
    e.array(3).unwrap().u8(1).unwrap().u8(77).unwrap().array(1).unwrap().str("of tomorrow").unwrap();
    e.encode((2_u32, 1_u8, PostConfig { version: 3, ..PostConfig::default() })).unwrap();
    let (header, messages) = read_downlink(&message).unwrap();
    assert_eq!((header.heard, header.next), (5, Seq(7)));
    let config = Message::Config(PostConfig { version: 3, ..PostConfig::default() });
    assert_eq!(messages.collect::<Result<Vec<_>, _>>(), Ok(vec![(1, Message::Unknown(77)), (2, config)]));
}

#[test]
fn an_old_device_without_a_cursor_reads_as_cursor_0() {
    let mut message = Vec::new();
    minicbor::Encoder::new(&mut message)
        .array(3)
        .unwrap()
        .u32(9)
        .unwrap()
        .bool(false)
        .unwrap()
        .u8(4)
        .unwrap();
    let (header, mut records) = read_uplink(&message).unwrap();
    assert_eq!(header, UplinkHeader { now: Time::Wall(9), ask: false, base: Seq(4), cursor: 0 });
    assert!(records.next().is_none());
}

#[test]
fn a_full_frame_says_so_and_keeps_what_it_has() {
    let cipher = Sm4Ccm::new(&KEY);
    let mut buffer = [0; MAX_DATAGRAM];
    let mut writer = UplinkWriter::new(&mut buffer, &head(&cipher, 500), &header(0)).unwrap();
    let fitted = (0..).take_while(|seq| writer.record(Seq(*seq), &record(40, 1)).is_ok()).count();
    let frame = writer.seal(&cipher).unwrap().to_vec();
    assert_eq!(opened(&cipher, &frame).unwrap().1.len(), fitted);
    assert_eq!(
        (fitted, frame.len() - fitted * 40),
        (11, 36),
        "records of 40 bytes and the bytes beside them"
    );

    for short in 0..60 {
        let mut buffer = vec![0; short];
        if let Ok(writer) = UplinkWriter::new(&mut buffer, &head(&cipher, 500), &header(0)) {
            let frame = writer.seal(&cipher).unwrap().to_vec();
            assert!(frame.len() <= short && opened(&cipher, &frame).is_ok());
        }
    }
}

#[test]
fn numbers_must_ascend_from_the_base() {
    let cipher = Sm4Ccm::new(&KEY);
    let mut buffer = [0; MAX_DATAGRAM];
    let mut writer = UplinkWriter::new(&mut buffer, &head(&cipher, 1), &header(10)).unwrap();
    assert_eq!(writer.record(Seq(9), &record(5, 0)), Err(WireError::Malformed));
    writer.record(Seq(12), &record(5, 0)).unwrap();
    assert_eq!(writer.record(Seq(12), &record(5, 0)), Err(WireError::Malformed));
}

#[test]
fn refusals_have_a_status_in_http_and_in_coap() {
    assert_eq!((RefusalCode::REVOKED.http_status(), RefusalCode::REVOKED.coap_code()), (403, 0x83));
    assert_eq!((RefusalCode::BUSY.http_status(), RefusalCode::BUSY.coap_code()), (503, 0xA3));
    assert_eq!((RefusalCode::FORGED.http_status(), RefusalCode::FORGED.coap_code()), (401, 0x81));
    assert_eq!((RefusalCode(99).http_status(), RefusalCode(99).coap_code()), (400, 0x80));
    let frame = uplink(&Sm4Ccm::new(&KEY), 1, &[]);
    assert_eq!(Refusal::decode(&frame), None, "a frame is no refusal");
    let refusal = Refusal { code: RefusalCode::BUSY, retry_after_s: 30 };
    let mut buffer = [0; Refusal::MAX_LENGTH];
    assert_eq!(Frame::<DownlinkHead>::read(refusal.encode(&mut buffer).unwrap()), Err(WireError::Malformed));
}

#[test]
fn an_unknown_suite_is_named() {
    let mut frame = uplink(&Sm4Ccm::new(&KEY), 1, &[]);
    frame[1] = 9;
    assert_eq!(Frame::<UplinkHead>::read(&frame), Err(WireError::UnknownSuite(9)));
}

proptest! {
    #[test]
    fn whatever_goes_in_comes_out(
        base in 0..1000u32,
        lengths in prop::collection::vec((0..100u32, 1..60usize), 0..8),
        suite in 0..3usize,
    ) {
        let cipher = &ciphers()[suite];
        let mut next = base;
        let records: Vec<_> = lengths.into_iter().map(|(skip, length)| {
            let seq = next + skip;
            next = seq + 1;
            (seq, record(length, 9))
        }).collect();
        prop_assert_eq!(opened(&**cipher, &uplink(&**cipher, base, &records)), Ok((header(base), records)));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let cipher = Sm4Ccm::new(&KEY);
        let _ = opened(&cipher, &bytes);
        if let Ok(frame) = Frame::<DownlinkHead>::read(&bytes) {
            let _ = frame.open(&cipher, &mut bytes.clone(), Some((DEVICE, EPOCH)));
        }
    }
}
