//! Files made for a test, byte by byte, so that each says exactly what the test is about.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::exchange::layer::{self, Feature, Layer, LayerOptions, OpenError, RowError};

/// A file that comes with the repository.
pub(super) fn repository_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// A folder with one file in it.
pub(super) fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

pub(super) fn open(path: &Path) -> Result<Layer, OpenError> {
    layer::open(path, &LayerOptions::default())
}

pub(super) fn open_encoded(path: &Path, encoding: &str) -> Result<Layer, OpenError> {
    layer::open(path, &LayerOptions { encoding: Some(encoding.into()), ..LayerOptions::default() })
}

/// The rows that could be read and those that could not.
pub(super) fn read_all(layer: &mut Layer) -> (Vec<Feature>, Vec<RowError>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for item in layer {
        match item {
            Ok(feature) => good.push(feature),
            Err(error) => bad.push(error),
        }
    }
    (good, bad)
}

/// A ring given by its corners, closed.
pub(super) type Corners<'a> = &'a [(f64, f64)];

/// A square's corners, clockwise as a Shapefile's outer ring.
pub(super) fn square(x: f64, y: f64, side: f64) -> Vec<(f64, f64)> {
    vec![(x, y), (x, y + side), (x + side, y + side), (x + side, y), (x, y)]
}

/// The same, counter-clockwise, as a hole.
pub(super) fn hole(x: f64, y: f64, side: f64) -> Vec<(f64, f64)> {
    square(x, y, side).into_iter().rev().collect()
}

/// The content of a polygon record.
pub(super) fn polygon_record(rings: &[Corners]) -> Vec<u8> {
    let mut content = Vec::new();
    content.extend(5_u32.to_le_bytes());
    content.extend([0; 32]);
    content.extend((rings.len() as u32).to_le_bytes());
    content.extend((rings.iter().map(|r| r.len()).sum::<usize>() as u32).to_le_bytes());
    let mut start = 0_u32;
    for ring in rings {
        content.extend(start.to_le_bytes());
        start += ring.len() as u32;
    }
    for (x, y) in rings.iter().flat_map(|ring| ring.iter()) {
        content.extend(x.to_le_bytes());
        content.extend(y.to_le_bytes());
    }
    content
}

fn shp_header(length: usize) -> Vec<u8> {
    let mut header = vec![0; 100];
    header[..4].copy_from_slice(&9994_u32.to_be_bytes());
    header[24..28].copy_from_slice(&(length as u32 / 2).to_be_bytes());
    header[28..32].copy_from_slice(&1000_u32.to_le_bytes());
    header[32..36].copy_from_slice(&5_u32.to_le_bytes());
    header
}

/// A `.shp` and its `.shx`.
pub(super) fn shp(records: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
    let (mut body, mut index) = (Vec::new(), Vec::new());
    for (number, content) in (1_u32..).zip(records) {
        let words = (content.len() as u32 / 2).to_be_bytes();
        index.extend(((100 + body.len() as u32) / 2).to_be_bytes());
        index.extend(words);
        body.extend(number.to_be_bytes());
        body.extend(words);
        body.extend(content);
    }
    let with_header = |rest: Vec<u8>| [shp_header(100 + rest.len()), rest].concat();
    (with_header(body), with_header(index))
}

/// A `.dbf` of text columns of 24 bytes, given in bytes, with a language driver byte.
pub(super) fn dbf(language: u8, names: &[&[u8]], rows: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let columns: Vec<_> = names.iter().map(|name| (*name, b'C', 24_u8, 0_u8)).collect();
    dbf_typed(language, &columns, rows)
}

/// A `.dbf` of columns given by name, type, width and decimals.
pub(super) fn dbf_typed(language: u8, columns: &[(&[u8], u8, u8, u8)], rows: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let record: u16 = 1 + columns.iter().map(|c| u16::from(c.2)).sum::<u16>();
    let header = 33 + 32 * columns.len() as u16;
    let mut bytes = vec![0; 32];
    bytes[0] = 3;
    bytes[4..8].copy_from_slice(&(rows.len() as u32).to_le_bytes());
    bytes[8..10].copy_from_slice(&header.to_le_bytes());
    bytes[10..12].copy_from_slice(&record.to_le_bytes());
    bytes[29] = language;
    for (name, kind, width, decimals) in columns {
        let mut descriptor = [0; 32];
        descriptor[..name.len()].copy_from_slice(name);
        (descriptor[11], descriptor[16], descriptor[17]) = (*kind, *width, *decimals);
        bytes.extend(descriptor);
    }
    bytes.push(0x0D);
    for row in rows {
        bytes.push(b' ');
        for (value, column) in row.iter().zip(columns) {
            let mut cell = value.clone();
            cell.resize(usize::from(column.2), b' ');
            bytes.extend(cell);
        }
    }
    bytes.push(0x1A);
    bytes
}

/// The files of a Shapefile by extension, in a folder of their own.
pub(super) fn shapefile(parts: &[(&str, &[u8])]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for (extension, content) in parts {
        fs::write(folder.path().join(format!("DLTB.{extension}")), content).unwrap();
    }
    let path = folder.path().join("DLTB.shp");
    (folder, path)
}

/// A Shapefile of one square per row, with the text columns given in bytes.
pub(super) fn text_shapefile(
    language: u8,
    cpg: Option<&str>,
    names: &[&[u8]],
    rows: &[Vec<Vec<u8>>],
) -> (TempDir, PathBuf) {
    let records: Vec<_> = (0..rows.len()).map(|i| polygon_record(&[&square(i as f64, 0.0, 1.0)])).collect();
    let (shp, shx) = shp(&records);
    let table = dbf(language, names, rows);
    let mut parts: Vec<(&str, &[u8])> = vec![("shp", &shp), ("shx", &shx), ("dbf", &table)];
    if let Some(cpg) = cpg {
        parts.push(("cpg", cpg.as_bytes()));
    }
    shapefile(&parts)
}

/// A zip of entries with names in raw bytes, stored without compression.
pub(super) fn stored_zip(entries: &[(&[u8], &[u8])]) -> Vec<u8> {
    let (mut body, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let mut crc = flate_crc(content).to_le_bytes().to_vec();
        crc.extend((content.len() as u32).to_le_bytes());
        crc.extend((content.len() as u32).to_le_bytes());
        crc.extend((name.len() as u16).to_le_bytes());
        crc.extend([0, 0]);
        let offset = body.len() as u32;
        body.extend(b"PK\x03\x04\x0A\0\0\0\0\0\0\0\x21\x58");
        body.extend(&crc);
        body.extend(*name);
        body.extend(*content);
        directory.extend(b"PK\x01\x02\x0A\0\x0A\0\0\0\0\0\0\0\x21\x58");
        directory.extend(&crc);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(*name);
    }
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    end.extend((entries.len() as u16).to_le_bytes());
    end.extend((entries.len() as u16).to_le_bytes());
    end.extend((directory.len() as u32).to_le_bytes());
    end.extend((body.len() as u32).to_le_bytes());
    end.extend([0, 0]);
    [body, directory, end].concat()
}

/// CRC-32 as zip has it, bit by bit.
fn flate_crc(content: &[u8]) -> u32 {
    !content.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    })
}

/// A deflated zip with one entry of zeros.
pub(super) fn bomb(name: &str, size: u64) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file(name, options).unwrap();
    for _ in 0..size >> 16 {
        zip.write_all(&[0; 1 << 16]).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
