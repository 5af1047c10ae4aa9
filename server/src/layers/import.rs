//! Import of a layer: checked and measured row by row, stored in chunks that give way to everybody else. The same
//! file again changes nothing.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Kind, sql};
use crate::auth::Caller;
use crate::exchange::dates::parse_date;
use crate::exchange::fieldmap::{Attribute, Binding, FieldMap};
use crate::exchange::layer::{self, Feature, LayerOptions};
use crate::exchange::rejects::{Counts, Outcome, Refusal, Reject, RejectFile};
use crate::exchange::stream::stream;
use crate::geo::{Intake, wkb};
use crate::parcels::import::{coordinate_system, hash_file};
use crate::state::App;

/// What the user may say about an import.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Layer, encoding and coordinate system, where the file does not say them rightly.
    pub layer: LayerOptions,
    /// A field map in TOML.
    pub map: Option<String>,
    /// Check everything, store nothing.
    pub dry_run: bool,
    /// Where rejected rows are written.
    pub rejects: Option<PathBuf>,
    /// Take areas outside the city.
    pub outside: bool,
    /// Areas of this kind that are not in the file are no longer in force.
    pub replace: bool,
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
    /// Areas that ended because the file no longer has them.
    pub ended: u64,
    /// What the user should know though it stopped nothing.
    pub warnings: Vec<String>,
    /// The sum of the official areas of the rows taken, m².
    pub area: f64,
    /// Whether the end of the file was lost.
    pub truncated: bool,
}

/// An area that can be stored.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub key: String,
    pub number: Option<String>,
    pub purpose: Option<String>,
    pub approved_on: Option<Date>,
    pub valid_to: Option<Date>,
    pub area: f64,
    pub crs: u32,
    pub geometry: Vec<u8>,
    pub shape: Vec<u8>,
    row: u64,
}

const CHUNK: usize = 1_000;

/// Imports a file. `progress` is called with the share read (0 to 1) and the rows so far.
pub async fn run(
    app: &App,
    by: &Caller,
    kind: Kind,
    file: &Path,
    options: &Options,
    mut progress: impl FnMut(f64, u64) + Send,
) -> anyhow::Result<Report> {
    let map = options.map.as_deref().map_or_else(|| Ok(FieldMap::national()), FieldMap::from_toml)?;
    let (path, layer_options) = (file.to_owned(), options.layer.clone());
    let layer = tokio::task::spawn_blocking(move || layer::open(&path, &layer_options)).await??;
    let crs = coordinate_system(&layer)?;
    let required: &[Attribute] = match kind {
        Kind::Approval | Kind::Filing => &[Attribute::Number],
        Kind::Permanent | Kind::Added => &[],
    };
    let mut binding = map.bind(&layer.fields, required)?;
    let mut report = Report { layer: layer.name.clone(), crs: crs.to_string(), ..Report::default() };
    let mut rejects = options.rejects.as_deref().map(RejectFile::create).transpose()?;
    let mut store = Store::open(app, by, kind, file, options).await?;
    let mut intake = Intake::new(crs);
    let bounds = (!options.outside).then_some(app.policy().parcels.bounds);
    let mut rows = stream(layer, CHUNK, move |fields, row| {
        binding.refresh(fields);
        let feature = row?;
        draft(&binding, &mut intake, bounds, &feature)
    });
    while let Some(chunk) = rows.next().await {
        for refusal in store.chunk(chunk.rows, &mut report).await? {
            report.truncated |= refusal.fatal;
            if let Some(file) = &mut rejects {
                file.write(&Reject::from(&refusal))?;
            }
        }
        progress(chunk.progress, report.counts.read);
    }
    report.warnings = rows.warnings().await?;
    if let Some(file) = rejects {
        file.finish()?.into_inner().map_err(|e| e.into_error())?.sync_all()?;
    }
    store.finish(&mut report).await?;
    report.counts.check()?;
    Ok(report)
}

fn draft(
    binding: &Binding,
    intake: &mut Intake,
    bounds: Option<[f64; 4]>,
    feature: &Feature,
) -> Result<Draft, Refusal> {
    let text = |attribute| binding.text(attribute, feature).map(std::borrow::Cow::into_owned);
    let number = text(Attribute::Number);
    let refuse = |field: &str, code, reason: String, place: String| Refusal {
        row: feature.row,
        identifier: number.clone().unwrap_or_default(),
        field: field.to_owned(),
        place,
        code,
        reason,
        fatal: false,
    };
    let date = |attribute: Attribute| match text(attribute) {
        None => Ok(None),
        Some(words) => parse_date(&words).map(Some).ok_or_else(|| {
            refuse(attribute.key(), "date", format!("“{words}”不是日期，应写作 2026-03-31"), String::new())
        }),
    };
    let (approved_on, valid_to) = (date(Attribute::ApprovedOn)?, date(Attribute::ValidTo)?);
    let raw = feature.geometry.as_ref();
    let raw = raw.ok_or_else(|| refuse("", "no-geometry", "没有图形".to_owned(), String::new()))?;
    let taken = intake.take(raw, bounds).map_err(|flaw| {
        refuse("", flaw.code, flaw.reason, flaw.at.map(|at| format!("{},{}", at.x, at.y)).unwrap_or_default())
    })?;
    let geometry = wkb::write(&taken.polygons);
    let crs = intake.crs().epsg().unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update(number.as_deref().unwrap_or_default());
    hash.update([0]);
    hash.update(crs.to_le_bytes());
    hash.update(&geometry);
    Ok(Draft {
        key: hex::encode(&hash.finalize()[..16]),
        purpose: text(Attribute::Purpose),
        area: taken.area,
        shape: taken.shape.to_bytes(),
        row: feature.row,
        number,
        approved_on,
        valid_to,
        crs,
        geometry,
    })
}

