//! SQL of notices.

use gengwei_proto::Level;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::{NewNotice, Subject};
use crate::auth::rights::{ReceiveNotices, Right};
use crate::db::{Query, Session, Text, Timestamp, Tx, sql};
use crate::grid::appointments::Role;

/// A notice as its reader sees it.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = Notice)]
pub struct Stored {
    /// UUIDv7; sorts by time.
    pub id: String,
    /// What it is about.
    #[schema(value_type = Subject)]
    pub subject: Text<Subject>,
    /// The id of what it is about.
    pub subject_id: String,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// One line.
    pub title: String,
    /// More, if there is more to say.
    pub words: Option<String>,
    /// When.
    pub raised_at: Timestamp,
    /// Since when what it told of is withdrawn.
    pub withdrawn_at: Option<Timestamp>,
    /// Whether the caller has read it.
    pub read: bool,
}

pub(super) async fn insert(tx: &Tx, id: &str, new: &NewNotice, now: Timestamp) -> sqlx::Result<bool> {
    let query = sql("insert into notices (id, recipient, subject, subject_id, urgent, title, words, once, \
                     raised_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (once) do nothing")
    .bind(id)
    .bind(new.to.key())
    .bind(new.subject.name())
    .bind(&new.subject_id)
    .bind(new.urgent)
    .bind(&new.title)
    .bind(new.words.as_deref())
    .bind(new.once.as_deref())
    .bind(now);
    Ok(tx.execute(query).await? == 1)
}

/// Notices of some recipients with whether an account has read them, the newest first.
pub(super) async fn list(
    on: &impl Session,
    account: &str,
    recipients: &[String],
    unread: bool,
    before: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let query = sql(
        "select n.id, n.subject, n.subject_id, n.urgent, n.title, n.words, n.raised_at, n.withdrawn_at, \
                     (r.notice_id is not null or n.id <= coalesce(m.notice_id, '')) as read from notices n \
                     left join notice_reads r on r.notice_id = n.id and r.account = $1 \
                     left join notice_marks m on m.account = $1 where n.recipient in ",
    )
    .bind(account);
    let query = query.push_list(recipients.iter().map(String::as_str)).push_if(" and n.id < ", before);
    let query = if unread { still_unread(query) } else { query };
    on.all(query.push_bind(" order by n.id desc limit ", limit)).await
}

fn still_unread(query: Query<'_>) -> Query<'_> {
    query.push(" and r.notice_id is null and n.id > coalesce(m.notice_id, '')")
}

/// How many notices of some recipients an account has not read; counts no further than `most`.
pub(super) async fn unread(
    on: &impl Session,
    account: &str,
    recipients: &[String],
    most: i64,
) -> sqlx::Result<i64> {
    let query = sql("select count(*) from (select n.id from notices n \
                     left join notice_reads r on r.notice_id = n.id and r.account = $1 \
                     left join notice_marks m on m.account = $1 where n.recipient in ")
    .bind(account)
    .push_list(recipients.iter().map(String::as_str));
    on.scalar(still_unread(query).push_bind(" limit ", most).push(") as counted")).await
}

/// Whether a notice is for one of these recipients.
pub(super) async fn is_for(on: &impl Session, id: &str, recipients: &[String]) -> sqlx::Result<bool> {
    let query = sql("select id from notices where id = $1").bind(id).push(" and recipient in ");
    let query = query.push_list(recipients.iter().map(String::as_str));
    Ok(on.first::<(String,)>(query).await?.is_some())
}

pub(super) async fn mark(tx: &Tx, account: &str, id: &str, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        sql("insert into notice_reads (account, notice_id, read_at) values ($1, $2, $3) \
             on conflict (account, notice_id) do nothing")
        .bind(account)
        .bind(id)
        .bind(now),
    )
    .await
}

/// A notice and all before it are read.
///
/// The mark that keeps the count short stays behind what is being committed meanwhile: a notice with an older
/// id may still appear, and nobody has seen it.
pub(super) async fn mark_to(
    tx: &Tx,
    account: &str,
    recipients: &[String],
    id: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    const SETTLED: i64 = 3600;
    let unread =
        sql("insert into notice_reads (account, notice_id, read_at) select $1, n.id, $2 from notices n \
                      left join notice_reads r on r.notice_id = n.id and r.account = $1 \
                      left join notice_marks m on m.account = $1 where n.id <= $3 and n.recipient in ")
        .bind(account)
        .bind(now)
        .bind(id)
        .push_list(recipients.iter().map(String::as_str));
    tx.execute(still_unread(unread)).await?;
    let settled = sql("insert into notice_marks (account, notice_id) select $1, max(n.id) from notices n \
                       where n.id <= $2 and n.raised_at < $3 and n.recipient in ")
    .bind(account)
    .bind(id)
    .bind(now.plus_seconds(-SETTLED))
    .push_list(recipients.iter().map(String::as_str))
    .push(
        " having max(n.id) is not null on conflict (account) do update \
           set notice_id = excluded.notice_id where notice_marks.notice_id < excluded.notice_id",
    );
    tx.execute(settled).await?;
    Ok(())
}

/// A notice that is not in the outbox.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Unsent {
    pub id: String,
    pub recipient: String,
    pub subject: Text<Subject>,
    pub subject_id: String,
    pub urgent: bool,
    pub title: String,
    pub words: Option<String>,
    pub raised_at: Timestamp,
}

pub(crate) async fn unsent(on: &impl Session, limit: i64) -> sqlx::Result<Vec<Unsent>> {
    on.all(
        sql("select id, recipient, subject, subject_id, urgent, title, words, raised_at from notices \
             where not sent order by id limit $1")
        .bind(limit),
    )
    .await
}

/// Marks what told of things whose source was withdrawn, up to now.
pub(crate) async fn withdraw(tx: &Tx, subjects: &[String], now: Timestamp) -> sqlx::Result<()> {
    for part in subjects.chunks(500) {
        let query = sql("update notices set withdrawn_at = $1 where withdrawn_at is null and subject_id in ");
        tx.execute(query.bind(now).push_list(part.iter().map(String::as_str))).await?;
    }
    Ok(())
}

pub(crate) async fn set_sent(tx: &Tx, id: &str) -> sqlx::Result<u64> {
    tx.execute(sql("update notices set sent = true where id = $1").bind(id)).await
}

/// The logins of the accounts that receive what goes to a unit today, or to an account.
pub(crate) async fn accounts_of(
    on: &impl Session,
    recipient: &str,
    today: Date,
) -> sqlx::Result<Vec<String>> {
    let query =
        sql("select distinct a.login from accounts a left join appointments t on t.person_id = a.person_id \
                     and t.unit = $1 and t.starts <= $2 and (t.ends is null or t.ends > $2) \
                     where a.locked_at is null and (a.id = $1 or t.role in ")
        .bind(recipient)
        .bind(today);
    let roles = Role::all()
        .filter(|role| ReceiveNotices::granted(*role, Level::City))
        .map(|role| role.name().to_owned());
    let rows = on.all::<(String,)>(query.push_list(roles).push(") order by a.login")).await?;
    Ok(rows.into_iter().map(|(login,)| login).collect())
}
