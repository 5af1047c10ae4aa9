//! SQL of patches and what they touch.

use gengwei_proto::{ParcelCode, RegionCode};
use jiff::civil::Date;

use crate::auth::Units;
use crate::cases;
use crate::db::{Bulk, Order, Session, Sortable, Text, Timestamp, Tx, sql};
use crate::layers;
use crate::patches::import::Judged;
use crate::patches::triage::Verdict;

/// A parcel as the overlay takes it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::patches) struct ParcelRow {
    pub id: i64,
    pub code: Option<Text<ParcelCode>>,
    pub unit: Text<RegionCode>,
    pub dlbm: String,
    pub permanent: bool,
    pub added: bool,
    pub crs: i64,
    pub geometry: Vec<u8>,
    pub shape: Vec<u8>,
}

pub(in crate::patches) async fn parcels(on: &impl Session, ids: &[i64]) -> sqlx::Result<Vec<ParcelRow>> {
    let mut all = Vec::with_capacity(ids.len());
    for part in ids.chunks(500) {
        let query = sql("select id, code, unit, dlbm, permanent, added, crs, geometry, shape from parcels \
                         where retired_on is null and id in ")
        .push_list(part.iter().copied());
        all.extend(on.all::<ParcelRow>(query).await?);
    }
    Ok(all)
}

/// A patch that is there.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::patches) struct Known {
    pub period: String,
    pub number: String,
    pub fingerprint: Vec<u8>,
    pub batch_id: String,
}

/// Patches with these numbers, of any period, that have not been withdrawn.
pub(in crate::patches) async fn known(on: &impl Session, numbers: &[&str]) -> sqlx::Result<Vec<Known>> {
    let mut all = Vec::new();
    for part in numbers.chunks(500) {
        let query =
            sql("select period, number, fingerprint, batch_id from patches where withdrawn_at is null \
                         and number in ")
            .push_list(part.iter().copied());
        all.extend(on.all::<Known>(query).await?);
    }
    Ok(all)
}

/// Whether a parcel was met by a patch with one of these verdicts, seen on or before a day.
pub(in crate::patches) async fn seen_before(
    on: &impl Session,
    parcel: i64,
    verdicts: &[Verdict],
    day: Date,
) -> sqlx::Result<bool> {
    let query = sql("select p.id from patch_parcels m join patches p on p.id = m.patch_id \
                     where p.withdrawn_at is null")
    .push_bind(" and m.parcel_id = ", parcel)
    .push_bind(" and p.after_on <= ", day)
    .push(" and p.verdict in ")
    .push_list(verdicts.iter().map(|verdict| verdict.name()))
    .push(" limit 1");
    Ok(on.first::<(String,)>(query).await?.is_some())
}

/// A patch with its id and its case's.
pub(in crate::patches) struct Stored {
    pub id: String,
    pub case: String,
    pub patch: Judged,
}

const PATCHES: &str = "insert into patches (id, batch_id, period, number, unit, village, township, county, city, \
     kind, seen, to_class, stated_area, before_on, after_on, rest, area, farmland, permanent, added, outside, lon, \
     lat, west, south, east, north, crs, geometry, shape, fingerprint, verdict, suggestion, case_id, imported_at)";

