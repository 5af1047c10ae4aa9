//! `make torture`: devices with bad links and failing power against a server that is killed every few seconds.
//!
//! Parameters from the environment: `TORTURE_DEVICES` (200), `TORTURE_LOSS` (0.2), `TORTURE_SECONDS` (60),
//! `DATABASE_URL` (an empty PostgreSQL database; otherwise SQLite). The last line is the verdict; exit 1 unless it is
//! clean.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use gengwei_tests::torture::{Torture, kill_often};
use gengwei_tests::{Backend, Demo, Server, Site};

fn main() -> ExitCode {
    let torture = Torture {
        devices: parameter("TORTURE_DEVICES", 200),
        loss: parameter("TORTURE_LOSS", 0.2),
        time: Duration::from_secs(parameter("TORTURE_SECONDS", 60)),
        drain: Duration::from_secs(parameter("TORTURE_DRAIN", 240)),
    };
    let site = match std::env::var("DATABASE_URL") {
        Ok(url) if !url.is_empty() => Site::on(&url),
        _ => Site::new(Backend::Sqlite),
    };
    println!(
        "{} devices, {} s, {} % loss, {:?}",
        torture.devices,
        torture.time.as_secs(),
        torture.loss * 100.0,
        site.backend()
    );
    Demo::load(&site);
    let mut server = Server::at(site);
    let mut kills = 0;
    let verdict = torture.run(&mut server, |server, time| kills = kill_often(server, time));
    let counted = verdict.summary;
    println!("the server was killed {kills} times, devices lost power {} times", counted.power_cuts);
    println!(
        "{} datagrams up, {} answers taken, {} records waiting",
        counted.datagrams, counted.answers, counted.waiting
    );
    println!("{}", verdict.audit);
    for entry in &verdict.samples {
        println!("for example device {} epoch {} seq {}", entry.device, entry.epoch, entry.seq);
    }
    println!("{verdict}");
    if verdict.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parameter<T: FromStr>(name: &str, default: T) -> T {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number"))
}
