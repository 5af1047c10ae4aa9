//! `gengwei import patches`

use std::path::PathBuf;
use std::process::ExitCode;

use gengwei_proto::Level;
use jiff::civil::Date;

use super::{Context, File, bar, map};
use crate::auth::Units;
use crate::cases::Source;
use crate::exchange::layer::LayerOptions;
use crate::patches::{Options, import};
use crate::state::App;

#[derive(clap::Args)]
pub(super) struct Patches {
    #[command(flatten)]
    file: File,
    /// The layer, when the file holds several and none is called JCTB
    #[arg(long)]
    layer: Option<String>,
    /// The coordinate system, when the file does not say or says wrongly: EPSG:4523
    #[arg(long)]
    crs: Option<String>,
    /// The text encoding of a Shapefile or GeoJSON: GB18030, UTF-8, …
    #[arg(long)]
    encoding: Option<String>,
    /// A TOML file that says which field means what: `jcbh = "BH"`
    #[arg(long)]
    map: Option<PathBuf>,
    /// Where the patches come from: change_patch, imagery_enforcement, region_inspection …
    #[arg(long, default_value = "change_patch",
        value_parser = |text: &str| text.parse::<Source>().map_err(|e| e.to_string()))]
    source: Source,
    /// The period (期数), e.g. 2026-10; each row's month of the later image when not given
    #[arg(long)]
    period: Option<String>,
    /// The day of the image before, where rows do not say
    #[arg(long, value_name = "DATE")]
    before: Option<Date>,
    /// The day of the image after, where rows do not say
    #[arg(long, value_name = "DATE")]
    after: Option<Date>,
    /// What to do with patches outside the city
    #[arg(long, default_value = "reject", value_parser = ["reject", "accept"])]
    outside: String,
}

pub(super) async fn run(context: &Context, app: &App, patches: Patches) -> anyhow::Result<ExitCode> {
    let cities = app.grid().at_level(Level::City);
    if cities.is_empty() {
        anyhow::bail!("网格里还没有区划，请先运行 gengwei import divisions 或 gengwei demo");
    }
    let options = Options {
        source: patches.source,
        period: patches.period,
        before_on: patches.before,
        after_on: patches.after,
        layer: LayerOptions {
            layer: patches.layer,
            encoding: patches.encoding,
            crs: patches.crs,
            ..LayerOptions::default()
        },
        map: map(patches.map.as_deref())?,
        dry_run: patches.file.dry_run,
        outside: patches.outside == "accept",
        units: Units::new(cities),
    };
    let bar = bar();
    let by = crate::cli::user::operator();
    let report = import::run(app, &by, &patches.file.file, &options, patches.file.rejects, |share, rows| {
        bar.set_position((share * 1_000.0) as u64);
        bar.set_message(format!("{rows} 行"));
    })
    .await;
    bar.finish_and_clear();
    let report = report?;
    if context.json {
        context.say(&report, "");
    } else {
        eprintln!("图层 {}，坐标系 {}，新图斑面积合计 {:.2} 平方米", report.layer, report.crs, report.area);
        if let Some(batch) = &report.batch {
            eprintln!("批次 {batch}");
        }
        for warning in &report.warnings {
            eprintln!("注意：{warning}");
        }
        println!("{}", report.counts);
    }
    Ok(super::ending(report.truncated))
}
