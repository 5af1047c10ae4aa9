//! The report form as it comes in: multipart, every part bounded while it is read.

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use bytes::{Bytes, BytesMut};

use crate::body::piece;
use crate::cases::Kind;
use crate::error::{self, Problem};
use crate::evidence::Photo;
use crate::policy::Reports;

/// What a passer-by hands in.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    pub place: String,
    pub words: String,
    pub kind: Option<Kind>,
    pub phone: Option<String>,
    /// Longitude and latitude in degrees, from a client that knows where it is.
    pub spot: Option<(f64, f64)>,
    /// The label's tag, when the address does not carry it.
    pub tag: Option<String>,
    pub photos: Vec<Photo>,
}

impl Form {
    /// Reads the parts. Unknown parts are passed over; 400 for broken multipart, 413 for too much, 422 for
    /// what is not acceptable. A part that is refused does not end the reading: what was typed comes back in
    /// the first value even then, so that nobody has to type it again.
    pub(super) async fn read(mut parts: Multipart, limits: &Reports) -> (Self, Result<(), Problem>) {
        let mut form = Self::default();
        let result = form.fill(&mut parts, limits).await.and_then(|()| form.check(limits));
        (form, result)
    }

    async fn fill(&mut self, parts: &mut Multipart, limits: &Reports) -> Result<(), Problem> {
        let (mut refused, mut lon, mut lat) = (Ok(()), None, None);
        while let Some(field) = piece(parts.next_field()).await? {
            let name = field.name().unwrap_or_default().to_owned();
            // Bytes of UTF-8 that so many characters may take.
            let most = match &*name {
                "place" | "words" => limits.characters * 4,
                "photo" | "photos" => limits.photo_bytes,
                _ => 64,
            };
            let part = read(field, most).await?.and_then(|bytes| match &*name {
                "photo" | "photos" => self.photo(bytes, limits),
                "lon" => degrees(&bytes, 180.0).map(|value| lon = value),
                "lat" => degrees(&bytes, 90.0).map(|value| lat = value),
                _ => {
                    self.text(&name, &bytes);
                    Ok(())
                }
            });
            refused = refused.and(part);
        }
        self.spot = lon.zip(lat);
        refused
    }

    fn text(&mut self, name: &str, bytes: &[u8]) {
        let text = words(bytes);
        match name {
            "place" => self.place = text,
            "words" => self.words = text,
            "kind" => self.kind = text.parse().ok(),
            "phone" => self.phone = Some(text).filter(|phone| !phone.is_empty()),
            "t" => self.tag = Some(text).filter(|tag| !tag.is_empty()),
            _ => {}
        }
    }

    /// A browser sends an empty part where no file was chosen.
    fn photo(&mut self, bytes: Bytes, limits: &Reports) -> Result<(), Problem> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.photos.len() >= limits.photos {
            return Err(Problem::invalid("photo", format!("照片最多 {} 张。", limits.photos)));
        }
        self.photos.push(Photo::new(bytes, limits.photo_bytes)?);
        Ok(())
    }

    fn check(&self, limits: &Reports) -> Result<(), Problem> {
        if self.words.is_empty() {
            return Err(Problem::invalid("words", "请写几句您看到的情况。"));
        }
        for (field, text) in [("words", &self.words), ("place", &self.place)] {
            if text.chars().count() > limits.characters {
                return Err(Problem::invalid(field, format!("文字不能超过 {} 个字。", limits.characters)));
            }
        }
        let wrong = |phone: &str| {
            let digits = phone.chars().filter(char::is_ascii_digit).count();
            !(7..=15).contains(&digits) || phone.chars().any(|c| !(c.is_ascii_digit() || "+- ()".contains(c)))
        };
        if self.phone.as_deref().is_some_and(wrong) {
            return Err(Problem::invalid("phone", "电话号码不对，请检查；也可以不填。"));
        }
        Ok(())
    }
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', "").trim().to_owned()
}

/// Degrees within ±`most`; none when nothing was entered.
fn degrees(bytes: &[u8], most: f64) -> Result<Option<f64>, Problem> {
    let text = words(bytes);
    if text.is_empty() {
        return Ok(None);
    }
    let value = text.parse().ok().filter(|value: &f64| value.abs() <= most);
    value.map(Some).ok_or_else(|| Problem::invalid("lon", "经纬度应为度数，例如 105.19 和 37.51。"))
}

/// A part's bytes. One that is too large is read to its end all the same, but not kept: a browser shows no
/// answer before it has sent everything. The route's limit bounds the whole.
async fn read(mut field: Field<'_>, most: usize) -> Result<Result<Bytes, Problem>, Problem> {
    let (mut bytes, mut length) = (BytesMut::new(), 0);
    while let Some(chunk) = piece(field.chunk()).await? {
        length += chunk.len();
        if length <= most {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = BytesMut::new();
        }
    }
    if length <= most {
        return Ok(Ok(bytes.freeze()));
    }
    let text = if most < 1 << 20 {
        "文字太长。".to_owned()
    } else {
        format!("每张照片不能超过 {} MB。", most >> 20)
    };
    Ok(Err(Problem::new(error::TOO_LARGE).detail(text)))
}