/// The writing end of an import.
struct Store<'a> {
    app: &'a App,
    kind: Kind,
    options: &'a Options,
    import: String,
    known: HashMap<String, sql::Known>,
    /// Key → row, within this file.
    seen: HashMap<String, u64>,
}

impl<'a> Store<'a> {
    async fn open(
        app: &'a App,
        by: &Caller,
        kind: Kind,
        file: &Path,
        options: &'a Options,
    ) -> anyhow::Result<Self> {
        let import = app.env().new_id();
        let mut known = HashMap::new();
        let mut after = 0;
        loop {
            let page = sql::known_after(app.db(), kind, after).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            known.extend(page.into_iter().map(|row| (row.key.clone(), row)));
        }
        if !options.dry_run {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let path = file.to_owned();
            let sha256 = tokio::task::spawn_blocking(move || hash_file(&path)).await??;
            let (id, by, now) = (import.clone(), by.clone(), app.env().now());
            app.db()
                .write(move |tx| async move {
                    sql::begin(&tx, &id, &name, &sha256, &by.login, now).await?;
                    let detail = json!({ "kind": kind, "file": name, "sha256": sha256 });
                    tx.audit(by.entry("layers.import", &*id).detail(detail));
                    Ok::<_, sqlx::Error>(())
                })
                .await?;
        }
        Ok(Self { app, kind, options, import, known, seen: HashMap::new() })
    }

    /// Stores a chunk; answers the rows that were refused.
    async fn chunk(
        &mut self,
        rows: Vec<Result<Draft, Refusal>>,
        report: &mut Report,
    ) -> sqlx::Result<Vec<Refusal>> {
        let (mut new, mut changed, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            match row.and_then(|draft| self.first(draft)) {
                Err(refusal) => {
                    report.counts.add(Outcome::Rejected);
                    refused.push(refusal);
                }
                Ok(draft) => {
                    report.area += draft.area;
                    report.counts.add(match self.known.get(&draft.key) {
                        None => {
                            new.push(draft);
                            Outcome::Imported
                        }
                        Some(known) if same(known, &draft) => Outcome::Unchanged,
                        Some(known) => {
                            changed.push((known.id, draft));
                            Outcome::Updated
                        }
                    });
                }
            }
        }
        if self.options.dry_run || (new.is_empty() && changed.is_empty()) {
            return Ok(refused);
        }
        let (kind, import, now) = (self.kind, self.import.clone(), self.app.env().now());
        self.app
            .db()
            .write_bulk(move |tx| async move {
                sql::insert(&tx, kind, &import, new, now).await?;
                for (id, draft) in &changed {
                    sql::update(&tx, *id, &import, draft, now).await?;
                }
                Ok::<_, sqlx::Error>(())
            })
            .await?;
        Ok(refused)
    }

    fn first(&mut self, draft: Draft) -> Result<Draft, Refusal> {
        match self.seen.insert(draft.key.clone(), draft.row) {
            None => Ok(draft),
            Some(first) => Err(Refusal {
                row: draft.row,
                identifier: draft.number.unwrap_or_default(),
                field: String::new(),
                place: String::new(),
                code: "duplicate",
                reason: format!("与第 {first} 行完全相同"),
                fatal: false,
            }),
        }
    }

    async fn finish(self, report: &mut Report) -> anyhow::Result<()> {
        let seen: HashSet<&String> = self.seen.keys().collect();
        let gone = |known: &&sql::Known| known.ended_at.is_none() && !seen.contains(&known.key);
        let gone: Vec<i64> = match self.options.replace && !report.truncated {
            true => self.known.values().filter(gone).map(|known| known.id).collect(),
            false => Vec::new(),
        };
        report.ended = gone.len() as u64;
        if self.options.dry_run {
            return Ok(());
        }
        let (import, now, counts) = (self.import, self.app.env().now(), report.counts);
        let detail = serde_json::to_string(&report)?;
        self.app
            .db()
            .write(move |tx| async move {
                sql::finish(&tx, &gone, now).await?;
                sql::end(&tx, &import, counts, &detail, now).await
            })
            .await?;
        Ok(())
    }
}

fn same(known: &sql::Known, draft: &Draft) -> bool {
    let day = |date: Option<Date>| date.map(|d| d.to_string());
    known.ended_at.is_none()
        && known.purpose == draft.purpose
        && known.approved_on == day(draft.approved_on)
        && known.valid_to == day(draft.valid_to)
}
