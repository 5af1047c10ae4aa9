//! `gengwei export`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, ensure};
use gengwei_proto::{Level, RegionCode};
use serde_json::json;

use super::{Context, told};
use crate::auth::Units;
use crate::patches::export::{self, Choice, Format};

#[derive(clap::Args)]
pub(super) struct Export {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Write change patches with their verdicts to a new file for the next platform: a Shapefile (.zip) or a
    /// GeoPackage (.gpkg), CGCS2000 degrees
    Patches {
        /// The file, which must not exist yet
        file: PathBuf,
        /// Only those of this unit
        #[arg(long, value_name = "CODE")]
        region: Option<String>,
        /// Only those of this batch
        #[arg(long, value_name = "ID")]
        batch: Option<String>,
    },
}

pub(super) async fn run(context: &Context, Export { command }: Export) -> anyhow::Result<ExitCode> {
    let Command::Patches { file, region, batch } = command;
    let format = Format::of(&file).context("文件名应以 .zip（Shapefile）或 .gpkg（GeoPackage）结尾")?;
    ensure!(!file.exists(), "{} 已存在，请换一个文件名", file.display());
    let app = context.app(false).await?;
    let units =
        match region {
            None => Units::new(app.grid().at_level(Level::City)),
            Some(code) => Units::new([RegionCode::parse(&code)
                .map_err(|_| anyhow!("{code}：区划代码应为 4、6、9、12 或 14 位数字"))?]),
        };
    let choice = Choice { batch, verdict: None };
    let written = export::write(&app, &units, &choice, format, &file).await;
    app.db().close().await;
    let count = written.map_err(|problem| told(&problem))?;
    context.say(json!({"patches": count, "file": file}), format!("{count} patches in {}", file.display()));
    Ok(ExitCode::SUCCESS)
}
