//! Cuts and stores drafts, chunk by chunk: patches, what they touch, the cases they open, the refused rows, the
//! batch's progress and one audit entry share a transaction.

use std::collections::HashMap;
use std::sync::Arc;

use gengwei_proto::RegionCode;
use serde_json::json;

use super::{Draft, Report};
use crate::auth::Caller;
use crate::cases::{self, NewCase};
use crate::error::Problem;
use crate::exchange::rejects::{Outcome, Refusal};
use crate::layers::Shelf;
use crate::patches::overlay::{Overlay, Subject, Surroundings};
use crate::patches::triage::{self, Suggestion, Verdict};
use crate::patches::{Options, State, sql};
use crate::state::App;

/// A patch that goes to the database.
pub(in crate::patches) struct Judged {
    pub draft: Draft,
    pub unit: RegionCode,
    pub overlay: Overlay,
    pub suggestion: Suggestion,
}

/// The writing end of an import.
pub(super) struct Store {
    app: App,
    by: Caller,
    options: Options,
    shelf: Arc<Shelf>,
    batch: Option<String>,
    /// The batch was done before: unless something is new, nothing is written.
    was_done: bool,
}

impl Store {
    pub(super) async fn open(
        app: &App,
        by: &Caller,
        batch: Option<String>,
        options: &Options,
    ) -> anyhow::Result<Self> {
        let mut was_done = false;
        if let Some(id) = batch.clone() {
            let known = sql::batch(app.db(), &id).await?.ok_or_else(|| anyhow::anyhow!("没有批次 {id}"))?;
            was_done = known.state.0 == State::Done;
            if !was_done {
                app.db().write(move |tx| async move { sql::start(&tx, &id).await }).await?;
            }
        }
        Ok(Self {
            shelf: Arc::new(Shelf::load(app.db()).await?),
            app: app.clone(),
            by: by.clone(),
            options: options.clone(),
            batch,
            was_done,
        })
    }

    /// Stores a chunk; answers the rows that were refused.
    pub(super) async fn chunk(
        &mut self,
        rows: Vec<Result<Draft, Refusal>>,
        progress: f64,
        report: &mut Report,
    ) -> anyhow::Result<Vec<Refusal>> {
        let (mut drafts, mut refused) = (Vec::new(), Vec::new());
        for row in rows {
            match row {
                Ok(draft) => drafts.push(draft),
                Err(refusal) => refused.push(refusal),
            }
        }
        let new = self.unknown(drafts, &mut refused, report).await?;
        let judged = self.judge(new, &mut refused).await?;
        for _ in &refused {
            report.counts.add(Outcome::Rejected);
        }
        for patch in &judged {
            report.area += patch.overlay.area;
            report.counts.add(Outcome::Imported);
        }
        let idle = judged.is_empty() && self.was_done;
        if let Some(batch) = self.batch.clone().filter(|_| !idle) {
            self.write(batch, judged, refused.clone(), progress, report).await?;
        }
        Ok(refused)
    }

    /// The drafts that are not there yet.
    async fn unknown(
        &self,
        drafts: Vec<Draft>,
        refused: &mut Vec<Refusal>,
        report: &mut Report,
    ) -> sqlx::Result<Vec<Draft>> {
        let numbers: Vec<&str> = drafts.iter().map(|draft| draft.number.as_str()).collect();
        let known = sql::known(self.app.db(), &numbers).await?;
        let known: HashMap<(String, String), sql::Known> =
            known.into_iter().map(|row| ((row.period.clone(), row.number.clone()), row)).collect();
        let mut new = Vec::with_capacity(drafts.len());
        for draft in drafts {
            match known.get(&(draft.period.clone(), draft.number.clone())) {
                None => new.push(draft),
                Some(row) if row.fingerprint == draft.fingerprint => report.counts.add(Outcome::Unchanged),
                Some(row) => {
                    let reason = format!(
                        "监测编号 {} 在 {} 期已导入（批次 {}），内容与这一行不同",
                        draft.number, draft.period, row.batch_id
                    );
                    refused.push(draft.refuse("jcbh", "known", reason));
                }
            }
        }
        Ok(new)
    }

