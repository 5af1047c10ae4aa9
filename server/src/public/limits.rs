//! How many reports one address may hand in (no captcha service: it would load foreign code).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::{self, Problem};

/// The limiter of this process.
pub struct Limits {
    attempts: DefaultKeyedRateLimiter<IpAddr>,
    reports: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

/// Forms that may be sent for each report that may be handed in: people mistype, and must not wait for it.
const ATTEMPTS_A_REPORT: u32 = 5;

impl Limits {
    /// So many reports an hour from one address, all at once if need be.
    pub fn new(per_hour: u32) -> Self {
        let an_hour = |times: u32| Quota::per_hour(NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN));
        Self {
            attempts: RateLimiter::keyed(an_hour(per_hour.saturating_mul(ATTEMPTS_A_REPORT))),
            reports: RateLimiter::keyed(an_hour(per_hour)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a form before it is read, so that neither uploads nor guessed codes come without bound. 429 when
    /// there were too many.
    pub fn attempt(&self, address: IpAddr) -> Result<(), Problem> {
        self.count(&self.attempts, address)
    }

    /// Counts a report that is about to be taken. 429 when there were too many.
    pub fn report(&self, address: IpAddr) -> Result<(), Problem> {
        self.count(&self.reports, address)
    }

    fn count(&self, limiter: &DefaultKeyedRateLimiter<IpAddr>, address: IpAddr) -> Result<(), Problem> {
        // Whoever has not been here for an hour is forgotten, so that memory is bounded by recent visitors.
        if limiter.len() > 10_000 {
            limiter.retain_recent();
        }
        limiter.check_key(&network(address)).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now()).as_secs() + 1;
            let minutes = wait.div_ceil(60);
            let detail = format!("这个网络提交得太频繁，请 {minutes} 分钟后再试，或拨打 12345。");
            Problem::new(error::TOO_MANY).detail(detail).retry_after(wait)
        })
    }
}

/// A household's IPv6 addresses share the first 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

/// The client's address: the connection's, or the last in X-Forwarded-For, which our own proxy wrote.
pub(super) fn client(headers: &HeaderMap, extensions: &Extensions, behind_proxy: bool) -> IpAddr {
    let forwarded = headers.get("x-forwarded-for").filter(|_| behind_proxy);
    let last = forwarded.and_then(|v| v.to_str().ok()).and_then(|v| v.rsplit(',').next());
    if let Some(address) = last.and_then(|a| a.trim().parse().ok()) {
        return address;
    }
    let connection = extensions.get::<ConnectInfo<SocketAddr>>();
    connection.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |c| c.0.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_are_told_when_to_come_back() {
        let limits = Limits::new(2);
        let here: IpAddr = "192.0.2.1".parse().unwrap();
        assert!(limits.report(here).is_ok() && limits.report(here).is_ok());
        assert_eq!(limits.report(here).unwrap_err().kind(), error::TOO_MANY);
        assert!(limits.report("192.0.2.2".parse().unwrap()).is_ok());
        assert!((0..10).all(|_| limits.attempt(here).is_ok()) && limits.attempt(here).is_err());
    }

    #[test]
    fn the_header_counts_only_behind_a_proxy() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "10.0.0.1, 192.0.2.7".parse().unwrap());
        let connection = Extensions::new();
        assert_eq!(client(&headers, &connection, true), "192.0.2.7".parse::<IpAddr>().unwrap());
        assert_eq!(client(&headers, &connection, false), IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    }
}
