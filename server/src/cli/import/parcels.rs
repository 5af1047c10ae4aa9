//! `gengwei import parcels`

use std::path::PathBuf;
use std::process::ExitCode;

use gengwei_proto::RegionCode;

use super::{Context, bar};
use crate::exchange::layer::LayerOptions;
use crate::parcels::import::{self, Options, Report};
use crate::state::App;

#[derive(clap::Args)]
pub(super) struct Parcels {
    /// The file
    file: PathBuf,
    /// The layer, when the file holds several
    #[arg(long)]
    layer: Option<String>,
    /// The coordinate system, when the file does not say or says wrongly: EPSG:4523
    #[arg(long)]
    crs: Option<String>,
    /// The text encoding of a Shapefile or GeoJSON: GB18030, UTF-8, …
    #[arg(long)]
    encoding: Option<String>,
    /// A TOML file that says which field means what: `dlbm = "CLASS"`
    #[arg(long)]
    map: Option<PathBuf>,
    /// The unit of rows without ZLDWDM
    #[arg(long, value_parser = |text: &str| RegionCode::parse(text).map_err(|e| e.to_string()))]
    unit: Option<RegionCode>,
    /// What to do with parcels outside the city
    #[arg(long, default_value = "reject", value_parser = ["reject", "accept"])]
    outside: String,
    /// Check everything, store nothing
    #[arg(long)]
    dry_run: bool,
    /// Write rejected rows with their reasons to this CSV file
    #[arg(long)]
    rejects: Option<PathBuf>,
}

pub(super) async fn run(context: &Context, app: &App, parcels: Parcels) -> anyhow::Result<ExitCode> {
    if app.grid().is_empty() {
        anyhow::bail!("网格里还没有区划，请先运行 gengwei import divisions 或 gengwei demo");
    }
    let layer = LayerOptions {
        layer: parcels.layer,
        encoding: parcels.encoding,
        crs: parcels.crs,
        ..LayerOptions::default()
    };
    let options = Options {
        layer,
        map: parcels.map,
        unit: parcels.unit,
        dry_run: parcels.dry_run,
        rejects: parcels.rejects,
        outside: parcels.outside == "accept",
        within: None,
    };
    let bar = bar();
    let by = crate::cli::user::operator();
    let report = import::run(app, &by, &parcels.file, &options, |share, rows| {
        bar.set_position((share * 1_000.0) as u64);
        bar.set_message(format!("{rows} 行"));
    })
    .await;
    bar.finish_and_clear();
    Ok(say(context, &report?))
}

fn say(context: &Context, report: &Report) -> ExitCode {
    if context.json {
        context.say(report, "");
    } else {
        eprintln!("图层 {}，坐标系 {}，椭球面积合计 {:.2} 平方米", report.layer, report.crs, report.area);
        for warning in &report.warnings {
            eprintln!("注意：{warning}");
        }
        if report.lineage > 0 {
            eprintln!("{} 条地块沿革关系已记录", report.lineage);
        }
        println!("{}", report.counts);
    }
    super::ending(report.truncated)
}