    async fn judge(&self, drafts: Vec<Draft>, refused: &mut Vec<Refusal>) -> anyhow::Result<Vec<Judged>> {
        if drafts.is_empty() {
            return Ok(Vec::new());
        }
        let subjects: Vec<Subject> = drafts.iter().map(|draft| draft.subject.clone()).collect();
        let around = Surroundings::load(&self.app, &self.shelf, &subjects).await?;
        let overlays = tokio::task::spawn_blocking(move || around.cut(&subjects)).await?;
        let mut judged = Vec::with_capacity(drafts.len());
        for (draft, overlay) in drafts.into_iter().zip(overlays) {
            let unit = self.unit_of(&draft, &overlay);
            if !self.options.units.contain(&unit) {
                let reason = format!("图斑位于{}，不在导入单位的辖区内", self.app.grid().full_name(&unit));
                refused.push(draft.refuse("", "scope", reason));
                continue;
            }
            let month = draft.after_on.map(|day| day.month());
            let thresholds = &self.app.policy().triage;
            let (to, seen) = (draft.to_class.clone(), draft.seen.clone());
            let mut inputs = overlay.inputs(to, seen, month, thresholds.covered);
            inputs.repeated = self.seen_before(&draft, &overlay, thresholds.repeated_months).await?;
            judged.push(Judged { suggestion: triage::suggest(inputs, thresholds), draft, unit, overlay });
        }
        Ok(judged)
    }

    /// By the largest share; in no parcel, the division that the file names; else the importer's own unit.
    fn unit_of(&self, draft: &Draft, overlay: &Overlay) -> RegionCode {
        let grid = self.app.grid();
        let own = || self.options.units.iter().next().copied();
        let division = || draft.division.and_then(|code| grid.resolve(&code).map(|unit| unit.code));
        overlay.unit().or_else(division).or_else(own).expect("an import has a unit")
    }

    /// Whether most of the same ground was seen uncultivated so many months before, or longer.
    async fn seen_before(&self, draft: &Draft, overlay: &Overlay, months: i32) -> sqlx::Result<bool> {
        let (Some(day), Some(main)) = (draft.after_on, overlay.main_parcel()) else { return Ok(false) };
        let ago = jiff::Span::new().try_months(months).and_then(|span| day.checked_sub(span));
        let Ok(ago) = ago else { return Ok(false) };
        let verdicts = [Verdict::Uncultivated, Verdict::Abandoned];
        sql::seen_before(self.app.db(), main.parcel, &verdicts, ago).await
    }

    async fn write(
        &self,
        batch: String,
        judged: Vec<Judged>,
        refused: Vec<Refusal>,
        progress: f64,
        report: &Report,
    ) -> anyhow::Result<()> {
        let (app, by) = (self.app.clone(), self.by.clone());
        let (source, counts, dry_run) = (self.options.source, report.counts, self.options.dry_run);
        let written: Result<(), Problem> = self
            .app
            .db()
            .write_bulk(move |tx| async move {
                let now = app.env().now();
                sql::advance(&tx, &batch, progress, counts).await?;
                sql::insert_rejects(&tx, &batch, &refused).await?;
                if dry_run || judged.is_empty() {
                    return Ok(());
                }
                let mut stored = Vec::with_capacity(judged.len());
                for patch in judged {
                    let id = app.env().new_id();
                    let new = new_case(&id, &batch, source, &by, &patch);
                    let case = cases::open(&tx, &app, new).await?;
                    stored.push(sql::Stored { id, case, patch });
                }
                let count = stored.len();
                sql::insert(&tx, &batch, stored, now).await?;
                tx.audit(by.entry("patches.import", &*batch).detail(json!({ "patches": count })));
                Ok(())
            })
            .await;
        written.map_err(|problem| anyhow::anyhow!("{}", problem.sentence()))
    }

    pub(super) async fn finish(self, report: &Report) -> anyhow::Result<()> {
        let Some(batch) = self.batch else { return Ok(()) };
        if self.was_done && report.counts.imported == 0 {
            return Ok(());
        }
        let (counts, now) = (report.counts, self.app.env().now());
        let said = serde_json::to_string(&report.warnings)?;
        let by = self.by;
        self.app
            .db()
            .write(move |tx| async move {
                sql::end(&tx, &batch, counts, &said, now).await?;
                tx.audit(by.entry("patches.imported", &*batch).detail(counts));
                Ok::<_, sqlx::Error>(())
            })
            .await?;
        Ok(())
    }
}

fn new_case(id: &str, batch: &str, source: cases::Source, by: &Caller, patch: &Judged) -> NewCase {
    let Judged { draft, unit, overlay, suggestion } = patch;
    NewCase {
        unit: *unit,
        source,
        kind: suggestion.kind,
        parcel: overlay.main_parcel().map(|met| met.parcel),
        place: Some(draft.place),
        words: Some(format!("{} {}：{}。", draft.period, draft.number, suggestion.says)),
        by: by.account.clone(),
        name: by.name.clone(),
        facts: json!({ "patch": id, "batch": batch, "number": draft.number, "suggestion": suggestion }),
    }
}
