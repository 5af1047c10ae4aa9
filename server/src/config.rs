//! What a process runs with: flags, environment, defaults. One struct per concern.
//!
//! `gengwei.env.sample` in the repository documents every option; a test keeps it complete. What the
//! *notice* leaves open (frequencies, deadlines, …) is not here but in [`crate::policy`].

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

/// Where the data lie.
#[derive(Args, Clone, Debug)]
pub struct Storage {
    /// The data directory: database, photos, master key
    #[arg(long, env = "GENGWEI_DATA", default_value = "./data", global = true)]
    pub data: PathBuf,
    /// postgres://… ; without it SQLite in the data directory
    #[arg(long, env = "DATABASE_URL", global = true, hide_env_values = true)]
    pub database_url: Option<Secret>,
    /// Where photos lie: a folder, or s3://bucket/prefix; without it `evidence` in the data directory
    #[arg(long, env = "GENGWEI_EVIDENCE_URL", global = true)]
    pub evidence_url: Option<String>,
    /// 32 hexadecimal digits that seal the keys in the database; without it `master.key` in the data directory
    #[arg(long, env = "GENGWEI_MASTER_KEY", global = true, hide_env_values = true)]
    pub master_key: Option<Secret>,
}

/// Where the process listens.
#[derive(Args, Clone, Debug)]
pub struct Listen {
    /// The address of pages and API
    #[arg(long, env = "GENGWEI_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The address of /metrics; `off` to disable
    #[arg(long, env = "GENGWEI_METRICS_LISTEN", default_value = "127.0.0.1:9090")]
    pub metrics_listen: OptionalAddr,
    /// The address of CoAP over UDP, for devices; `off` to disable
    #[arg(long, env = "GENGWEI_COAP_LISTEN", default_value = "127.0.0.1:5683")]
    pub coap_listen: OptionalAddr,
    /// The client's address stands in X-Forwarded-For, because a reverse proxy is in front
    #[arg(long, env = "GENGWEI_BEHIND_PROXY", default_value_t = false)]
    pub behind_proxy: bool,
}

/// What the outside world calls us, and what it may load.
#[derive(Args, Clone, Debug)]
pub struct Public {
    /// The address that QR labels carry, without a slash at the end
    #[arg(long, env = "GENGWEI_PUBLIC_URL", default_value = "http://127.0.0.1:8080", global = true)]
    pub public_url: String,
    /// A TOML file with what the city has set: frequencies, deadlines, limits; see `policy.default.toml`
    #[arg(long, env = "GENGWEI_POLICY", global = true)]
    pub policy: Option<PathBuf>,
    /// A folder of YYYY.toml with holidays and the weekends worked for them, beside the years that are shipped
    #[arg(long, env = "GENGWEI_HOLIDAYS", global = true)]
    pub holidays: Option<PathBuf>,
    /// A TOML file with the ways out of the house: where notices and cases are pushed to; see `channels.sample.toml`
    #[arg(long, env = "GENGWEI_CHANNELS", global = true)]
    pub channels: Option<PathBuf>,
}

/// Logs.
#[derive(Args, Clone, Debug)]
pub struct Logging {
    /// What to log, e.g. `info` or `gengwei_server=debug,info`
    #[arg(long, env = "GENGWEI_LOG", default_value = "info", global = true)]
    pub log: String,
    /// Lines of JSON for a collector, or text for people
    #[arg(long, env = "GENGWEI_LOG_FORMAT", default_value = "text", global = true, value_parser = ["text", "json"])]
    pub log_format: String,
}

/// An address, or `off`.
#[derive(Clone, Copy, Debug)]
pub struct OptionalAddr(pub Option<SocketAddr>);

impl FromStr for OptionalAddr {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" { Ok(Self(None)) } else { text.parse().map(Some).map(Self) }
    }
}

impl fmt::Display for OptionalAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("off"),
        }
    }
}

/// A value that is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The value itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}
