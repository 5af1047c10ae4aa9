//! Patches with their verdicts as a file for the next platform: what came in, under the names it came with, what the
//! overlay found, what was suggested, and what a person concluded. The file can be imported again: here every row is
//! then unchanged.

use std::collections::HashMap;
use std::path::Path;

use geo::MultiPolygon;
use serde_json::Value as Json;

use super::sql::{self, Filter, Leaving, Said};
use super::triage::Suggestion;
use crate::auth::Units;
use crate::cases::{Action, workflow::Fields};
use crate::error::{Problem, Result};
use crate::exchange::layer::Value;
use crate::exchange::out::{Column, GeoPackage, Shapefile, ShapefileError};
use crate::grid::Grid;
use crate::parcels::outline::Outlines;
use crate::parcels::sql::Geometry;
use crate::state::App;

/// The layer's name in either file.
const LAYER: &str = "JCTB";
/// Patches of one file; more is exported batch by batch.
pub const MOST: usize = 50_000;
/// Patches read at once.
const PAGE: i64 = 500;

/// The columns. Those that the platform knows have its names, and are what an import reads again.
const COLUMNS: &[Column] = &[
    Column::text("JCBH", "监测编号", 180),
    Column::text("QISHU", "期数", 90),
    Column::text("TBLX", "图斑类型", 60),
    Column::text("XZQDM", "行政区代码（导入时）", 19),
    Column::area("JCMJ", "监测面积，平方米（导入时）"),
    Column::date("QSX", "前时相"),
    Column::date("HSX", "后时相"),
    Column::text("TZ", "特征", 180),
    Column::text("BGDL", "变更地类", 12),
    Column::text("BZ", "备注（导入时）", 254),
    Column::text("ZLDWDM", "坐落单位代码（面积最大的村或组）", 19),
    Column::text("ZLDWMC", "坐落单位名称", 150),
    Column::area("TBMJ", "图斑面积，平方米，椭球面积"),
    Column::area("ZGDMJ", "占用耕地面积，平方米"),
    Column::area("ZYNMJ", "占用永久基本农田面积，平方米"),
    Column::area("ZXZMJ", "占用新增耕地面积，平方米"),
    Column::area("WDKMJ", "不在任何地块内的面积，平方米"),
    Column::text("JYJL", "系统建议（不是结论）", 60),
    Column::text("JYSM", "建议的说明", 254),
    Column::text("JYYJ", "建议依据的条款", 254),
    Column::text("JYGZ", "建议所用规则及其版本", 80),
    Column::text("XSBH", "线索编号", 36),
    Column::text("WTLX", "问题类型（现在）", 60),
    Column::text("BLZT", "办理状态", 60),
    Column::text("PDJL", "人工判定结论；空为尚未判定", 60),
    Column::text("PDSM", "判定的说明", 254),
    Column::text("PDDW", "判定单位", 150),
    Column::date("PDRQ", "判定日期"),
    Column::date("CHRQ", "批次撤回日期；空为有效"),
];

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A zip with a Shapefile, texts in UTF-8.
    Shapefile,
    /// An OGC GeoPackage.
    GeoPackage,
}

impl Format {
    /// By the end of a file's name.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "zip" => Some(Self::Shapefile),
            "gpkg" => Some(Self::GeoPackage),
            _ => None,
        }
    }
}

/// Which patches, beside where.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Only of this batch.
    pub batch: Option<String>,
    /// Only with this verdict suggested.
    pub verdict: Option<super::triage::Verdict>,
}

/// Writes the newest patches in some units to a file that does not exist yet, or is empty; answers how many.
///
/// 422 when there are more than [`MOST`], or more than the format holds.
pub async fn write(app: &App, units: &Units, choice: &Choice, format: Format, path: &Path) -> Result<usize> {
    let mut patches = Patches::new(app, units, choice);
    match format {
        Format::GeoPackage => {
            let create = GeoPackage::create(path, LAYER, NOTE, COLUMNS, app.env().now());
            let mut package = create.await?;
            while let Some(page) = patches.page().await? {
                for (outline, values) in page {
                    package.add(&outline, &values).await?;
                }
            }
            package.finish().await?;
        }
        Format::Shapefile => {
            let mut shapefile = Shapefile::new(COLUMNS, app.env().today()).map_err(refused)?;
            while let Some(page) = patches.page().await? {
                let add = move || {
                    page.iter().try_for_each(|(outline, values)| shapefile.add(outline, values))?;
                    Ok(shapefile)
                };
                shapefile =
                    tokio::task::spawn_blocking(add).await.map_err(Problem::internal)?.map_err(refused)?;
            }
            let path = path.to_owned();
            let pack = move || {
                let file = shapefile.finish(LAYER, &note(), std::fs::File::create(path)?)?;
                file.sync_all().map_err(ShapefileError::from)
            };
            tokio::task::spawn_blocking(pack).await.map_err(Problem::internal)?.map_err(refused)?;
        }
    }
    Ok(patches.count)
}

fn refused(error: ShapefileError) -> Problem {
    match error {
        ShapefileError::TooLarge => Problem::invalid("region", error.to_string()),
        other => Problem::internal(other),
    }
}

const NOTE: &str = "内部资料，仅供耕地保护工作使用。变化图斑及判定结果，由耕卫导出；坐标系 CGCS2000 经纬度（EPSG:4490）。\
     JY 开头的字段是软件按规则给出的建议，PD 开头的字段是人工判定。";

