//! Records: what is written reads back, old and new versions read each other, and nonsense is told from a record.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test may fail it")]

mod common;

use common::values;
use gengwei_proto::wire::*;
use gengwei_proto::{ParcelCode, RegionCode};
use minicbor::Encoder;
use proptest::prelude::*;

const NOW: Time = Time::SinceBoot { boot: 12, seconds: 86_400 };

fn bytes_of(record: &Record<'_>) -> Vec<u8> {
    encode_record(record, &mut [0; 512]).unwrap().to_vec()
}

#[test]
fn a_sighting_and_a_heartbeat_are_small() {
    let sighting = Sighting {
        id: Uuid([1; 16]),
        kind: SightingKind::ILLEGAL_HOUSE,
        patrol: None,
        parcel: Some(ParcelCode::parse("6405021022100100001X").unwrap()),
        position: Some(Position {
            longitude_e7: 1_051_896_000,
            latitude_e7: 374_962_000,
            accuracy_m: Some(8),
        }),
        stopped: None,
        note: None,
    };
    let sighting = Record { time: Time::Wall(1_795_000_000), event: Event::Sighting(sighting) };
    assert_eq!(bytes_of(&sighting).len(), 48, "16 of them name the sighting");

    let health =
        PostHealth { battery_mv: 3612, journal_percent: 2, firmware: 10_203, ..PostHealth::default() };
    assert_eq!(bytes_of(&Record { time: NOW, event: Event::PostHealth(health) }).len(), 18);
    let tamper = PostEvent { kind: PostEventKind::TAMPER, value: Some(1800) };
    assert_eq!(bytes_of(&Record { time: NOW, event: Event::PostEvent(tamper) }).len(), 14);
}

#[test]
fn only_tamper_tilt_button_and_loss_are_urgent() {
    let post = |kind| Event::PostEvent(PostEvent { kind, value: None }).priority();
    for kind in [PostEventKind::TAMPER, PostEventKind::TILT, PostEventKind::BUTTON] {
        assert_eq!(post(kind), Priority::Urgent);
    }
    for kind in [PostEventKind::MOTION, PostEventKind::VIBRATION, PostEventKind(200)] {
        assert_eq!(post(kind), Priority::Routine);
    }
    let loss = JournalLoss { first: Seq(1), last: Seq(9), count: 9, cause: LossCause::FULL };
    assert_eq!(Event::JournalLoss(loss).priority(), Priority::Urgent);
    assert_eq!(Event::PostHealth(PostHealth::default()).priority(), Priority::Routine);
}

#[test]
fn a_record_from_a_newer_version_reads_without_its_new_fields() {
    let mut newer = Vec::new();
    let mut e = Encoder::new(&mut newer);
    e.array(4).unwrap().encode(NOW).unwrap().u8(17).unwrap();
    e.array(4)
        .unwrap()
        .u8(1)
        .unwrap()
        .i32(1800)
        .unwrap()
        .str("new")
        .unwrap()
        .map(1)
        .unwrap()
        .u8(1)
        .unwrap()
        .null()
        .unwrap();
    e.bytes(b"new beside the fields").unwrap();
    let event = Event::PostEvent(PostEvent { kind: PostEventKind::TAMPER, value: Some(1800) });
    assert_eq!(Record::decode(&newer), Ok(Some(Record { time: NOW, event })));
}

#[test]
fn a_record_from_an_older_version_reads_with_defaults() {
    let mut older = Vec::new();
    let mut e = Encoder::new(&mut older);
    e.array(3).unwrap().u32(1_795_000_000).unwrap().u8(17).unwrap().array(1).unwrap().u8(2).unwrap();
    let event = Event::PostEvent(PostEvent { kind: PostEventKind::TILT, value: None });
    assert_eq!(Record::decode(&older), Ok(Some(Record { time: Time::Wall(1_795_000_000), event })));
}

#[test]
fn an_unknown_kind_is_told_from_nonsense() {
    let mut unknown = Vec::new();
    Encoder::new(&mut unknown)
        .array(3)
        .unwrap()
        .encode(NOW)
        .unwrap()
        .u8(99)
        .unwrap()
        .str("of tomorrow")
        .unwrap();
    assert_eq!(Record::decode(&unknown), Ok(None));
    assert_eq!(peek_record(&unknown), Ok((NOW, Kind(99))));
    for nonsense in ["", "80", "820011", "83f611a0", "9f00ff", "8300116161", "83001180"] {
        let nonsense = hex::decode(nonsense).unwrap();
        assert_eq!(Record::decode(&nonsense), Err(WireError::Malformed), "{nonsense:02x?}");
    }
}

