//! The group-commit writer: one transaction, many clients.
//!
//! One commit a request costs one fsync a request, and collapses when the CPU is busy. So every write of the
//! process is a job for one task, which takes whatever jobs are waiting, runs each inside a savepoint of one
//! transaction, adds the audit entries, commits once and only then answers all of them. The task also owns
//! the process's audit chain, which therefore needs no lock.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc, oneshot};

use super::query::{Query, Record, Session, sql};
use super::tally::{self, Tally};
use super::{Bulk, Topic, dialect};
use crate::audit::{Chain, Entry};
use crate::env::Env;

/// A batch closes after so many jobs or so long, whichever comes first: more would make the first client
/// wait without making the fsync much cheaper.
const JOBS_A_BATCH: usize = 512;
const BATCH_TIME: Duration = Duration::from_millis(10);

/// Who gives way to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for the answer.
    Urgent,
    /// Imports; one such job a batch, after the urgent ones.
    Bulk,
}

/// A transaction that a job writes in. Cheap to clone; all clones are the same transaction.
#[derive(Clone)]
pub struct Tx {
    shared: Arc<Shared>,
}

struct Shared {
    connection: AsyncMutex<Connection>,
    audit: Mutex<Vec<Entry>>,
    tallied: Mutex<Vec<(Tally, i64)>>,
    touched: AtomicBool,
}

enum Connection {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    fn new(connection: Connection) -> Self {
        let shared = Shared {
            connection: AsyncMutex::new(connection),
            audit: Mutex::default(),
            tallied: Mutex::default(),
            touched: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Runs a statement; answers how many rows it changed.
    pub async fn execute(&self, query: Query<'_>) -> sqlx::Result<u64> {
        match &mut *self.shared.connection.lock().await {
            Connection::Sqlite(tx) => query.execute_sqlite(tx).await,
            Connection::Postgres(tx) => query.execute_postgres(tx).await,
        }
    }

    /// Runs statements without values, in one message.
    async fn run(&self, text: &'static str) -> sqlx::Result<()> {
        match &mut *self.shared.connection.lock().await {
            Connection::Sqlite(tx) => sqlx::raw_sql(text).execute(&mut **tx).await.map(|_| ()),
            Connection::Postgres(tx) => sqlx::raw_sql(text).execute(&mut **tx).await.map(|_| ()),
        }
    }

    /// Runs a bulk insert.
    pub async fn insert(&self, rows: Bulk) -> sqlx::Result<()> {
        self.insert_counted(rows).await.map(|_| ())
    }

    /// Runs a bulk insert; answers how many rows it wrote.
    pub async fn insert_counted(&self, rows: Bulk) -> sqlx::Result<u64> {
        let mut count = 0;
        match &mut *self.shared.connection.lock().await {
            Connection::Sqlite(tx) => {
                for statement in rows.lists() {
                    count += statement.execute_sqlite(tx).await?;
                }
            }
            Connection::Postgres(tx) => {
                for statement in rows.columns() {
                    let (text, arguments) = statement?;
                    let query = sqlx::query_with(AssertSqlSafe(text), arguments);
                    count += query.execute(&mut **tx).await?.rows_affected();
                }
            }
        }
        Ok(count)
    }

    /// Runs a bulk insert whose tail ends in `returning …`; answers the rows that it returns.
    pub async fn insert_returning<T: Record>(&self, rows: Bulk) -> sqlx::Result<Vec<T>> {
        let mut returned = Vec::new();
        match &mut *self.shared.connection.lock().await {
            Connection::Sqlite(tx) => {
                for statement in rows.lists() {
                    returned.append(&mut statement.all_sqlite(tx).await?);
                }
            }
            Connection::Postgres(tx) => {
                for statement in rows.columns() {
                    let (text, arguments) = statement?;
                    let query = sqlx::query_as_with(AssertSqlSafe(text), arguments);
                    returned.append(&mut query.fetch_all(&mut **tx).await?);
                }
            }
        }
        Ok(returned)
    }

    /// Adds an entry to the audit log, in this transaction (invariant 4).
    pub fn audit(&self, entry: Entry) {
        self.shared.audit.lock().expect("no panic while held").push(entry);
    }

    /// Says that there is so much more, or less, of something; applied at the end of this transaction.
    pub fn tally(&self, tally: Tally, change: i64) {
        self.shared.tallied.lock().expect("no panic while held").push((tally, change));
    }

    /// Says that a topic changed; answers its new revision, to be stored with the changed rows.
    pub async fn touch(&self, topic: Topic) -> sqlx::Result<i64> {
        self.shared.touched.store(true, Ordering::Relaxed);
        self.scalar(
            sql("insert into revisions (topic, value) values ($1, 1) \
                 on conflict (topic) do update set value = revisions.value + 1 returning value")
            .bind(topic.name()),
        )
        .await
    }

    /// How much is put off to the end: audit entries and tallies.
    fn put_off(&self) -> (usize, usize) {
        let audit = self.shared.audit.lock().expect("no panic while held").len();
        (audit, self.shared.tallied.lock().expect("no panic while held").len())
    }

    /// Runs a part of a job that may fail by itself: its error undoes this part only. The outer error is the
    /// database's own.
    pub async fn attempt<T, E>(
        &self,
        part: impl Future<Output = Result<T, E>> + Send,
    ) -> sqlx::Result<Result<T, E>> {
        let put_off = self.put_off();
        self.run("savepoint part").await?;
        let result = part.await;
        if result.is_ok() {
            self.run("release savepoint part").await?;
        } else {
            self.forget_after(put_off);
            self.run("rollback to savepoint part; release savepoint part").await?;
        }
        Ok(result)
    }

    fn forget_after(&self, (audit, tallied): (usize, usize)) {
        self.shared.audit.lock().expect("no panic while held").truncate(audit);
        self.shared.tallied.lock().expect("no panic while held").truncate(tallied);
    }
}

impl Session for Tx {
    async fn all<T: Record>(&self, query: Query<'_>) -> sqlx::Result<Vec<T>> {
        match &mut *self.shared.connection.lock().await {
            Connection::Sqlite(tx) => query.all_sqlite(tx).await,
            Connection::Postgres(tx) => query.all_postgres(tx).await,
        }
    }

