//! OGC API – Features (OGC 17-069r4 Core and GeoJSON, 18-058r1 CRS) at `/ogc`: what QGIS and GDAL, which every
//! natural-resources bureau has, read live. Whoever asks sees his own units and nothing else.
//!
//! Pages go by key, not by number, so that a layer that changes while it is read neither skips nor repeats a feature.

mod cases;
mod crs;
mod http;
mod parcels;
mod patches;
mod sql;

pub use http::routes;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::{self, Problem};

/// A link as OGC writes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OgcLink)]
struct Link {
    href: String,
    rel: &'static str,
    #[serde(rename = "type")]
    media_type: &'static str,
    title: &'static str,
}

/// A GeoJSON feature.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OgcFeature)]
struct Feature {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Value,
    /// Null when the place is unknown.
    geometry: Value,
    #[schema(value_type = Object)]
    properties: Value,
}

impl Feature {
    fn new(id: impl Into<Value>, geometry: Value, properties: Value) -> Self {
        Self { kind: "Feature", id: id.into(), geometry, properties }
    }
}

/// A parameter that is wrong: the standard wants 400 (OGC 17-069r4, 7.5).
fn wrong(parameter: &'static str, message: impl Into<String>) -> Problem {
    let message = message.into();
    Problem::new(error::BAD_REQUEST).detail(message.clone()).field(parameter, message)
}

/// Features, the page's end, and how many there are in all.
struct Found {
    features: Vec<Feature>,
    /// Where the next page begins.
    next: Option<String>,
    matched: Option<usize>,
}

#[cfg(test)]
mod tests;
