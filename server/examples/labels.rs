//! Makes a sheet of invented labels, times it, and leaves the addresses beside it for a scanner to compare.
//!
//! `cargo run --release --example labels -- COUNT SIZE DIRECTORY`; scripts/scan-labels.sh reads them back.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use gengwei_proto::{ParcelCode, RegionCode};
use gengwei_server::crypto::Keyring;
use gengwei_server::posts::label::{Label, LabelSize};
use gengwei_server::posts::sheet::sheet;
use gengwei_server::posts::tag::{PostNumber, issue};

const VILLAGES: [&str; 4] = [
    "柔远镇柔远村",
    "兴仁镇郝集村村民委员会",
    "李旺镇红墚堡村",
    "香山乡三眼井村（原沙坡头区香山乡米粮川村）",
];

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let count: u32 = arguments.next().context("COUNT SIZE DIRECTORY")?.parse()?;
    let size: LabelSize = arguments.next().context("COUNT SIZE DIRECTORY")?.parse()?;
    let directory = arguments.next().context("COUNT SIZE DIRECTORY")?;
    let directory = Path::new(&directory);
    std::fs::create_dir_all(directory)?;

    let keys = Keyring::generate(|| [42; 32]);
    let village = RegionCode::parse("640502102210")?;
    let start = Instant::now();
    let labels = (1..=count)
        .map(|number| {
            let code = ParcelCode::mint(&village, (number % 12) as u8, number)?;
            let tag = issue(&keys, &code, PostNumber::new(number).context("posts count from 1")?)?;
            let name = VILLAGES[number as usize % VILLAGES.len()];
            Ok(Label::new("https://gengwei.nxzw.gov.cn", code, &tag, name, "中卫市沙坡头区自然资源局")?)
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let made = sheet("沙坡头区 耕地保护码标签", &labels, size)?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{count} labels {size}: {} pages, {} bytes, {seconds:.2} s, {:.0} labels/s, missing {:?}",
        made.pages,
        made.pdf.len(),
        f64::from(count) / seconds,
        made.missing
    );

    std::fs::write(directory.join("sheet.pdf"), made.pdf)?;
    let urls: Vec<&str> = labels.iter().map(Label::url).collect();
    std::fs::write(directory.join("urls.txt"), urls.join("\n") + "\n")?;
    if let Some(first) = labels.first() {
        std::fs::write(directory.join("label.svg"), first.svg(size)?)?;
        std::fs::write(directory.join("label.png"), first.png(size, 300)?)?;
    }
    Ok(())
}