    async fn first<T: Record>(&self, query: Query<'_>) -> sqlx::Result<Option<T>> {
        match &mut *self.shared.connection.lock().await {
            Connection::Sqlite(tx) => query.first_sqlite(tx).await,
            Connection::Postgres(tx) => query.first_postgres(tx).await,
        }
    }
}

/// Where the writer's transactions begin.
pub(super) enum Backend {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Backend {
    async fn begin(&self) -> sqlx::Result<Tx> {
        Ok(Tx::new(match self {
            Self::Sqlite(pool) => Connection::Sqlite(pool.begin_with(dialect::SQLITE_BEGIN).await?),
            Self::Postgres(pool) => Connection::Postgres(pool.begin().await?),
        }))
    }
}

/// What a job leaves behind: whether its work stands, and how to tell its client once that is certain.
struct Outcome {
    stands: bool,
    answer: Answer,
}

type Answer = Box<dyn FnOnce(sqlx::Result<()>) + Send>;

/// A job is given its transaction, or the reason why there is none; either way it tells its client.
type Job = Box<dyn FnOnce(sqlx::Result<Tx>) -> BoxFuture<'static, Outcome> + Send>;

/// The handle through which jobs reach the writer's task.
#[derive(Clone)]
pub(super) struct Writer {
    urgent: mpsc::UnboundedSender<Job>,
    bulk: mpsc::Sender<Job>,
    stop: Arc<Notify>,
    stopped: Arc<tokio::sync::Semaphore>,
}

impl Writer {
    pub(super) fn start(backend: Backend, env: Env, changed: Arc<Notify>) -> Self {
        let (urgent, urgent_jobs) = mpsc::unbounded_channel();
        let (bulk, bulk_jobs) = mpsc::channel(2);
        let stop = Arc::new(Notify::new());
        let stopped = Arc::new(tokio::sync::Semaphore::new(0));
        let task = Task {
            backend,
            urgent: urgent_jobs,
            bulk: bulk_jobs,
            chain: Chain::new(&env),
            env,
            changed,
            stop: stop.clone(),
        };
        let done = stopped.clone();
        tokio::spawn(async move {
            task.run().await;
            done.close();
        });
        Self { urgent, bulk, stop, stopped }
    }

    pub(super) async fn submit<T, E, F, W>(&self, priority: Priority, job: F) -> Result<T, E>
    where
        F: FnOnce(Tx) -> W + Send + 'static,
        W: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<sqlx::Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            async move {
                let result = match tx {
                    Ok(tx) => AssertUnwindSafe(async { job(tx).await }).catch_unwind().await,
                    Err(error) => Ok(Err(E::from(error))),
                };
                let result = result.unwrap_or_else(|panic| Err(E::from(panicked(&*panic))));
                let stands = result.is_ok();
                let answer = move |commit: Result<(), sqlx::Error>| {
                    let _ = reply.send(match (result, commit) {
                        (Ok(_), Err(error)) => Err(E::from(error)),
                        (result, _) => result,
                    });
                };
                Outcome { stands, answer: Box::new(answer) }
            }
            .boxed()
        });
        let sent = match priority {
            Priority::Urgent => self.urgent.send(job).is_ok(),
            Priority::Bulk => self.bulk.send(job).await.is_ok(),
        };
        if !sent {
            return Err(E::from(sqlx::Error::PoolClosed));
        }
        answer.await.unwrap_or_else(|_| Err(E::from(sqlx::Error::PoolClosed)))
    }

