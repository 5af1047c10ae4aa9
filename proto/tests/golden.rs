//! Golden bytes: what this version writes is what is in `vectors/golden.csv`, and what is there is what
//! `gengwei.cddl` describes. `vectors/check.py` reads the same file with another decoder and other
//! ciphers.
//!
//! `GOLDEN=write cargo test -p gengwei-proto --features all-suites --test golden` writes the file anew. Bytes that
//! have been released must not change: posts in the field read and write them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test may fail it")]

use std::fmt::Write;

use gengwei_proto::wire::*;
use gengwei_proto::{ParcelCode, RegionCode};

const FILE: &str = "vectors/golden.csv";
const UP: Key = key(0);
const DOWN: Key = key(32);
const DEVICE: DeviceId = DeviceId(40_123);
const EPOCH: Epoch = Epoch(0x1234_5678);
const NOW: u64 = 1_795_449_600;

/// 32 bytes that count up.
const fn key(first: u8) -> Key {
    let mut key = [0; 32];
    let mut at = 0;
    while at < 32 {
        key[at] = first + at as u8;
        at += 1;
    }
    key
}

struct Vector {
    name: String,
    /// The rule in the CDDL.
    rule: &'static str,
    bytes: Vec<u8>,
}

impl Vector {
    fn new(name: impl Into<String>, rule: &'static str, bytes: &[u8]) -> Self {
        Self { name: name.into(), rule, bytes: bytes.to_vec() }
    }

    fn is_sequence(&self) -> bool {
        matches!(self.rule, "uplink" | "downlink")
    }

    /// The vector as one item: a sequence becomes an array.
    fn item(&self) -> Vec<u8> {
        if self.is_sequence() { [&[0x9f], &*self.bytes, &[0xff]].concat() } else { self.bytes.clone() }
    }
}

fn events() -> Vec<(&'static str, Event<'static>)> {
    let patrol = Uuid(*b"\x01\x9a\xb3\x2c\xd0\x00\x70\x00\x80\x00\x00\x00\x00\x00\x00\x01");
    let sighting = Uuid(*b"\x01\x9a\xb3\x2c\xd0\x00\x70\x00\x80\x00\x00\x00\x00\x00\x00\x02");
    let region = RegionCode::parse("640502102210").unwrap();
    let parcel = ParcelCode::parse("6405021022100100001X").ok();
    let position =
        Some(Position { longitude_e7: 1_051_896_000, latitude_e7: 374_962_000, accuracy_m: Some(8) });
    let track = Vec::leak(vec![0; 64]);
    let mut writer = TrackWriter::new(track);
    for (seconds, longitude_e7, latitude_e7) in
        [(0, 1_051_896_000, 374_962_000), (15, 1_051_897_200, 374_961_100)]
    {
        writer.push(TrackPoint { seconds, longitude_e7, latitude_e7 }).unwrap();
    }
    let points = writer.finish();
    let full = Sighting {
        id: sighting,
        kind: SightingKind::ILLEGAL_HOUSE,
        patrol: Some(patrol),
        parcel,
        position,
        stopped: Some(true),
        note: Some("路东侧新打地基"),
    };
    let short = Sighting { patrol: None, parcel: None, position: None, stopped: None, note: None, ..full };
    let health = PostHealth {
        battery_mv: 3612,
        journal_percent: 2,
        config: 0,
        firmware: 10_203,
        ..Default::default()
    };
    let warm = PostHealth { temperature_c: Some(-21), signal_dbm: Some(-104), ..health };
    let evidence = EvidenceReference {
        subject: sighting,
        sha256: key(64),
        length: 1_834_211,
        media: MediaKind::JPEG,
        position,
        azimuth: Some(275),
    };
    vec![
        ("patrol started", Event::PatrolStarted(PatrolStarted { patrol, region, task: None })),
        ("patrol finished", Event::PatrolFinished(PatrolFinished { patrol, note: None })),
        ("sighting", Event::Sighting(full)),
        ("sighting without details", Event::Sighting(short)),
        ("track chunk", Event::TrackChunk(TrackChunk { patrol, points })),
        ("evidence reference", Event::EvidenceReference(evidence)),
        ("post health", Event::PostHealth(health)),
        ("post health with sensors", Event::PostHealth(warm)),
        ("tamper", Event::PostEvent(PostEvent { kind: PostEventKind::TAMPER, value: Some(1800) })),
        ("button", Event::PostEvent(PostEvent { kind: PostEventKind::BUTTON, value: None })),
        (
            "journal loss",
            Event::JournalLoss(JournalLoss {
                first: Seq(70),
                last: Seq(141),
                count: 69,
                cause: LossCause::FULL,
            }),
        ),
        (
            "config acknowledged",
            Event::ConfigAcknowledged(ConfigAcknowledged { version: 4, outcome: ConfigOutcome::APPLIED }),
        ),
    ]
}

