//! Frames in the body of `POST /sync`.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;

use crate::link::Arrival;

pub(crate) struct Carrier {
    url: String,
    client: reqwest::Client,
    answers: UnboundedSender<Vec<u8>>,
}

impl Carrier {
    pub(crate) fn new(url: &str, client: reqwest::Client, answers: UnboundedSender<Vec<u8>>) -> Self {
        Self { url: format!("{url}/sync"), client, answers }
    }

    /// A burst is one request. A damaged frame goes alone, since nobody could tell where it ends.
    pub(crate) fn send(&self, burst: Vec<Arrival>) {
        let (damaged, whole): (Vec<_>, Vec<_>) = burst.into_iter().partition(|arrival| arrival.is_damaged);
        for arrival in damaged {
            self.post(arrival.after, arrival.bytes);
        }
        if let Some(after) = whole.iter().map(|arrival| arrival.after).max() {
            self.post(after, whole.into_iter().flat_map(|arrival| arrival.bytes).collect());
        }
    }

    fn post(&self, after: Duration, body: Vec<u8>) {
        let answers = self.answers.clone();
        let request = self.client.post(&self.url).header("content-type", "application/cbor").body(body);
        tokio::spawn(async move {
            sleep(after).await;
            // A server that is down is a network that is down.
            if let Ok(response) = request.send().await
                && let Ok(body) = response.bytes().await
                && !body.is_empty()
            {
                let _ = answers.send(body.to_vec());
            }
        });
    }
}
