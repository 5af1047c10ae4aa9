//! SQL of parcels.

use gengwei_proto::{ParcelCode, RegionCode};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::Parcel;
use crate::auth::Units;
use crate::db::{Session, Text, Timestamp, Tx, sql};

const PARCEL: &str =
    "select id, code, unit, dlbm, area, tbmj, permanent, crop, version, retired_on from parcels where ";

pub(super) async fn by_code(on: &impl Session, code: &ParcelCode) -> sqlx::Result<Option<Parcel>> {
    on.first(sql(PARCEL).push_bind("code = ", code.as_str())).await
}

pub(super) async fn by_id(on: &impl Session, id: i64) -> sqlx::Result<Option<Parcel>> {
    on.first(sql(PARCEL).push_bind("id = ", id)).await
}

/// What the index in memory keeps of a parcel.
#[derive(sqlx::FromRow)]
pub(super) struct ShapeRow {
    pub id: i64,
    pub shape: Vec<u8>,
    pub retired_on: Option<String>,
    pub unit: Text<RegionCode>,
    pub code: Option<Text<ParcelCode>>,
    pub dlbm: String,
    pub permanent: bool,
}

const SHAPE: &str = "select id, shape, retired_on, unit, code, dlbm, permanent from parcels where ";

/// The shapes of parcels in force, by id.
pub(super) async fn shapes_after(on: &impl Session, after: i64) -> sqlx::Result<Vec<ShapeRow>> {
    on.all(sql(SHAPE).push_bind("id > ", after).push(" and retired_on is null order by id limit 20000")).await
}

/// The shapes of parcels that changed after a revision.
pub(super) async fn shapes_since(
    on: &impl Session,
    revision: i64,
    limit: i64,
) -> sqlx::Result<Vec<ShapeRow>> {
    on.all(sql(SHAPE).push_bind("revision > ", revision).push_bind(" limit ", limit)).await
}

/// All columns but geometry: what a version keeps and the API shows.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = ParcelState)]
pub struct State {
    /// The county's 6 digits, then a serial of 10.
    pub id: i64,
    /// 20 characters; farmland only.
    #[schema(value_type = Option<String>)]
    pub code: Option<Text<ParcelCode>>,
    /// The village or group it belongs to now.
    #[schema(value_type = String)]
    pub unit: Text<RegionCode>,
    /// Since when.
    #[schema(value_type = String, format = Date)]
    pub unit_since: Text<Date>,
    /// 标识码
    pub bsm: Option<String>,
    /// 地类编码, 三调工作分类.
    pub dlbm: String,
    /// 坐落单位代码 as imported.
    pub zldwdm: Option<String>,
    /// 权属单位代码 as imported; may differ from the location (飞地, R06).
    pub qsdwdm: Option<String>,
    /// 权属性质
    pub qsxz: Option<String>,
    /// 图斑面积 as imported, m².
    pub tbmj: Option<f64>,
    /// 扣除地类面积, m².
    pub kcmj: Option<f64>,
    /// 图斑地类面积, m².
    pub tbdlmj: Option<f64>,
    /// By the official ellipsoidal formula, m².
    pub area: f64,
    /// 永久基本农田
    pub permanent: bool,
    /// 新增耕地
    pub added: bool,
    /// 种植属性
    pub crop: Option<String>,
    /// 耕地等别
    pub quality: Option<i64>,
    /// 坡度级别
    pub slope: Option<String>,
    /// 数据年份
    pub year: Option<i64>,
    /// Grows with every change.
    pub version: i64,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Since when it is no more.
    #[schema(value_type = Option<String>, format = Date)]
    pub retired_on: Option<Text<Date>>,
    /// Why.
    pub retired_why: Option<String>,
}

const STATE: &str = "select id, code, unit, unit_since, bsm, dlbm, zldwdm, qsdwdm, qsxz, tbmj, kcmj, tbdlmj, area, \
     permanent, added, crop, quality, slope, year, version, updated_at, retired_on, retired_why \
     from parcels where ";

/// The state of one parcel.
pub(crate) async fn state(on: &impl Session, id: i64) -> sqlx::Result<State> {
    on.first(sql(STATE).push_bind("id = ", id)).await?.ok_or(sqlx::Error::RowNotFound)
}

