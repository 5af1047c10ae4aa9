//! SQL of the quarantine.

use gengwei_proto::RegionCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Kept, Reason, State};
use crate::auth::Units;
use crate::db::{Bulk, Session, Text, Timestamp, Tx, sql};
use crate::env::Env;

pub(in crate::sync) async fn insert(tx: &Tx, env: &Env, kept: &[Kept], now: Timestamp) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into quarantine (id, device, epoch, seq, unit, kind, at, reason, detail, record, state, received_at)",
        "",
    );
    for one in kept {
        rows.row(vec![
            env.new_id().into(),
            one.device.into(),
            one.epoch.into(),
            one.seq.into(),
            one.unit.clone().into(),
            one.kind.into(),
            one.at.into(),
            one.reason.name().into(),
            one.detail.clone().into(),
            one.bytes.clone().into(),
            State::Waiting.name().into(),
            now.into(),
        ]);
    }
    tx.insert(rows).await
}

/// A record in quarantine.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Quarantined {
    /// UUIDv7; sorts by the time of arrival.
    pub id: String,
    /// The device that sent it.
    pub device: i64,
    /// The device's epoch.
    pub epoch: i64,
    /// The record's number.
    pub seq: i64,
    /// The device's unit.
    #[schema(value_type = String)]
    pub unit: Text<RegionCode>,
    /// The kind of record as on the wire; -1 when it cannot be read.
    pub kind: i64,
    /// When it happened.
    pub at: Timestamp,
    /// Why it could not be applied.
    #[schema(value_type = Reason)]
    pub reason: Text<Reason>,
    /// What else is known of that.
    pub detail: String,
    /// The record as it came, hexadecimal CBOR.
    #[serde(serialize_with = "hexadecimal")]
    #[schema(value_type = String)]
    pub record: Vec<u8>,
    /// What became of it.
    #[schema(value_type = State)]
    pub state: Text<State>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When that was decided.
    pub decided_at: Option<Timestamp>,
    /// By whom.
    pub decided_by: Option<String>,
}

fn hexadecimal<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}

const QUARANTINED: &str = "select id, device, epoch, seq, unit, kind, at, reason, detail, record, state, received_at, \
     decided_at, decided_by from quarantine where true";

/// Records in quarantine, the oldest first, in some units; `None` is the command line, which sees all.
pub async fn list(
    on: &impl Session,
    units: Option<&Units>,
    state: Option<State>,
    after: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<Quarantined>> {
    let query = match units {
        Some(units) => units.filter(sql(QUARANTINED), "unit"),
        None => sql(QUARANTINED),
    };
    let query = query.push_if(" and state = ", state.map(State::name)).push_if(" and id > ", after);
    on.all(query.push_bind(" order by id limit ", limit)).await
}

/// One record in quarantine.
pub async fn find(on: &impl Session, id: &str) -> sqlx::Result<Option<Quarantined>> {
    on.first(sql(QUARANTINED).push_bind(" and id = ", id)).await
}

/// Writes down what became of a record that waited; false when it waits no more.
pub(super) async fn decide(
    tx: &Tx,
    id: &str,
    state: State,
    mended: Option<&[u8]>,
    by: &str,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let query = sql("update quarantine set state = $1, decided_at = $2, decided_by = $3, mended = $4 \
                     where id = $5 and state = 'waiting'")
    .bind(state.name())
    .bind(now)
    .bind(by)
    .bind(mended)
    .bind(id);
    Ok(tx.execute(query).await? == 1)
}