#[test]
fn a_record_that_does_not_fit_is_an_error() {
    let record = Record { time: NOW, event: Event::PostHealth(PostHealth::default()) };
    let whole = bytes_of(&record);
    for short in 0..whole.len() {
        assert_eq!(encode_record(&record, &mut vec![0; short]), Err(WireError::Full));
    }
    assert_eq!(encode_record(&record, &mut vec![0; whole.len()]).unwrap(), whole);
}

#[test]
fn codes_travel_as_numbers_and_are_checked() {
    let region = RegionCode::parse("64050210221007").unwrap();
    let parcel = ParcelCode::parse("6405021022100100001X").unwrap();
    assert_eq!((RegionCode::from_number(region.number()), region.number()), (Ok(region), 64_050_210_221_007));
    assert_eq!(ParcelCode::from_body_number(parcel.body_number()), Ok(parcel));
    for wrong in [0, 1, 9_999, 64_050_000_000_001, 100_000_000_000_000, u64::MAX] {
        assert!(RegionCode::from_number(wrong).is_err(), "{wrong}");
        assert!(ParcelCode::from_body_number(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn every_record_reads_back(values in values()) {
        let record = values.record();
        let bytes = bytes_of(&record);
        prop_assert_eq!(Record::decode(&bytes), Ok(Some(record)));
        prop_assert_eq!(peek_record(&bytes), Ok((record.time, record.event.kind())));
    }

    #[test]
    fn a_truncated_record_is_an_error(values in values(), cut in any::<prop::sample::Index>()) {
        let bytes = bytes_of(&values.record());
        prop_assert_eq!(Record::decode(&bytes[..cut.index(bytes.len())]), Err(WireError::Malformed));
    }

    #[test]
    fn no_bytes_make_the_decoders_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let _ = Record::decode(&bytes);
        let _ = peek_record(&bytes);
        let _ = Refusal::decode(&bytes);
        let _ = TrackChunk { patrol: Uuid([0; 16]), points: &bytes }.points().count();
        if let Ok((_, records)) = read_uplink(&bytes) {
            let _ = records.count();
        }
        if let Ok((header, messages)) = read_downlink(&bytes) {
            let _ = (0..300).filter(|beyond| header.arrivals.contains(*beyond)).count();
            let _ = messages.count();
        }
    }

    #[test]
    fn no_flipped_bits_make_the_decoder_panic(values in values(), at in any::<prop::sample::Index>(), bits in 1..=255u8) {
        let mut bytes = bytes_of(&values.record());
        let at = at.index(bytes.len());
        bytes[at] ^= bits;
        let _ = Record::decode(&bytes);
    }

    #[test]
    fn a_track_reads_back(points in prop::collection::vec(any::<(i32, i32, i32)>(), 0..20)) {
        let mut buffer = [0; 1024];
        let mut track = TrackWriter::new(&mut buffer);
        let points = points.into_iter().map(|(seconds, longitude_e7, latitude_e7)| TrackPoint { seconds, longitude_e7, latitude_e7 });
        let points: Vec<_> = points.collect();
        points.iter().for_each(|point| track.push(*point).unwrap());
        let chunk = TrackChunk { patrol: Uuid([0; 16]), points: track.finish() };
        prop_assert_eq!(chunk.points().collect::<Result<Vec<_>, _>>(), Ok(points));
    }

    #[test]
    fn a_refusal_reads_back(code in any::<u8>(), retry_after_s in any::<u32>()) {
        let refusal = Refusal { code: RefusalCode(code), retry_after_s };
        prop_assert_eq!(Refusal::decode(refusal.encode(&mut [0; Refusal::MAX_LENGTH]).unwrap()), Some(refusal));
    }

    #[test]
    fn an_acknowledgement_says_what_is_stored(base in 0..50u32, mut stored in prop::collection::btree_set(0..400u32, 0..300)) {
        let ack = Ack::new(Seq(base), stored.iter().copied().map(Seq));
        stored.retain(|seq| *seq >= base);
        let next = (base..).find(|seq| !stored.contains(seq)).unwrap();
        prop_assert_eq!(ack.next(), Seq(next));
        for beyond in 0..=Ack::REACH {
            prop_assert_eq!(ack.arrivals().contains(beyond), stored.contains(&(next + beyond)));
        }
        prop_assert_ne!(ack.arrivals().0.last(), Some(&0));
    }
}
