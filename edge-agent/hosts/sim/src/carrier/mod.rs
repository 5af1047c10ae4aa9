//! How frames travel: in the body of an HTTP request, or each in a CoAP message over UDP.

mod coap;
mod http;

use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Context as _, bail};
use tokio::sync::mpsc::UnboundedSender;

use crate::link::Arrival;

/// Where a server listens for frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `http://host:port` or `https://…`; frames go to `/sync` there.
    Http(String),
    /// `coap://address:port`
    Coap(SocketAddr),
}

impl FromStr for Address {
    type Err = anyhow::Error;

    fn from_str(url: &str) -> anyhow::Result<Self> {
        let url = url.trim_end_matches('/');
        match url.split_once("://") {
            Some(("http" | "https", _)) => Ok(Self::Http(url.to_owned())),
            Some(("coap", address)) => Ok(Self::Coap(address.parse().context("coap://address:port")?)),
            _ => bail!("{url} is neither http://… nor coap://…"),
        }
    }
}

/// What carries one device's frames. Answers come out at the other end of the channel that it was made with.
pub(crate) enum Carrier {
    Http(http::Carrier),
    Coap(coap::Carrier),
}

impl Carrier {
    /// # Errors
    /// When no socket can be had.
    pub(crate) async fn new(
        address: &Address,
        client: &reqwest::Client,
        answers: UnboundedSender<Vec<u8>>,
    ) -> anyhow::Result<Self> {
        Ok(match address {
            Address::Http(url) => Self::Http(http::Carrier::new(url, client.clone(), answers)),
            Address::Coap(server) => Self::Coap(coap::Carrier::new(*server, answers).await?),
        })
    }

    /// Takes a burst on its way; who sent it does not learn what becomes of it.
    pub(crate) fn send(&self, burst: Vec<Arrival>) {
        match self {
            Self::Http(carrier) => carrier.send(burst),
            Self::Coap(carrier) => carrier.send(burst),
        }
    }
}