/// Stores patches with all that they touch.
pub(in crate::patches) async fn insert(
    tx: &Tx,
    batch: &str,
    stored: Vec<Stored>,
    now: Timestamp,
) -> sqlx::Result<()> {
    let mut patches = Bulk::new(PATCHES, "");
    let mut parcels = Bulk::new(
        "insert into patch_parcels (patch_id, parcel_id, code, unit, dlbm, permanent, area, share_of_parcel, \
         share_of_patch)",
        "",
    );
    let mut units = Bulk::new("insert into patch_units (patch_id, unit, area, share)", "");
    let mut layers = Bulk::new(
        "insert into patch_layers (patch_id, area_id, kind, number, purpose, valid_to, area, share)",
        "",
    );
    let day = |date: Option<Date>| date.map(|d| d.to_string());
    for Stored { id, case, patch } in stored {
        let Judged { draft, unit, overlay, suggestion } = patch;
        let [village, township, county, city] = cases::ancestors(&unit);
        let [west, south, east, north] = draft.subject.bounds;
        for met in &overlay.parcels {
            parcels.row(vec![
                id.clone().into(),
                met.parcel.into(),
                met.code.map(|code| code.to_string()).into(),
                met.unit.to_string().into(),
                met.dlbm.clone().into(),
                met.permanent.into(),
                met.area.into(),
                met.share_of_parcel.into(),
                met.share_of_patch.into(),
            ]);
        }
        for (unit, area) in &overlay.units {
            let share = crate::patches::overlay::share(*area, overlay.area);
            units.row(vec![id.clone().into(), unit.to_string().into(), (*area).into(), share.into()]);
        }
        for covered in &overlay.layers {
            layers.row(vec![
                id.clone().into(),
                covered.area_id.into(),
                covered.kind.name().into(),
                covered.number.clone().into(),
                covered.purpose.clone().into(),
                day(covered.valid_to).into(),
                covered.area.into(),
                covered.share.into(),
            ]);
        }
        patches.row(vec![
            id.into(),
            batch.to_owned().into(),
            draft.period.into(),
            draft.number.into(),
            unit.to_string().into(),
            village.into(),
            township.into(),
            county.into(),
            city.into(),
            draft.kind.into(),
            draft.seen.into(),
            draft.to_class.into(),
            draft.stated_area.into(),
            day(draft.before_on).into(),
            day(draft.after_on).into(),
            draft.rest.into(),
            overlay.area.into(),
            overlay.farmland.into(),
            overlay.permanent.into(),
            overlay.added.into(),
            overlay.outside.into(),
            draft.place.0.into(),
            draft.place.1.into(),
            west.into(),
            south.into(),
            east.into(),
            north.into(),
            i64::from(draft.crs).into(),
            draft.geometry.into(),
            draft.shape.into(),
            draft.fingerprint.to_vec().into(),
            suggestion.verdict.name().into(),
            serde_json::to_string(&suggestion).unwrap_or_default().into(),
            case.into(),
            now.into(),
        ]);
    }
    for rows in [patches, parcels, units, layers] {
        tx.insert(rows).await?;
    }
    Ok(())
}

/// A patch as lists show it, with where its case stands.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::patches) struct Listed {
    /// UUIDv7.
    pub id: String,
    /// The batch it came with.
    pub batch_id: String,
    /// 期数
    pub period: String,
    /// 监测编号
    pub number: String,
    /// The village or group with the largest share.
    pub unit: Text<RegionCode>,
    /// 图斑类型
    pub kind: Option<String>,
    /// What the interpreter saw.
    pub seen: Option<String>,
    /// The class that it changed to.
    pub to_class: Option<String>,
    /// 监测面积, m².
    pub stated_area: Option<f64>,
    /// The day of the image before.
    pub before_on: Option<Text<Date>>,
    /// The day of the image after.
    pub after_on: Option<Text<Date>>,
    /// m², as all that follow.
    pub area: f64,
    /// On farmland.
    pub farmland: f64,
    /// On 永久基本农田.
    pub permanent: f64,
    /// On 新增耕地.
    pub added: f64,
    /// In no parcel.
    pub outside: f64,
    /// Degrees.
    pub lon: f64,
    /// Degrees.
    pub lat: f64,
    /// What is suggested, JSON.
    pub suggestion: String,
    /// Its case.
    pub case_id: String,
    /// Where its case stands.
    pub case_state: String,
    /// The case's version.
    pub case_version: i64,
    /// When it was imported.
    pub imported_at: Timestamp,
    /// Since when it is withdrawn.
    pub withdrawn_at: Option<Timestamp>,
}

const LISTED: &str = "select p.id, p.batch_id, p.period, p.number, p.unit, p.kind, p.seen, p.to_class, \
     p.stated_area, p.before_on, p.after_on, p.area, p.farmland, p.permanent, p.added, p.outside, p.lon, p.lat, \
     p.suggestion, p.case_id, c.state as case_state, c.version as case_version, p.imported_at, p.withdrawn_at \
     from patches p join cases c on c.id = p.case_id where true";

pub(super) const COLUMNS: [&str; 5] = ["p.city", "p.county", "p.township", "p.village", "p.unit"];

