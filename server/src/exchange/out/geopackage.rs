//! OGC GeoPackage 1.3 out: one feature table of a SQLite file.

use std::path::Path;

use geo::{BoundingRect, MultiPolygon, Rect};

use super::sql::Package;
use super::{Column, EPSG, Kind, hundredths};
use crate::db::Timestamp;
use crate::exchange::layer::Value;
use crate::geo::wkb;

/// A GeoPackage that grows row by row.
pub struct GeoPackage {
    package: Package,
    columns: &'static [Column],
    bounds: Option<Rect<f64>>,
}

impl GeoPackage {
    /// A new file with one layer of this name. `note` says what it is.
    pub async fn create(
        path: &Path,
        name: &'static str,
        note: &str,
        columns: &'static [Column],
        now: Timestamp,
    ) -> sqlx::Result<Self> {
        let package = Package::create(path, name, note, columns, now).await?;
        Ok(Self { package, columns, bounds: None })
    }

    /// Adds a row; `values` in the order of the columns.
    pub async fn add(&mut self, outline: &MultiPolygon<f64>, values: &[Value]) -> sqlx::Result<()> {
        let Some(rect) = outline.bounding_rect() else { return Ok(()) };
        let values = self.columns.iter().zip(values).map(|(column, value)| match column.kind {
            Kind::Area => hundredths(value).map_or(Value::Null, Value::Real),
            Kind::Text(_) | Kind::Date => {
                value.as_text().map_or(Value::Null, |text| Value::Text(text.into_owned()))
            }
        });
        self.package.insert(blob(outline, rect), values.collect()).await?;
        self.bounds = Some(match self.bounds {
            None => rect,
            Some(a) => Rect::new(
                (a.min().x.min(rect.min().x), a.min().y.min(rect.min().y)),
                (a.max().x.max(rect.max().x), a.max().y.max(rect.max().y)),
            ),
        });
        Ok(())
    }

    /// Says how far the layer reaches, and closes the file.
    pub async fn finish(self) -> sqlx::Result<()> {
        let bounds = self.bounds.map(|rect| [rect.min().x, rect.min().y, rect.max().x, rect.max().y]);
        self.package.close(bounds).await
    }
}

/// The header of §2.1.3, little-endian with an envelope, and WKB.
fn blob(outline: &MultiPolygon<f64>, rect: Rect<f64>) -> Vec<u8> {
    let mut blob = vec![b'G', b'P', 0, 0b0000_0011];
    blob.extend(EPSG.to_le_bytes());
    for side in [rect.min().x, rect.max().x, rect.min().y, rect.max().y] {
        blob.extend(side.to_le_bytes());
    }
    blob.extend(wkb::write(outline));
    blob
}
