//! `gengwei codes sheet|label`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use gengwei_proto::{ParcelCode, RegionCode};
use serde_json::json;

use super::{Context, told, user};
use crate::auth::Units;
use crate::posts::label::LabelSize;
use crate::posts::{self, qr, sheet};

#[derive(clap::Args)]
pub(super) struct Codes {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the labels of a unit's parcels as PDF on A4; parcels without a post get a planned one
    Sheet {
        /// The unit: 4, 6, 9, 12 or 14 digits
        #[arg(long, value_parser = |text: &str| RegionCode::parse(text).map_err(|e| e.to_string()))]
        region: RegionCode,
        /// The file to write
        #[arg(long)]
        out: PathBuf,
        /// Columns × rows on a page: 3x8, 2x5 or 1x2 (plates)
        #[arg(long, default_value = "3x8")]
        size: LabelSize,
    },
    /// One label as .svg or .png
    Label {
        /// The parcel's code
        #[arg(value_parser = |text: &str| ParcelCode::parse(text).map_err(|e| e.to_string()))]
        code: ParcelCode,
        /// The file to write
        #[arg(long)]
        out: PathBuf,
        /// Columns × rows on a page: 3x8, 2x5 or 1x2 (plates)
        #[arg(long, default_value = "2x5")]
        size: LabelSize,
        /// Dots per inch of a .png
        #[arg(long, default_value_t = 300)]
        dpi: u32,
    },
}

pub(super) async fn run(context: &Context, codes: Codes) -> anyhow::Result<ExitCode> {
    let app = context.app(false).await?;
    let by = user::operator();
    match codes.command {
        Command::Sheet { region, out, size } => {
            let title = app.grid().full_name(&region);
            if app.grid().unit(&region).is_none() {
                bail!("网格里没有单位 {region}");
            }
            let labels = posts::labels(&app, &by, &Units::new([region])).await.map_err(|p| told(&p))?;
            let sheet = sheet::sheet(&title, &labels, size)?;
            std::fs::write(&out, &sheet.pdf)?;
            if sheet.symbol_version > qr::ROBUST_VERSION {
                eprintln!(
                    "注意：GENGWEI_PUBLIC_URL 太长，二维码偏密，弄脏后不容易扫出；域名最好不超过 19 个字符"
                );
            }
            for (character, times) in &sheet.missing {
                eprintln!("注意：字体里没有“{character}”，已有 {times} 处印成 〓");
            }
            let report = json!({"labels": labels.len(), "pages": sheet.pages, "out": out});
            context.say(
                report,
                format!("{} labels on {} pages in {}", labels.len(), sheet.pages, out.display()),
            );
        }
        Command::Label { code, out, size, dpi } => {
            let label = posts::label_for(&app, &by, &code).await.map_err(|p| told(&p))?;
            match out.extension().and_then(|e| e.to_str()) {
                Some("svg") => std::fs::write(&out, label.svg(size)?)?,
                Some("png") => std::fs::write(&out, label.png(size, dpi)?)?,
                _ => bail!("--out 应以 .svg 或 .png 结尾"),
            }
            context.say(json!({"out": out, "scan_url": label.url()}), label.url());
        }
    }
    app.db().close().await;
    Ok(ExitCode::SUCCESS)
}
