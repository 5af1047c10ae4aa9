//! Import of a batch: from a file to patches with overlay, suggestion and case.
//!
//! A reader thread checks and measures the rows ([`draft`]); chunks of them are cut with what they meet and stored
//! ([`store`]), each chunk with its cases, its rejects and the batch's progress in one transaction. A process that
//! is killed leaves whole chunks behind and nothing else; the same file again goes on where it stopped, and
//! changes nothing once it is done.
//!
//! | In the file | Treatment |
//! |---|---|
//! | no JCBH | refused |
//! | JCBH twice in the file | the first row counts, later ones are refused with its row number |
//! | JCBH known in the same period | the same row: unchanged; another: refused |
//! | bad geometry | mended or refused as [`crate::geo::repair`] states |
//! | outside the city, or outside the importer's units | refused |
//! | no period given and no later image (HSX) | refused |
//! | no coordinate system (evidence package) | told by the coordinates, with a warning |
//! | in no parcel | taken; its unit is XZQDM's, or the importer's own |

mod draft;
mod store;
mod waiting;

use std::collections::HashMap;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::{Options, sql};
use crate::auth::Caller;
use crate::exchange::fieldmap::{Attribute, FieldMap};
use crate::exchange::layer::{self, DeclaredCrs, LayerOptions};
use crate::exchange::rejects::{Counts, Reject, RejectFile};
use crate::exchange::stream::stream;
use crate::geo::{Crs, Intake};
use crate::parcels::import::{coordinate_system, hash_file};
use crate::state::App;

pub(super) use draft::Draft;
pub(super) use store::Judged;
pub use waiting::{accept, run_waiting};

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The batch; none after a dry run on the command line.
    pub batch: Option<String>,
    /// The layer's name.
    pub layer: String,
    /// The coordinate system that was used.
    pub crs: String,
    /// Rows, by what became of them.
    #[serde(flatten)]
    pub counts: Counts,
    /// What the user should know though it stopped nothing.
    pub warnings: Vec<String>,
    /// The sum of the official areas of the new patches, m².
    pub area: f64,
    /// Whether the end of the file was lost.
    pub truncated: bool,
}

/// Patches that are cut and stored together.
const CHUNK: usize = 100;

/// Imports a file from the command line. `progress` is called with the share read (0 to 1) and the rows so far.
pub async fn run(
    app: &App,
    by: &Caller,
    file: &Path,
    options: &Options,
    rejects: Option<PathBuf>,
    progress: impl FnMut(f64, u64) + Send,
) -> anyhow::Result<Report> {
    let batch = match options.dry_run {
        true => None,
        false => {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Some(begin(app, by, &name, file, options).await?.id)
        }
    };
    let rejects = rejects.as_deref().map(RejectFile::create).transpose()?;
    let report = process(app, by, batch.clone(), file, options, rejects, progress).await?;
    Ok(Report { batch, ..report })
}

/// A batch that was begun.
pub(super) struct Begun {
    pub id: String,
    /// The same file was handed in before under this id.
    pub again: bool,
}

/// Enters a batch, or finds the one that the same file was entered as before.
pub(super) async fn begin(
    app: &App,
    by: &Caller,
    name: &str,
    file: &Path,
    options: &Options,
) -> anyhow::Result<Begun> {
    let path = file.to_owned();
    let sha256 = tokio::task::spawn_blocking(move || hash_file(&path)).await??;
    let unit = options.units.iter().next().copied().ok_or_else(|| anyhow::anyhow!("没有可以导入的单位"))?;
    let (id, now) = (app.env().new_id(), app.env().now());
    let (by, name, options) = (by.clone(), name.to_owned(), options.clone());
    let begun = app
        .db()
        .write(move |tx| async move {
            let kept = super::sql::Kept::new(&options, &by.login);
            if let Some(known) = sql::known_batch(&tx, &sha256, &options, &kept).await? {
                return Ok(Begun { id: known, again: true });
            }
            sql::insert_batch(&tx, &id, &unit, &options, &kept, &name, &sha256, &by, now).await?;
            let detail = json!({ "file": name, "sha256": sha256, "source": options.source });
            tx.audit(by.entry("patches.batch", &*id).detail(detail));
            Ok::<_, sqlx::Error>(Begun { id, again: false })
        })
        .await?;
    Ok(begun)
}

