//! A mutational fuzzer over every decoder: no bytes make one panic or run on, what reads back reads back the same, and
//! no changed frame opens.
//!
//! It starts from the golden vectors and keeps what it finds apart from them. `FUZZ_SECONDS` (5) bounds it,
//! `FUZZ_SEED` chooses another run; a failure prints the bytes.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use gengwei_proto::wire::*;
use gengwei_proto::{ParcelCode, RegionCode};

const ADDRESSEE: Option<(DeviceId, Epoch)> = Some((DeviceId(40_123), Epoch(0x1234_5678)));

/// What a decoder made of some bytes; a new outcome makes them worth keeping.
type Outcome = (usize, u64);

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 16) as usize % end.max(1)
    }
}

/// Heads of CBOR items that are easily got wrong: lengths that are not there, indefinite lengths, null, floats, tags.
const HEADS: [&[u8]; 14] = [
    b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x1a\xff\xff\xff\xff",
    b"\x3b\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x5a\x00\x00\x01\x00",
    b"\x7a\x7f\xff\xff\xff",
    b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x9f",
    b"\xbf",
    b"\xff",
    b"\xf6",
    b"\xf9\x7e\x00",
    b"\xc1",
    b"\x5f",
];

fn mutate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(7) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.next() as u8),
            2 if at < bytes.len() => _ = bytes.remove(at),
            3 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            4 if at < bytes.len() => bytes[at] = bytes[at].wrapping_add([1, 255][random.below(2)]),
            5 => _ = bytes.splice(at..at, HEADS[random.below(HEADS.len())].iter().copied()),
            _ => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
    bytes.truncate(2 * MAX_DATAGRAM);
    bytes
}

fn record(bytes: &[u8]) -> Outcome {
    let read = Record::decode(bytes);
    if let Ok(Some(record)) = read {
        let mut buffer = [0; 4 * MAX_DATAGRAM];
        let again = encode_record(&record, &mut buffer).unwrap();
        assert_eq!(Record::decode(again), Ok(Some(record)), "what was read is written otherwise");
        assert_eq!(peek_record(bytes), Ok((record.time, record.event.kind())));
        if let Event::TrackChunk(chunk) = record.event {
            assert!(chunk.points().count() <= chunk.points.len() + 1);
        }
        return (0, u64::from(record.event.kind().0) << 8 | u64::from(record.event.priority() as u8));
    }
    (1, u64::from(read.is_ok()) << 1 | u64::from(peek_record(bytes).is_ok()))
}

fn messages(bytes: &[u8]) -> [Outcome; 3] {
    let up = read_uplink(bytes).map_or((2, 0), |(_, records)| {
        let (mut count, mut last) = (0, None);
        for (seq, record) in records.map_while(Result::ok) {
            assert!(last < Some(seq) && !record.is_empty());
            (last, count) = (Some(seq), count + 1);
        }
        assert!(count <= bytes.len());
        (3, count.min(8) as u64)
    });
    let down = read_downlink(bytes).map_or((4, 0), |(header, messages)| {
        let arrived = (0..=Ack::REACH + 1).filter(|beyond| header.arrivals.contains(*beyond)).count();
        let known =
            messages.clone().filter(|m| matches!(m, Ok((_, Message::Config(_) | Message::Task(_))))).count();
        assert!(messages.count() <= bytes.len() + 1);
        (5, arrived.min(2) as u64 | (known.min(3) as u64) << 2)
    });
    let refused = (6, Refusal::decode(bytes).map_or(0, |refusal| 1 + u64::from(refusal.code.0)));
    [up, down, refused]
}