/// The states of some parcels, by unit and id.
pub(crate) async fn states(on: &impl Session, ids: &[i64]) -> sqlx::Result<Vec<State>> {
    let mut all = Vec::new();
    for part in ids.chunks(500) {
        let query = sql(STATE).push("id in ").push_list(part.iter().copied()).push(" order by unit, id");
        all.extend(on.all::<State>(query).await?);
    }
    Ok(all)
}

/// A page of parcels in force, by unit and id.
pub(super) async fn list(
    on: &impl Session,
    units: &Units,
    after: Option<&(String, i64)>,
    limit: i64,
) -> sqlx::Result<Vec<State>> {
    let mut query = units.filter(sql(STATE).push("retired_on is null"), "unit");
    if let Some((unit, id)) = after {
        query = query.push_bind(" and (unit, id) > (", unit.as_str()).push_bind(", ", *id).push(")");
    }
    on.all(query.push_bind(" order by unit, id limit ", limit)).await
}

/// The ids of parcels that a search text names: the start of a code or BSM, or a whole alias.
pub(super) async fn search(
    on: &impl Session,
    text: &str,
    units: &Units,
    limit: i64,
) -> sqlx::Result<Vec<State>> {
    let end = format!("{text}\u{10FFFF}");
    let mut found: Vec<State> = Vec::new();
    let by_code = sql(STATE).push_bind("code >= ", text).push_bind(" and code < ", end.clone());
    let by_bsm = sql(STATE).push_bind("bsm >= ", text).push_bind(" and bsm < ", end);
    let by_alias =
        sql(STATE).push_bind("id in (select parcel_id from parcel_aliases where alias = ", text).push(")");
    for query in [by_code, by_bsm, by_alias] {
        let query = units.filter(query, "unit").push_bind(" order by unit, id limit ", limit);
        found.extend(on.all::<State>(query).await?);
    }
    found.sort_by(|a, b| (&*a.unit, a.id).cmp(&(&*b.unit, b.id)));
    found.dedup_by_key(|p| p.id);
    Ok(found)
}

/// An outline as it is stored.
#[derive(sqlx::FromRow)]
pub(crate) struct Geometry {
    pub crs: i64,
    pub geometry: Vec<u8>,
    pub shape: Vec<u8>,
}

pub(super) async fn geometry(on: &impl Session, id: i64) -> sqlx::Result<Option<Geometry>> {
    on.first(sql("select crs, geometry, shape from parcels where id = $1").bind(id)).await
}

/// The geometries of some parcels, with their ids.
pub(crate) async fn geometries(on: &impl Session, ids: &[i64]) -> sqlx::Result<Vec<WithGeometry>> {
    let mut all = Vec::new();
    for part in ids.chunks(500) {
        let query = sql("select id, crs, geometry, shape from parcels where id in ");
        all.extend(on.all::<WithGeometry>(query.push_list(part.iter().copied())).await?);
    }
    Ok(all)
}

/// A parcel's geometry and its id.
#[derive(sqlx::FromRow)]
pub(crate) struct WithGeometry {
    pub id: i64,
    #[sqlx(flatten)]
    pub geometry: Geometry,
}

/// The other names of a parcel: (kind, alias).
pub(super) async fn aliases(on: &impl Session, id: i64) -> sqlx::Result<Vec<(String, String)>> {
    on.all(sql("select kind, alias from parcel_aliases where parcel_id = $1 order by kind, alias").bind(id))
        .await
}

/// One step of descent.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Step {
    /// The other parcel's id.
    pub id: i64,
    /// Its code.
    #[schema(value_type = Option<String>)]
    pub code: Option<Text<ParcelCode>>,
    /// split, merge or redraw.
    pub reason: String,
    /// When.
    #[schema(value_type = String, format = Date)]
    pub on_date: Text<Date>,
    /// Of the parent's area, 0 to 1.
    pub area_share: f64,
}

pub(super) async fn parents(on: &impl Session, id: i64) -> sqlx::Result<Vec<Step>> {
    on.all(
        sql("select p.id, p.code, l.reason, l.on_date, l.area_share from parcel_lineage l \
             join parcels p on p.id = l.parent_id where l.child_id = $1 order by l.on_date, p.id")
        .bind(id),
    )
    .await
}

/// The children of a parcel; also what a retired code resolves to.
pub async fn children(on: &impl Session, id: i64) -> sqlx::Result<Vec<Step>> {
    on.all(
        sql("select p.id, p.code, l.reason, l.on_date, l.area_share from parcel_lineage l \
             join parcels p on p.id = l.child_id where l.parent_id = $1 order by l.on_date, p.id")
        .bind(id),
    )
    .await
}