/// Which patches are asked for.
#[derive(Debug, Default)]
pub(in crate::patches) struct Filter {
    /// Only of this batch.
    pub batch: Option<String>,
    /// Only the one that opened this case.
    pub case: Option<String>,
    /// Only with this verdict suggested.
    pub verdict: Option<Verdict>,
    /// Only those behind the one with this id, in the order.
    pub before: Option<String>,
    /// The newest first when not given.
    pub order: Option<Order>,
}

/// What patches are sorted by.
pub(in crate::patches) static SORTABLE: Sortable = Sortable {
    table: "patches p",
    id: "p.id",
    keys: &[
        ("number", "p.number"),
        ("unit", "p.unit"),
        ("area", "p.area"),
        ("farmland", "p.farmland"),
        ("permanent", "p.permanent"),
        ("verdict", "p.verdict"),
    ],
};

/// The newest patches in some units.
pub(in crate::patches) async fn list(
    on: &impl Session,
    units: &Units,
    filter: &Filter,
    limit: i64,
) -> sqlx::Result<Vec<Listed>> {
    let query = units
        .filter_ancestors(sql(LISTED), &COLUMNS)
        .push_if(" and p.batch_id = ", filter.batch.as_deref())
        .push_if(" and p.case_id = ", filter.case.as_deref())
        .push_if(" and p.verdict = ", filter.verdict.map(Verdict::name));
    let order = filter.order.unwrap_or_else(|| SORTABLE.newest());
    on.all(order.page(query, filter.before.as_deref(), limit)).await
}

/// One patch.
pub(in crate::patches) async fn find(on: &impl Session, id: &str) -> sqlx::Result<Option<Listed>> {
    on.first(sql(LISTED).push_bind(" and p.id = ", id)).await
}

#[derive(sqlx::FromRow)]
pub(in crate::patches) struct Outline {
    pub crs: i64,
    pub geometry: Vec<u8>,
    pub shape: Vec<u8>,
    pub rest: Option<String>,
}

pub(in crate::patches) async fn outline(on: &impl Session, id: &str) -> sqlx::Result<Outline> {
    let query = sql("select crs, geometry, shape, rest from patches where id = $1").bind(id);
    on.first(query).await?.ok_or(sqlx::Error::RowNotFound)
}

/// The patch that opened a case.
pub(in crate::patches) async fn of_case(on: &impl Session, case: &str) -> sqlx::Result<Option<String>> {
    let query = sql("select id from patches where case_id = $1 order by id limit 1").bind(case);
    Ok(on.first::<(String,)>(query).await?.map(|(id,)| id))
}

#[derive(sqlx::FromRow)]
pub(in crate::patches) struct MetRow {
    pub parcel_id: i64,
    pub code: Option<String>,
    pub unit: Text<RegionCode>,
    pub dlbm: String,
    pub permanent: bool,
    pub area: f64,
    pub share_of_parcel: f64,
    pub share_of_patch: f64,
}

pub(in crate::patches) async fn met(on: &impl Session, id: &str) -> sqlx::Result<Vec<MetRow>> {
    on.all(
        sql("select parcel_id, code, unit, dlbm, permanent, area, share_of_parcel, share_of_patch \
             from patch_parcels where patch_id = $1 order by area desc, parcel_id")
        .bind(id),
    )
    .await
}

pub(in crate::patches) async fn units(
    on: &impl Session,
    id: &str,
) -> sqlx::Result<Vec<(Text<RegionCode>, f64, f64)>> {
    on.all(
        sql("select unit, area, share from patch_units where patch_id = $1 order by area desc, unit")
            .bind(id),
    )
    .await
}

#[derive(sqlx::FromRow)]
pub(in crate::patches) struct CoveredRow {
    pub kind: Text<layers::Kind>,
    pub number: Option<String>,
    pub purpose: Option<String>,
    pub valid_to: Option<String>,
    pub area: f64,
    pub share: f64,
}

pub(in crate::patches) async fn covered(on: &impl Session, id: &str) -> sqlx::Result<Vec<CoveredRow>> {
    on.all(
        sql("select kind, number, purpose, valid_to, area, share from patch_layers where patch_id = $1 \
             order by kind, area desc, area_id")
        .bind(id),
    )
    .await
}
