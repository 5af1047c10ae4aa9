//! How simulated devices come to their keys: the same way as real ones.

use anyhow::{Context as _, ensure};
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Credentials;

/// Somebody who may make devices.
#[derive(Debug, Clone)]
pub struct Office {
    /// The login, of an office of township or above.
    pub account: String,
    /// Its password.
    pub password: String,
    /// The unit that the devices belong to, below the office's.
    pub unit: String,
}

impl Office {
    /// Makes devices and returns their enrolment codes.
    ///
    /// # Errors
    /// When the server does not let this account make devices in this unit.
    pub async fn codes(&self, url: &str, count: usize) -> anyhow::Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Session {
            token: String,
        }
        #[derive(Deserialize)]
        struct Made {
            code: String,
        }
        let client = Client::new();
        let login = json!({ "account": self.account, "password": self.password });
        let session = client.post(format!("{url}/api/v1/sessions")).json(&login);
        let Session { token } = answer(session).await.context("login")?;
        let mut codes = Vec::with_capacity(count);
        for number in 1..=count {
            let body = json!({ "kind": "post", "unit": self.unit, "name": format!("sim {number}") });
            let request = client.post(format!("{url}/api/v1/devices")).bearer_auth(&token).json(&body);
            let Made { code } = answer(request).await.context("a device could not be made")?;
            codes.push(code);
        }
        Ok(codes)
    }
}

/// Hands in codes and returns what the server gives for them.
///
/// # Errors
/// When a code is not taken.
pub async fn enrol(url: &str, codes: &[String]) -> anyhow::Result<Vec<Credentials>> {
    let client = Client::new();
    let mut credentials = Vec::with_capacity(codes.len());
    for code in codes {
        let request = client.post(format!("{url}/api/v1/enrolments")).json(&json!({ "code": code }));
        credentials.push(answer(request).await.context("an enrolment code was not taken")?);
    }
    Ok(credentials)
}

async fn answer<T: for<'de> Deserialize<'de>>(request: RequestBuilder) -> anyhow::Result<T> {
    let response = request.send().await?;
    let status = response.status();
    let body: Value = response.json().await.with_context(|| format!("{status} without a JSON body"))?;
    ensure!(status.is_success(), "{status} {body}");
    Ok(serde_json::from_value(body)?)
}
