//! A place where the program can live: its data directory and its database, and its command line.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

/// The database that a story runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file in the data directory, the default.
    Sqlite,
    /// A fresh database of the shared test cluster (`scripts/postgres.sh`).
    Postgres,
}

/// A data directory and a database of their own, gone when dropped.
pub struct Site {
    dir: TempDir,
    backend: Backend,
    database_url: Option<String>,
    /// The database was made for this place and goes with it.
    is_own: bool,
    environment: Vec<(String, String)>,
}

/// What a command of the program answered.
pub struct Output {
    /// 0 done, 1 failed, 2 wrong usage.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Site {
    /// An empty place: no table, no file.
    pub fn new(backend: Backend) -> Self {
        let dir = tempfile::Builder::new().prefix("gengwei-").tempdir().expect("a temporary directory");
        let database_url = (backend == Backend::Postgres).then(|| create_database_from(None));
        Self { dir, backend, database_url, is_own: true, environment: Vec::new() }
    }

    /// An empty place on a PostgreSQL database that somebody else has made and keeps.
    pub fn on(database_url: &str) -> Self {
        let mut site = Self::new(Backend::Sqlite);
        site.backend = Backend::Postgres;
        site.database_url = Some(database_url.to_owned());
        site.is_own = false;
        site
    }

    /// A copy of the demo city, which is loaded once for each build of the program and each cluster.
    pub(crate) fn demo(backend: Backend) -> (Self, String) {
        let template = Template::of(backend);
        let site = Self {
            dir: tempfile::Builder::new().prefix("gengwei-").tempdir().expect("a temporary directory"),
            backend,
            database_url: template.database.as_deref().map(|name| create_database_from(Some(name))),
            is_own: true,
            environment: Vec::new(),
        };
        copy(&template.folder.join("data"), &site.data());
        let told = std::fs::read_to_string(template.folder.join("demo.jsonl")).expect("what the demo told");
        (site, told)
    }

    /// Sets a variable for every command and server from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Which database this is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A path beside the data directory, for what a story reads and writes itself.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The program with this place as its configuration and nothing else from the caller's environment.
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(binary());
        command.args(args).current_dir(self.dir.path()).env("GENGWEI_DATA", self.data()).stdin(Stdio::null());
        command.env("GENGWEI_COAP_LISTEN", "off").env_remove("GENGWEI_EVIDENCE_URL");
        command.env("GENGWEI_PUBLIC_URL", "https://gengwei.example");
        match self.path("channels.toml") {
            channels if channels.exists() => command.env("GENGWEI_CHANNELS", channels),
            _ => command.env_remove("GENGWEI_CHANNELS"),
        };
        match &self.database_url {
            Some(url) => command.env("DATABASE_URL", url),
            None => command.env_remove("DATABASE_URL"),
        };
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command of the program to its end.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        let done = self.command(args).output().expect("the program can be started");
        Output {
            code: done.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
        }
    }

    /// Runs one statement on the database behind the program's back, as a tamperer would; answers the rows
    /// it touched.
    pub fn tamper(&self, sql: &str) -> u64 {
        let sqlite = format!("sqlite://{}", self.data().join("gengwei.db").display());
        block_on(async {
            match &self.database_url {
                Some(url) => {
                    let mut database = PgConnection::connect(url).await?;
                    Ok(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database).await?.rows_affected())
                }
                None => {
                    let mut database = SqliteConnection::connect(&sqlite).await?;
                    Ok(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database).await?.rows_affected())
                }
            }
        })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let own = self.database_url.as_deref().filter(|_| self.is_own);
        if let Some(name) = own.and_then(|url| url.rsplit('/').next()) {
            on_cluster(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

impl Output {
    /// Asserts that the command is done (exit code 0).
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, 0, "the command failed:\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that the command failed (exit code 1) and said why.
    #[track_caller]
    pub fn failed(self) -> Self {
        assert_eq!(self.code, 1, "not a failure:\n{}\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.trim().is_empty() || !self.stdout.trim().is_empty(), "it failed without a word");
        self
    }

    /// The last line of standard output.
    pub fn last_line(&self) -> &str {
        self.stdout.trim_end().lines().next_back().unwrap_or_default()
    }

    /// Standard output of a command run with `--json`: one object a line.
    pub fn objects(&self) -> Vec<Value> {
        objects(&self.stdout)
    }
}

/// Reads lines of JSON, one object a line.
pub(crate) fn objects(lines: &str) -> Vec<Value> {
    let object = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    lines.lines().filter(|line| !line.trim().is_empty()).map(object).collect()
}

/// The program under test: `GENGWEI_BIN`, or what cargo last built beside this test; built if missing.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("GENGWEI_BIN") {
            return std::path::absolute(path).expect("a path");
        }
        // A test lives in <target>/<profile>/deps, a program one up.
        let caller = std::env::current_exe().expect("a running program has a path");
        let folder = caller.parent().expect("a program lives in a folder");
        let profile = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
        let path = profile
            .expect("a test lives in a target directory")
            .join(format!("gengwei{}", std::env::consts::EXE_SUFFIX));
        if !path.exists() {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let build = ["build", "-p", "gengwei-server", "--bin", "gengwei"];
            let built = Command::new(cargo).args(build).current_dir(root()).status();
            assert!(
                built.is_ok_and(|status| status.success()) && path.exists(),
                "the program does not build"
            );
        }
        path
    })
}

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The maintenance database of the test cluster: `GENGWEI_TEST_POSTGRES`, or a shared private one.
fn cluster() -> &'static str {
    static CLUSTER: OnceLock<String> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        if let Ok(url) = std::env::var("GENGWEI_TEST_POSTGRES") {
            return url;
        }
        let up = Command::new(root().join("scripts/postgres.sh")).arg("up").output();
        let up = up.expect("scripts/postgres.sh can be started");
        assert!(up.status.success(), "{}", String::from_utf8_lossy(&up.stderr));
        String::from_utf8_lossy(&up.stdout).lines().next_back().expect("a URL").to_owned()
    })
}

