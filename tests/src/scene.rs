//! What people hand in: the bodies of requests, in one place.

use std::io::Write;
use std::path::Path;

use jiff::{Span, Timestamp};
use reqwest::blocking::RequestBuilder;
use reqwest::blocking::multipart::{Form, Part};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Account, Api};

/// A fresh UUIDv7, as a client makes them.
#[expect(clippy::disallowed_methods, reason = "a client of the program, with a clock and chance of its own")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// A moment so many minutes ago, RFC 3339 in UTC.
#[expect(clippy::disallowed_methods, reason = "a client of the program, with a clock of its own")]
pub fn minutes_ago(minutes: i64) -> String {
    let moment = Timestamp::now().checked_sub(Span::new().minutes(minutes)).expect("a time in range");
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The day so many days from today, YYYY-MM-DD.
#[expect(clippy::disallowed_methods, reason = "a client of the program, with a clock of its own")]
pub fn days_ahead(days: i64) -> String {
    let moment = Timestamp::now().checked_add(Span::new().hours(24 * days)).expect("a time in range");
    moment.strftime("%Y-%m-%d").to_string()
}

/// A place in longitude and latitude, degrees, CGCS2000.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
}

/// A patrol of a group leader through his group, without a sighting.
pub fn patrol(leader: &Account) -> Value {
    json!({
        "id": new_id(),
        "unit": leader.region,
        "started_at": minutes_ago(90),
        "ended_at": minutes_ago(30),
        "sightings": [],
        "actions": [],
    })
}

/// A patrol that saw something at a spot; `kind` is one of the API's sighting kinds.
pub fn patrol_with_sighting(leader: &Account, spot: Spot, kind: &str, photos: &[&Photo]) -> Value {
    let mut patrol = patrol(leader);
    let hashes: Vec<_> = photos.iter().map(|photo| photo.sha256.as_str()).collect();
    patrol["sightings"] = json!([{
        "kind": kind,
        "seen_at": minutes_ago(50),
        "lon": spot.lon,
        "lat": spot.lat,
        "words": "路边地块新堆了砂石，已当面劝阻。",
        "photos": hashes,
    }]);
    patrol["actions"] = json!([
        {"action": "found", "at": minutes_ago(50), "sighting": 0},
        {"action": "stopped", "at": minutes_ago(45), "sighting": 0},
    ]);
    patrol
}

/// A photo and its name.
pub struct Photo {
    /// The bytes of a JPEG.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes, hexadecimal.
    pub sha256: String,
}

impl Photo {
    /// A small JPEG unlike every other one.
    pub fn new() -> Self {
        let mut bytes = JPEG[..2].to_vec();
        let comment = new_id().to_string();
        bytes.extend([0xFF, 0xFE, 0, comment.len() as u8 + 2]);
        bytes.extend(comment.as_bytes());
        bytes.extend(&JPEG[2..]);
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Self { bytes, sha256 }
    }

    /// A JPEG of so many bytes, more than 400: behind the picture lies what a camera may leave there.
    pub fn of_size(size: usize) -> Self {
        let mut bytes = Self::new().bytes;
        let fresh = bytes.clone();
        bytes.extend(fresh.iter().cycle().take(size - fresh.len()));
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Self { bytes, sha256 }
    }

    /// Where it is put and got.
    pub fn path(&self) -> String {
        format!("/api/v1/evidence/{}", self.sha256)
    }

    /// The request that uploads it whole.
    pub fn upload(&self, api: &Api) -> RequestBuilder {
        let put = api.request(Method::PUT, &self.path());
        put.header(CONTENT_TYPE, "image/jpeg").body(self.bytes.clone())
    }
}

impl Default for Photo {
    fn default() -> Self {
        Self::new()
    }
}

/// A passer-by's report on the public page of a parcel.
pub fn report(public: &Api, code: &str, spot: Spot, words: &str) -> RequestBuilder {
    let photo = Part::bytes(Photo::new().bytes).file_name("photo.jpg").mime_str("image/jpeg");
    let form = Form::new()
        .text("lon", spot.lon.to_string())
        .text("lat", spot.lat.to_string())
        .text("words", words.to_owned())
        .text("phone", REPORTER_PHONE)
        .part("photo", photo.expect("a media type"));
    public.request(Method::POST, &format!("/g/{code}/reports")).multipart(form)
}

/// The reporter's phone, which nobody but two named roles may read.
pub const REPORTER_PHONE: &str = "13995550137";