/// What a parcel was: one row a version.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Version {
    /// The version's number.
    pub version: i64,
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// The import it came with.
    pub import_id: String,
    /// JSON of the attributes.
    pub attributes: String,
}

pub(super) async fn versions(on: &impl Session, id: i64) -> sqlx::Result<Vec<Version>> {
    on.all(
        sql("select version, replaced_at, import_id, attributes from parcel_versions \
             where parcel_id = $1 order by version desc")
        .bind(id),
    )
    .await
}

/// Where a parcel belonged before its present unit.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Assignment {
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub starts: Text<Date>,
    /// First day on which it no longer held.
    #[schema(value_type = String, format = Date)]
    pub ends: Text<Date>,
    /// The unit.
    #[schema(value_type = String)]
    pub unit: Text<RegionCode>,
    /// What the assignment rested on.
    pub source: String,
}

pub(super) async fn assignments(on: &impl Session, id: i64) -> sqlx::Result<Vec<Assignment>> {
    on.all(
        sql("select starts, ends, unit, source from parcel_units where parcel_id = $1 order by starts desc")
            .bind(id),
    )
    .await
}

/// The unit that a parcel belonged to on a day; before its first assignment, the first one.
pub(super) async fn unit_on(on: &impl Session, id: i64, day: Date) -> sqlx::Result<Option<RegionCode>> {
    let day = day.to_string();
    let past: Option<(Text<RegionCode>,)> = on
        .first(
            sql("select unit from parcel_units where parcel_id = $1 and starts <= $2 and ends > $2 limit 1")
                .bind(id)
                .bind(day.as_str()),
        )
        .await?;
    if let Some((unit,)) = past {
        return Ok(Some(unit.0));
    }
    let earliest: Option<(Text<RegionCode>,)> = on
        .first(
            sql("select unit from parcel_units where parcel_id = $1 and starts > $2 order by starts limit 1")
                .bind(id)
                .bind(day.as_str()),
        )
        .await?;
    let present: Option<(Text<RegionCode>, Text<Date>)> =
        on.first(sql("select unit, unit_since from parcels where id = $1").bind(id)).await?;
    Ok(match (present, earliest) {
        (Some((_, since)), Some((first,))) if since.to_string() > day => Some(first.0),
        (Some((unit, _)), _) => Some(unit.0),
        (None, _) => None,
    })
}

/// Assigns a parcel to another unit from a day on; the assignment before goes to the history.
pub(crate) async fn move_unit(
    tx: &Tx,
    id: i64,
    unit: &RegionCode,
    from: Date,
    source: &str,
) -> sqlx::Result<()> {
    // An assignment that would have held for no day leaves no trace.
    tx.execute(
        sql("insert into parcel_units (parcel_id, starts, ends, unit, source) \
             select id, unit_since, $1, unit, $2 from parcels where id = $3 and unit_since < $1 \
             on conflict (parcel_id, starts) do nothing")
        .bind(from)
        .bind(source)
        .bind(id),
    )
    .await?;
    tx.execute(
        sql("update parcels set unit = $1, unit_since = $2 where id = $3").bind(unit).bind(from).bind(id),
    )
    .await?;
    Ok(())
}

/// The code, id, unit and day of the present assignment of a parcel, by code.
pub(super) async fn assigned(
    on: &impl Session,
    code: &ParcelCode,
) -> sqlx::Result<Option<(i64, Text<RegionCode>, Text<Date>)>> {
    on.first(sql("select id, unit, unit_since from parcels where code = $1").bind(code)).await
}

/// Marks a parcel changed: version, revision, time.
pub(super) async fn touch(tx: &Tx, id: i64, revision: i64, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        sql("update parcels set version = version + 1, revision = $1, updated_at = $2 where id = $3")
            .bind(revision)
            .bind(now)
            .bind(id),
    )
    .await
}

/// The coded parcels of some units, by code: what a label sheet prints.
pub async fn coded(
    on: &impl Session,
    units: &Units,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<(i64, Text<ParcelCode>, Text<RegionCode>)>> {
    let query =
        sql("select id, code, unit from parcels where retired_on is null").push_bind(" and code > ", after);
    on.all(units.filter(query, "unit").push_bind(" order by code limit ", limit)).await
}