    /// Lets the task finish the jobs that wait, then ends it.
    pub(super) async fn stop(&self) {
        self.stop.notify_one();
        let _ = self.stopped.acquire().await;
    }
}

fn panicked(panic: &(dyn Any + Send)) -> sqlx::Error {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    sqlx::Error::Protocol(format!("a write job panicked: {text}"))
}

struct Task {
    backend: Backend,
    urgent: mpsc::UnboundedReceiver<Job>,
    bulk: mpsc::Receiver<Job>,
    chain: Chain,
    env: Env,
    changed: Arc<Notify>,
    stop: Arc<Notify>,
}

impl Task {
    async fn run(mut self) {
        let mut stopping = false;
        loop {
            let first = tokio::select! {
                biased;
                Some(job) = self.urgent.recv() => (Priority::Urgent, job),
                Some(job) = self.bulk.recv() => (Priority::Bulk, job),
                () = self.stop.notified(), if !stopping => {
                    stopping = true;
                    self.urgent.close();
                    self.bulk.close();
                    continue;
                }
                else => return,
            };
            self.batch(first).await;
        }
    }

    async fn batch(&mut self, (priority, first): (Priority, Job)) {
        let tx = match self.backend.begin().await {
            Ok(tx) => tx,
            Err(error) => {
                tracing::error!(%error, "no write transaction could be opened");
                return (first(Err(error)).await.answer)(Ok(()));
            }
        };
        let started = Instant::now();
        let mut answers = vec![run_in_savepoint(&tx, FIRST_SAVEPOINT, first).await];
        while priority == Priority::Urgent && answers.len() < JOBS_A_BATCH && started.elapsed() < BATCH_TIME {
            let Ok(job) = self.urgent.try_recv() else { break };
            answers.push(run_in_savepoint(&tx, NEXT_SAVEPOINT, job).await);
        }
        let touched = tx.shared.touched.load(Ordering::Relaxed);
        let committed = self.commit(tx).await;
        metrics::histogram!("gengwei_write_batch_jobs").record(answers.len() as f64);
        metrics::histogram!("gengwei_write_batch_seconds").record(started.elapsed().as_secs_f64());
        if let Err(error) = &committed {
            tracing::error!(%error, jobs = answers.len(), "a batch could not be committed");
            // Whether it was written is unknown, so the chain that it belonged to ends here.
            self.chain = Chain::new(&self.env);
        }
        for answer in answers {
            answer(committed.as_ref().map(|_| ()).map_err(same_error));
        }
        if touched && committed.is_ok() {
            self.changed.notify_waiters();
        }
    }

    async fn commit(&mut self, tx: Tx) -> sqlx::Result<()> {
        let entries = std::mem::take(&mut *tx.shared.audit.lock().expect("no panic while held"));
        let tallied = std::mem::take(&mut *tx.shared.tallied.lock().expect("no panic while held"));
        tally::apply(&tx, tallied).await?;
        let head = self.chain.append(&tx, self.env.now(), entries).await?;
        let shared = Arc::try_unwrap(tx.shared).map_err(|_| {
            sqlx::Error::Protocol("a write job kept its transaction beyond its own end".to_owned())
        })?;
        match shared.connection.into_inner() {
            Connection::Sqlite(tx) => tx.commit().await?,
            Connection::Postgres(tx) => tx.commit().await?,
        }
        self.chain.advance(head);
        Ok(())
    }
}

/// Each job's savepoint ends as the next one's begins, in one message to the database: a message costs more
/// than most statements do. The commit ends the last.
const FIRST_SAVEPOINT: &str = "savepoint job";
const NEXT_SAVEPOINT: &str = "release savepoint job; savepoint job";

async fn run_in_savepoint(tx: &Tx, savepoint: &'static str, job: Job) -> Answer {
    let put_off = tx.put_off();
    let outcome = match tx.run(savepoint).await {
        Ok(()) => job(Ok(tx.clone())).await,
        Err(error) => job(Err(error)).await,
    };
    if !outcome.stands {
        tx.forget_after(put_off);
        // Should this fail, the transaction is lost, and its commit will say so to everybody.
        let _ = tx.run("rollback to savepoint job").await;
    }
    outcome.answer
}

/// sqlx's errors cannot be cloned, and each client of a failed batch is owed one.
fn same_error(error: &sqlx::Error) -> sqlx::Error {
    match error {
        sqlx::Error::PoolTimedOut => sqlx::Error::PoolTimedOut,
        sqlx::Error::PoolClosed => sqlx::Error::PoolClosed,
        other => sqlx::Error::Io(std::io::Error::other(format!("commit failed: {other}"))),
    }
}
