//! OGC GeoPackage 1.x: a feature table of a SQLite file, read only. The national evidence package (举证包) is a
//! SQLite file too, whose tables keep the outline as text in TBFW and tell no coordinate system.
//!
//! A thread of its own runs the query and hands rows over in batches through a short queue, so that
//! memory stays bounded and the reader is an ordinary iterator.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use futures::TryStreamExt;
use geo::MultiPolygon;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, TypeInfo, ValueRef};

use super::layer::{
    DeclaredCrs, Fault, Feature, FeatureReader, Field, FieldKind, Layer, LayerOptions, MAX_RECORD, OpenError,
    RowError, RowErrorKind, Value, choose,
};
use super::wkb::read_wkb;
use super::wkt::read_wkt;

/// Rows handed over at a time, and batches that may wait.
const BATCH: usize = 128;
const WAITING: usize = 4;

type Batch = Vec<Result<Raw, Fault>>;

/// A row as it stands in the table.
struct Raw {
    geometry: Option<Vec<u8>>,
    values: Vec<Value>,
}

/// What the tables say about a layer.
struct Description {
    name: String,
    crs: DeclaredCrs,
    fields: Vec<Field>,
    count: u64,
    query: String,
}

/// Opens a feature table of a GeoPackage.
pub(super) fn open(path: &Path, options: &LayerOptions) -> Result<Layer, OpenError> {
    let (sender, batches) = sync_channel::<Batch>(WAITING);
    let (tell, told) = sync_channel::<Result<Description, OpenError>>(1);
    let path = path.to_owned();
    let wanted = options.layer.clone();
    let spawned = thread::Builder::new().name("geopackage".into()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(serve(path, wanted, tell, sender)),
            Err(e) => drop(tell.send(Err(OpenError::Damaged(format!("起不了读取线程：{e}"))))),
        }
    });
    spawned.map_err(|e| OpenError::Damaged(format!("起不了读取线程：{e}")))?;
    let description =
        told.recv().unwrap_or_else(|_| Err(OpenError::Damaged("读取 GeoPackage 的线程中断了".into())))?;
    let Description { name, crs, fields, count, .. } = description;
    let reader = Reader { batches, batch: Vec::new().into_iter(), row: 0, count };
    Ok(Layer {
        name,
        fields,
        crs,
        feature_count: Some(count),
        warnings: Vec::new(),
        reader: Box::new(reader),
    })
}

struct Reader {
    batches: Receiver<Batch>,
    batch: std::vec::IntoIter<Result<Raw, Fault>>,
    row: u64,
    count: u64,
}

impl FeatureReader for Reader {
    fn next_feature(&mut self, _: &mut Vec<Field>, _: &mut Vec<String>) -> Option<Result<Feature, RowError>> {
        if self.batch.len() == 0 {
            self.batch = self.batches.recv().ok()?.into_iter();
        }
        let raw = self.batch.next()?;
        self.row += 1;
        let row = self.row;
        let feature = raw.and_then(|Raw { geometry, values }| {
            let geometry = geometry.as_deref().map(read_geometry).transpose()?.flatten();
            Ok(Feature { row, geometry, values })
        });
        Some(feature.map_err(|fault| fault.at(row)))
    }

    fn progress(&self) -> f64 {
        self.row as f64 / self.count.max(1) as f64
    }
}

/// Reads a geometry: a GeoPackage's blob, or an evidence package's text.
fn read_geometry(bytes: &[u8]) -> Result<Option<MultiPolygon<f64>>, Fault> {
    if bytes.starts_with(b"GP") {
        return read_blob(bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => read_wkt(text).map(|polygons| (!polygons.0.is_empty()).then_some(polygons)),
        Err(_) => read_blob(bytes),
    }
}

/// Reads a geometry blob: the GeoPackage header (§2.1.3) and the WKB behind it.
fn read_blob(blob: &[u8]) -> Result<Option<MultiPolygon<f64>>, Fault> {
    let [b'G', b'P', _, flags, ..] = *blob else {
        return Err(Fault::geometry("几何数据没有 GeoPackage 的标头"));
    };
    let envelope = match (flags >> 1) & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return Err(Fault::geometry("几何数据的 GeoPackage 标头不对")),
    };
    let wkb = blob.get(8 + envelope..).ok_or_else(|| Fault::geometry("几何数据不完整"))?;
    let geometry = read_wkb(wkb)?;
    Ok((!geometry.0.is_empty()).then_some(geometry))
}

