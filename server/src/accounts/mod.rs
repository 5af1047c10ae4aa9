//! Accounts: who may log in, sessions, the three administrators (三员).

mod http;
mod recent;
pub mod sql;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{Caller, Held, Token, password};
use crate::db::{Db, Session, Timestamp, Tx};
use crate::env::Env;
use crate::error::{self, Problem};
use crate::state::App;

pub use http::routes;
pub use recent::Recent;

/// One of the three administrators. An account is at most one of them, and has no appointments besides
/// (三员分立).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AdminRole {
    /// 系统管理员
    System,
    /// 安全管理员
    Security,
    /// 审计管理员
    Audit,
}

impl AdminRole {
    /// Chinese, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::System => "系统管理员",
            Self::Security => "安全管理员",
            Self::Audit => "审计管理员",
        }
    }
}

impl fmt::Display for AdminRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "system",
            Self::Security => "security",
            Self::Audit => "audit",
        })
    }
}

/// The word is none of `system`, `security`, `audit`.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is none of system, security, audit")]
pub struct NoSuchRole(String);

impl FromStr for AdminRole {
    type Err = NoSuchRole;

    fn from_str(text: &str) -> Result<Self, NoSuchRole> {
        match text {
            "system" => Ok(Self::System),
            "security" => Ok(Self::Security),
            "audit" => Ok(Self::Audit),
            other => Err(NoSuchRole(other.to_owned())),
        }
    }
}

/// A new account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The name to log in with; unique.
    pub login: String,
    /// The name to show.
    pub name: String,
    /// In clear; only its hash is stored.
    pub password: String,
    /// Whose account; rights follow from this person's appointments.
    pub person: Option<String>,
    /// Or one of the three administrators.
    pub admin: Option<AdminRole>,
}

/// Makes an account; answers its id.
///
/// 409 when the login is taken, 422 when the password is too short, the login empty, or the account would
/// be both an administrator and a person with appointments.
pub async fn create(db: &Db, env: &Env, by: Caller, new: NewAccount) -> Result<String, Problem> {
    if new.login.trim().is_empty() || new.login.chars().count() > 64 {
        return Err(Problem::invalid("/account", "账号应为 1 至 64 个字符。"));
    }
    if new.password.chars().count() < password::SHORTEST {
        return Err(Problem::invalid("/password", format!("密码至少 {} 个字符。", password::SHORTEST)));
    }
    if new.admin.is_some() && new.person.is_some() {
        return Err(Problem::invalid("/admin", "三员账号不能同时是责任人账号。"));
    }
    let hashed = hash(env, new.password.clone()).await?;
    let (id, now) = (env.new_id(), env.now());
    db.write(move |tx| async move {
        if let Some(person) = &new.person
            && !crate::grid::sql::person_exists(&tx, person).await?
        {
            return Err(Problem::invalid("/person", "没有这个人。"));
        }
        sql::insert(&tx, &id, &new, &hashed, now).await.map_err(|error| {
            if crate::db::is_duplicate(&error) {
                Problem::new(error::CONFLICT).detail(format!("账号“{}”已经存在。", new.login))
            } else {
                error.into()
            }
        })?;
        tx.audit(by.entry("account.create", &*new.login).detail(new.admin));
        Ok(id)
    })
    .await
}

/// What a login gives: a token, and until when it holds at most.
pub struct LoggedIn {
    /// The secret.
    pub token: Token,
    /// Its end, whatever its use.
    pub ends_at: Timestamp,
}

/// Checks a password and opens a session.
///
/// Wrong passwords count up to the lockout of the policy; a wrong login, a wrong password and a locked
/// account take equally long, and the first two look the same.
pub async fn log_in(app: &App, login: &str, password: &str, agent: &str) -> Result<LoggedIn, Problem> {
    let policy = &app.policy().login;
    let now = app.env().now();
    let account = sql::by_login(app.db(), login).await?;
    let stored = account.as_ref().map_or_else(|| app.decoy().to_owned(), |a| a.password.clone());
    let right = verify(password.to_owned(), stored).await?;
    let Some(account) = account else {
        return Err(Problem::new(error::LOGIN_FAILED).detail("账号或密码不对。"));
    };
    if account.locked_at.is_some() {
        return Err(Problem::new(error::LOCKED).detail("账号已被管理员锁定，请联系安全管理员。"));
    }
    let window = policy.lockout_minutes * 60;
    let recent = account.failed_at.is_some_and(|at| now.seconds_since(at) < window);
    if recent && account.failures >= policy.attempts {
        let message =
            format!("密码连续错误 {} 次，请 {} 分钟后再试。", policy.attempts, policy.lockout_minutes);
        return Err(Problem::new(error::LOCKED).detail(message));
    }
    if !right {
        let failures = if recent { account.failures + 1 } else { 1 };
        let (id, login) = (account.id, login.to_owned());
        app.db()
            .write(move |tx| async move {
                sql::failed(&tx, &id, failures, now).await?;
                tx.audit(crate::audit::Entry::new(&*login, "session.refuse", &*login).detail(failures));
                Ok::<_, Problem>(())
            })
            .await?;
        return Err(Problem::new(error::LOGIN_FAILED).detail("账号或密码不对。"));
    }
    let token = Token::new(app.env().random());
    let ends_at = now.plus_seconds(policy.session_hours * 3600);
    let (digest, agent) = (token.digest(), agent.chars().take(200).collect::<String>());
    app.db()
        .write(move |tx| async move {
            sql::open_session(&tx, &digest, &account.id, now, ends_at, &agent).await?;
            tx.audit(crate::audit::Entry::new(&*account.login, "session.open", &*account.login));
            Ok::<_, Problem>(())
        })
        .await?;
    Ok(LoggedIn { token, ends_at })
}