/// Reads the file into a batch. What goes wrong with the file as a whole is kept with the batch.
pub(super) async fn process(
    app: &App,
    by: &Caller,
    batch: Option<String>,
    file: &Path,
    options: &Options,
    rejects: Option<RejectFile<BufWriter<std::fs::File>>>,
    progress: impl FnMut(f64, u64) + Send,
) -> anyhow::Result<Report> {
    let store = store::Store::open(app, by, batch.clone(), options).await?;
    let done = read_into(store, app, file, options, rejects, progress).await;
    if let (Err(error), Some(batch)) = (&done, batch) {
        let (said, now) = (json!([error.to_string()]).to_string(), app.env().now());
        app.db().write(move |tx| async move { sql::fail(&tx, &batch, &said, now).await }).await?;
    }
    done
}

async fn read_into(
    mut store: store::Store,
    app: &App,
    file: &Path,
    options: &Options,
    mut rejects: Option<RejectFile<BufWriter<std::fs::File>>>,
    mut progress: impl FnMut(f64, u64) + Send,
) -> anyhow::Result<Report> {
    let map = options.map.as_deref().map_or_else(|| Ok(FieldMap::national()), FieldMap::from_toml)?;
    let mut report = Report::default();
    let (path, layer_options) = (file.to_owned(), options.layer.clone());
    let opened = tokio::task::spawn_blocking(move || open(&path, layer_options)).await??;
    report.layer.clone_from(&opened.layer.name);
    report.crs = opened.crs.to_string();
    let mut binding = map.bind(&opened.layer.fields, &[Attribute::Monitoring])?;
    let bounds = (!options.outside).then_some(app.policy().parcels.bounds);
    let said = draft::Said {
        period: options.period.clone(),
        before_on: options.before_on,
        after_on: options.after_on,
        bounds,
    };
    let mut intake = Intake::new(opened.crs);
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut rows = stream(opened.layer, CHUNK, move |fields, row| {
        binding.refresh(fields);
        let feature = row?;
        let draft = draft::draft(&binding, &mut intake, &said, &feature)?;
        match seen.insert(draft.number.clone(), draft.row) {
            None => Ok(draft),
            Some(first) => {
                seen.insert(draft.number.clone(), first);
                let reason = format!("监测编号 JCBH 重复，首次出现在第 {first} 行");
                Err(draft.refuse("jcbh", "duplicate", reason))
            }
        }
    });
    while let Some(chunk) = rows.next().await {
        for refusal in store.chunk(chunk.rows, chunk.progress, &mut report).await? {
            report.truncated |= refusal.fatal;
            if let Some(file) = &mut rejects {
                file.write(&Reject::from(&refusal))?;
            }
        }
        progress(chunk.progress, report.counts.read);
    }
    report.warnings = rows.warnings().await?;
    report.warnings.extend(opened.warning);
    if let Some(file) = rejects {
        file.finish()?.into_inner().map_err(|e| e.into_error())?.sync_all()?;
    }
    report.counts.check()?;
    if report.truncated {
        report.warnings.push("文件不完整，后面的内容没有读到，请核对源文件后重新导入".to_owned());
    }
    store.finish(&report).await?;
    Ok(report)
}

struct Opened {
    layer: layer::Layer,
    crs: Crs,
    warning: Option<String>,
}

/// Opens the layer with the monitored patches, which is called JCTB where a file has several.
fn open(path: &Path, mut options: LayerOptions) -> anyhow::Result<Opened> {
    let layer = match layer::open(path, &options) {
        Err(layer::OpenError::Layer { layers, .. })
            if options.layer.is_none() && layers.iter().any(|name| name.eq_ignore_ascii_case("JCTB")) =>
        {
            options.layer = Some("JCTB".to_owned());
            layer::open(path, &options)?
        }
        other => other?,
    };
    if layer.crs != DeclaredCrs::None {
        let crs = coordinate_system(&layer)?;
        return Ok(Opened { layer, crs, warning: None });
    }
    // The first outline tells; then the layer is read from its beginning.
    let first = layer.flatten().find_map(|feature| feature.geometry);
    let corner = first.as_ref().and_then(|g| g.0.first()).and_then(|p| p.exterior().0.first());
    let layer = layer::open(path, &options)?;
    match corner.and_then(|c| Crs::guess(c.x, c.y)) {
        Some(crs) => {
            let warning = Some(format!("文件没有说明坐标系，按坐标判断为 {crs}"));
            Ok(Opened { layer, crs, warning })
        }
        None => {
            let crs = coordinate_system(&layer)?;
            Ok(Opened { layer, crs, warning: None })
        }
    }
}
