//! `gengwei import layers`

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Context, File, bar, map};
use crate::exchange::layer::LayerOptions;
use crate::layers::{self, Kind, Options};
use crate::state::App;

#[derive(clap::Args)]
pub(super) struct Layers {
    #[command(flatten)]
    file: File,
    /// What the layer tells: pbf 永久基本农田, new 新增耕地, approval 用地批准, filing 备案
    #[arg(long, value_parser = |text: &str| text.parse::<Kind>().map_err(|_| "pbf, new, approval or filing"))]
    kind: Kind,
    /// The layer, when the file holds several
    #[arg(long)]
    layer: Option<String>,
    /// The coordinate system, when the file does not say or says wrongly: EPSG:4523
    #[arg(long)]
    crs: Option<String>,
    /// The text encoding of a Shapefile or GeoJSON: GB18030, UTF-8, …
    #[arg(long)]
    encoding: Option<String>,
    /// A TOML file that says which field means what: `number = "WH"`
    #[arg(long)]
    map: Option<PathBuf>,
    /// What to do with areas outside the city
    #[arg(long, default_value = "reject", value_parser = ["reject", "accept"])]
    outside: String,
    /// Areas of this kind that are not in the file are no longer in force
    #[arg(long)]
    replace: bool,
}

pub(super) async fn run(context: &Context, app: &App, layers: Layers) -> anyhow::Result<ExitCode> {
    let options = Options {
        layer: LayerOptions {
            layer: layers.layer,
            encoding: layers.encoding,
            crs: layers.crs,
            ..LayerOptions::default()
        },
        map: map(layers.map.as_deref())?,
        dry_run: layers.file.dry_run,
        rejects: layers.file.rejects,
        outside: layers.outside == "accept",
        replace: layers.replace,
    };
    let bar = bar();
    let by = crate::cli::user::operator();
    let report = layers::import(app, &by, layers.kind, &layers.file.file, &options, |share, rows| {
        bar.set_position((share * 1_000.0) as u64);
        bar.set_message(format!("{rows} 行"));
    })
    .await;
    bar.finish_and_clear();
    let report = report?;
    if context.json {
        context.say(&report, "");
    } else {
        eprintln!("图层 {}，坐标系 {}，椭球面积合计 {:.2} 平方米", report.layer, report.crs, report.area);
        for warning in &report.warnings {
            eprintln!("注意：{warning}");
        }
        if report.ended > 0 {
            eprintln!("{} 个图形不在新文件里，已停用", report.ended);
        }
        println!("{}", report.counts);
    }
    Ok(super::ending(report.truncated))
}
