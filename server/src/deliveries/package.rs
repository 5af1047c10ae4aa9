//! The file package of a channel without an address: a ZIP with one JSON object a line and a manifest, to be
//! carried over by hand, and the receipts that come back as a table.

use std::io::{Cursor, Write};

use serde_json::json;
use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::sql::Stored;
use crate::db::Timestamp;
use crate::error::Problem;

/// Packs deliveries. The same ones give the same bytes, so that a package can be fetched again.
pub(super) fn pack(
    package: &str,
    channel: &str,
    deliveries: &[Stored],
    at: Timestamp,
) -> Result<Vec<u8>, Problem> {
    let mut lines = String::new();
    for delivery in deliveries {
        lines.push_str(&delivery.body);
        lines.push('\n');
    }
    let manifest = json!({
        "package": package,
        "channel": channel,
        "made_at": at,
        "deliveries": deliveries.len(),
        "file": "deliveries.jsonl",
        "sha256": hex::encode(Sha256::digest(&lines)),
        "sm3": hex::encode(<sm3::Sm3 as sm3::Digest>::digest(&lines)),
    });
    let manifest = serde_json::to_string_pretty(&manifest).map_err(Problem::internal)?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [("manifest.json", &manifest), ("deliveries.jsonl", &lines)] {
        zip.start_file(name, SimpleFileOptions::default()).map_err(Problem::internal)?;
        zip.write_all(text.as_bytes()).map_err(Problem::internal)?;
    }
    Ok(zip.finish().map_err(Problem::internal)?.into_inner())
}
