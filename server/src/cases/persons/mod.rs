//! The register of persons of a case (既处理事、又处理人, R28): who was handed over to whom, and what became of
//! it. Sealed in the database, apart from the case and its events, and open to the county's and the city's
//! heads of office and 总责任人 only. Every reading is in the audit log; entries are only ever added.

mod http;
mod sql;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::words;
use crate::auth::Caller;
use crate::crypto::{CryptoProvider, Purpose};
use crate::db::{Text, Timestamp};
use crate::error::{Problem, Result};
use crate::state::App;

pub(super) use http::routes;

words! {
    /// To whom a person was handed over.
    #[schema(as = PersonDestination)]
    Destination {
        Enforcement = "enforcement" "自然资源执法机构",
        Police = "police" "公安机关",
        Discipline = "discipline" "纪检监察机关",
        Unit = "unit" "所在单位",
    }
}

/// What is sealed of a person.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CasePersonFacts)]
pub struct Person {
    /// 1 to 50 characters.
    pub name: String,
    /// Post and unit, up to 100 characters.
    #[serde(default)]
    pub post: Option<String>,
    /// What he answers for, or what became of it; up to 2,000 characters.
    pub words: String,
    /// The document's number, up to 100 characters.
    #[serde(default)]
    pub document: Option<String>,
}

impl Person {
    fn check(&self) -> Result<()> {
        let plain = |text: &Option<String>, field: &str, most: usize| match text {
            Some(text) if !crate::grid::is_plain(text, most) => {
                Err(Problem::invalid(field, format!("应为 1 至 {most} 个字符。")))
            }
            _ => Ok(()),
        };
        plain(&Some(self.name.clone()), "/person/name", 50)?;
        plain(&self.post, "/person/post", 100)?;
        plain(&self.document, "/person/document", 100)?;
        let length = self.words.chars().count();
        if self.words.trim().is_empty() || length > 2_000 || self.words.contains('\0') {
            return Err(Problem::invalid("/person/words", "须写明情况，不超过 2000 字。"));
        }
        Ok(())
    }
}

/// One entry, opened.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = CasePerson)]
pub struct Entry {
    /// UUIDv7.
    pub id: String,
    /// The entry that this one continues.
    pub about: Option<String>,
    /// To whom he was handed over.
    pub destination: Destination,
    /// Chinese.
    pub destination_title: &'static str,
    /// What was sealed.
    pub person: Person,
    /// When.
    pub recorded_at: Timestamp,
    /// By whose login.
    pub recorded_by: String,
}

/// An entry's key is bound to its place, so that no entry can be moved to another case.
fn context(case: &str, id: &str) -> Vec<u8> {
    format!("{case}/{id}").into_bytes()
}

/// Adds an entry to a case's register; answers its id. 422 when it continues an entry that is not there.
pub async fn record(
    app: &App,
    by: &Caller,
    case: &str,
    about: Option<String>,
    destination: Destination,
    person: &Person,
) -> Result<String> {
    person.check()?;
    let id = app.env().new_id();
    let text = serde_json::to_vec(person).map_err(Problem::internal)?;
    let sealed = app
        .keys()
        .seal(Purpose::CasePerson, app.env().random(), &context(case, &id), &text)
        .map_err(Problem::internal)?;
    let (by, case, now, new) = (by.clone(), case.to_owned(), app.env().now(), id.clone());
    app.db()
        .write(move |tx| async move {
            if let Some(about) = &about
                && !sql::all(&tx, &case).await?.iter().any(|entry| entry.id == *about)
            {
                return Err(Problem::invalid("/about", "没有这条登记。"));
            }
            sql::insert(&tx, &new, &case, about.as_deref(), destination, &sealed, &by.login, now).await?;
            tx.audit(by.entry("case.person.record", &*case).detail(json!({ "entry": new })));
            Ok(())
        })
        .await?;
    Ok(id)
}

/// Opens a case's register, and says so in the audit log.
pub async fn read(app: &App, by: &Caller, case: &str) -> Result<Vec<Entry>> {
    let stored = sql::all(app.db(), case).await?;
    let (by, id, count) = (by.clone(), case.to_owned(), stored.len());
    app.db()
        .write(move |tx| async move {
            tx.audit(by.entry("case.person.read", &*id).detail(json!({ "entries": count })));
            Ok::<_, Problem>(())
        })
        .await?;
    stored.into_iter().map(|entry| opened(app, case, entry)).collect()
}

fn opened(app: &App, case: &str, stored: sql::Stored) -> Result<Entry> {
    let bytes = app.keys().open(Purpose::CasePerson, &context(case, &stored.id), &stored.sealed);
    let Text(destination) = stored.destination;
    Ok(Entry {
        person: serde_json::from_slice(&bytes.map_err(Problem::internal)?).map_err(Problem::internal)?,
        destination,
        destination_title: destination.title(),
        id: stored.id,
        about: stored.about,
        recorded_at: stored.recorded_at,
        recorded_by: stored.recorded_by,
    })
}