fn records() -> Vec<Vector> {
    let encode = |(name, event): (&str, Event<'_>)| {
        let is_post = event.kind() >= Kind::POST_HEALTH;
        let time = if is_post { Time::SinceBoot { boot: 12, seconds: 86_400 } } else { Time::Wall(NOW) };
        Vector::new(name, "record", encode_record(&Record { time, event }, &mut [0; 512]).unwrap())
    };
    events().into_iter().map(encode).collect()
}

fn ciphers(key: &Key) -> [(&'static str, Box<dyn Cipher>); 3] {
    [
        ("sm4-ccm", Box::new(Sm4Ccm::new(key))),
        ("aes-128-ccm", Box::new(Aes128Ccm::new(key))),
        ("chacha20-poly1305", Box::new(ChaCha20Poly1305::new(key))),
    ]
}

fn uplinks(records: &[Vector]) -> Vec<Vector> {
    let record = |name| &records.iter().find(|vector| vector.name == name).unwrap().bytes;
    let mut vectors = Vec::new();
    for (name, cipher) in ciphers(&UP) {
        let head = UplinkHead { suite: cipher.suite(), key: 0, device: DEVICE, epoch: EPOCH, counter: 513 };
        let now = Time::SinceBoot { boot: 12, seconds: 86_460 };
        let mut buffer = [0; MAX_DATAGRAM];
        let header = UplinkHeader { now, ask: true, base: Seq(140), cursor: 5 };
        let mut writer = UplinkWriter::new(&mut buffer, &head, &header).unwrap();
        writer.record(Seq(140), record("post health")).unwrap();
        writer.record(Seq(143), record("tamper")).unwrap();
        let frame = writer.seal(&*cipher).unwrap().to_vec();
        vectors.push(Vector::new(format!("up {name}"), "uplink-frame", &frame));
        let mut bytes = frame.clone();
        let message = Frame::<UplinkHead>::read(&frame).unwrap().open(&*cipher, &mut bytes, None).unwrap();
        vectors.push(Vector::new(format!("up {name} opened"), "uplink", message));
    }
    vectors
}

fn downlinks() -> Vec<Vector> {
    let config =
        PostConfig { version: 4, tilt_degrees: Some(15), low_battery_mv: Some(3300), ..Default::default() };
    let task = Task {
        id: Uuid(key(96)[..16].try_into().unwrap()),
        kind: TaskKind::VERIFY,
        region: RegionCode::parse("64050210221007").unwrap(),
        parcel: None,
        due: Some(NOW + 86_400),
        text: Some("核实图斑"),
    };
    let ack = Ack::new(Seq(140), [140, 143, 150].map(Seq));
    let header = DownlinkHeader { heard: 513, next: ack.next(), arrivals: ack.arrivals(), now: NOW };
    let mut vectors = Vec::new();
    for (name, cipher) in ciphers(&DOWN) {
        let head = DownlinkHead { suite: cipher.suite(), key: 0, epoch: Epoch(0x9ABC_DEF0), counter: 7 };
        let mut buffer = [0; MAX_DATAGRAM];
        let mut writer = DownlinkWriter::new(&mut buffer, &head, &header).unwrap();
        writer.message(6, &Message::Config(config)).unwrap();
        writer.message(7, &Message::Task(task)).unwrap();
        let frame = writer.seal(&*cipher, DEVICE, EPOCH).unwrap().to_vec();
        vectors.push(Vector::new(format!("down {name}"), "downlink-frame", &frame));
        let mut bytes = frame.clone();
        let read = Frame::<DownlinkHead>::read(&frame).unwrap();
        let message = read.open(&*cipher, &mut bytes, Some((DEVICE, EPOCH))).unwrap();
        vectors.push(Vector::new(format!("down {name} opened"), "downlink", message));
    }
    vectors
}

fn vectors() -> Vec<Vector> {
    let mut vectors = records();
    vectors.extend(uplinks(&vectors));
    vectors.extend(downlinks());
    let busy = Refusal { code: RefusalCode::BUSY, retry_after_s: 30 };
    vectors.push(Vector::new("refusal", "refusal", busy.encode(&mut [0; Refusal::MAX_LENGTH]).unwrap()));
    vectors
}

fn file(vectors: &[Vector]) -> String {
    let mut text = String::from("name;rule;hex;diagnostic\n");
    for vector in vectors {
        let (name, rule, hex) = (&vector.name, vector.rule, hex::encode(&vector.bytes));
        let diagnostic = minicbor::display(&vector.bytes).to_string();
        writeln!(text, "{name};{rule};{hex};{diagnostic}").unwrap();
    }
    text
}

#[test]
fn the_bytes_are_the_golden_ones() {
    let ours = file(&vectors());
    if std::env::var("GOLDEN").is_ok_and(|what| what == "write") {
        std::fs::write(FILE, &ours).unwrap();
    }
    let golden = std::fs::read_to_string(FILE).expect("the vectors are in the repository");
    for (ours, golden) in ours.lines().zip(golden.lines()) {
        assert_eq!(ours, golden);
    }
    assert_eq!(ours.len(), golden.len());
}

fn conforms(rule: &str, item: &[u8]) -> Result<(), String> {
    let rules = std::fs::read_to_string("gengwei.cddl").unwrap();
    cddl::validate_cbor_from_slice(&format!("root = {rule}\n{rules}"), item, None)
        .map_err(|error| error.to_string())
}

#[test]
fn the_golden_bytes_are_what_the_cddl_describes() {
    for vector in vectors() {
        conforms(vector.rule, &vector.item()).unwrap_or_else(|error| panic!("{}: {error}", vector.name));
    }
}

#[test]
fn the_cddl_describes_nothing_else() {
    conforms("record", &hex::decode("8300128400000101").unwrap()).expect("a record that is right");
    for (rule, wrong) in [
        ("record", "8300101a00010000"),       // a heartbeat without fields
        ("record", "82001182"),               // cut off
        ("record", "830012840000617701"),     // a word where a number of records belongs
        ("record", "83390100118101"),         // a time before 1970
        ("refusal", "820118ff"),              // a suite where a refusal has 0
        ("uplink-frame", "8504001903e80100"), // a suite that there is not
    ] {
        assert!(conforms(rule, &hex::decode(wrong).unwrap()).is_err(), "{rule} {wrong}");
    }
}

fn checked(file: &str) -> std::process::Output {
    std::process::Command::new("vectors/check.sh").arg(file).output().expect("bash and Python are there")
}

#[test]
fn python_reads_the_vectors_and_opens_the_frames() {
    let done = checked(FILE);
    let (said, complaint) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{complaint}");
    let frames = vectors().iter().filter(|vector| vector.rule.ends_with("-frame")).count();
    assert_eq!(said.trim(), format!("{} vectors read, {frames} frames opened", vectors().len()));
}

#[test]
fn python_notices_one_wrong_digit() {
    let golden = std::fs::read_to_string(FILE).unwrap();
    let frame = golden.lines().find(|line| line.starts_with("up sm4-ccm;")).unwrap();
    // The last byte of a sealed frame's tag, and a number of the diagnostic notation.
    let hex = frame.split(';').nth(2).unwrap();
    let flipped = if hex.ends_with('0') { '1' } else { '0' };
    let forged = golden.replace(hex, &format!("{}{flipped}", &hex[..hex.len() - 1]));
    for wrong in [forged, golden.replacen("[12, 86400]", "[12, 86401]", 1)] {
        assert_ne!(wrong, golden);
        let file = std::env::temp_dir().join(format!("golden-{}.csv", std::process::id()));
        std::fs::write(&file, wrong).unwrap();
        let is_right = checked(file.to_str().unwrap()).status.success();
        std::fs::remove_file(&file).unwrap();
        assert!(!is_right);
    }
}
