//! Stores prepared rows in chunks: new ones get ids and codes, known ones are versioned when they changed.

use std::collections::HashMap;
use std::path::Path;

use gengwei_proto::ParcelCode;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::known::{Existing, Known};
use super::prepare::{Draft, village_of};
use super::{Drafts, Options, Report, lineage, sql};
use crate::auth::{Caller, Units};
use crate::db::Topic;
use crate::exchange::rejects::{Outcome, Refusal};
use crate::state::App;

/// A row that goes to the database.
pub(super) enum Write {
    /// A new parcel.
    New { id: i64, code: Option<ParcelCode>, draft: Box<Draft> },
    /// A known one that changed.
    Changed { existing: Existing, draft: Box<Draft> },
}

impl Write {
    pub(super) fn id(&self) -> i64 {
        match self {
            Self::New { id, .. } => *id,
            Self::Changed { existing, .. } => existing.id,
        }
    }

    pub(super) fn draft(&self) -> &Draft {
        match self {
            Self::New { draft, .. } | Self::Changed { draft, .. } => draft,
        }
    }
}

/// The writing end of an import.
pub(super) struct Store {
    app: App,
    by: Caller,
    known: Known,
    /// BSM → row, within this file.
    seen: HashMap<String, u64>,
    /// Existing parcels that a row of this file was matched to.
    matched: std::collections::HashSet<i64>,
    /// Rows without a known BSM that lie on existing parcels: judged when the whole file is read.
    #[expect(clippy::vec_box, reason = "each came boxed from the reader, and few of them are doubtful")]
    doubtful: Vec<Box<Draft>>,
    import: String,
    file: String,
    dry_run: bool,
    within: Option<Units>,
}

impl Store {
    pub(super) async fn open(app: &App, by: &Caller, file: &Path, options: &Options) -> anyhow::Result<Self> {
        let known = Known::load(app.db(), app.policy().parcels.first_serial).await?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let store = Self {
            known,
            seen: HashMap::new(),
            matched: std::collections::HashSet::new(),
            doubtful: Vec::new(),
            import: app.env().new_id(),
            file: name,
            dry_run: options.dry_run,
            within: options.within.clone(),
            app: app.clone(),
            by: by.clone(),
        };
        if !store.dry_run {
            store.begin(file).await?;
        }
        Ok(store)
    }

    async fn begin(&self, file: &Path) -> anyhow::Result<()> {
        let path = file.to_owned();
        let sha256 = tokio::task::spawn_blocking(move || hash_file(&path)).await??;
        let (id, name, by, now) =
            (self.import.clone(), self.file.clone(), self.by.clone(), self.app.env().now());
        self.app
            .db()
            .write(move |tx| async move {
                sql::begin(&tx, &id, &name, &sha256, &by.login, now).await?;
                tx.audit(by.entry("parcels.import", &*id).detail(json!({"file": name, "sha256": sha256})));
                Ok::<_, sqlx::Error>(())
            })
            .await?;
        Ok(())
    }

    /// Stores a chunk; answers the rows that were refused.
    pub(super) async fn chunk(
        &mut self,
        drafts: Drafts,
        report: &mut Report,
    ) -> anyhow::Result<Vec<Refusal>> {
        let (mut writes, mut refused) = (Vec::new(), Vec::new());
        for draft in drafts {
            match draft.and_then(|draft| self.judge(draft)) {
                Ok(Judged::Write(write)) => {
                    report.area += write.draft().area;
                    report.counts.add(outcome(&write));
                    writes.push(write);
                }
                Ok(Judged::Unchanged(area)) => {
                    report.area += area;
                    report.counts.add(Outcome::Unchanged);
                }
                Ok(Judged::Doubtful(draft)) => self.doubtful.push(draft),
                Err(refusal) => {
                    report.counts.add(Outcome::Rejected);
                    refused.push(refusal);
                }
            }
        }
        self.write(writes, Vec::new()).await?;
        Ok(refused)
    }

    fn judge(&mut self, draft: Box<Draft>) -> Result<Judged, Refusal> {
        if let Some(bsm) = &draft.bsm {
            if let Some(first) = self.seen.get(bsm) {
                let reason = format!("标识码 BSM 重复，首次出现在第 {first} 行");
                return Err(refuse(&draft, "bsm", "duplicate", reason));
            }
            self.seen.insert(bsm.clone(), draft.row);
        }
        if let Some(existing) = draft.bsm.as_ref().and_then(|bsm| self.known.by_bsm(bsm)).cloned() {
            return self.judge_known(existing, draft);
        }
        if self.known.any() && !self.app.locator().within(draft.shape.bounds()).is_empty() {
            return Ok(Judged::Doubtful(draft));
        }
        self.judge_new(draft).map(Judged::Write)
    }

    fn judge_known(&mut self, existing: Existing, draft: Box<Draft>) -> Result<Judged, Refusal> {
        if self.within.as_ref().is_some_and(|units| !units.contain(&existing.unit)) {
            let reason = format!("已登记的同一地块属 {}，不在导入单位的辖区内", existing.unit);
            return Err(refuse(&draft, "bsm", "scope", reason));
        }
        self.matched.insert(existing.id);
        if existing.fingerprint == draft.fingerprint && !existing.retired {
            return Ok(Judged::Unchanged(draft.area));
        }
        Ok(Judged::Write(Write::Changed { existing, draft }))
    }