/// What the file says about itself and its columns.
fn note() -> String {
    let lines = COLUMNS.iter().map(|column| format!("{}\t{}\r\n", column.name, column.title));
    format!("{NOTE}\r\n\r\n{}", lines.collect::<String>())
}

type Row = (MultiPolygon<f64>, Vec<Value>);

/// Patches as rows of a file, page by page.
struct Patches<'a> {
    app: &'a App,
    units: &'a Units,
    filter: Filter,
    outlines: Outlines,
    count: usize,
}

impl<'a> Patches<'a> {
    fn new(app: &'a App, units: &'a Units, choice: &Choice) -> Self {
        let filter = Filter { batch: choice.batch.clone(), verdict: choice.verdict, ..Filter::default() };
        Self { app, units, filter, outlines: Outlines::default(), count: 0 }
    }

    /// The next ones; none when there are no more.
    async fn page(&mut self) -> Result<Option<Vec<Row>>> {
        let page = sql::leaving(self.app.db(), self.units, &self.filter, PAGE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.filter.before = Some(last.id.clone());
        self.count += page.len();
        if self.count > MOST {
            let message = format!("图斑超过 {MOST} 个，请按批次或下级区划分开导出。");
            return Err(Problem::invalid("region", message));
        }
        let cases: Vec<&str> = page.iter().map(|patch| patch.case_id.as_str()).collect();
        let said = sql::said(self.app.db(), &cases).await?;
        // The last one stands; a reopened case waits for a new one.
        let verdicts: HashMap<&str, &Said> = said.iter().map(|said| (said.case_id.as_str(), said)).collect();
        let grid = self.app.grid();
        let mut rows = Vec::with_capacity(page.len());
        for patch in &page {
            let stored =
                Geometry { crs: patch.crs, geometry: patch.geometry.clone(), shape: patch.shape.clone() };
            let verdict = verdicts.get(patch.case_id.as_str()).filter(|said| said.action.0 != Action::Reopen);
            rows.push((self.outlines.lonlat(&stored)?, values(&grid, patch, verdict.copied())?));
        }
        Ok(Some(rows))
    }
}

/// The values of [`COLUMNS`].
fn values(grid: &Grid, patch: &Leaving, verdict: Option<&Said>) -> Result<Vec<Value>> {
    let suggestion: Suggestion = serde_json::from_str(&patch.suggestion).map_err(Problem::internal)?;
    let rest: Json =
        patch.rest.as_deref().and_then(|rest| serde_json::from_str(rest).ok()).unwrap_or_default();
    let as_imported = |key: &str| text(rest[key].as_str());
    let concluded = verdict.map(|said| Concluded::new(grid, said));
    let concluded = concluded.unwrap_or_default();
    Ok(vec![
        text(Some(&patch.number)),
        text(Some(&patch.period)),
        text(patch.kind.as_deref()),
        as_imported("xzqdm"),
        patch.stated_area.map_or(Value::Null, Value::Real),
        day(patch.before_on.map(|day| day.0)),
        day(patch.after_on.map(|day| day.0)),
        text(patch.seen.as_deref()),
        text(patch.to_class.as_deref()),
        as_imported("bz"),
        text(Some(patch.unit.as_str())),
        text(Some(&grid.full_name(&patch.unit))),
        Value::Real(patch.area),
        Value::Real(patch.farmland),
        Value::Real(patch.permanent),
        Value::Real(patch.added),
        Value::Real(patch.outside),
        text(Some(suggestion.verdict.title())),
        text(Some(&suggestion.says)),
        text(Some(&suggestion.article)),
        text(Some(&format!("{} {}", suggestion.rule, suggestion.version))),
        text(Some(&patch.case_id)),
        text(Some(patch.case_kind.title())),
        text(Some(patch.case_state.title())),
        text(concluded.verdict.as_deref()),
        text(concluded.words.as_deref()),
        text(concluded.unit.as_deref()),
        day(concluded.on),
        day(patch.withdrawn_at.map(|at| at.date())),
    ])
}

/// What a person concluded.
#[derive(Default)]
struct Concluded {
    verdict: Option<String>,
    words: Option<String>,
    unit: Option<String>,
    on: Option<jiff::civil::Date>,
}

impl Concluded {
    fn new(grid: &Grid, said: &Said) -> Self {
        #[derive(Default, serde::Deserialize)]
        struct Detail {
            unit: Option<gengwei_proto::RegionCode>,
            #[serde(default)]
            fields: Fields,
        }
        let detail: Detail = serde_json::from_str(&said.detail).unwrap_or_default();
        let why = detail.fields.ground.map(|ground| ground.title());
        let why = why.or_else(|| detail.fields.finding.map(|finding| finding.title()));
        let verdict = said.action.title();
        Self {
            verdict: Some(why.map_or_else(|| verdict.to_owned(), |why| format!("{verdict}：{why}"))),
            words: said.words.clone(),
            unit: detail.unit.map(|unit| grid.full_name(&unit)),
            on: Some(said.at.date()),
        }
    }
}

fn text(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.to_owned()))
}

fn day(day: Option<jiff::civil::Date>) -> Value {
    day.map_or(Value::Null, |day| Value::Text(day.to_string()))
}
