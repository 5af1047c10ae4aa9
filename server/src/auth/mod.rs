//! Who calls, and what he may see and do.
//!
//! A handler's signature says who may call it: it takes a [`Scope`] of the right it needs
//! (`Scope<ReadParcels>`), or [`Admin`] of one of the three administrators (三员). Rights follow from
//! appointments ([`rights`]), and every right comes with the units in which it holds. No query runs without
//! the units of a scope (invariant 3).

pub mod password;
pub mod rights;
mod session;
pub mod units;

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use gengwei_proto::RegionCode;
use serde::Serialize;
use utoipa::ToSchema;

pub use session::{COOKIE, Token, token_of};
pub use units::Units;

use crate::accounts::{self, AdminRole};
use crate::audit::Entry;
use crate::error::{self, Problem};
use crate::grid::appointments::Role;
use crate::state::App;
use rights::Right;

/// An appointment in force today, as far as rights go.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Held {
    /// The unit's code.
    #[schema(value_type = String)]
    pub unit: RegionCode,
    /// The role in it.
    pub role: Role,
}

/// Whoever is logged in.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account.
    pub account: String,
    /// The name to log in with.
    pub login: String,
    /// The name to show.
    pub name: String,
    /// The person behind it; administrators have none.
    pub person: Option<String>,
    /// One of the three administrators.
    pub admin: Option<AdminRole>,
    /// Appointments in force today.
    pub held: Vec<Held>,
}

impl Caller {
    /// Somebody who asked for something that is done later, when nobody is logged in.
    pub(crate) fn absent(account: &str, login: &str, name: &str) -> Self {
        Self {
            account: account.to_owned(),
            login: login.to_owned(),
            name: name.to_owned(),
            person: None,
            admin: None,
            held: Vec::new(),
        }
    }

    /// The units in which this caller has a right.
    pub fn units<R: Right>(&self) -> Units {
        Units::new(self.held.iter().filter(|h| R::granted(h.role, h.unit.level())).map(|h| h.unit))
    }

    /// An audit entry in this caller's name.
    pub fn entry(&self, action: &'static str, subject: impl Into<String>) -> Entry {
        Entry::new(&*self.login, action, subject)
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = token_of(&parts.headers).ok_or_else(|| Problem::new(error::UNAUTHENTICATED))?;
        session::refuse_forged(parts, &token)?;
        accounts::caller(app, token.digest()).await?.ok_or_else(|| Problem::new(error::UNAUTHENTICATED))
    }
}

/// A caller together with the units in which he has the right `R`.
pub struct Scope<R> {
    /// Who.
    pub caller: Arc<Caller>,
    /// Where.
    pub units: Units,
    right: PhantomData<R>,
}

impl<R> Scope<R> {
    /// The units asked for, as far as they are in scope; 404 when they are not at all, and when `region` is
    /// no region code.
    pub fn narrow(&self, region: Option<&str>) -> Result<Units, Problem> {
        let Some(region) = region else { return Ok(self.units.clone()) };
        let region = RegionCode::parse(region)
            .map_err(|_| Problem::invalid("region", "区划代码应为 4、6、9、12 或 14 位数字。"))?;
        let narrowed = self.units.within(&region);
        if narrowed.is_empty() { Err(Problem::not_found()) } else { Ok(narrowed) }
    }

    /// Whether a unit is in scope; 404 otherwise.
    pub fn require(&self, unit: &RegionCode) -> Result<(), Problem> {
        if self.units.contain(unit) { Ok(()) } else { Err(Problem::not_found()) }
    }

    /// A scope of given units, for the command line and for tests; an extractor makes all others.
    pub fn of(caller: Caller, units: Units) -> Self {
        Self { caller: Arc::new(caller), units, right: PhantomData }
    }
}

impl<R: Right> FromRequestParts<App> for Scope<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let units = caller.units::<R>();
        if units.is_empty() {
            return Err(Problem::new(error::FORBIDDEN).detail(R::REFUSAL));
        }
        Ok(Self { caller: Arc::new(caller), units, right: PhantomData })
    }
}

/// One of the three administrators, who never are the same account (GB/T 22239-2019, 三员分立).
pub struct Admin<const ROLE: char>(pub Caller);

/// Runs the system: accounts, devices.
pub type SystemAdmin = Admin<'y'>;
/// Guards it: locks, sessions, who may do what.
pub type SecurityAdmin = Admin<'e'>;
/// Watches the other two: reads the audit log.
pub type AuditAdmin = Admin<'u'>;

impl<const ROLE: char> FromRequestParts<App> for Admin<ROLE> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let wanted = match ROLE {
            'y' => AdminRole::System,
            'e' => AdminRole::Security,
            _ => AdminRole::Audit,
        };
        if caller.admin == Some(wanted) {
            Ok(Self(caller))
        } else {
            Err(Problem::new(error::FORBIDDEN).detail(format!("只有{}可以这样做。", wanted.title())))
        }
    }
}
