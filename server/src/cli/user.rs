//! `gengwei user add|list|lock`

use std::io::BufRead;
use std::process::ExitCode;

use clap::Subcommand;

use super::{Context, told};
use crate::accounts::{self, AdminRole, NewAccount};
use crate::auth::Caller;
use crate::error::Problem;

#[derive(clap::Args)]
pub(super) struct User {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make an account; the password is read from standard input
    Add {
        /// The name to log in with
        account: String,
        /// The name to show
        #[arg(long)]
        name: Option<String>,
        /// The id of a person with appointments
        #[arg(long, conflicts_with = "admin")]
        person: Option<String>,
        /// One of the three administrators: system, security, audit
        #[arg(long)]
        admin: Option<AdminRole>,
    },
    /// List all accounts
    List,
    /// Lock an account and end its sessions
    Lock {
        /// The name to log in with
        account: String,
        /// Unlock it instead
        #[arg(long)]
        undo: bool,
    },
}

/// The command line acts in its own name in the audit log.
pub(super) fn operator() -> Caller {
    Caller {
        account: "cli".into(),
        login: "cli".into(),
        name: "命令行".into(),
        person: None,
        admin: None,
        held: Vec::new(),
    }
}

pub(super) async fn run(context: &Context, user: User) -> anyhow::Result<ExitCode> {
    let db = context.db().await?;
    let done = match user.command {
        Command::Add { account, name, person, admin } => {
            let mut password = String::new();
            std::io::stdin().lock().read_line(&mut password)?;
            let password = password.trim_end_matches(['\r', '\n']).to_owned();
            let name = name.unwrap_or_else(|| account.clone());
            let new = NewAccount { login: account.clone(), name, password, person, admin };
            accounts::create(&db, &context.env, operator(), new).await.map_err(|p| told(&p))?;
            show(context, &accounts::sql::find(&db, &account).await?.into_iter().collect::<Vec<_>>());
            Ok(())
        }
        Command::List => list(context, &db).await,
        Command::Lock { account, undo } => {
            let at = (!undo).then(|| context.env.now());
            db.write(move |tx| async move { accounts::set_locked(&tx, &operator(), &account, at).await })
                .await
                .map_err(|problem: Problem| told(&problem))
        }
    };
    db.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list(context: &Context, db: &crate::db::Db) -> anyhow::Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page = accounts::sql::list(db, after.as_deref(), 500).await?;
        show(context, &page);
        match page.last() {
            Some(last) => after = Some(last.login.clone()),
            None => return Ok(()),
        }
    }
}

fn show(context: &Context, accounts: &[accounts::sql::Listed]) {
    for account in accounts {
        let role = account.admin.map_or("", |admin| admin.0.title());
        let locked = if account.locked_at.is_some() { "已锁定" } else { "" };
        context.say(account, format!("{}\t{}\t{role}\t{locked}", account.login, account.name));
    }
}
