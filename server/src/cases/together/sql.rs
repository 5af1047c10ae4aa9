//! SQL of cases that are about the same spot.

use crate::auth::{Caller, Units};
use crate::cases::{Kind, Source, State};
use crate::db::{Session, Text, Timestamp, Tx, sql};

/// What tells where a case is; the outline as somebody drew it, else of the patch that opened it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct SpotRow {
    pub id: String,
    pub source: Text<Source>,
    pub kind: Text<Kind>,
    pub opened_at: Timestamp,
    pub parcel_id: Option<i64>,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub shape: Option<Vec<u8>>,
}

const SPOT: &str = "select c.id, c.source, c.kind, c.opened_at, c.parcel_id, c.lon, c.lat, \
     coalesce(o.shape, p.shape) as shape from cases c left join patches p on p.case_id = c.id \
     left join case_outlines o on o.case_id = c.id \
     and o.seq = (select max(d.seq) from case_outlines d where d.case_id = c.id) where true";

pub(super) async fn spot(on: &impl Session, case: &str) -> sqlx::Result<Option<SpotRow>> {
    on.first(sql(SPOT).push_bind(" and c.id = ", case)).await
}

/// How many are looked at; more on one spot is nothing a person could compare.
const MOST: i64 = 200;

/// Open cases that follow no other, in a box or in a parcel.
pub(super) async fn near(
    on: &impl Session,
    units: &Units,
    case: &str,
    parcel: Option<i64>,
    [west, south, east, north]: [f64; 4],
) -> sqlx::Result<Vec<SpotRow>> {
    const COLUMNS: [&str; 5] = ["c.city", "c.county", "c.township", "c.village", "c.unit"];
    let query = units
        .filter_ancestors(sql(SPOT), &COLUMNS)
        .push_bind(" and c.id <> ", case)
        .push_bind(" and c.state <> ", State::Closed.name())
        .push(" and not exists (select 1 from case_members m where m.member_id = c.id and m.left_at is null)")
        .push_bind(" and (c.parcel_id = ", parcel)
        // A patch's place lies inside it, its outline may reach nearer: both count.
        .push_bind(" or (c.lon >= ", west)
        .push_bind(" and c.lon <= ", east)
        .push_bind(" and c.lat >= ", south)
        .push_bind(" and c.lat <= ", north)
        .push_bind(") or (p.east >= ", west)
        .push_bind(" and p.west <= ", east)
        .push_bind(" and p.north >= ", south)
        .push_bind(" and p.south <= ", north)
        .push_bind(") or (o.east >= ", west)
        .push_bind(" and o.west <= ", east)
        .push_bind(" and o.north >= ", south)
        .push_bind(" and o.south <= ", north);
    on.all(query.push_bind(")) order by c.id desc limit ", MOST)).await
}

/// The case that this one follows.
pub(super) async fn leader_of(on: &impl Session, case: &str) -> sqlx::Result<Option<String>> {
    let query = sql("select case_id from case_members where member_id = $1 and left_at is null").bind(case);
    Ok(on.first::<(String,)>(query).await?.map(|(leader,)| leader))
}

/// A member of a case.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct MemberRow {
    pub member_id: String,
    pub source: Text<Source>,
    pub kind: Text<Kind>,
    pub opened_at: Timestamp,
    pub distance: Option<f64>,
    pub reason: String,
    pub joined_at: Timestamp,
    pub joined_name: String,
}

pub(super) async fn members(on: &impl Session, case: &str) -> sqlx::Result<Vec<MemberRow>> {
    on.all(
        sql("select m.member_id, c.source, c.kind, c.opened_at, m.distance, m.reason, m.joined_at, m.joined_name \
             from case_members m join cases c on c.id = m.member_id \
             where m.case_id = $1 and m.left_at is null order by m.member_id")
        .bind(case),
    )
    .await
}

/// Members of a case that joins another follow to that one.
pub(super) async fn move_members(tx: &Tx, from: &str, to: &str) -> sqlx::Result<u64> {
    let query = sql("update case_members set case_id = $1 where case_id = $2 and left_at is null")
        .bind(to)
        .bind(from);
    tx.execute(query).await
}

pub(super) async fn insert(
    tx: &Tx,
    leader: &str,
    member: &str,
    distance: Option<f64>,
    reason: &str,
    by: &Caller,
    now: Timestamp,
) -> sqlx::Result<()> {
    let query = sql("insert into case_members (case_id, member_id, distance, reason, joined_at, joined_by, \
                     joined_name) values ($1, $2, $3, $4, $5, $6, $7)")
    .bind(leader)
    .bind(member)
    .bind(distance)
    .bind(reason)
    .bind(now)
    .bind(&by.account)
    .bind(&by.name);
    tx.execute(query).await.map(drop)
}

/// A member leaves; false when it was none.
pub(super) async fn leave(
    tx: &Tx,
    leader: &str,
    member: &str,
    by: &Caller,
    why: &str,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let query = sql("update case_members set left_at = $1, left_by = $2, left_why = $3 \
                     where case_id = $4 and member_id = $5 and left_at is null")
    .bind(now)
    .bind(&by.account)
    .bind(why)
    .bind(leader)
    .bind(member);
    Ok(tx.execute(query).await? == 1)
}
