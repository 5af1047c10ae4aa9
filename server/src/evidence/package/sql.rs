//! SQL of evidence packages: what goes in from our database, and the package's own tables, which have the layout of
//! the national 举证包 (SQLite).

use std::path::Path;

use gengwei_proto::RegionCode;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use crate::auth::Units;
use crate::db::{Session, Text, Timestamp, Tx, sql};
use crate::evidence::MediaType;

/// A case that goes into a package.
#[derive(sqlx::FromRow)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) unit: Text<RegionCode>,
    pub(super) kind: String,
    pub(super) lon: Option<f64>,
    pub(super) lat: Option<f64>,
    pub(super) words: Option<String>,
    /// The outline of its patch, else of its parcel, packed.
    pub(super) shape: Option<Vec<u8>>,
    /// The parcel's area, m².
    pub(super) area: Option<f64>,
}

/// Cases of some units with a photo, behind one; only one where it is named.
pub(super) async fn cases(
    on: &impl Session,
    units: &Units,
    only: Option<&str>,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<Case>> {
    let query = sql("select c.id, c.unit, c.kind, c.lon, c.lat, c.words, p.area, \
                     coalesce((select q.shape from patches q where q.case_id = c.id and q.withdrawn_at is null \
                     order by q.id limit 1), p.shape) as shape \
                     from cases c left join parcels p on p.id = c.parcel_id where c.id > $1 \
                     and exists (select 1 from evidence_links l where l.subject = 'case' and l.subject_id = c.id)");
    let query = units.filter(query.bind(after), "c.unit").push_if(" and c.id = ", only);
    on.all(query.push_bind(" order by c.id limit ", limit)).await
}

/// A photo of a case.
#[derive(sqlx::FromRow)]
pub(super) struct Photo {
    pub(super) sha256: String,
    pub(super) sm3: String,
    pub(super) media_type: Text<MediaType>,
    pub(super) stored_at: Timestamp,
}

pub(super) async fn photos(on: &impl Session, case: &str) -> sqlx::Result<Vec<Photo>> {
    on.all(
        sql("select e.sha256, e.sm3, e.media_type, e.stored_at from evidence_links l \
             join evidence e on e.sha256 = l.sha256 where l.subject = 'case' and l.subject_id = $1 \
             order by e.stored_at, e.sha256")
        .bind(case),
    )
    .await
}

/// The unit of a case.
pub(super) async fn unit_of(on: &impl Session, case: &str) -> sqlx::Result<Option<String>> {
    Ok(on
        .first::<(String,)>(sql("select unit from cases where id = $1").bind(case))
        .await?
        .map(|(unit,)| unit))
}

/// Whether a photo belongs to a case already.
pub(super) async fn linked(tx: &Tx, sha256: &str, case: &str) -> sqlx::Result<bool> {
    let query =
        sql("select sha256 from evidence_links where subject = 'case' and sha256 = $1 and subject_id = $2");
    Ok(tx.first::<(String,)>(query.bind(sha256).bind(case)).await?.is_some())
}

/// The tables of the package. `GWSM` is ours: it says what the checksums are, and are not.
const TABLES: &str = "
create table JCTB (JCBH text primary key, TBLX text, XZQDM text, XMC text, JCMJ real, QSX text, HSX text,
    XZB real, YZB real, TZ text, PZD text, BGDL text, BGFW text, WBGLX text, BZ text, JZRY text, TBFW text);
create table FJ (F_ID integer primary key, TCBM text, TBYBH text, XZQDM text, JKBSM text, FJMC text, FJLX text,
    FJ blob, PSSJ text, PSJD integer, PSRY text, Longitude real, Latitude real, XZB real, YZB real,
    metaRecord text, JYM text);
create index FJ_TBYBH on FJ (TBYBH);
create table GWSM (SM text);
";

/// A package's file.
pub(super) struct Package(SqliteConnection);

/// A row of JCTB.
pub(super) struct Patch<'a> {
    pub(super) number: &'a str,
    pub(super) kind: &'a str,
    pub(super) county: &'a str,
    pub(super) area: Option<f64>,
    pub(super) plane: Option<(f64, f64)>,
    pub(super) points: String,
    pub(super) words: Option<&'a str>,
    pub(super) outline: Option<String>,
}

