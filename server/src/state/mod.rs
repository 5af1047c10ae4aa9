//! What every handler can reach.

mod sql;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;

use crate::accounts::Recent;
use crate::calendar::Calendar;
use crate::crypto::Keyring;
use crate::db::{Db, Topic};
use crate::deliveries::Channels;
use crate::devices::Registry;
use crate::env::Env;
use crate::evidence::{Photos, Spool};
use crate::grid::Grid;
use crate::parcels::Locator;
use crate::policy::Policy;
use crate::public::Limits;
use crate::sync;
use crate::tiles;

/// The application's parts; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    setup: Setup,
    decoy: String,
    grid: ArcSwap<Grid>,
    grid_revision: AtomicI64,
    locator: ArcSwap<Locator>,
    limits: Limits,
    recent_callers: Recent,
    tiles: tiles::Cache,
    registry: Registry,
    sync: sync::Desk,
}

/// What an [`App`] is made of.
pub struct Setup {
    /// The database, open.
    pub db: Db,
    /// Clock and randomness.
    pub env: Env,
    /// What the city has set.
    pub policy: Policy,
    /// Which days are worked.
    pub calendar: Calendar,
    /// Ways out of the house.
    pub channels: Channels,
    /// Keys of labels and of reporters' phones.
    pub keys: Keyring,
    /// Where photos lie.
    pub photos: Photos,
    /// Where photos lie that come in pieces, until they are whole.
    pub uploads: Spool,
    /// A folder of this process where uploads lie until they have been imported.
    pub work: PathBuf,
    /// What QR labels carry, without a slash at the end.
    pub public_url: String,
    /// Whether X-Forwarded-For is to be believed.
    pub behind_proxy: bool,
    /// The port on which the server listens for CoAP.
    pub coap_port: Option<u16>,
}

impl App {
    /// Puts the parts together and reads the snapshots.
    pub async fn new(setup: Setup) -> sqlx::Result<Self> {
        let decoy = crate::auth::password::decoy(&setup.env);
        let sync = sync::Desk::open(&setup.db, &setup.env).await?;
        let parts = Parts {
            decoy,
            sync,
            grid: ArcSwap::default(),
            grid_revision: AtomicI64::new(-1),
            locator: ArcSwap::default(),
            limits: Limits::new(setup.policy.reports.per_hour),
            recent_callers: Recent::default(),
            tiles: tiles::Cache::default(),
            registry: Registry::default(),
            setup,
        };
        let app = Self(Arc::new(parts));
        app.refresh().await?;
        Ok(app)
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.setup.db
    }

    /// Clock and randomness.
    pub fn env(&self) -> &Env {
        &self.0.setup.env
    }

    /// What the city has set.
    pub fn policy(&self) -> &Policy {
        &self.0.setup.policy
    }

    /// Which days are worked.
    pub fn calendar(&self) -> &Calendar {
        &self.0.setup.calendar
    }

    /// Ways out of the house.
    pub fn channels(&self) -> &Channels {
        &self.0.setup.channels
    }

    /// Keys of labels and of reporters' phones.
    pub fn keys(&self) -> &Keyring {
        &self.0.setup.keys
    }

    /// Where photos lie.
    pub fn photos(&self) -> &Photos {
        &self.0.setup.photos
    }

    /// Where photos lie that come in pieces, until they are whole.
    pub fn uploads(&self) -> &Spool {
        &self.0.setup.uploads
    }

    /// A folder of this process where uploads lie until they have been imported.
    pub fn work(&self) -> &Path {
        &self.0.setup.work
    }

    /// What QR labels carry, without a slash at the end.
    pub fn public_url(&self) -> &str {
        &self.0.setup.public_url
    }

    /// Whether X-Forwarded-For is to be believed.
    pub fn behind_proxy(&self) -> bool {
        self.0.setup.behind_proxy
    }

    /// The hash that a login which does not exist is checked against.
    pub fn decoy(&self) -> &str {
        &self.0.decoy
    }

    /// Units and the appointments in force.
    pub fn grid(&self) -> Arc<Grid> {
        self.0.grid.load_full()
    }

    /// The revision of [`App::grid`].
    pub fn grid_revision(&self) -> i64 {
        self.0.grid_revision.load(Ordering::Relaxed)
    }

    /// How much one address may hand in.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Who called within the last second.
    pub fn recent_callers(&self) -> &Recent {
        &self.0.recent_callers
    }

    /// Vector tiles drawn before.
    pub fn tiles(&self) -> &tiles::Cache {
        &self.0.tiles
    }

    /// Devices that spoke lately.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// Where pushes of devices meet.
    pub fn sync(&self) -> &sync::Desk {
        &self.0.sync
    }

    /// Where devices reach the server over CoAP, when it listens for it.
    pub fn coap_url(&self) -> Option<String> {
        let (_, rest) = self.public_url().split_once("://")?;
        let host = rest.split('/').next()?;
        let host = host
            .rsplit_once(':')
            .filter(|(_, port)| port.parse::<u16>().is_ok())
            .map_or(host, |(host, _)| host);
        self.0.setup.coap_port.map(|port| format!("coap://{host}:{port}/sync"))
    }

    /// Which parcel lies where.
    pub fn locator(&self) -> Arc<Locator> {
        self.0.locator.load_full()
    }

    /// Brings the snapshots up to the revisions in the database.
    pub async fn refresh(&self) -> sqlx::Result<()> {
        let grid = sql::revision(self.db(), Topic::Grid).await?;
        let today = self.env().today();
        // Terms of office begin and end at midnight without anybody's doing.
        if grid != self.grid_revision() || !self.grid().is_of(today) {
            let loaded = Grid::load(self.db(), today).await?;
            self.0.grid.store(Arc::new(loaded));
            self.0.grid_revision.store(grid, Ordering::Relaxed);
            self.recent_callers().forget();
        }
        self.0.registry.advance(sql::revision(self.db(), Topic::Devices).await?);
        let parcels = sql::revision(self.db(), Topic::Parcels).await?;
        let locator = self.locator();
        if parcels != locator.revision() {
            self.0.locator.store(Arc::new(locator.refreshed(self.db(), parcels).await?));
        }
        Ok(())
    }
}
