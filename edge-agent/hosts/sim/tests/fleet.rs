//! A fleet against a server that keeps what it gets in memory, over CoAP.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use coap_lite::{MessageClass, MessageType, Packet, ResponseType};
use gengwei_proto::wire::*;
use gengwei_sim::{Address, Credentials, Entry, Ledger, Options, Summary, Weather, run};
use sha2::{Digest, Sha256};
use tokio::net::UdpSocket;

const UP: [u8; 32] = [1; 32];
const DOWN: [u8; 32] = [2; 32];

/// Records by device and epoch.
type Stored = Arc<Mutex<BTreeMap<(DeviceId, Epoch), BTreeMap<Seq, Vec<u8>>>>>;

fn credentials(count: u32) -> Vec<Credentials> {
    let keys = |device| Credentials {
        device,
        key: 0,
        suite: SuiteId::Sm4Ccm as u8,
        up: hex::encode(UP),
        down: hex::encode(DOWN),
    };
    (1..=count).map(keys).collect()
}

/// Takes frames for as long as the test runs.
async fn serve(socket: UdpSocket, stored: Stored) {
    let mut buffer = [0; 1024];
    for counter in 1.. {
        let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
        let Ok(request) = Packet::from_bytes(&buffer[..length]) else { continue };
        let Some(answer) = take(request.payload.clone(), &stored, counter) else { continue };
        let mut response = Packet::new();
        response.header.set_type(MessageType::NonConfirmable);
        response.header.code = MessageClass::Response(ResponseType::Changed);
        response.set_token(request.get_token().to_vec());
        response.payload = answer;
        socket.send_to(&response.to_bytes().unwrap(), from).await.unwrap();
    }
}

fn take(mut bytes: Vec<u8>, stored: &Stored, counter: u32) -> Option<Vec<u8>> {
    let frame = Frame::<UplinkHead>::read(&bytes).ok()?;
    let head = frame.head;
    let (header, records) = read_uplink(frame.open(&Sm4Ccm::new(&UP), &mut bytes, None).ok()?).unwrap();
    let mut stored = stored.lock().unwrap();
    let stored = stored.entry((head.device, head.epoch)).or_default();
    for (seq, record) in records.map(Result::unwrap) {
        let kept = stored.entry(seq).or_insert_with(|| record.to_vec());
        assert_eq!(kept, record, "{seq:?} of {:?} came as two different records", head.device);
    }
    if !header.ask {
        return None;
    }
    let ack = Ack::new(header.base, stored.keys().copied());
    let answer = DownlinkHeader { heard: head.counter, next: ack.next(), arrivals: ack.arrivals(), now: 1 };
    let down = Sm4Ccm::new(&DOWN);
    let sealed = DownlinkHead { suite: down.suite(), key: 0, epoch: Epoch(9), counter };
    let mut buffer = [0; MAX_DATAGRAM];
    let writer = DownlinkWriter::new(&mut buffer, &sealed, &answer).unwrap();
    Some(writer.seal(&down, head.device, head.epoch).unwrap().to_vec())
}

fn entries(stored: &Stored) -> Vec<Entry> {
    let stored = stored.lock().unwrap();
    let records =
        stored.iter().flat_map(|(of, records)| records.iter().map(move |(seq, record)| (of, seq, record)));
    let entry = |((device, epoch), seq, record): (&(DeviceId, Epoch), &Seq, &Vec<u8>)| Entry {
        device: device.0,
        epoch: epoch.0,
        seq: seq.0,
        sha256: hex::encode(Sha256::digest(record)),
    };
    records.map(entry).collect()
}

/// Runs a fleet; what it summed up, what it acknowledged, what was stored.
async fn ran(devices: u32, change: impl FnOnce(&mut Options)) -> (Summary, Vec<Entry>, Vec<Entry>) {
    let folder = tempfile::tempdir().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let stored = Stored::default();
    let mut options = Options {
        address: Address::Coap(socket.local_addr().unwrap()),
        weather: Weather::default(),
        ledger: folder.path().join("ledger"),
        folder: folder.path().join("devices"),
        time: Duration::from_secs(4),
        drain: Duration::from_secs(60),
        rate: 10.0,
        once: None,
        period: Duration::from_millis(500),
        power_cuts: None,
        seed: 1,
    };
    change(&mut options);
    let ledger = options.ledger.clone();
    let server = tokio::spawn(serve(socket, Arc::clone(&stored)));
    let summary = run(options, &credentials(devices)).await.unwrap();
    server.abort();
    (summary, Ledger::read(&ledger).unwrap(), entries(&stored))
}

#[tokio::test]
async fn on_a_good_link_all_arrives() {
    let (summary, acked, stored) = ran(5, |_| ()).await;
    assert!(summary.sent > 100 && summary.sent == summary.acked && summary.waiting == 0, "{summary:?}");
    assert_eq!(acked.into_iter().collect::<HashSet<_>>(), stored.into_iter().collect());
}

#[tokio::test]
async fn power_cuts_and_a_bad_link_lose_nothing_and_double_nothing() {
    let (summary, acked, stored) = ran(20, |options| {
        let delay = Duration::from_millis(20);
        let outages = Duration::from_secs(3);
        options.weather = Weather { loss: 0.2, double: 0.1, reorder: 0.2, damage: 0.05, delay, outages };
        options.power_cuts = Some(800);
    })
    .await;
    assert!(summary.power_cuts > 10 && summary.acked > 400 && summary.waiting == 0, "{summary:?}");
    assert_eq!(acked.len() as u64, summary.acked);
    let kept: HashSet<_> = stored.iter().collect();
    let lost: Vec<_> = acked.iter().filter(|entry| !kept.contains(entry)).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged records are lost: {lost:?}", lost.len(), acked.len());
    let distinct: HashSet<_> = stored.iter().map(|entry| (entry.device, &entry.sha256)).collect();
    assert_eq!(distinct.len(), stored.len(), "a record came under two numbers");
}

#[tokio::test]
async fn a_burst_without_loss_stays_near_the_bound() {
    let (summary, _, _) = ran(3, |options| options.once = Some(100)).await;
    assert_eq!(summary.acked, 300);
    let share = summary.uplink_bytes as f64 / summary.bound(0.0);
    assert!(share < 1.05, "{share} of the bound: {summary:?}");
}
