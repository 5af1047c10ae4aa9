//! The report form as it comes in: multipart, every part bounded while it is read.

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use bytes::{Bytes, BytesMut};

use crate::cases::Kind;
use crate::error::{self, Problem};
use crate::evidence::Photo;
use crate::extract::body_problem;
use crate::policy::Reports;

/// What a passer-by hands in.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    pub place: String,
    pub words: String,
    pub kind: Option<Kind>,
    pub phone: Option<String>,
    /// The label's tag, when the address does not carry it.
    pub tag: Option<String>,
    pub photos: Vec<Photo>,
}

impl Form {
    /// Reads the parts. Unknown parts are passed over; 400 for broken multipart, 413 for too much, 422 for
    /// what is not acceptable. What was typed comes back in the second value even then, so that nobody has
    /// to type it again.
    pub(super) async fn read(mut parts: Multipart, limits: &Reports) -> (Self, Result<(), Problem>) {
        let mut form = Self::default();
        let result = form.fill(&mut parts, limits).await.and_then(|()| form.check(limits));
        (form, result)
    }

    async fn fill(&mut self, parts: &mut Multipart, limits: &Reports) -> Result<(), Problem> {
        // Bytes of UTF-8 that so many characters may take.
        let text = limits.characters * 4;
        while let Some(field) = parts.next_field().await.map_err(broken)? {
            match field.name().unwrap_or_default() {
                "place" => self.place = words(field, text).await?,
                "words" => self.words = words(field, text).await?,
                "kind" => self.kind = words(field, 64).await?.parse().ok(),
                "phone" => self.phone = Some(words(field, 64).await?).filter(|p| !p.is_empty()),
                "t" => self.tag = Some(words(field, 64).await?),
                "photo" | "photos" => self.photo(read(field, limits.photo_bytes).await?, limits)?,
                _ => {}
            }
        }
        Ok(())
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
        let long = |text: &str| text.chars().count() > limits.characters;
        if long(&self.words) || long(&self.place) {
            return Err(Problem::invalid("words", format!("文字不能超过 {} 个字。", limits.characters)));
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

async fn words(field: Field<'_>, most: usize) -> Result<String, Problem> {
    let bytes = read(field, most).await?;
    Ok(String::from_utf8_lossy(&bytes).replace('\0', "").trim().to_owned())
}

async fn read(mut field: Field<'_>, most: usize) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        if bytes.len() + chunk.len() > most {
            let text = if most < 1 << 20 {
                "文字太长。".to_owned()
            } else {
                format!("每张照片不能超过 {} MB。", most >> 20)
            };
            return Err(Problem::new(error::TOO_LARGE).detail(text));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn broken(error: MultipartError) -> Problem {
    body_problem(error.status())
}
