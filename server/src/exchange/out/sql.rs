//! SQL of the GeoPackages that are written; they have an SQL of their own.

use std::path::Path;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Connection};

use super::{Column, EPSG, Kind, PRJ};
use crate::db::Timestamp;
use crate::exchange::layer::Value;

/// What every GeoPackage holds (OGC 12-128r18, §1 and §2), "GPKG" and version 1.3 as SQLite's header has them.
const TABLES: &str = "
pragma application_id = 1196444487;
pragma user_version = 10300;
create table gpkg_spatial_ref_sys (srs_name text not null, srs_id integer not null primary key,
    organization text not null, organization_coordsys_id integer not null, definition text not null,
    description text);
create table gpkg_contents (table_name text not null primary key, data_type text not null, identifier text unique,
    description text default '', last_change datetime not null, min_x double, min_y double, max_x double,
    max_y double, srs_id integer references gpkg_spatial_ref_sys (srs_id));
create table gpkg_geometry_columns (table_name text not null unique references gpkg_contents (table_name),
    column_name text not null, geometry_type_name text not null, srs_id integer not null references
    gpkg_spatial_ref_sys (srs_id), z tinyint not null, m tinyint not null, primary key (table_name, column_name));
insert into gpkg_spatial_ref_sys values
    ('Undefined Cartesian', -1, 'NONE', -1, 'undefined', null),
    ('Undefined geographic', 0, 'NONE', 0, 'undefined', null),
    ('WGS 84', 4326, 'EPSG', 4326, 'GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563]],PRIMEM[\"Greenwich\",0],UNIT[\"degree\",0.0174532925199433]]', null);
";

/// Rows of one transaction.
const AT_ONCE: u32 = 1_000;

/// A GeoPackage's file with one feature table.
pub(super) struct Package {
    connection: SqliteConnection,
    name: &'static str,
    insert: String,
    waiting: u32,
}

impl Package {
    pub(super) async fn create(
        path: &Path,
        name: &'static str,
        note: &str,
        columns: &[Column],
        now: Timestamp,
    ) -> sqlx::Result<Self> {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut connection = options.connect().await?;
        sqlx::raw_sql(TABLES).execute(&mut connection).await?;
        sqlx::query("insert into gpkg_spatial_ref_sys values ('CGCS2000', $1, 'EPSG', $1, $2, null)")
            .bind(EPSG)
            .bind(PRJ)
            .execute(&mut connection)
            .await?;
        let declared: String =
            columns.iter().map(|column| format!(", {} {}", column.name, declared(column.kind))).collect();
        let table =
            format!("create table {name} (fid integer primary key not null, geom MULTIPOLYGON{declared})");
        sqlx::query(AssertSqlSafe(table)).execute(&mut connection).await?;
        let moment = jiff::Timestamp::from_microsecond(now.0).unwrap_or_default();
        sqlx::query(
            "insert into gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) \
             values ($1, 'features', $1, $2, $3, $4)",
        )
        .bind(name)
        .bind(note)
        .bind(moment.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string())
        .bind(EPSG)
        .execute(&mut connection)
        .await?;
        sqlx::query("insert into gpkg_geometry_columns values ($1, 'geom', 'MULTIPOLYGON', $2, 0, 0)")
            .bind(name)
            .bind(EPSG)
            .execute(&mut connection)
            .await?;
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        let places: Vec<String> = (0..columns.len()).map(|n| format!("${}", n + 2)).collect();
        let insert =
            format!("insert into {name} (geom, {}) values ($1, {})", names.join(", "), places.join(", "));
        Ok(Self { connection, name, insert, waiting: 0 })
    }

    pub(super) async fn insert(&mut self, geometry: Vec<u8>, values: Vec<Value>) -> sqlx::Result<()> {
        if self.waiting == 0 {
            sqlx::raw_sql("begin").execute(&mut self.connection).await?;
        }
        let mut arguments = SqliteArguments::default();
        arguments.add(geometry).map_err(sqlx::Error::Encode)?;
        for value in values {
            match value {
                Value::Null => arguments.add(None::<String>),
                Value::Integer(n) => arguments.add(n),
                Value::Real(x) => arguments.add(x),
                Value::Text(text) => arguments.add(text),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        sqlx::query_with(AssertSqlSafe(self.insert.as_str()), arguments)
            .execute(&mut self.connection)
            .await?;
        self.waiting += 1;
        if self.waiting == AT_ONCE { self.commit().await } else { Ok(()) }
    }

    async fn commit(&mut self) -> sqlx::Result<()> {
        if std::mem::take(&mut self.waiting) > 0 {
            sqlx::raw_sql("commit").execute(&mut self.connection).await?;
        }
        Ok(())
    }

    /// `bounds`: west, south, east, north.
    pub(super) async fn close(mut self, bounds: Option<[f64; 4]>) -> sqlx::Result<()> {
        self.commit().await?;
        let side = |n: usize| bounds.map(|bounds| bounds[n]);
        sqlx::query(
            "update gpkg_contents set min_x = $1, min_y = $2, max_x = $3, max_y = $4 where table_name = $5",
        )
        .bind(side(0))
        .bind(side(1))
        .bind(side(2))
        .bind(side(3))
        .bind(self.name)
        .execute(&mut self.connection)
        .await?;
        self.connection.close().await
    }
}

fn declared(kind: Kind) -> &'static str {
    match kind {
        Kind::Text(_) => "TEXT",
        Kind::Date => "DATE",
        Kind::Area => "DOUBLE",
    }
}
