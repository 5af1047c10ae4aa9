//! Storage tests run on both databases: `both! { async fn a_story(db: Db, env)  { … } }` makes the tests
//! `a_story::sqlite` and `a_story::postgres`.

use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};

use sqlx::ConnectOptions;

use super::{Db, Location, Timestamp};
use crate::env::{Clock, Entropy, Env};

/// Defines one test for each database.
macro_rules! both {
    ($(async fn $name:ident($db:ident: Db, $env:pat) $story:block)*) => {$(
        mod $name {
            use super::*;

            async fn story($db: $crate::db::Db, $env: $crate::env::Env) $story

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let (db, env, _kept) = $crate::db::testing::sqlite().await;
                story(db, env).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let (db, env) = $crate::db::testing::postgres().await;
                story(db, env).await;
            }
        }
    )*};
}

pub(crate) use both;

/// A clock that begins on 2026-11-24 08:00 in China and moves a millisecond at every look.
pub struct SteppingClock(AtomicI64);

impl Default for SteppingClock {
    fn default() -> Self {
        let morning: Timestamp = "2026-11-24T08:00:00+08:00".parse().expect("a time");
        Self(AtomicI64::new(morning.0))
    }
}

impl Clock for SteppingClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1_000, Ordering::Relaxed))
    }
}

/// A source that repeats itself run by run.
#[derive(Default)]
pub struct CountingEntropy(AtomicI64);

impl Entropy for CountingEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        use sha2::{Digest, Sha256};
        for chunk in buffer.chunks_mut(32) {
            let block = Sha256::digest(self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// An environment in which nothing depends on the day or on luck.
pub fn env() -> Env {
    Env::new(SteppingClock::default(), CountingEntropy::default())
}

/// An empty SQLite database, gone with the returned folder.
pub async fn sqlite() -> (Db, Env, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let location = Location::File(folder.path().join("test.db"));
    let db = Db::open(&location, &env()).await.expect("SQLite opens");
    (db, env(), folder)
}

/// An empty database of its own on the tests' PostgreSQL.
pub async fn postgres() -> (Db, Env) {
    let server = server_url();
    let name = format!("t_{}_{}", std::process::id(), fresh());
    let (base, _) = server.rsplit_once('/').expect("a URL with a database");
    let pool = sqlx::PgPool::connect(&server).await.expect("the tests' PostgreSQL answers");
    let create = format!("create database {name} template template0 encoding 'UTF8'");
    sqlx::query(sqlx::AssertSqlSafe(create)).execute(&pool).await.expect("a database can be made");
    pool.close().await;
    let db = Db::open(&Location::Postgres(format!("{base}/{name}")), &env()).await.expect("PostgreSQL opens");
    (db, env())
}

/// The same database as another server process has it open, with a writer of its own.
pub async fn another(db: &Db, env: &Env) -> Db {
    let location = match &db.readers {
        super::Readers::Sqlite(pool) => Location::File(pool.connect_options().get_filename().to_owned()),
        super::Readers::Postgres(pool) => {
            Location::Postgres(pool.connect_options().to_url_lossy().to_string())
        }
    };
    Db::open(&location, env).await.expect("a second process opens it")
}

fn fresh() -> String {
    hex::encode(Env::system().random::<6>())
}

/// `GENGWEI_TEST_POSTGRES`, or the private cluster that `scripts/postgres.sh up` starts and shares.
fn server_url() -> String {
    if let Ok(url) = std::env::var("GENGWEI_TEST_POSTGRES") {
        return url;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres.sh");
    let output = Command::new(script).arg("up").output().expect("scripts/postgres.sh runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().last().expect("a URL").trim().to_owned()
}

/// Somebody who imports files.
pub fn somebody() -> crate::auth::Caller {
    crate::auth::Caller {
        account: "test".into(),
        login: "test".into(),
        name: "测试员".into(),
        person: None,
        admin: None,
        held: Vec::new(),
    }
}

/// An application over a database, with keys, default policy and photos in a folder of its own; units by code
/// and name.
pub async fn app(db: Db, env: Env, units: &[(&str, &str)]) -> crate::state::App {
    app_with(db, env, units, crate::deliveries::Channels::default()).await
}

/// The same with ways out of the house.
pub async fn app_with(
    db: Db,
    env: Env,
    units: &[(&str, &str)],
    channels: crate::deliveries::Channels,
) -> crate::state::App {
    use crate::grid::Unit;
    let units: Vec<Unit> = units
        .iter()
        .map(|(code, name)| Unit {
            code: gengwei_proto::RegionCode::parse(code).expect("a region code"),
            name: (*name).to_owned(),
            takes_part: true,
            valid_from: jiff::civil::date(2023, 1, 1),
            valid_to: None,
            successor: None,
            office_phone: None,
        })
        .collect();
    db.write(move |tx| async move {
        crate::grid::sql::insert_units(&tx, &units).await?;
        tx.touch(super::Topic::Grid).await
    })
    .await
    .expect("units are stored");
    let folder = tempfile::tempdir().expect("a temporary folder").keep();
    let setup = crate::state::Setup {
        db,
        keys: crate::crypto::Keyring::generate(|| env.random()),
        env,
        policy: crate::policy::Policy::load(None).expect("the default policy"),
        channels,
        calendar: crate::calendar::Calendar::load(None).expect("the shipped holidays"),
        photos: crate::evidence::Photos::open(None, &folder).expect("a folder for photos"),
        uploads: crate::evidence::Spool::new(&folder),
        work: folder.clone(),
        public_url: "https://gengwei.example".to_owned(),
        behind_proxy: false,
        coap_port: None,
    };
    crate::state::App::new(setup).await.expect("the application starts")
}
