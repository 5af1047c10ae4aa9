//! SQL of the parcel import.

use gengwei_proto::{ParcelCode, RegionCode};
use jiff::civil::Date;

use super::known::Existing;
use super::lineage::Link;
use super::prepare::Draft;
use super::store::Write;
use crate::db::{Bulk, Query, Session, Text, Timestamp, Tx, Value, sql};
use crate::exchange::rejects::Counts;

const PAGE: i64 = 20_000;

#[derive(sqlx::FromRow)]
pub(super) struct ExistingRow {
    pub id: i64,
    pub fingerprint: Vec<u8>,
    pub code: Option<Text<ParcelCode>>,
    pub unit: Text<RegionCode>,
    pub retired_on: Option<Text<Date>>,
    pub bsm: Option<String>,
}

pub(super) async fn existing_after(on: &impl Session, after: i64) -> sqlx::Result<Vec<ExistingRow>> {
    on.all(
        sql("select id, fingerprint, code, unit, retired_on, bsm from parcels \
             where id > $1 order by id limit $2")
        .bind(after)
        .bind(PAGE),
    )
    .await
}

#[derive(sqlx::FromRow)]
pub(super) struct WithShape {
    #[sqlx(flatten)]
    row: ExistingRow,
    pub shape: Vec<u8>,
}

impl WithShape {
    pub(super) fn into_existing(self) -> Existing {
        Existing {
            id: self.row.id,
            fingerprint: self.row.fingerprint.try_into().unwrap_or_default(),
            code: self.row.code.map(|code| code.0),
            unit: self.row.unit.0,
            retired: self.row.retired_on.is_some(),
        }
    }
}

pub(super) async fn existing_with_shape(on: &impl Session, ids: &[i64]) -> sqlx::Result<Vec<WithShape>> {
    let mut rows = Vec::new();
    for part in ids.chunks(500) {
        let query = sql("select id, fingerprint, code, unit, retired_on, bsm, shape from parcels \
                         where retired_on is null and id in ")
        .push_list(part.iter().copied());
        rows.extend(on.all::<WithShape>(query).await?);
    }
    Ok(rows)
}

pub(super) async fn serials(on: &impl Session) -> sqlx::Result<Vec<(String, i64)>> {
    on.all(sql("select prefix, next from serials")).await
}

pub(super) async fn store_serials(tx: &Tx, serials: Vec<(String, i64)>) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into serials (prefix, next)",
        " on conflict (prefix) do update set next = excluded.next where serials.next < excluded.next",
    );
    for (prefix, next) in serials {
        rows.row(vec![prefix.into(), next.into()]);
    }
    tx.insert(rows).await
}

pub(super) async fn begin(
    tx: &Tx,
    id: &str,
    file: &str,
    sha256: &str,
    account: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    tx.execute(
        sql("insert into imports (id, kind, file, sha256, detail, started_at, account) \
             values ($1, 'parcels', $2, $3, '{}', $4, $5)")
        .bind(id)
        .bind(file)
        .bind(sha256)
        .bind(now)
        .bind(account),
    )
    .await?;
    Ok(())
}

pub(super) async fn end(tx: &Tx, id: &str, counts: Counts, detail: &str, now: Timestamp) -> sqlx::Result<()> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    tx.execute(
        sql("update imports set finished_at = $1, detail = $2, read = $3, imported = $4, updated = $5, \
             unchanged = $6, rejected = $7 where id = $8")
        .bind(now)
        .bind(detail)
        .bind(count(counts.read))
        .bind(count(counts.imported))
        .bind(count(counts.updated))
        .bind(count(counts.unchanged))
        .bind(count(counts.rejected))
        .bind(id),
    )
    .await?;
    Ok(())
}

/// What all rows of one transaction share.
pub(super) struct Stamp<'a> {
    pub import: &'a str,
    pub now: Timestamp,
    pub today: Date,
    pub revision: i64,
}

/// Inserts the new ones among the writes.
pub(super) async fn insert(tx: &Tx, stamp: &Stamp<'_>, writes: &[Write]) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into parcels (id, code, unit, unit_since, bsm, dlbm, zldwdm, qsdwdm, qsxz, tbmj, kcmj, tbdlmj, \
         area, permanent, added, crop, quality, slope, year, rest, crs, geometry, shape, fingerprint, import_id, \
         version, revision, created_at, updated_at)",
        "",
    );
    let mut aliases = aliases();
    let today = stamp.today.to_string();
    for write in writes {
        let Write::New { id, code, draft: d } = write else { continue };
        rows.row(vec![
            (*id).into(),
            code.map(|c| c.as_str().to_owned()).into(),
            d.unit.as_str().to_owned().into(),
            today.clone().into(),
            d.bsm.clone().into(),
            d.dlbm.clone().into(),
            d.zldwdm.clone().into(),
            d.qsdwdm.clone().into(),
            d.qsxz.clone().into(),
            d.tbmj.into(),
            d.kcmj.into(),
            d.tbdlmj.into(),
            d.area.into(),
            d.permanent.into(),
            false.into(),
            d.crop.clone().into(),
            d.quality.into(),
            d.slope.clone().into(),
            d.year.into(),
            d.rest.clone().into(),
            i64::from(d.crs).into(),
            d.geometry.clone().into(),
            d.shape.to_bytes().into(),
            d.fingerprint.to_vec().into(),
            stamp.import.to_owned().into(),
            1i64.into(),
            stamp.revision.into(),
            stamp.now.into(),
            stamp.now.into(),
        ]);
        add_aliases(&mut aliases, *id, d);
    }
    tx.insert(rows).await?;
    tx.insert(aliases).await
}

