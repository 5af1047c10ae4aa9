//! Shapefile layers inside a zip, in whatever folder and with names in whatever encoding.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use encoding_rs::GB18030;
use zip::ZipArchive;

use super::layer::{Layer, LayerOptions, MAX_UNPACKED, OpenError, choose};
use super::shapefile::{self, MAX_SIDECAR, Parts};

/// Where the files of a layer are in the archive.
#[derive(Default)]
struct Members {
    by_extension: BTreeMap<String, usize>,
}

type Archive = ZipArchive<BufReader<File>>;

/// Opens a layer of a zip by unpacking its files to unnamed temporary ones.
pub(super) fn open(path: &Path, options: &LayerOptions) -> Result<Layer, OpenError> {
    let file = File::open(path).map_err(OpenError::io(path))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let layers = find_layers(&mut archive)?;
    if layers.is_empty() {
        return Err(OpenError::UnknownFormat("这个 zip 里没有 .shp 文件".into()));
    }
    let names = display_names(layers.keys());
    let chosen = choose(&names, options.layer.as_deref())?;
    let members = layers.values().nth(chosen).map(|m| &m.by_extension);
    let member = |extension: &str| members.and_then(|m| m.get(extension)).copied();
    let limit = options.max_unpacked.unwrap_or(MAX_UNPACKED);
    let mut unpacked =
        |extension: &str| member(extension).map(|index| unpack(&mut archive, index, limit)).transpose();
    let shp = unpacked("shp")?.ok_or_else(|| OpenError::UnknownFormat("这个 zip 里没有 .shp 文件".into()))?;
    let (dbf, shx) = (unpacked("dbf")?, unpacked("shx")?);
    let mut small = |extension: &str| member(extension).map(|index| sidecar(&mut archive, index)).transpose();
    let (prj, cpg) = (small("prj")?, small("cpg")?);
    shapefile::open_parts(Parts { name: names[chosen].clone(), shp, dbf, shx, prj, cpg }, options)
}

fn damaged(error: impl std::fmt::Display) -> OpenError {
    OpenError::Damaged(format!("zip 文件已损坏或不完整：{error}"))
}

/// The layers by their path without extension.
fn find_layers(archive: &mut Archive) -> Result<BTreeMap<String, Members>, OpenError> {
    let mut layers: BTreeMap<String, Members> = BTreeMap::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(damaged)?;
        let name = decode_name(entry.name_raw());
        let hidden =
            name.starts_with("__MACOSX/") || name.rsplit('/').next().is_some_and(|n| n.starts_with("._"));
        if let Some((stem, extension)) = name.rsplit_once('.').filter(|_| !hidden) {
            let members = layers.entry(stem.to_owned()).or_default();
            members.by_extension.insert(extension.to_ascii_lowercase(), index);
        }
    }
    layers.retain(|_, members| members.by_extension.contains_key("shp"));
    Ok(layers)
}

/// Windows in Chinese writes entry names in GBK without saying so.
fn decode_name(raw: &[u8]) -> String {
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => GB18030.decode_without_bom_handling(raw).0.into_owned(),
    };
    name.replace('\\', "/")
}

/// The bare file names where they tell the layers apart, else the whole paths.
fn display_names<'a>(paths: impl Iterator<Item = &'a String> + Clone) -> Vec<String> {
    let bare = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut names: Vec<String> = paths.clone().map(bare).collect();
    names.sort();
    names.dedup();
    if names.len() == paths.clone().count() { paths.map(bare).collect() } else { paths.cloned().collect() }
}

fn unpack(archive: &mut Archive, index: usize, limit: u64) -> Result<File, OpenError> {
    let mut entry = archive.by_index(index).map_err(damaged)?;
    let mut file = tempfile::tempfile().map_err(|e| OpenError::Damaged(format!("建不了临时文件：{e}")))?;
    let copied = io::copy(&mut (&mut entry).take(limit.saturating_add(1)), &mut file).map_err(damaged)?;
    if copied > limit {
        return Err(OpenError::TooLarge(format!("zip 里的文件解压后超过上限 {limit} 字节，没有导入")));
    }
    file.rewind().map_err(damaged)?;
    Ok(file)
}

fn sidecar(archive: &mut Archive, index: usize) -> Result<Vec<u8>, OpenError> {
    let mut content = Vec::new();
    archive.by_index(index).map_err(damaged)?.take(MAX_SIDECAR).read_to_end(&mut content).map_err(damaged)?;
    Ok(content)
}
