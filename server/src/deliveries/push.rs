//! Pushing what is due: claimed for a while, sent, and its outcome written down. A process that dies in
//! between leaves the claim, which ends by itself; the receiver then gets the same id again.

use std::time::Duration;

use gengwei_proto::Level;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;

use super::sql::{self, Stored};
use super::{Channel, Channels, State, Subject};
use crate::db::{Timestamp, Tx};
use crate::error::Problem;
use crate::notices::{self, NewNotice, Subject as About, To};
use crate::state::App;

/// How long one push may take, and how long nobody else tries it meanwhile.
const LONGEST: Duration = Duration::from_secs(20);
const CLAIM_SECONDS: i64 = 90;
/// Pauses between attempts: 30 s, doubled up to 2 h.
const FIRST_PAUSE: i64 = 30;
const LONGEST_PAUSE: i64 = 2 * 3600;
/// Pushed at once by one process.
const AT_ONCE: i64 = 8;

/// Sends over HTTP.
#[derive(Clone)]
pub struct Courier(reqwest::Client);

/// What a receiver may answer with a 2xx.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    /// What it calls the thing.
    #[serde(default)]
    receipt: Option<String>,
    /// `accepted` or `rejected`; without it the receipt comes later.
    #[serde(default)]
    status: Option<String>,
    /// Why it was rejected.
    #[serde(default)]
    reason: Option<String>,
}

impl Courier {
    /// A client that follows no redirect: an adapter has one address. Over https it speaks to whoever has a
    /// certificate from one of the channels' authorities, or from one that the system trusts where they name none.
    ///
    /// # Errors
    /// When the operating system gives no sockets, or trusts no authority though a channel needs one.
    pub fn new(channels: &Channels) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(LONGEST).redirect(reqwest::redirect::Policy::none());
        let asks_the_system = channels.authorities.is_empty() && channels.speaks_tls();
        // A slim system has no authorities at all, and needs none as long as nobody speaks TLS.
        let client = match asks_the_system {
            true => client,
            false => client.tls_certs_only(channels.authorities.iter().cloned()),
        };
        Ok(Self(client.build()?))
    }

    async fn send(&self, channel: &Channel, delivery: &Stored, now: Timestamp) -> Result<Answer, String> {
        let (Some(url), Some(secret)) = (&channel.url, &channel.secret) else {
            return Err("通道没有地址或密钥".to_owned());
        };
        let seconds = now.0 / 1_000_000;
        let signature = channel.algorithm.sign(secret.reveal(), seconds, &delivery.id, &delivery.body);
        let request = self
            .0
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", &delivery.id)
            .header("Gengwei-Timestamp", seconds.to_string())
            .header("Gengwei-Signature", format!("{}={signature}", channel.algorithm.name()))
            .body(delivery.body.clone());
        let response = request.send().await.map_err(|error| brief(&error.without_url()))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| brief(&error.without_url()))?;
        if !status.is_success() {
            return Err(format!("对方答复 {status}"));
        }
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }
}

/// The innermost cause in a few words.
fn brief(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().chars().take(200).collect()
}

/// Pushes what is due now; answers how many were tried. Several processes may do it at once: each delivery is
/// claimed by one of them.
pub async fn push_due(app: &App, courier: &Courier) -> Result<usize, Problem> {
    let pushed: Vec<String> =
        app.channels().all.iter().filter(|c| c.url.is_some()).map(|c| c.name.clone()).collect();
    if pushed.is_empty() {
        return Ok(0);
    }
    let mut tried = 0;
    loop {
        let now = app.env().now();
        let names = pushed.clone();
        let claimed = app
            .db()
            .write(move |tx| async move {
                sql::claim(&tx, &names, now, now.plus_seconds(CLAIM_SECONDS), AT_ONCE).await
            })
            .await?;
        if claimed.is_empty() {
            return Ok(tried);
        }
        tried += claimed.len();
        let sent = claimed.into_iter().map(|delivery| one(app, courier, delivery));
        for outcome in futures::future::join_all(sent).await {
            outcome?;
        }
    }
}

async fn one(app: &App, courier: &Courier, delivery: Stored) -> Result<(), Problem> {
    let Some(channel) = app.channels().named(&delivery.channel) else { return Ok(()) };
    let answer = courier.send(channel, &delivery, app.env().now()).await;
    if let Err(error) = &answer {
        tracing::warn!(channel = channel.name, delivery = delivery.id, error, "a delivery failed");
    }
    let attempts = delivery.attempts + 1;
    let (last, at) = (attempts >= channel.attempts, app.clone());
    app.db()
        .write(move |tx| async move {
            let now = at.env().now();
            match answer {
                Ok(answer) => {
                    let state = match answer.status.as_deref() {
                        Some("accepted") => State::Accepted,
                        Some("rejected") => State::Rejected,
                        _ => State::Delivered,
                    };
                    let (receipt, reason) = (answer.receipt.as_deref(), answer.reason.as_deref());
                    sql::arrived(&tx, &delivery.id, state, receipt, reason, attempts, now).await?;
                    if state == State::Rejected {
                        tell(&tx, &at, &delivery, "报送被对方退回").await?;
                    }
                }
                Err(error) => {
                    let state = if last { State::Dead } else { State::Waiting };
                    let next_at = now.plus_seconds(pause(attempts));
                    sql::failed(&tx, &delivery.id, state, attempts, next_at, &error, now).await?;
                    if last {
                        tell(&tx, &at, &delivery, "报送多次失败，需人工处理").await?;
                    }
                }
            }
            Ok(())
        })
        .await
}

fn pause(attempts: i64) -> i64 {
    let doubled = FIRST_PAUSE.saturating_mul(1 << (attempts - 1).clamp(0, 20));
    doubled.min(LONGEST_PAUSE)
}

/// Tells the county, whose officers can send it again. Of a notice that failed nobody is told by a notice.
pub(super) async fn tell(tx: &Tx, app: &App, delivery: &Stored, title: &str) -> Result<(), Problem> {
    let (Subject::Case, Some(unit)) = (delivery.subject.0, delivery.unit) else { return Ok(()) };
    let notice = NewNotice {
        to: To::Unit(unit.ancestor(Level::County).unwrap_or(unit.0)),
        subject: About::Delivery,
        subject_id: delivery.id.clone(),
        urgent: false,
        title: format!("{title}：{}", app.grid().full_name(&unit)),
        words: None,
        once: None,
    };
    notices::raise(tx, app.env(), notice).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::pause;

    #[test]
    fn pauses_double_up_to_two_hours() {
        assert_eq!([1, 2, 3].map(pause), [30, 60, 120]);
        assert_eq!([12, 60, i64::MAX].map(pause), [7200; 3]);
    }
}