fn aliases() -> Bulk {
    Bulk::new(
        "insert into parcel_aliases (alias, kind, parcel_id)",
        " on conflict (alias, kind, parcel_id) do nothing",
    )
}

fn add_aliases(rows: &mut Bulk, id: i64, draft: &Draft) {
    for (kind, alias) in [("dkbm", &draft.dkbm), ("bdcdyh", &draft.bdcdyh)] {
        if let Some(alias) = alias {
            rows.row(vec![alias.clone().into(), kind.into(), id.into()]);
        }
    }
}

/// Puts the present state aside as a version, then replaces it.
pub(super) async fn replace(
    tx: &Tx,
    stamp: &Stamp<'_>,
    existing: &Existing,
    d: &Draft,
    unit: RegionCode,
) -> sqlx::Result<()> {
    keep_version(tx, stamp.now, existing.id).await?;
    if unit != existing.unit {
        crate::parcels::sql::move_unit(tx, existing.id, &unit, stamp.today, "import").await?;
    }
    let query: Query<'_> =
        sql("update parcels set version = version + 1, retired_on = null, retired_why = null")
            .push_bind(", bsm = ", d.bsm.as_deref())
            .push_bind(", dlbm = ", &d.dlbm)
            .push_bind(", zldwdm = ", d.zldwdm.as_deref())
            .push_bind(", qsdwdm = ", d.qsdwdm.as_deref())
            .push_bind(", qsxz = ", d.qsxz.as_deref())
            .push_bind(", tbmj = ", d.tbmj)
            .push_bind(", kcmj = ", d.kcmj)
            .push_bind(", tbdlmj = ", d.tbdlmj)
            .push_bind(", area = ", d.area)
            .push_bind(", permanent = ", d.permanent)
            .push_bind(", crop = ", d.crop.as_deref())
            .push_bind(", quality = ", d.quality)
            .push_bind(", slope = ", d.slope.as_deref())
            .push_bind(", year = ", d.year)
            .push_bind(", rest = ", d.rest.as_deref())
            .push_bind(", crs = ", i64::from(d.crs))
            .push_bind(", geometry = ", d.geometry.as_slice())
            .push_bind(", shape = ", d.shape.to_bytes())
            .push_bind(", fingerprint = ", d.fingerprint.as_slice())
            .push_bind(", import_id = ", stamp.import)
            .push_bind(", revision = ", stamp.revision)
            .push_bind(", updated_at = ", stamp.now)
            .push_bind(" where id = ", existing.id);
    tx.execute(query).await?;
    let mut aliases = aliases();
    add_aliases(&mut aliases, existing.id, d);
    tx.insert(aliases).await
}

/// Copies a parcel's present state to its versions.
pub(crate) async fn keep_version(tx: &Tx, now: Timestamp, id: i64) -> sqlx::Result<()> {
    let row: crate::parcels::sql::State = crate::parcels::sql::state(tx, id).await?;
    let attributes = serde_json::to_string(&row).map_err(|e| sqlx::Error::Encode(e.into()))?;
    tx.execute(
        sql("insert into parcel_versions (parcel_id, version, replaced_at, import_id, attributes, crs, geometry) \
             select id, version, $1, import_id, $2, crs, geometry from parcels where id = $3")
        .bind(now)
        .bind(attributes)
        .bind(id),
    )
    .await?;
    Ok(())
}

pub(super) async fn link(tx: &Tx, stamp: &Stamp<'_>, links: &[Link], by: &str) -> sqlx::Result<()> {
    let mut rows = Bulk::new(
        "insert into parcel_lineage (parent_id, child_id, reason, on_date, area_share, recorded_at, recorded_by)",
        " on conflict (parent_id, child_id) do nothing",
    );
    for l in links {
        let row: Vec<Value<'static>> = vec![
            l.parent.into(),
            l.child.into(),
            l.reason.into(),
            stamp.today.into(),
            l.share.min(1.0).into(),
            stamp.now.into(),
            by.to_owned().into(),
        ];
        rows.row(row);
    }
    tx.insert(rows).await
}

pub(super) async fn retire(tx: &Tx, stamp: &Stamp<'_>, id: i64) -> sqlx::Result<()> {
    keep_version(tx, stamp.now, id).await?;
    let query = sql("update parcels set retired_on = $1, retired_why = 'redrawn', version = version + 1, \
                     revision = $2, updated_at = $3 where id = $4 and retired_on is null")
    .bind(stamp.today)
    .bind(stamp.revision)
    .bind(stamp.now)
    .bind(id);
    tx.execute(query).await?;
    Ok(())
}
