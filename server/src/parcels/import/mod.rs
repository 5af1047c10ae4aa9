//! Import of a 地类图斑 layer (DLTB): from a file to parcels with codes, areas and an index.
//!
//! Three stages run side by side: a reader thread parses the file, worker threads check and measure the rows
//! ([`prepare`]), and the writer stores them in chunks ([`store`]) that give way to everybody else. Memory is
//! bounded by the channels between them.
//!
//! | In the file | Treatment |
//! |---|---|
//! | bad geometry | mended or refused as [`crate::geo::repair`] states |
//! | duplicated BSM | the first row counts, later ones are refused with its row number |
//! | outside the city | refused, unless `--outside accept` |
//! | unit (ZLDWDM) unknown to the grid | refused; a re-zoned one becomes its successor |
//! | TBMJ negative or no number, class unknown | refused |
//! | TBDLMJ ≠ TBMJ − KCMJ by more than 0.01 m² | imported as it stands, with a warning: the base is the state's |
//! | TBMJ differs from the computed area | imported as it stands, with a warning |
//! | code (ZWGDM) or DKBM present | taken over as the parcel's code, for farmland only |
//! | DKBM already used by another parcel | kept as an alias; the parcel gets a code of its own |
//! | code wrong or already used | refused |
//! | unit, or the known parcel of the same BSM, outside the importer's units | refused |

mod known;
mod lineage;
mod prepare;
pub(super) mod sql;
mod store;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::auth::{Caller, Units};
use crate::exchange::fieldmap::{Attribute, FieldMap};
use crate::exchange::layer::{self, DeclaredCrs, Feature, Layer, LayerOptions, RowError};
use crate::exchange::rejects::{Counts, Refusal, Reject, RejectFile};
use crate::geo::Crs;
use crate::state::App;

pub use prepare::Warnings;
use prepare::{Draft, Preparer};
pub(crate) use store::hash_file;

/// What the user may say about an import.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Layer, encoding and coordinate system, where the file does not say them rightly.
    pub layer: LayerOptions,
    /// A field map in TOML.
    pub map: Option<PathBuf>,
    /// The unit of rows without ZLDWDM.
    pub unit: Option<gengwei_proto::RegionCode>,
    /// Check everything, store nothing.
    pub dry_run: bool,
    /// Where rejected rows are written.
    pub rejects: Option<PathBuf>,
    /// Take parcels outside the city.
    pub outside: bool,
    /// Where the importer may import; everywhere when not given. What lies elsewhere is refused.
    pub within: Option<Units>,
}

/// What came of it.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Report {
    /// The layer's name.
    pub layer: String,
    /// The coordinate system that was used.
    pub crs: String,
    /// Rows, by what became of them.
    #[serde(flatten)]
    pub counts: Counts,
    /// What the user should know though it stopped nothing.
    pub warnings: Vec<String>,
    /// Old parcels that lineage ties to new ones.
    pub lineage: u64,
    /// The sum of the official areas of the rows taken, m².
    pub area: f64,
    /// Whether the end of the file was lost.
    pub truncated: bool,
}

/// Rows that travel together between the stages.
const CHUNK: usize = 1_000;
type Rows = Vec<Result<Feature, RowError>>;
type Drafts = Vec<Result<Box<Draft>, Refusal>>;

/// A prepared chunk with its place in the file, so that rows are stored in the file's order.
struct Prepared {
    number: usize,
    drafts: Drafts,
}

/// Imports a file. `progress` is called with the share read (0 to 1) and the rows so far.
pub async fn run(
    app: &App,
    by: &Caller,
    file: &Path,
    options: &Options,
    progress: impl FnMut(f64, u64) + Send,
) -> anyhow::Result<Report> {
    let map = match &options.map {
        Some(path) => FieldMap::from_toml(
            &std::fs::read_to_string(path).map_err(|e| anyhow::anyhow!("{}: {e}", path.display()))?,
        )?,
        None => FieldMap::national(),
    };
    let (path, layer_options) = (file.to_owned(), options.layer.clone());
    let layer = tokio::task::spawn_blocking(move || layer::open(&path, &layer_options)).await??;
    let required: &[Attribute] = match options.unit {
        Some(_) => &[Attribute::LandClass],
        None => &[Attribute::LandClass, Attribute::LocationCode],
    };
    let binding = map.bind(&layer.fields, required)?;
    let crs = coordinate_system(&layer)?;
    let mut report = Report { layer: layer.name.clone(), crs: crs.to_string(), ..Report::default() };
    let mut rejects = options.rejects.as_deref().map(RejectFile::create).transpose()?;
    let preparer = Preparer::new(crs, binding, app.grid(), app.policy(), options);
    let stages = Stages::start(layer, preparer);
    let mut store = store::Store::open(app, by, file, options).await?;
    store_all(&mut store, stages, &mut rejects, &mut report, progress).await?;
    for refusal in &store.finish(&mut report).await? {
        if let Some(file) = &mut rejects {
            file.write(&Reject::from(refusal))?;
        }
    }
    if let Some(file) = rejects {
        file.finish()?.into_inner().map_err(|e| e.into_error())?.sync_all()?;
    }
    report.counts.check()?;
    Ok(report)
}

