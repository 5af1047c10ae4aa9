//! `gengwei-sim`: devices that sync with a real server, as a test of it and as a load generator.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use gengwei_sim::{Address, Credentials, Office, Options, Summary, Weather, enrol, run};

/// Devices with journals of their own that sync with a server over a link that may be bad.
///
/// Ends with `sent N acked N waiting N`; exit 1 when something is still waiting.
#[derive(Parser)]
#[command(name = "gengwei-sim", version)]
struct Arguments {
    /// The server: its API, and its /sync unless --coap is given.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Carry frames over CoAP to this address instead, such as coap://127.0.0.1:5683.
    #[arg(long)]
    coap: Option<Address>,
    /// How many devices.
    #[arg(long, default_value_t = 20)]
    devices: usize,
    /// For how long they make records.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How long after that the rest may take to go out.
    #[arg(long, default_value_t = 300)]
    drain: u64,
    /// A line of JSON for each record that a device acknowledged to its user: device, epoch, seq, sha256.
    #[arg(long, default_value = "ledger.jsonl")]
    ledger: PathBuf,
    /// Where the devices keep their flashes and keys, to go on with them later; otherwise they are new and gone at
    /// the end.
    #[arg(long)]
    state: Option<PathBuf>,
    /// Records a second of each device.
    #[arg(long, default_value_t = 1.0)]
    rate: f64,
    /// So many records at once at the start, and no more; then the bytes on the way up are compared with the bound.
    #[arg(long)]
    once: Option<u32>,
    /// Seconds between exchanges of a device that has nothing urgent.
    #[arg(long, default_value_t = 3.0)]
    period: f64,
    /// Share of datagrams that are lost, in either direction.
    #[arg(long, default_value_t = 0.0)]
    loss: f64,
    /// Share of datagrams that arrive twice.
    #[arg(long, default_value_t = 0.0)]
    double: f64,
    /// Share of datagrams that arrive after later ones.
    #[arg(long, default_value_t = 0.0)]
    reorder: f64,
    /// Share of datagrams in which a bit is turned.
    #[arg(long, default_value_t = 0.0)]
    damage: f64,
    /// Milliseconds that a datagram takes.
    #[arg(long, default_value_t = 0)]
    delay: u64,
    /// Seconds between two outages of a device's network, each a fifth of that long; 0 for none.
    #[arg(long, default_value_t = 0)]
    outages: u64,
    /// The power of a device fails after so many bytes written to its flash on average.
    #[arg(long)]
    power_cuts: Option<u64>,
    /// What happens by chance follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Who makes the devices: an office of township or above.
    #[arg(long, default_value = "township")]
    account: String,
    /// Its password; the default is the demo's.
    #[arg(long, env = "GENGWEI_SIM_PASSWORD", default_value = "Gengwei-2023", hide_env_values = true)]
    password: String,
    /// The unit that the devices belong to.
    #[arg(long, default_value = "640502102210")]
    unit: String,
    /// The result as one JSON object.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let url = arguments.url.trim_end_matches('/').to_owned();
    let temporary = tempfile::tempdir()?;
    let folder = arguments.state.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let credentials = credentials(&arguments, &url, &folder.join("credentials.jsonl")).await?;
    let options = options(&arguments, &url, folder)?;
    let summary = run(options, &credentials).await?;
    report(&arguments, &summary)?;
    Ok(if summary.waiting == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Those of an earlier run, and new ones for as many devices as are wanted.
async fn credentials(arguments: &Arguments, url: &str, kept: &Path) -> anyhow::Result<Vec<Credentials>> {
    let mut credentials = if kept.exists() { Credentials::read(kept)? } else { Vec::new() };
    credentials.truncate(arguments.devices);
    let Arguments { account, password, unit, .. } = arguments;
    let office = Office { account: account.clone(), password: password.clone(), unit: unit.clone() };
    let missing = arguments.devices - credentials.len();
    if missing > 0 {
        let codes = office.codes(url, missing).await?;
        credentials.extend(enrol(url, &codes).await?);
        let lines: Result<Vec<_>, _> = credentials.iter().map(serde_json::to_string).collect();
        std::fs::write(kept, lines?.join("\n")).context("the devices' keys cannot be kept")?;
    }
    Ok(credentials)
}

fn options(arguments: &Arguments, url: &str, folder: PathBuf) -> anyhow::Result<Options> {
    Ok(Options {
        address: arguments.coap.clone().map_or_else(|| url.parse(), Ok)?,
        weather: Weather {
            loss: arguments.loss,
            double: arguments.double,
            reorder: arguments.reorder,
            damage: arguments.damage,
            delay: Duration::from_millis(arguments.delay),
            outages: Duration::from_secs(arguments.outages),
        },
        ledger: arguments.ledger.clone(),
        folder: folder.join("devices"),
        time: Duration::from_secs(arguments.seconds),
        drain: Duration::from_secs(arguments.drain),
        rate: arguments.rate,
        once: arguments.once,
        period: Duration::from_secs_f64(arguments.period),
        power_cuts: arguments.power_cuts,
        seed: arguments.seed,
    })
}

#[expect(clippy::print_stdout, reason = "the result of a program for the command line")]
fn report(arguments: &Arguments, summary: &Summary) -> anyhow::Result<()> {
    if arguments.json {
        println!("{}", serde_json::to_string(summary)?);
        return Ok(());
    }
    let Summary {
        sent, acked, waiting, power_cuts, bursts, datagrams, uplink_bytes, answers, refused, ..
    } = summary;
    println!(
        "{bursts} bursts of {datagrams} datagrams, {answers} answers, {refused} refusals, {power_cuts} power cuts"
    );
    println!("{uplink_bytes} bytes up with IP and UDP");
    if arguments.once.is_some() {
        let bound = summary.bound(arguments.loss);
        println!(
            "bound {bound:.0} bytes at {:.0} % loss: {:.3}",
            arguments.loss * 100.0,
            *uplink_bytes as f64 / bound
        );
    }
    println!("sent {sent} acked {acked} waiting {waiting}");
    Ok(())
}
