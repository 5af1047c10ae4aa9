//! `gengwei device enrol|list|revoke|rotate`

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use gengwei_proto::RegionCode;
use serde_json::json;

use super::user::operator;
use super::{Context, told};
use crate::devices::{self, CODE_MINUTES, Issued, Place};
use crate::error::Problem;
use crate::posts::qr::Symbol;

#[derive(clap::Args)]
pub(super) struct Device {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a device and print the code that brings it to its keys
    Enrol {
        /// The number of the post that it sits in
        #[arg(long, group = "place")]
        post: Option<i64>,
        /// The unit that keeps it, for a post that stands nowhere yet
        #[arg(long, group = "place")]
        unit: Option<RegionCode>,
        /// The login of the account that a tablet speaks for
        #[arg(long, group = "place", required = true)]
        account: Option<String>,
        /// What people call it
        #[arg(long)]
        name: Option<String>,
        /// How many such devices
        #[arg(long, default_value_t = 1)]
        count: u32,
        /// How long the code works, in minutes
        #[arg(long, default_value_t = CODE_MINUTES)]
        minutes: i64,
    },
    /// List all devices
    List,
    /// End a device's keys and token
    Revoke {
        /// Its number
        number: i64,
        /// It is not where it should be (挂失)
        #[arg(long)]
        lost: bool,
    },
    /// Print a new code for a device, with which it changes to new keys
    Rotate {
        /// Its number
        number: i64,
        /// How long the code works, in minutes
        #[arg(long, default_value_t = CODE_MINUTES)]
        minutes: i64,
    },
}

pub(super) async fn run(context: &Context, device: Device) -> anyhow::Result<ExitCode> {
    let db = context.db().await?;
    let done = match device.command {
        Command::Enrol { post, unit, account, name, count, minutes } => {
            let place = match (post, unit, account) {
                (Some(post), ..) => Place::Post(post),
                (_, Some(unit), _) => Place::Unit(unit),
                (.., account) => Place::Account(account.unwrap_or_default()),
            };
            enrol(context, &db, place, name, count, minutes).await
        }
        Command::List => list(context, &db).await,
        Command::Revoke { number, lost } => {
            let now = context.env.now();
            db.write(move |tx| async move {
                let device = devices::sql::find(&tx, number).await?.ok_or_else(Problem::not_found)?;
                devices::revoke(&tx, &operator(), &device, lost, now).await
            })
            .await
            .map_err(|problem: Problem| told(&problem))
        }
        Command::Rotate { number, minutes } => {
            let env = context.env.clone();
            let issued = db
                .write(move |tx| async move {
                    let device = devices::sql::find(&tx, number).await?.ok_or_else(Problem::not_found)?;
                    devices::issue(&tx, &env, &operator(), &device, minutes).await
                })
                .await
                .map_err(|problem: Problem| told(&problem))?;
            show(context, &issued)
        }
    };
    db.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn enrol(
    context: &Context,
    db: &crate::db::Db,
    place: Place,
    name: Option<String>,
    count: u32,
    minutes: i64,
) -> anyhow::Result<()> {
    let env = context.env.clone();
    let issued = db
        .write(move |tx| async move {
            let mut issued = Vec::new();
            for _ in 0..count {
                let name = name.as_deref();
                issued.push(devices::register(&tx, &env, &operator(), None, &place, name, minutes).await?);
            }
            Ok(issued)
        })
        .await
        .map_err(|problem: Problem| told(&problem))?;
    issued.iter().try_for_each(|issued| show(context, issued))
}

fn show(context: &Context, issued: &Issued) -> anyhow::Result<()> {
    let url = issued.code.url(context.public.public_url.trim_end_matches('/'));
    let json = json!({
        "device": issued.device,
        "kind": issued.kind,
        "code": issued.code.to_string(),
        "expires_at": issued.expires_at,
        "url": url,
    });
    let symbol = Symbol::encode(&url).context("GENGWEI_PUBLIC_URL")?;
    let text = format!(
        "{}{} {}\t{}\t有效至 {}",
        symbol.text(),
        issued.kind.title(),
        issued.device,
        issued.code,
        issued.expires_at
    );
    context.say(json, text);
    Ok(())
}

async fn list(context: &Context, db: &crate::db::Db) -> anyhow::Result<()> {
    let mut filter = devices::sql::Filter::default();
    loop {
        let page = devices::sql::list(db, None, &filter, 500).await?;
        let Some(last) = page.last() else { return Ok(()) };
        filter.after = Some(last.number);
        for device in &page {
            let seen = device.seen_at.map_or_else(String::new, |at| at.to_string());
            let text = format!(
                "{}\t{}\t{}\t{}\t{}\t{seen}",
                device.number,
                device.kind.title(),
                device.name,
                device.unit.0,
                device.state.title()
            );
            context.say(device, text);
        }
    }
}
