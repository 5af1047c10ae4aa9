//! The channels: a TOML file that names each, what it carries, where it leads and how it is signed.

use std::path::{Path, PathBuf};

use anyhow::Context;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use sm3::Sm3;

use super::Subject;
use crate::config::Secret;

/// All channels, as the file says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// PEM certificates: over https only whoever has a certificate from one of these is spoken to. Without it those
    /// that the system trusts.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// What stands in it.
    #[serde(skip)]
    pub authorities: Vec<reqwest::Certificate>,
    /// One by one.
    #[serde(default, rename = "channel")]
    pub all: Vec<Channel>,
}

/// One way out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its name, unique; kept with every delivery.
    pub name: String,
    /// What it carries.
    pub subject: Subject,
    /// Where it is pushed to; without it, it goes by file package.
    #[serde(default)]
    pub url: Option<String>,
    /// What pushes are signed with.
    #[serde(default, deserialize_with = "secret")]
    pub secret: Option<Secret>,
    /// The signature's algorithm.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// Pushes before a delivery is a dead letter.
    #[serde(default = "twelve")]
    pub attempts: i64,
    /// Only urgent notices.
    #[serde(default)]
    pub urgent_only: bool,
}

/// How a push is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// GB/T 15852.2 with SM3 (R44).
    #[default]
    HmacSm3,
    /// For receivers without SM3.
    HmacSha256,
}

impl Algorithm {
    /// The name in the signature header.
    pub fn name(self) -> &'static str {
        match self {
            Self::HmacSm3 => "hmac-sm3",
            Self::HmacSha256 => "hmac-sha256",
        }
    }

    /// The MAC over a delivery, hexadecimal: over `<seconds>.<id>.<body>`.
    pub fn sign(self, secret: &str, seconds: i64, id: &str, body: &str) -> String {
        let message = format!("{seconds}.{id}.{body}");
        match self {
            Self::HmacSm3 => mac::<Hmac<Sm3>>(secret, &message),
            Self::HmacSha256 => mac::<Hmac<Sha256>>(secret, &message),
        }
    }
}

fn mac<M: Mac + KeyInit>(secret: &str, message: &str) -> String {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(message.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn twelve() -> i64 {
    12
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| text.parse().unwrap_or_else(|never| match never {})))
}

impl Channels {
    /// The file's, or none.
    ///
    /// # Errors
    /// When it cannot be read, two bear one name, one pushes without a secret or not over HTTP, or the file of
    /// authorities holds none.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file else { return Ok(Self::default()) };
        let context = || format!("the channels in {}", path.display());
        let text = std::fs::read_to_string(path).with_context(context)?;
        let mut channels = Self::read(&text).with_context(context)?;
        if let Some(authorities) = &channels.ca_file {
            channels.authorities = certificates(authorities).with_context(context)?;
        }
        Ok(channels)
    }

    pub(super) fn read(text: &str) -> anyhow::Result<Self> {
        let channels: Self = toml::from_str(text)?;
        for (n, channel) in channels.all.iter().enumerate() {
            let name = &channel.name;
            anyhow::ensure!(crate::grid::is_plain(name, 64), "a channel's name is 1 to 64 characters");
            anyhow::ensure!(
                channels.all[..n].iter().all(|other| other.name != *name),
                "two channels “{name}”"
            );
            let Some(url) = &channel.url else { continue };
            let parsed: reqwest::Url = url.parse().with_context(|| format!("channel “{name}”"))?;
            anyhow::ensure!(
                matches!(parsed.scheme(), "http" | "https"),
                "channel “{name}” pushes over https://, or over http:// to an adapter on the same network"
            );
            anyhow::ensure!(channel.secret.is_some(), "channel “{name}” pushes and needs a secret");
        }
        Ok(channels)
    }

    /// Whether one of them pushes over https.
    pub(super) fn speaks_tls(&self) -> bool {
        let mut urls = self.all.iter().filter_map(|channel| channel.url.as_deref());
        urls.any(|url| url.parse().is_ok_and(|url: reqwest::Url| url.scheme() == "https"))
    }

    /// The channel with a name.
    pub fn named(&self, name: &str) -> Option<&Channel> {
        self.all.iter().find(|channel| channel.name == name)
    }

    /// Those that carry something.
    pub fn of(&self, subject: Subject) -> impl Iterator<Item = &Channel> {
        self.all.iter().filter(move |channel| channel.subject == subject)
    }
}

/// The certificates in a PEM file; at least one.
fn certificates(file: &Path) -> anyhow::Result<Vec<reqwest::Certificate>> {
    let context = || format!("ca_file {}", file.display());
    let pem = std::fs::read(file).with_context(context)?;
    let found = reqwest::Certificate::from_pem_bundle(&pem).with_context(context)?;
    anyhow::ensure!(!found.is_empty(), "ca_file {} holds no certificate", file.display());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_would_leak_or_confuse_is_refused() {
        let push = "[[channel]]\nname = \"a\"\nsubject = \"case\"\nurl = \"http://10.0.0.5/x\"\n";
        assert!(Channels::read(push).is_err(), "without a secret");
        let whole = format!("{push}secret = \"s\"\n");
        let channels = Channels::read(&whole).unwrap();
        assert_eq!(channels.all[0].algorithm, Algorithm::HmacSm3);
        assert!(!format!("{channels:?}").contains("\"s\""), "a secret is not printed");
        assert!(Channels::read(&format!("{whole}{whole}")).is_err(), "two of one name");
        assert!(Channels::read(&whole.replace("http:", "https:")).is_ok());
        assert!(Channels::read(&whole.replace("http:", "ftp:")).is_err());
        assert!(Channels::read("[[channel]]\nname = \"file\"\nsubject = \"case\"\n").is_ok());
    }

    /// RFC 4231, test case 2; SM3 against a value from an independent implementation (OpenSSL 3).
    #[test]
    fn signatures_are_hmac() {
        assert_eq!(
            mac::<Hmac<Sha256>>("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(mac::<Hmac<Sm3>>("Jefe", "what do ya want for nothing?"), SM3);
    }

    const SM3: &str = "2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882";
}