/// The coordinate system that a layer declares.
pub(crate) fn coordinate_system(layer: &Layer) -> anyhow::Result<Crs> {
    match &layer.crs {
        DeclaredCrs::Epsg(code) => Ok(Crs::from_epsg(*code)?),
        DeclaredCrs::Wkt(text) => Ok(Crs::parse(text)?),
        DeclaredCrs::None => {
            anyhow::bail!("文件没有说明坐标系，请用 --crs 指明，例如 --crs EPSG:4523")
        }
    }
}

/// The reader and the workers.
struct Stages {
    prepared: tokio::sync::mpsc::Receiver<Prepared>,
    progress: Arc<Mutex<f64>>,
    reader: std::thread::JoinHandle<Vec<String>>,
    warnings: Arc<Mutex<Warnings>>,
}

impl Stages {
    fn start(layer: Layer, preparer: Preparer) -> Self {
        let progress = Arc::new(Mutex::new(0.0));
        let warnings = Arc::new(Mutex::new(Warnings::default()));
        let (rows, chunks) = sync_channel(4);
        let (ready, prepared) = tokio::sync::mpsc::channel(4);
        let fields = Arc::new(Mutex::new(layer.fields.clone()));
        let chunks = Arc::new(Mutex::new(chunks));
        let workers = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
        for _ in 0..workers {
            let (chunks, ready, warnings) = (chunks.clone(), ready.clone(), warnings.clone());
            let (mut preparer, fields) = (preparer.clone(), fields.clone());
            std::thread::spawn(move || work(&chunks, &ready, &mut preparer, &fields, &warnings));
        }
        let shown = progress.clone();
        let reader = std::thread::spawn(move || read(layer, &rows, &fields, &shown));
        Self { prepared, progress, reader, warnings }
    }
}

type Numbered = (usize, Rows);

fn read(
    mut layer: Layer,
    rows: &SyncSender<Numbered>,
    fields: &Mutex<Vec<layer::Field>>,
    progress: &Mutex<f64>,
) -> Vec<String> {
    for number in 0.. {
        let chunk: Rows = layer.by_ref().take(CHUNK).collect();
        if layer.fields.len() > fields.lock().expect("no panic while held").len() {
            fields.lock().expect("no panic while held").clone_from(&layer.fields);
        }
        *progress.lock().expect("no panic while held") = layer.progress();
        let ended = chunk.len() < CHUNK;
        if rows.send((number, chunk)).is_err() || ended {
            break;
        }
    }
    layer.warnings
}

fn work(
    chunks: &Mutex<Receiver<Numbered>>,
    ready: &tokio::sync::mpsc::Sender<Prepared>,
    preparer: &mut Preparer,
    fields: &Mutex<Vec<layer::Field>>,
    warnings: &Mutex<Warnings>,
) {
    loop {
        let next = chunks.lock().expect("no panic while held").recv();
        let Ok((number, rows)) = next else { return };
        preparer.refresh(&fields.lock().expect("no panic while held"));
        let drafts = rows.into_iter().map(|row| preparer.prepare(row)).collect();
        warnings.lock().expect("no panic while held").add(&preparer.take_warnings());
        if ready.blocking_send(Prepared { number, drafts }).is_err() {
            return;
        }
    }
}

async fn store_all(
    store: &mut store::Store,
    mut stages: Stages,
    rejects: &mut Option<RejectFile<std::io::BufWriter<std::fs::File>>>,
    report: &mut Report,
    mut progress: impl FnMut(f64, u64) + Send,
) -> anyhow::Result<()> {
    let mut waiting = std::collections::BTreeMap::new();
    let mut next = 0;
    while let Some(chunk) = stages.prepared.recv().await {
        waiting.insert(chunk.number, chunk.drafts);
        while let Some(drafts) = waiting.remove(&next) {
            next += 1;
            let refused = store.chunk(drafts, report).await?;
            for refusal in &refused {
                report.truncated |= refusal.fatal;
                if let Some(file) = rejects {
                    file.write(&Reject::from(refusal))?;
                }
            }
            progress(*stages.progress.lock().expect("no panic while held"), report.counts.read);
        }
    }
    let reader = tokio::task::spawn_blocking(move || stages.reader.join()).await?;
    report.warnings = reader.map_err(|_| anyhow::anyhow!("读取文件的线程意外中止"))?;
    report.warnings.extend(stages.warnings.lock().expect("no panic while held").sentences());
    Ok(())
}
