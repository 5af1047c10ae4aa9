//! A post's firmware in QEMU, an AT modem, a bad link and power cuts: what it recorded arrives, once.
//!
//! `POST_CUTS` (10) says how often the power is cut.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use gengwei_proto::wire::*;
use gengwei_tests::post::{Link, Post, Sink, Told, enrol, firmware, identity};
use gengwei_tests::{Backend, Server, Site, on_both};

on_both!(what_a_post_recorded_is_in_the_server_once_whoever_lost_power);

const DEVICE: u32 = 40_123;
const UP: [u8; 32] = [3; 32];
const DOWN: [u8; 32] = [4; 32];
const SECOND: Duration = Duration::from_secs(1);

fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("gengwei-post-").tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join("identity"), identity(DEVICE, &UP, &DOWN)).expect("written");
    folder
}

/// Waits until the server has what `wanted` says.
#[track_caller]
fn arrives(sink: &Sink, within: Duration, wanted: impl Fn(&Record<'_>) -> bool) {
    let end = Instant::now() + within;
    loop {
        let records = sink.records();
        let read = |bytes| Record::decode(bytes).expect("well-formed").expect("a kind that is known");
        if records.values().any(|bytes| wanted(&read(bytes))) {
            return;
        }
        assert!(Instant::now() < end, "it did not arrive within {within:?}; there is {records:02x?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn is_event(record: &Record<'_>, kind: PostEventKind) -> bool {
    matches!(record.event, Event::PostEvent(event) if event.kind == kind)
}

#[test]
fn what_a_post_feels_arrives_and_what_comes_down_is_obeyed() {
    let (elf, folder, sink) = (firmware(), folder(), Sink::start(DEVICE, UP, DOWN));
    let config = PostConfig { version: 4, health_period_s: Some(3600), ..PostConfig::default() };
    sink.configure(config);
    let mut post = Post::boot(&elf, folder.path(), sink.address(), Link::default());
    post.hear(20 * SECOND, |told| matches!(told, Told::Beat(..)));
    arrives(&sink, 10 * SECOND, |record| {
        matches!(record.event, Event::PostHealth(health)
            if (2900..3100).contains(&health.battery_mv) && health.firmware == 100 && health.config == 0)
    });

    // Presses that belong together are one event; a motion waits until something urgent goes.
    post.walk_past();
    post.press();
    post.press();
    let told = post.hear(10 * SECOND, |told| matches!(told, Told::Recorded(_, _, 3, _)));
    assert!(matches!(told, Told::Recorded(_, _, 3, 2)), "{told:?}");
    arrives(&sink, 10 * SECOND, |record| is_event(record, PostEventKind::BUTTON));
    arrives(&sink, SECOND, |record| is_event(record, PostEventKind::MOTION));
    arrives(&sink, SECOND, |record| {
        matches!(record.event, Event::ConfigAcknowledged(ack)
            if ack == ConfigAcknowledged { version: 4, outcome: ConfigOutcome::APPLIED })
    });
    let traffic = post.modem.traffic();
    assert_eq!(traffic.strange, 0, "the modem was told something it does not know");
    // The heartbeat, the urgent event, what waited: two exchanges, after each of which the radio is released.
    assert_eq!((traffic.sent.0, traffic.released), (3, 2), "{traffic:?}");

    // The config is in force after a power cut, and heartbeats tell it.
    post.cut();
    let post = Post::boot(&elf, folder.path(), sink.address(), Link::default());
    arrives(
        &sink,
        20 * SECOND,
        |record| matches!(record.event, Event::PostHealth(health) if health.config == 4),
    );
    stack_stays_in_its_place(&elf, post, folder.path());
}

/// Of the 16 KiB, what lies between the statics and the stack's deepest point was never written.
fn stack_stays_in_its_place(elf: &Path, mut post: Post, folder: &Path) {
    const RAM: usize = 16 * 1024;
    let statics = statics(&std::fs::read(elf).expect("the firmware"));
    let memory = post.memory(RAM, &folder.join("memory"));
    let untouched = memory[statics..].iter().take_while(|byte| **byte == 0).count();
    let stack = RAM - statics - untouched;
    println!("RAM: {statics} bytes of statics, {stack} bytes of stack, {untouched} never used, of {RAM}");
    assert!(stack > 1000 && untouched > 512, "statics {statics}, stack {stack}, untouched {untouched}");
}

/// How many bytes at the beginning of its memory an ELF file takes.
fn statics(elf: &[u8]) -> usize {
    let word = |at: usize| u32::from_le_bytes(elf[at..at + 4].try_into().expect("four bytes")) as usize;
    let half = |at: usize| usize::from(u16::from_le_bytes(elf[at..at + 2].try_into().expect("two bytes")));
    let headers = (0..half(44)).map(|number| word(28) + number * half(42));
    let in_ram = headers.filter(|at| word(*at) == 1 && word(at + 8) >> 28 == 2);
    in_ram.map(|at| word(at + 8) + word(at + 20) - 0x2000_0000).max().unwrap_or_default()
}

fn cuts() -> u64 {
    std::env::var("POST_CUTS").ok().map_or(10, |cuts| cuts.parse().expect("a number"))
}

/// A number from a seed that changes with each call.
fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random >> 20
}

#[test]
fn power_cuts_lose_nothing_and_double_nothing() {
    let cuts = cuts();
    let (elf, folder, sink) = (firmware(), folder(), Sink::start(DEVICE, UP, DOWN));
    let mut random = 0x2026_1128;
    let mut told = Vec::new();
    for cut in 0..cuts {
        let link = Link { loss: 20, double: 10, seed: cut };
        let mut post = Post::boot(&elf, folder.path(), sink.address(), link);
        // The button's event comes two seconds after the press, and the cut before, meanwhile or after.
        std::thread::sleep(Duration::from_millis(100 + next(&mut random) % 300));
        post.walk_past();
        post.press();
        std::thread::sleep(Duration::from_millis(next(&mut random) % 2500));
        told.extend(post.cut());
    }

    // Once more, without a cut and on a good link: all that was ever recorded is there, from 0 without a gap.
    let mut post = Post::boot(&elf, folder.path(), sink.address(), Link::default());
    let Told::Epoch(epoch, next) = post.hear(20 * SECOND, |told| matches!(told, Told::Epoch(..))) else {
        unreachable!()
    };
    let wanted: BTreeSet<_> = (0..next).map(|seq| (epoch, seq)).collect();
    let end = Instant::now() + 60 * SECOND;
    while !wanted.iter().all(|key| sink.records().contains_key(key)) {
        let missing = wanted.iter().filter(|key| !sink.records().contains_key(key)).count();
        assert!(Instant::now() < end, "{missing} of {} records do not arrive", wanted.len());
        std::thread::sleep(Duration::from_millis(50));
    }

    let arrived = sink.records();
    let mut recorded = 0;
    for told in &told {
        let (key, event) = match *told {
            Told::Epoch(..) => continue,
            Told::Beat(epoch, seq) => ((epoch, seq), None),
            Told::Recorded(epoch, seq, kind, value) => ((epoch, seq), Some((kind, value))),
        };
        recorded += 1;
        let bytes = arrived.get(&key).unwrap_or_else(|| panic!("{told:?} is lost"));
        let record = Record::decode(bytes).expect("well-formed").expect("known");
        match (record.event, event) {
            (Event::PostHealth(_), None) => {}
            (Event::PostEvent(PostEvent { kind, value }), Some(told)) => {
                assert_eq!((kind.0, value), (told.0, Some(told.1)));
            }
            other => panic!("{told:?} arrived as {other:?}"),
        }
    }
    let epochs: BTreeSet<_> = arrived.keys().map(|(epoch, _)| epoch).collect();
    assert_eq!(epochs.len(), 1, "the journal was lost and begun anew");
    assert!(recorded as u64 >= cuts, "{recorded} records in {cuts} lives");
    println!("{cuts} power cuts: {recorded} recorded, {} arrived, 0 lost, 0 doubled", arrived.len());
}

/// The records of an epoch that the server has stored, by number, with their hashes.
fn dumped(site: &Site, epoch: u32) -> BTreeMap<u32, String> {
    let mut found = BTreeMap::new();
    for line in site.run(["sync", "dump", "--json"]).done().objects() {
        assert_eq!(line["epoch"], epoch, "the journal was lost and begun anew");
        let seq = line["seq"].as_u64().and_then(|seq| u32::try_from(seq).ok()).expect("a number");
        let hash = line["sha256"].as_str().expect("a hash").to_owned();
        assert_eq!(found.insert(seq, hash), None, "{seq} is there twice");
    }
    found
}

/// The real server over CoAP; now the post's power is cut, now the server is killed, now both.
fn what_a_post_recorded_is_in_the_server_once_whoever_lost_power(backend: Backend) {
    let (elf, mut server) = (firmware(), Server::start(backend));
    let folder = server.site.path("post");
    std::fs::create_dir(&folder).expect("a folder");
    let made = server.site.run(["device", "enrol", "--json", "--unit", "640502102210"]).done().objects();
    enrol(server.url(), made[0]["code"].as_str().expect("a code"), &folder.join("identity"));

    let mut random = 0x2026_1129;
    let mut told = Vec::new();
    for cut in 0..cuts() {
        let mut post = Post::boot(&elf, &folder, server.coap(), Link { loss: 20, double: 10, seed: cut });
        std::thread::sleep(Duration::from_millis(200 + next(&mut random) % 1000));
        post.press();
        std::thread::sleep(Duration::from_millis(next(&mut random) % 3000));
        if cut % 3 == 1 {
            server.kill_hard();
        }
        told.extend(post.cut());
        if cut % 3 == 1 {
            server.restart();
        }
    }

    let mut post = Post::boot(&elf, &folder, server.coap(), Link::default());
    let Told::Epoch(epoch, next) = post.hear(20 * SECOND, |told| matches!(told, Told::Epoch(..))) else {
        unreachable!()
    };
    let end = Instant::now() + 60 * SECOND;
    loop {
        let stored = dumped(&server.site, epoch);
        if (0..next).all(|seq| stored.contains_key(&seq)) {
            break;
        }
        assert!(Instant::now() < end, "of {next} records {} have arrived", stored.len());
        std::thread::sleep(Duration::from_millis(300));
    }
    for told in told {
        if let Told::Recorded(of, seq, ..) | Told::Beat(of, seq) = told {
            assert!(of == epoch && seq < next, "{told:?} was forgotten by the journal");
        }
    }
    let quarantined = server.site.run(["quarantine", "list", "--json"]).done().objects();
    assert!(quarantined.is_empty(), "{quarantined:?}");
    server.site.run(["audit", "verify"]).done();
}
