//! The words of tus 1.0 (<https://tus.io/protocols/resumable-upload>): header fields in, header fields out.

use std::collections::HashSet;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::db::Timestamp;
use crate::error::{self, Problem, Result};
use crate::evidence::facts::Facts;
use crate::evidence::is_sha256;

pub(super) const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const VERSION_HEADER: HeaderName = HeaderName::from_static("tus-version");
pub(super) const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub(super) const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub(super) const ALGORITHMS_HEADER: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
pub(super) const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
pub(super) const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
pub(super) const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// The version spoken here.
pub(super) const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
/// The extensions spoken here.
pub(super) const EXTENSIONS: HeaderValue =
    HeaderValue::from_static("creation,creation-with-upload,termination,checksum,expiration");
/// Algorithms of Upload-Checksum.
pub(super) const ALGORITHMS: HeaderValue = HeaderValue::from_static("sha1,sha256");
/// The media type of a piece.
pub(super) const PIECE: &str = "application/offset+octet-stream";

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// A header field that is a number of bytes. 400 when it is missing or is none.
pub(super) fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64> {
    let digits = text(headers, name).unwrap_or_default();
    let number = Some(digits).filter(|d| d.bytes().all(|b| b.is_ascii_digit())).and_then(|d| d.parse().ok());
    number.ok_or_else(|| Problem::new(error::BAD_REQUEST).detail(format!("请求头 {name} 应为字节数。")))
}

/// Upload-Metadata as it came, empty when it did not.
pub(super) fn metadata(headers: &HeaderMap) -> String {
    text(headers, &METADATA).unwrap_or_default().to_owned()
}

/// Whether the body is a piece of an upload.
pub(super) fn is_piece(headers: &HeaderMap) -> bool {
    text(headers, &axum::http::header::CONTENT_TYPE) == Some(PIECE)
}

/// What a client says of an upload: `key base64, key base64, …`.
pub(super) struct Metadata(Vec<(String, Vec<u8>)>);

impl Metadata {
    /// Reads the text of Upload-Metadata; `None` when it is not what tus says it is.
    pub(super) fn parse(field: &str) -> Option<Self> {
        let mut keys = HashSet::new();
        let pairs = field.split(',').map(str::trim).filter(|_| !field.trim().is_empty());
        let pairs: Option<Vec<_>> = pairs
            .map(|pair| {
                let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
                let fresh = !key.is_empty() && keys.insert(key);
                let value = STANDARD.decode(value.trim()).ok()?;
                fresh.then(|| (key.to_owned(), value))
            })
            .collect();
        pairs.map(Self)
    }

    /// The value of a key, as text.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(k, _)| k == key)?;
        Some(std::str::from_utf8(value).unwrap_or_default())
    }

    /// The hash that the whole is to have. 422 when it is none.
    pub(super) fn sha256(&self) -> Result<Option<String>> {
        let Some(hash) = self.get("sha256") else { return Ok(None) };
        let hash = hash.to_ascii_lowercase();
        if is_sha256(&hash) {
            return Ok(Some(hash));
        }
        Err(Problem::invalid("sha256", "照片编号应为 64 位十六进制的 SHA-256。"))
    }
}

impl Metadata {
    /// What the camera knew, as JSON under `facts`. 422 when it is not what [`Facts`] says.
    pub(super) fn facts(&self) -> Result<Option<Facts>> {
        let Some(text) = self.get("facts") else { return Ok(None) };
        let facts: Facts = serde_json::from_str(text)
            .map_err(|e| Problem::invalid("facts", format!("拍摄信息不符合要求：{e}")))?;
        facts.check()?;
        Ok(Some(facts))
    }
}

/// The checksum of a piece, as it is being read.
pub(super) struct Checksum {
    expected: Vec<u8>,
    hasher: Hasher,
}

enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// Reads Upload-Checksum, `algorithm base64`; it may be missing. 400 for an algorithm not spoken here.
    pub(super) fn read(headers: &HeaderMap) -> Result<Option<Self>> {
        let Some(field) = text(headers, &CHECKSUM) else { return Ok(None) };
        let parsed = field.split_once(' ').and_then(|(algorithm, value)| {
            let hasher = match algorithm {
                "sha1" => Hasher::Sha1(Sha1::new()),
                "sha256" => Hasher::Sha256(Sha256::new()),
                _ => return None,
            };
            Some(Self { expected: STANDARD.decode(value.trim()).ok()?, hasher })
        });
        let refused =
            || Problem::new(error::BAD_REQUEST).detail("Upload-Checksum 应为 sha1 或 sha256 加校验值。");
        parsed.map(Some).ok_or_else(refused)
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
        }
    }

    pub(super) fn holds(self) -> bool {
        match self.hasher {
            Hasher::Sha1(hasher) => hasher.finalize()[..] == self.expected,
            Hasher::Sha256(hasher) => hasher.finalize()[..] == self.expected,
        }
    }
}

/// 460, which tus made up for a piece that was damaged on its way.
pub(super) fn mismatch() -> Problem {
    let status = StatusCode::from_u16(460).expect("three digits");
    Problem::new(error::CHECKSUM).status(status)
}

/// A time as Upload-Expires wants it: `Wed, 25 Jun 2014 16:00:00 GMT`.
pub(super) fn http_date(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_as_the_protocol_writes_it() {
        let metadata =
            Metadata::parse("filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,is_confidential").unwrap();
        assert_eq!(metadata.get("filename"), Some("world_domination_plan.pdf"));
        assert_eq!(metadata.get("is_confidential"), Some(""));
        assert_eq!(metadata.get("other"), None);
        assert!(Metadata::parse("").is_some_and(|m| m.0.is_empty()));
        for wrong in ["a ?", "a YQ==,a YQ==", ",", " ,a YQ=="] {
            assert!(Metadata::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_hash_is_one_or_refused() {
        let of = |text: &str| Metadata::parse(&format!("sha256 {}", STANDARD.encode(text))).unwrap().sha256();
        assert_eq!(of(&"AB".repeat(32)).unwrap(), Some("ab".repeat(32)));
        assert!(of("abc").is_err());
    }

    #[test]
    fn a_checksum_tells_one_piece_from_another() {
        let mut headers = HeaderMap::new();
        headers.insert(CHECKSUM, HeaderValue::from_static("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="));
        let hashed = |bytes: &[u8]| {
            let mut checksum = Checksum::read(&headers).unwrap().unwrap();
            checksum.update(bytes);
            checksum.holds()
        };
        assert!(hashed(b"hello world"));
        assert!(!hashed(b"hello World"));
        headers.insert(CHECKSUM, HeaderValue::from_static("crc32 AAAA"));
        assert!(Checksum::read(&headers).is_err());
    }

    #[test]
    fn a_date_is_written_as_http_writes_it() {
        let at: Timestamp = "2014-06-25T16:00:00Z".parse().unwrap();
        assert_eq!(http_date(at), "Wed, 25 Jun 2014 16:00:00 GMT");
    }
}