/// Who has the session with this digest, if it is open, used lately, and its account is not locked.
pub async fn caller(app: &App, digest: String) -> Result<Option<Caller>, Problem> {
    let now = app.env().now();
    if let Some(caller) = app.recent_callers().get(&digest, now) {
        return Ok(Some(caller));
    }
    let generation = app.recent_callers().generation();
    let Some(session) = sql::session(app.db(), &digest).await? else { return Ok(None) };
    let idle = now.seconds_since(session.seen_at);
    // A tablet lies in a drawer for weeks; its session ends with the device's revocation.
    let is_idle = session.device.is_none() && idle > app.policy().login.idle_minutes * 60;
    if session.locked_at.is_some() || now >= session.ends_at || is_idle {
        return Ok(None);
    }
    if idle >= 60 {
        let digest = digest.clone();
        app.db().write(move |tx| async move { sql::seen(&tx, &digest, now).await }).await?;
    }
    let held = match &session.person_id {
        Some(person) => held(app.db(), app.env(), person).await?,
        None => Vec::new(),
    };
    let caller = Caller {
        account: session.account_id,
        login: session.login,
        name: session.name,
        person: session.person_id,
        admin: session.admin.map(|a| a.0),
        held,
    };
    app.recent_callers().keep(digest, caller.clone(), now, generation);
    Ok(Some(caller))
}

/// Whom an account stands for, with what he holds today; none when there is no such login or it is locked.
pub async fn holder(on: &impl Session, env: &Env, login: &str) -> Result<Option<Caller>, Problem> {
    let Some(account) = sql::find(on, login).await?.filter(|account| account.locked_at.is_none()) else {
        return Ok(None);
    };
    let held = match &account.person_id {
        Some(person) => held(on, env, person).await?,
        None => Vec::new(),
    };
    Ok(Some(Caller {
        account: account.id,
        login: account.login,
        name: account.name,
        person: account.person_id,
        admin: account.admin.map(|a| a.0),
        held,
    }))
}

async fn held(on: &impl Session, env: &Env, person: &str) -> Result<Vec<Held>, Problem> {
    let rows = crate::grid::sql::held_by(on, person, env.today()).await?;
    Ok(rows.into_iter().map(|(unit, role)| Held { unit: unit.0, role: role.0 }).collect())
}

/// Locks an account (`at`) or unlocks it (`None`); locking ends its sessions. 404 when there is none.
pub async fn set_locked(tx: &Tx, by: &Caller, login: &str, at: Option<Timestamp>) -> Result<(), Problem> {
    let account = sql::find(tx, login).await?.ok_or_else(Problem::not_found)?;
    sql::set_locked(tx, &account.id, at).await?;
    if at.is_some() {
        sql::close_other_sessions(tx, &account.id, "").await?;
    }
    tx.audit(by.entry(if at.is_some() { "account.lock" } else { "account.unlock" }, login));
    Ok(())
}

/// Whether this is the caller's password; 422 otherwise.
pub async fn check_password(app: &App, caller: &Caller, password: String) -> Result<(), Problem> {
    let account = sql::by_login(app.db(), &caller.login).await?.ok_or_else(Problem::not_found)?;
    if verify(password, account.password).await? {
        Ok(())
    } else {
        Err(Problem::invalid("/old", "原密码不对。"))
    }
}

/// Hashes on a blocking thread.
pub async fn hash(env: &Env, password: String) -> Result<String, Problem> {
    let env = env.clone();
    tokio::task::spawn_blocking(move || password::hash(&env, &password)).await.map_err(Problem::internal)
}

async fn verify(password: String, stored: String) -> Result<bool, Problem> {
    tokio::task::spawn_blocking(move || password::verify(&password, &stored)).await.map_err(Problem::internal)
}
