//! A report: stored, its photos kept, its case opened, before the reporter is told.

use serde_json::json;

use super::facts::Facts;
use super::form::Form;
use super::sql;
use crate::audit::Entry;
use crate::cases::{self, Kind, NewCase, Source};
use crate::crypto::{CryptoProvider, Purpose};
use crate::env::Env;
use crate::error::{Problem, Result};
use crate::evidence;
use crate::parcels::{self, Parcel};
use crate::state::App;

/// The account that reports are written under.
const PUBLIC: &str = "public";

/// Takes a report; answers its tracking number. Its place decides whose queue it joins: the parcel at the
/// coordinates, when they came with it and there is one, else the parcel of the label.
pub(super) async fn take(app: &App, facts: &Facts, form: Form) -> Result<String> {
    for photo in &form.photos {
        evidence::keep(app.photos(), photo).await?;
    }
    let tracking = tracking_number(app.env());
    let phone = form.phone.as_deref().map(|phone| seal(app, &tracking, phone)).transpose()?;
    let (parts, now) = (app.clone(), app.env().now());
    let (parcel, unit) = match parcel_at(app, form.spot).await? {
        Some(parcel) => (parcel.id, parcel.unit.0),
        None => (facts.parcel_id, facts.unit),
    };
    let (post, number) = (facts.post, tracking.clone());
    app.db()
        .write(move |tx| async move {
            let new = NewCase {
                unit,
                source: Source::Report,
                kind: form.kind.unwrap_or(Kind::Other),
                parcel: Some(parcel),
                place: form.spot,
                words: Some(for_case(&form)),
                by: PUBLIC.to_owned(),
                name: "群众举报".to_owned(),
                facts: serde_json::Value::Null,
            };
            let case = cases::open(&tx, &parts, new).await?;
            let report = sql::NewReport {
                tracking: &number,
                case: &case,
                parcel,
                unit: &unit,
                post: Some(post).filter(|post| *post != 0),
                place: &form.place,
                words: &form.words,
                spot: form.spot,
                phone: phone.as_deref(),
                now,
            };
            sql::insert(&tx, report).await?;
            let mut hashes = Vec::new();
            for photo in &form.photos {
                evidence::record(&tx, photo, PUBLIC, now).await?;
                hashes.push(photo.sha256.clone());
            }
            evidence::sql::link(&tx, &hashes, "report", &number, unit.as_str()).await?;
            evidence::sql::link(&tx, &hashes, "case", &case, unit.as_str()).await?;
            let detail = json!({"case": case, "photos": hashes.len()});
            tx.audit(Entry::new(PUBLIC, "report.take", &*number).detail(detail));
            Ok::<_, Problem>(())
        })
        .await?;
    Ok(tracking)
}

async fn parcel_at(app: &App, spot: Option<(f64, f64)>) -> Result<Option<Parcel>> {
    let Some((lon, lat)) = spot else { return Ok(None) };
    match app.locator().at(lon, lat).first() {
        Some(id) => Ok(parcels::find_by_id(app.db(), *id).await?),
        None => Ok(None),
    }
}

/// What the officers read in the case: the place comes first, because the case has no field for it.
fn for_case(form: &Form) -> String {
    if form.place.is_empty() {
        form.words.clone()
    } else {
        format!("地点：{}。{}", form.place, form.words)
    }
}

/// 80 random bits in letters that cannot be mistaken for each other, in four groups.
fn tracking_number(env: &Env) -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bits = u128::from_be_bytes(env.random::<16>());
    let mut text = String::with_capacity(19);
    for place in 0..16 {
        if place > 0 && place % 4 == 0 {
            text.push('-');
        }
        text.push(LETTERS[(bits >> (place * 5)) as usize & 31] as char);
    }
    text
}

/// A tracking number as people type it back: any case, with or without the dashes.
pub(super) fn read_tracking(text: &str) -> Option<String> {
    let letters: Vec<char> =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    (letters.len() == 16).then(|| letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-"))
}

fn seal(app: &App, tracking: &str, phone: &str) -> Result<Vec<u8>> {
    let sealed =
        app.keys().seal(Purpose::ReporterPhone, app.env().random(), tracking.as_bytes(), phone.as_bytes());
    sealed.map_err(Problem::internal)
}

/// The phone number behind sealed bytes.
pub(super) fn unseal(app: &App, tracking: &str, sealed: &[u8]) -> Result<String> {
    let phone = app.keys().open(Purpose::ReporterPhone, tracking.as_bytes(), sealed);
    String::from_utf8(phone.map_err(Problem::internal)?).map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracking_number_is_read_back_as_people_type_it() {
        let number = tracking_number(&crate::db::testing::env());
        assert_eq!(number.len(), 19);
        assert_eq!(read_tracking(&number.to_lowercase().replace('-', " ")), Some(number));
        assert_eq!(read_tracking("1234"), None);
    }
}
