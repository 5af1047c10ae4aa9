//! What every handler can reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;

use crate::config::Secret;
use crate::crypto::Keyring;
use crate::db::{Db, Session, Topic, sql};
use crate::env::Env;
use crate::evidence::Photos;
use crate::grid::Grid;
use crate::parcels::Locator;
use crate::policy::Policy;

/// The application's parts; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    db: Db,
    env: Env,
    policy: Policy,
    keys: Keyring,
    photos: Photos,
    public_url: String,
    decoy: String,
    grid: ArcSwap<Grid>,
    grid_revision: AtomicI64,
    locator: ArcSwap<Locator>,
    limits: crate::public::Limits,
    behind_proxy: bool,
}

/// What an [`App`] is made of.
pub struct Setup {
    /// The database, open.
    pub db: Db,
    /// Clock and randomness.
    pub env: Env,
    /// What the city has set.
    pub policy: Policy,
    /// Where photos lie.
    pub photos: Photos,
    /// What QR labels carry.
    pub public_url: String,
    /// What seals the keys in the database.
    pub master_key: Secret,
    /// Whether X-Forwarded-For is to be believed.
    pub behind_proxy: bool,
}