/// Frames that open although nobody sealed them would be the end of it, so none but the golden ones may.
fn frames(bytes: &[u8], golden: &[Vec<u8>]) -> [Outcome; 2] {
    let key = |first: u8| core::array::from_fn(|at| first + at as u8);
    let suites = |key: &Key| -> [Box<dyn Cipher>; 3] {
        [Box::new(Sm4Ccm::new(key)), Box::new(Aes128Ccm::new(key)), Box::new(ChaCha20Poly1305::new(key))]
    };
    let is_golden = golden.iter().any(|frame| bytes.starts_with(frame));
    let up = Frame::<UplinkHead>::read(bytes).map_or(0, |frame| {
        let opens = |cipher: Box<dyn Cipher>| frame.open(&*cipher, &mut bytes.to_vec(), None).is_ok();
        assert!(!suites(&key(0)).into_iter().any(opens) || is_golden, "a frame opens that nobody sealed");
        1 + frame.head.suite as u64
    });
    let down = Frame::<DownlinkHead>::read(bytes).map_or(0, |frame| {
        let opens = |cipher: Box<dyn Cipher>| frame.open(&*cipher, &mut bytes.to_vec(), ADDRESSEE).is_ok();
        assert!(!suites(&key(32)).into_iter().any(opens) || is_golden, "a frame opens that nobody sealed");
        1 + frame.head.suite as u64
    });
    [(7, up), (8, down)]
}

fn codes(bytes: &[u8]) -> [Outcome; 2] {
    let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let text = String::from_utf8_lossy(bytes);
    let region = RegionCode::from_number(number).or_else(|_| RegionCode::parse(&text));
    let parcel = ParcelCode::from_body_number(number).or_else(|_| ParcelCode::parse(&text));
    if let Ok(parcel) = parcel {
        assert_eq!(ParcelCode::from_body_number(parcel.body_number()), Ok(parcel));
    }
    if let Ok(region) = region {
        assert_eq!(RegionCode::from_number(region.number()), Ok(region));
    }
    [(9, region.is_ok().into()), (10, parcel.is_ok().into())]
}

fn decode_all(bytes: &[u8], golden: &[Vec<u8>]) -> Vec<Outcome> {
    let points = TrackChunk { patrol: Uuid([0; 16]), points: bytes }.points().count();
    let mut outcomes = vec![record(bytes), (11, points.min(4) as u64)];
    outcomes.extend(messages(bytes));
    outcomes.extend(frames(bytes, golden));
    outcomes.extend(codes(bytes));
    outcomes
}

fn golden() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let file = std::fs::read_to_string("vectors/golden.csv").unwrap();
    let row = |line: &str| {
        let mut cells = line.split(';').skip(1);
        (cells.next().unwrap().ends_with("-frame"), hex::decode(cells.next().unwrap()).unwrap())
    };
    let rows: Vec<_> = file.lines().skip(1).map(row).collect();
    let frames = rows.iter().filter(|(is_frame, _)| *is_frame).map(|(_, bytes)| bytes.clone()).collect();
    (rows.into_iter().map(|(_, bytes)| bytes).collect(), frames)
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().unwrap())
}

#[test]
fn no_bytes_confuse_a_decoder() {
    let (mut corpus, frames) = golden();
    for bytes in [&b"640502102210"[..], b"64050210221007", b"6405021022100100001X"] {
        corpus.push(bytes.to_vec());
    }
    let mut random = Random(setting("FUZZ_SEED", 20_261_128) | 1);
    let end = Instant::now() + Duration::from_secs(setting("FUZZ_SECONDS", 5));
    let mut known = std::collections::HashSet::new();
    let mut tried = 0_u64;
    while Instant::now() < end {
        for _ in 0..100 {
            let bytes = mutate(&mut random, &corpus);
            let outcomes = catch_unwind(AssertUnwindSafe(|| decode_all(&bytes, &frames)))
                .unwrap_or_else(|_| panic!("with the bytes {}", hex::encode(&bytes)));
            if known.insert(outcomes) && corpus.len() < 20_000 {
                corpus.push(bytes);
            }
            tried += 1;
        }
    }
    println!("{tried} inputs, {} kept", corpus.len());
    assert!(known.len() > 50, "the mutations reach no more than {} outcomes", known.len());
}