/// A spot inside a parcel: the mean of its outer ring's corners, which lies inside the demo's fields.
pub fn spot_in(parcel: &Value) -> Spot {
    let geometry = &parcel["geometry"];
    let polygon = match geometry["type"].as_str() {
        Some("MultiPolygon") => &geometry["coordinates"][0],
        _ => &geometry["coordinates"],
    };
    let ring = polygon[0].as_array().unwrap_or_else(|| panic!("no outer ring in {parcel}"));
    let corners = &ring[1..]; // the first and the last are the same
    let mean = |axis: usize| {
        let values = corners.iter().map(|corner| corner[axis].as_f64().expect("a coordinate"));
        values.sum::<f64>() / corners.len() as f64
    };
    Spot { lon: mean(0), lat: mean(1) }
}

/// Writes a layer of square fields of about 0.3 ha under one village (12 digits) as GeoJSON with the
/// national DLTB fields, in EPSG:4490; the serials of BSM begin at 90000001, where the demo has none.
pub fn write_fields(path: &Path, village: &str, corner: Spot, count: usize) {
    const SIDE: f64 = 0.0005;
    let fields = (0..count).map(|n| {
        let west = corner.lon + (n % 20) as f64 * SIDE * 1.2;
        let south = corner.lat + (n / 20) as f64 * SIDE * 1.2;
        let (east, north) = (west + SIDE, south + SIDE);
        json!({
            "type": "Feature",
            "properties": {
                "BSM": format!("{}21109{:07}", &village[..6], n + 1),
                "YSDM": "2001010100",
                "TBBH": format!("{:08}", n + 1),
                "DLBM": "0102",
                "DLMC": "水浇地",
                "QSXZ": "32",
                "QSDWDM": format!("{village}0000000"),
                "QSDWMC": "示例村",
                "ZLDWDM": format!("{village}0000000"),
                "ZLDWMC": "示例村",
                "ZZSXDM": "LS",
                "SJNF": 2025,
            },
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
            },
        })
    });
    let layer = json!({"type": "FeatureCollection", "features": fields.collect::<Vec<_>>()});
    let mut file = std::fs::File::create(path).expect("a file");
    file.write_all(layer.to_string().as_bytes()).expect("written");
}

/// One grey pixel.
const JPEG: &[u8] = &[
    0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10, 0x4A, 0x46, 0x49, 0x46, 0x00, 0x01, 0x01, 0x00, 0x00, 0x01, 0x00,
    0x01, 0x00, 0x00, 0xFF, 0xDB, 0x00, 0x43, 0x00, 0x08, 0x06, 0x06, 0x07, 0x06, 0x05, 0x08, 0x07, 0x07,
    0x07, 0x09, 0x09, 0x08, 0x0A, 0x0C, 0x14, 0x0D, 0x0C, 0x0B, 0x0B, 0x0C, 0x19, 0x12, 0x13, 0x0F, 0x14,
    0x1D, 0x1A, 0x1F, 0x1E, 0x1D, 0x1A, 0x1C, 0x1C, 0x20, 0x24, 0x2E, 0x27, 0x20, 0x22, 0x2C, 0x23, 0x1C,
    0x1C, 0x28, 0x37, 0x29, 0x2C, 0x30, 0x31, 0x34, 0x34, 0x34, 0x1F, 0x27, 0x39, 0x3D, 0x38, 0x32, 0x3C,
    0x2E, 0x33, 0x34, 0x32, 0xFF, 0xC0, 0x00, 0x0B, 0x08, 0x00, 0x01, 0x00, 0x01, 0x01, 0x01, 0x11, 0x00,
    0xFF, 0xC4, 0x00, 0x1F, 0x00, 0x00, 0x01, 0x05, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0xFF,
    0xC4, 0x00, 0xB5, 0x10, 0x00, 0x02, 0x01, 0x03, 0x03, 0x02, 0x04, 0x03, 0x05, 0x05, 0x04, 0x04, 0x00,
    0x00, 0x01, 0x7D, 0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51,
    0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1,
    0xF0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28,
    0x29, 0x2A, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A,
    0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73,
    0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93,
    0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2,
    0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA,
    0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8,
    0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA, 0xFF, 0xDA, 0x00, 0x08, 0x01,
    0x01, 0x00, 0x00, 0x3F, 0x00, 0x2B, 0xFF, 0xD9,
];