    fn judge_new(&mut self, draft: Box<Draft>) -> Result<Write, Refusal> {
        let code = if draft.is_farmland() { self.code_for(&draft)? } else { None };
        Ok(Write::New { id: self.known.new_id(&draft.unit), code, draft })
    }

    fn code_for(&mut self, draft: &Draft) -> Result<Option<ParcelCode>, Refusal> {
        if let Some(code) = draft.code {
            if self.known.is_taken(&code) {
                let reason = format!("地块码 {code} 已被另一地块使用");
                return Err(refuse(draft, "code", "code-taken", reason));
            }
            self.known.take(&code);
            return Ok(Some(code));
        }
        if let Some(code) = draft.contract.filter(|code| !self.known.is_taken(code)) {
            self.known.take(&code);
            return Ok(Some(code));
        }
        self.known.mint(&draft.unit).map_err(|e| refuse(draft, "code", "serials", e.to_string()))
    }

    async fn write(&mut self, writes: Vec<Write>, links: Vec<lineage::Link>) -> anyhow::Result<()> {
        if self.dry_run || (writes.is_empty() && links.is_empty()) {
            return Ok(());
        }
        let serials = self.known.moved_serials();
        let (import, now, today) = (self.import.clone(), self.app.env().now(), self.app.env().today());
        let by = self.by.login.clone();
        self.app
            .db()
            .write_bulk(move |tx| async move {
                let revision = tx.touch(Topic::Parcels).await?;
                let stamp = sql::Stamp { import: &import, now, today, revision };
                sql::store_serials(&tx, serials).await?;
                sql::insert(&tx, &stamp, &writes).await?;
                for write in &writes {
                    if let Write::Changed { existing, draft } = write {
                        sql::replace(&tx, &stamp, existing, draft, kept_unit(existing, draft)).await?;
                    }
                }
                lineage::store(&tx, &stamp, &links, &by).await?;
                Ok::<_, sqlx::Error>(())
            })
            .await?;
        Ok(())
    }

    /// Judges the doubtful rows, ties new parcels to those they came from, and closes the import; answers the rows
    /// that were refused.
    pub(super) async fn finish(mut self, report: &mut Report) -> anyhow::Result<Vec<Refusal>> {
        let doubtful = std::mem::take(&mut self.doubtful);
        let (mut writes, mut links, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for draft in doubtful {
            match self.judge_doubtful(draft, &mut links).await? {
                Ok(Judged::Write(write)) => {
                    report.area += write.draft().area;
                    report.counts.add(outcome(&write));
                    writes.push(write);
                }
                Ok(_) => report.counts.add(Outcome::Unchanged),
                Err(refusal) => {
                    report.counts.add(Outcome::Rejected);
                    refused.push(refusal);
                }
            }
        }
        lineage::settle(&mut links);
        report.lineage = links.len() as u64;
        self.write(writes, links).await?;
        if self.dry_run {
            return Ok(refused);
        }
        let (id, now) = (self.import, self.app.env().now());
        let (counts, detail) = (report.counts, serde_json::to_string(&report)?);
        self.app.db().write(move |tx| async move { sql::end(&tx, &id, counts, &detail, now).await }).await?;
        Ok(refused)
    }

    /// A row that lies on existing parcels: the same one, or one that came from them.
    async fn judge_doubtful(
        &mut self,
        draft: Box<Draft>,
        links: &mut Vec<lineage::Link>,
    ) -> anyhow::Result<Result<Judged, Refusal>> {
        let parents = lineage::parents(&self.app, &self.matched, &draft).await?;
        if let Some(existing) = parents.same(self.app.policy().parcels.same_overlap) {
            return Ok(self.judge_known(existing, draft));
        }
        Ok(self.judge_new(draft).map(|write| {
            links.extend(parents.links(write.id()));
            Judged::Write(write)
        }))
    }
}

enum Judged {
    Write(Write),
    Unchanged(f64),
    Doubtful(Box<Draft>),
}

fn outcome(write: &Write) -> Outcome {
    match write {
        Write::New { .. } => Outcome::Imported,
        Write::Changed { .. } => Outcome::Updated,
    }
}

fn refuse(draft: &Draft, field: &str, code: &'static str, reason: String) -> Refusal {
    Refusal {
        row: draft.row,
        identifier: draft.bsm.clone().unwrap_or_default(),
        field: field.to_owned(),
        place: String::new(),
        code,
        reason,
        fatal: false,
    }
}

/// A changed parcel keeps its group while its village stays the same: the file knows no groups.
fn kept_unit(existing: &Existing, draft: &Draft) -> gengwei_proto::RegionCode {
    if village_of(&existing.unit) == village_of(&draft.unit) { existing.unit } else { draft.unit }
}

/// The SHA-256 of a file, hexadecimal.
pub(crate) fn hash_file(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match std::io::Read::read(&mut file, &mut buffer)? {
            0 => break,
            n => hash.update(&buffer[..n]),
        }
    }
    Ok(hex::encode(hash.finalize()))
}