/// A row of FJ.
#[derive(Debug, Default, sqlx::FromRow)]
pub(super) struct Attachment {
    #[sqlx(rename = "F_ID")]
    pub(super) id: i64,
    #[sqlx(rename = "TBYBH")]
    pub(super) number: Option<String>,
    #[sqlx(rename = "XZQDM")]
    pub(super) county: Option<String>,
    #[sqlx(rename = "FJMC")]
    pub(super) name: Option<String>,
    #[sqlx(rename = "FJLX")]
    pub(super) kind: Option<String>,
    #[sqlx(rename = "FJ")]
    pub(super) bytes: Option<Vec<u8>>,
    #[sqlx(rename = "PSSJ")]
    pub(super) taken_at: Option<String>,
    #[sqlx(rename = "PSJD")]
    pub(super) azimuth: Option<f64>,
    #[sqlx(rename = "PSRY")]
    pub(super) person: Option<String>,
    #[sqlx(rename = "Longitude")]
    pub(super) lon: Option<f64>,
    #[sqlx(rename = "Latitude")]
    pub(super) lat: Option<f64>,
    #[sqlx(rename = "XZB")]
    pub(super) x: Option<f64>,
    #[sqlx(rename = "YZB")]
    pub(super) y: Option<f64>,
    #[sqlx(rename = "metaRecord")]
    pub(super) record: Option<String>,
    #[sqlx(rename = "JYM")]
    pub(super) checksum: Option<String>,
}

impl Package {
    /// A new file with empty tables and a statement of what it is.
    pub(super) async fn create(path: &Path, statement: &str) -> sqlx::Result<Self> {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut connection = options.connect().await?;
        sqlx::raw_sql(TABLES).execute(&mut connection).await?;
        sqlx::query("insert into GWSM (SM) values (?)").bind(statement).execute(&mut connection).await?;
        Ok(Self(connection))
    }

    /// A file that is there; it is not changed.
    pub(super) async fn open(path: &Path) -> sqlx::Result<Self> {
        Ok(Self(SqliteConnectOptions::new().filename(path).read_only(true).connect().await?))
    }

    pub(super) async fn close(self) -> sqlx::Result<()> {
        self.0.close().await
    }

    pub(super) async fn add_patch(&mut self, patch: &Patch<'_>) -> sqlx::Result<()> {
        sqlx::query(
            "insert into JCTB (JCBH, TBLX, XZQDM, JCMJ, XZB, YZB, PZD, BZ, TBFW) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(patch.number)
        .bind(patch.kind)
        .bind(patch.county)
        .bind(patch.area)
        .bind(patch.plane.map(|(x, _)| x))
        .bind(patch.plane.map(|(_, y)| y))
        .bind(&patch.points)
        .bind(patch.words)
        .bind(patch.outline.as_deref())
        .execute(&mut self.0)
        .await
        .map(drop)
    }

    pub(super) async fn add_photo(&mut self, photo: &Attachment) -> sqlx::Result<()> {
        sqlx::query(
            "insert into FJ (TCBM, TBYBH, XZQDM, FJMC, FJLX, FJ, PSSJ, PSJD, PSRY, Longitude, Latitude, XZB, YZB, \
             metaRecord, JYM) values ('JCTB', ?, ?, ?, ?, ?, ?, cast(? as integer), ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&photo.number)
        .bind(&photo.county)
        .bind(&photo.name)
        .bind(&photo.kind)
        .bind(&photo.bytes)
        .bind(&photo.taken_at)
        .bind(photo.azimuth)
        .bind(&photo.person)
        .bind(photo.lon)
        .bind(photo.lat)
        .bind(photo.x)
        .bind(photo.y)
        .bind(&photo.record)
        .bind(&photo.checksum)
        .execute(&mut self.0)
        .await
        .map(drop)
    }

    /// The next photo behind one; one at a time, because each may be large.
    pub(super) async fn next_photo(&mut self, after: i64) -> sqlx::Result<Option<Attachment>> {
        sqlx::query_as(
            "select F_ID, TBYBH, XZQDM, FJMC, FJLX, FJ, cast(PSSJ as text) as PSSJ, cast(PSJD as real) as PSJD, PSRY, \
             cast(Longitude as real) as Longitude, cast(Latitude as real) as Latitude, cast(XZB as real) as XZB, \
             cast(YZB as real) as YZB, metaRecord, JYM from FJ where F_ID > ? order by F_ID limit 1",
        )
        .bind(after)
        .fetch_optional(&mut self.0)
        .await
    }
}
