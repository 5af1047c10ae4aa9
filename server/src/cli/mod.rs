//! The command line.

mod audit;
mod backup;
mod codes;
mod config;
mod demo;
mod device;
mod evidence;
mod export;
mod import;
mod quarantine;
mod sync;
mod user;
mod workflow;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::calendar::Calendar;
use crate::config::{Listen, Logging, Public, Storage};
use crate::db::{Db, Location};
use crate::deliveries::Channels;
use crate::env::Env;
use crate::evidence::{Photos, Spool};
use crate::policy::Policy;
use crate::state::{App, Setup};
use crate::{keys, serve, telemetry};

/// 耕卫: farmland protection on five levels.
#[derive(Parser)]
#[command(name = "gengwei", version, about, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    storage: Storage,
    #[command(flatten)]
    public: Public,
    #[command(flatten)]
    logging: Logging,
    /// Report in JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve pages and API until stopped
    Serve(Listen),
    /// Load the demo city; running it again changes nothing
    Demo,
    /// Import divisions, rosters, parcels or assignments from a file
    Import(import::Import),
    /// Write what the next platform takes
    Export(export::Export),
    /// Print QR labels
    Codes(codes::Codes),
    /// Accounts
    User(user::User),
    /// Posts' radios and tablets
    Device(device::Device),
    /// What devices sent
    Sync(sync::Sync),
    /// What devices sent and could not be applied
    Quarantine(quarantine::Quarantine),
    /// The audit log
    Audit(audit::Audit),
    /// Photos
    Evidence(evidence::Evidence),
    /// Copy everything a server needs into an empty folder, while it runs
    Backup(backup::Backup),
    /// Bring a backup back into an empty data directory or database
    Restore(backup::Restore),
    /// Print what is in force, secrets hidden
    Config(Listen),
    /// Print the table of what may be done with a case, as Markdown or with --json as one step a line
    Workflow,
    /// Print the OpenAPI document of this build
    Openapi,
}

/// What every command runs in.
pub(crate) struct Context {
    /// Flags that all commands share.
    storage: Storage,
    public: Public,
    logging: Logging,
    /// Whether to report in JSON.
    json: bool,
    env: Env,
}

/// Runs the command line; exit code 0 done, 1 failed, 2 wrong usage.
pub async fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = telemetry::init(&cli.logging) {
        eprintln!("gengwei: --log: {error}");
        return ExitCode::from(2);
    }
    let context = Context {
        storage: cli.storage,
        public: cli.public,
        logging: cli.logging,
        json: cli.json,
        env: Env::system(),
    };
    match run(cli.command, &context).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gengwei: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, context: &Context) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(listen) => {
            let coap_port = listen.coap_listen.0.map(|address| address.port());
            let app = context.app_of(listen.behind_proxy, coap_port).await?;
            serve::serve(app, &listen).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo => demo::run(context).await,
        Command::Import(import) => import::run(context, import).await,
        Command::Export(export) => export::run(context, export).await,
        Command::Codes(codes) => codes::run(context, codes).await,
        Command::User(user) => user::run(context, user).await,
        Command::Device(device) => device::run(context, device).await,
        Command::Sync(sync) => sync::run(context, sync).await,
        Command::Quarantine(quarantine) => quarantine::run(context, quarantine).await,
        Command::Audit(audit) => audit::run(context, audit).await,
        Command::Evidence(evidence) => evidence::run(context, evidence).await,
        Command::Backup(backup) => backup::backup(context, backup).await,
        Command::Restore(restore) => backup::restore(context, restore).await,
        Command::Config(listen) => config::run(context, &listen),
        Command::Workflow => workflow::run(context),
        Command::Openapi => {
            println!("{}", crate::router::document());
            Ok(ExitCode::SUCCESS)
        }
    }
}

impl Context {
    /// Where the database lies.
    pub(crate) fn location(&self) -> anyhow::Result<Location> {
        let url = self.storage.database_url.as_ref().map(|secret| secret.reveal());
        Location::new(url, &self.storage.data).map_err(anyhow::Error::msg)
    }

    /// Opens the database.
    pub(crate) async fn db(&self) -> anyhow::Result<Db> {
        Db::open(&self.location()?, &self.env).await
    }

    /// Opens everything that a server needs; commands that change data run in the same parts.
    pub(crate) async fn app(&self, behind_proxy: bool) -> anyhow::Result<App> {
        self.app_of(behind_proxy, None).await
    }

    async fn app_of(&self, behind_proxy: bool, coap_port: Option<u16>) -> anyhow::Result<App> {
        let data = &self.storage.data;
        let db = self.db().await?;
        let master = keys::master_key(self.storage.master_key.as_ref(), data, &self.env)?;
        let work = data.join("imports");
        std::fs::create_dir_all(&work)?;
        let setup = Setup {
            work,
            keys: keys::load(&db, &self.env, &master).await?,
            photos: Photos::open(self.storage.evidence_url.as_deref(), data)?,
            uploads: Spool::new(data),
            policy: Policy::load(self.public.policy.as_deref())?,
            channels: Channels::load(self.public.channels.as_deref())?,
            calendar: Calendar::load(self.public.holidays.as_deref())?,
            public_url: self.public.public_url.trim_end_matches('/').to_owned(),
            env: self.env.clone(),
            behind_proxy,
            coap_port,
            db,
        };
        Ok(App::new(setup).await?)
    }

    /// Prints a report: an object in JSON, or a line for people.
    pub(crate) fn say(&self, json: impl serde::Serialize, text: impl std::fmt::Display) {
        if self.json {
            println!("{}", serde_json::to_string(&json).unwrap_or_default());
        } else {
            println!("{text}");
        }
    }
}

/// A problem of the API as the command line tells it.
pub(crate) fn told(problem: &crate::error::Problem) -> anyhow::Error {
    anyhow::anyhow!("{}", problem.sentence())
}