/// Makes a database, empty or as a copy of another; answers its URL.
fn create_database_from(template: Option<&str>) -> String {
    let name = format!("story_{}", crate::scene::new_id().simple());
    on_cluster(&format!("CREATE DATABASE {name} TEMPLATE {}", template.unwrap_or("template1")));
    database_url(&name)
}

fn database_url(name: &str) -> String {
    let (server, _) = cluster().rsplit_once('/').expect("the URL names a database");
    format!("{server}/{name}")
}

/// The demo city as it was loaded: a data directory, what the program told, and on PostgreSQL a database.
struct Template {
    folder: PathBuf,
    database: Option<String>,
}

impl Template {
    /// Loads it unless another test has; tests of many processes queue at a lock file.
    fn of(backend: Backend) -> Self {
        let built =
            std::fs::metadata(binary()).and_then(|file| file.modified()).expect("a modification time");
        let place = (backend == Backend::Postgres).then(cluster);
        let mut hasher = DefaultHasher::new();
        (binary(), built, place).hash(&mut hasher);
        let name = format!("demo_{:016x}", hasher.finish());
        let folder = binary().with_file_name("stories").join(&name);
        let template = Self { folder, database: place.map(|_| name) };
        std::fs::create_dir_all(&template.folder).expect("a folder");
        let lock = File::create(template.folder.join("lock")).expect("a lock file");
        lock.lock().expect("locked");
        if !template.folder.join("demo.jsonl").exists() {
            template.load(backend);
        }
        template
    }

    fn load(&self, backend: Backend) {
        let site = Site::new(backend);
        let told = site.run(["demo", "--json"]).done().stdout;
        copy(&site.data(), &self.folder.join("data"));
        if let (Some(name), Some(url)) = (&self.database, &site.database_url) {
            let (_, loaded) = url.rsplit_once('/').expect("the URL names a database");
            on_cluster(&format!("DROP DATABASE IF EXISTS {name}"));
            on_cluster(&format!("CREATE DATABASE {name} TEMPLATE {loaded}"));
        }
        std::fs::write(self.folder.join("demo.jsonl"), told).expect("written");
    }
}

/// Copies a folder and all in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in from.read_dir().expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn on_cluster(sql: &str) {
    block_on(async {
        let mut maintenance = PgConnection::connect(cluster()).await?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut maintenance).await?;
        Ok(())
    });
}

fn block_on<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(work).expect("the database answers")
}