/// How long a connection may take to close.
const CLOSING: Duration = Duration::from_secs(5);

async fn serve(
    path: PathBuf,
    wanted: Option<String>,
    tell: SyncSender<Result<Description, OpenError>>,
    batches: SyncSender<Batch>,
) {
    let opened = match connect(&path).await {
        Ok(mut connection) => describe(&mut connection, wanted.as_deref()).await.map(|d| (connection, d)),
        Err(e) => Err(damaged(e)),
    };
    match opened {
        Err(error) => drop(tell.send(Err(error))),
        Ok((mut connection, description)) => {
            let query = description.query.clone();
            let width = description.fields.len();
            if tell.send(Ok(description)).is_ok() {
                read_rows(&mut connection, query, width, &batches).await;
            }
            // The reader need not wait for the end. Nothing was written, so nothing can be lost by a connection
            // that closes badly or, its worker having died of a damaged file, not at all.
            drop(batches);
            tokio::time::timeout(CLOSING, connection.close()).await.ok();
        }
    }
}

fn damaged(error: sqlx::Error) -> OpenError {
    OpenError::Damaged(format!("读不出这个 GeoPackage，文件可能已损坏：{error}"))
}

async fn connect(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        // Without a write-ahead log nobody is writing, and a read-only folder is no obstacle.
        .immutable(!Path::new(&wal).exists())
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging()
        .connect()
        .await
}

async fn describe(connection: &mut SqliteConnection, wanted: Option<&str>) -> Result<Description, OpenError> {
    if !has_table(connection, "gpkg_contents").await.map_err(damaged)? {
        return describe_evidence(connection, wanted).await;
    }
    let layers: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT g.table_name, g.column_name, g.srs_id FROM gpkg_geometry_columns g \
         JOIN gpkg_contents c ON lower(c.table_name) = lower(g.table_name) \
         WHERE c.data_type = 'features' ORDER BY g.table_name",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(damaged)?;
    let names: Vec<String> = layers.iter().map(|(name, ..)| name.clone()).collect();
    if names.is_empty() {
        return Err(OpenError::Damaged("这个 GeoPackage 里没有要素图层".into()));
    }
    let (name, geometry, srs) = layers.into_iter().nth(choose(&names, wanted)?).unwrap_or_default();
    let crs = crs(connection, srs).await.map_err(damaged)?;
    describe_table(connection, name, &geometry, crs).await
}

async fn has_table(connection: &mut SqliteConnection, name: &str) -> Result<bool, sqlx::Error> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)")
            .bind(name)
            .fetch_optional(connection)
            .await?;
    Ok(found.is_some())
}

/// The column that holds the outline in every table of an evidence package.
const OUTLINE: &str = "TBFW";

/// The tables of an evidence package that have outlines: 监测图斑 (JCTB) unless another is asked for.
async fn describe_evidence(
    connection: &mut SqliteConnection,
    wanted: Option<&str>,
) -> Result<Description, OpenError> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND upper(c.name) = ? ORDER BY m.name",
    )
    .bind(OUTLINE)
    .fetch_all(&mut *connection)
    .await
    .map_err(damaged)?;
    if tables.is_empty() {
        let what = "这个 SQLite 文件既不是 GeoPackage，也不是举证包（没有含 TBFW 的表）";
        return Err(OpenError::UnknownFormat(what.into()));
    }
    let patches = tables.iter().find(|name| name.eq_ignore_ascii_case("JCTB")).map(String::as_str);
    let chosen = choose(&tables, wanted.or(patches))?;
    let name = tables.into_iter().nth(chosen).unwrap_or_default();
    describe_table(connection, name, OUTLINE, DeclaredCrs::None).await
}

