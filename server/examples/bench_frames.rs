//! Sealed frames for `make bench`: reads what devices were told at enrolment, one JSON object a line, and writes frames
//! of post health one after another, device by device in turn, each after its length (4 bytes, big-endian):
//! `bench_frames FRAMES RECORDS FILE < enrolments.jsonl`.

use std::io::{BufRead, BufWriter, Write};

use gengwei_proto::wire::{
    DeviceId, Epoch, Event, Key, PostHealth, Record, Seq, Sm4Ccm, SuiteId, Time, UplinkHead, UplinkHeader,
    UplinkWriter, encode_record,
};

struct Device {
    number: u32,
    cipher: Sm4Ccm,
    seq: u32,
    counter: u32,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, frames, records, file] = &arguments[..] else {
        return Err("usage: bench_frames FRAMES RECORDS FILE < enrolments.jsonl".into());
    };
    let (frames, records): (u32, u32) = (frames.parse()?, records.parse()?);
    let mut devices = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let told: serde_json::Value = serde_json::from_str(&line?)?;
        let mut key = Key::default();
        hex::decode_to_slice(told["up"].as_str().ok_or("no key")?, &mut key)?;
        let number = u32::try_from(told["device"].as_u64().ok_or("no number")?)?;
        devices.push(Device { number, cipher: Sm4Ccm::new(&key), seq: 0, counter: 0 });
    }
    let mut out = BufWriter::new(std::fs::File::create(file)?);
    let count = devices.len();
    for n in 0..frames as usize {
        let frame = frame(&mut devices[n % count], records)?;
        out.write_all(&u32::try_from(frame.len())?.to_be_bytes())?;
        out.write_all(&frame)?;
    }
    Ok(out.flush()?)
}

/// The next frame of a device, which asks for an answer and has all before acknowledged.
fn frame(device: &mut Device, records: u32) -> Result<Vec<u8>, gengwei_proto::wire::WireError> {
    let clock = Time::SinceBoot { boot: 1, seconds: 60 * device.seq };
    let head = UplinkHead {
        suite: SuiteId::Sm4Ccm,
        key: 0,
        device: DeviceId(device.number),
        epoch: Epoch(1),
        counter: device.counter,
    };
    let header = UplinkHeader { now: clock, ask: true, base: Seq(device.seq), cursor: 0 };
    device.counter += 1;
    let mut buffer = [0; 4_096];
    let mut writer = UplinkWriter::new(&mut buffer, &head, &header)?;
    for _ in 0..records {
        let health = PostHealth {
            battery_mv: 3_600,
            journal_percent: 2,
            firmware: 10_203,
            temperature_c: Some(12),
            signal_dbm: Some(-97),
            ..PostHealth::default()
        };
        let mut record = [0; 64];
        let record = encode_record(&Record { time: clock, event: Event::PostHealth(health) }, &mut record)?;
        writer.record(Seq(device.seq), record)?;
        device.seq += 1;
    }
    Ok(writer.seal(&device.cipher)?.to_vec())
}