async fn describe_table(
    connection: &mut SqliteConnection,
    name: String,
    geometry: &str,
    crs: DeclaredCrs,
) -> Result<Description, OpenError> {
    let fields = fields(connection, &name, geometry).await.map_err(damaged)?;
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {}", quote(&name))))
        .fetch_one(&mut *connection)
        .await
        .map_err(damaged)?;
    let geometry = format!("CAST({} AS BLOB)", quote(geometry));
    let columns = fields.iter().map(|field| quote(&field.name)).collect::<Vec<_>>();
    let query = format!(
        "SELECT CASE WHEN length({geometry}) <= {MAX_RECORD} THEN {geometry} END, length({geometry}){}{} FROM {}",
        if columns.is_empty() { "" } else { ", " },
        columns.join(", "),
        quote(&name),
    );
    Ok(Description { name, crs, fields, count: count.unsigned_abs(), query })
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn fields(
    connection: &mut SqliteConnection,
    table: &str,
    geometry: &str,
) -> Result<Vec<Field>, sqlx::Error> {
    let columns: Vec<(String, String)> = sqlx::query_as("SELECT name, type FROM pragma_table_info(?)")
        .bind(table)
        .fetch_all(connection)
        .await?;
    let attributes = columns.into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case(geometry));
    Ok(attributes.map(|(name, declared)| Field { name, kind: kind(&declared) }).collect())
}

/// The kind of a column by its declared type (§1.1.1.1.3, table 1).
fn kind(declared: &str) -> FieldKind {
    let declared = declared.to_ascii_uppercase();
    match declared.split('(').next().unwrap_or_default() {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "INTEGER" => FieldKind::Integer,
        "FLOAT" | "DOUBLE" | "REAL" => FieldKind::Real,
        "BLOB" => FieldKind::Unread,
        _ => FieldKind::Text,
    }
}

async fn crs(connection: &mut SqliteConnection, srs: i64) -> Result<DeclaredCrs, sqlx::Error> {
    let row: Option<(String, i64, String)> = sqlx::query_as(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?",
    )
    .bind(srs)
    .fetch_optional(connection)
    .await?;
    Ok(match row {
        Some((organization, code, definition)) => match u32::try_from(code) {
            Ok(code) if organization.eq_ignore_ascii_case("EPSG") && code > 0 => DeclaredCrs::Epsg(code),
            _ if definition.contains('[') => DeclaredCrs::Wkt(definition),
            _ => DeclaredCrs::None,
        },
        None => DeclaredCrs::None,
    })
}

async fn read_rows(
    connection: &mut SqliteConnection,
    query: String,
    width: usize,
    batches: &SyncSender<Batch>,
) {
    let mut rows = sqlx::query(AssertSqlSafe(query)).fetch(connection);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        match rows.try_next().await {
            Ok(Some(row)) => batch.push(raw(&row, width)),
            Ok(None) => break,
            Err(e) => {
                let reason = format!("GeoPackage 读不下去了，文件可能已损坏：{e}");
                batch.push(Err(Fault::new(RowErrorKind::Truncated, reason)));
                break;
            }
        }
        // The receiver is gone when the importer has stopped; then nobody wants the rest.
        if batch.len() == BATCH && batches.send(std::mem::take(&mut batch)).is_err() {
            return;
        }
    }
    if !batch.is_empty() {
        batches.send(batch).ok();
    }
}

fn raw(row: &SqliteRow, width: usize) -> Result<Raw, Fault> {
    let geometry: Option<Vec<u8>> =
        row.try_get_unchecked(0).map_err(|_| Fault::geometry("几何列里不是几何数据"))?;
    let size: Option<i64> = row.try_get_unchecked(1).unwrap_or_default();
    if let (None, Some(size)) = (&geometry, size) {
        return Err(Fault::geometry(format!("这个几何有 {size} 字节，超过上限 {MAX_RECORD} 字节")));
    }
    let values = (2..2 + width).map(|index| value(row, index)).collect::<Result<_, _>>()?;
    Ok(Raw { geometry, values })
}

fn value(row: &SqliteRow, index: usize) -> Result<Value, Fault> {
    let unreadable = |e: sqlx::Error| Fault::new(RowErrorKind::Attribute, format!("属性读不出来：{e}"));
    let raw = row.try_get_raw(index).map_err(unreadable)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    Ok(match raw.type_info().name() {
        "INTEGER" | "BOOLEAN" => Value::Integer(row.try_get_unchecked(index).map_err(unreadable)?),
        "REAL" => Value::Real(row.try_get_unchecked(index).map_err(unreadable)?),
        "BLOB" => Value::Null,
        _ => Value::Text(
            row.try_get_unchecked(index)
                .map_err(|_| Fault::new(RowErrorKind::Encoding, "文字不是有效的 UTF-8"))?,
        ),
    })
}
