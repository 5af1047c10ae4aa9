//! The book of the terms of office: how a new appointment meets those that stand already.
//!
//! A post that one person holds (总责任人, 村级责任人, 组责任人, 网格办主任, a department's member or liaison)
//! passes on: the earlier term ends on the day on which the new one begins. Nothing is ever taken out; a term
//! entered by mistake ends on its own first day.

use std::collections::{BTreeMap, HashSet};

use gengwei_proto::{Level, RegionCode};
use jiff::civil::Date;
use serde_json::json;

use super::appointments::{NewTerm, Role, Term};
use super::sql;
use crate::auth::{Caller, Units};
use crate::db::{Text, Topic, Tx};
use crate::env::Env;
use crate::exchange::rejects::Outcome;

/// Who is appointed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Who {
    /// The id of a person, or a number of the city's own that becomes one.
    pub id: Option<String>,
    /// The name. Without an id, the same name in the same role of the same unit is the same person.
    pub name: Option<String>,
    /// Whether the name may be shown to the public; at level 6 only with recorded consent.
    pub consent: Option<bool>,
}

/// What is said about a term of office. What is `None` is not said, and leaves a known term as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The person.
    pub who: Who,
    /// The unit.
    pub unit: RegionCode,
    /// The role in it.
    pub role: Role,
    /// 职务
    pub title: Option<String>,
    /// 自然资源 or 农业农村
    pub portfolio: Option<String>,
    /// 组长 or 村委会确定
    pub basis: Option<String>,
    /// One of the eight departments.
    pub department: Option<String>,
    /// The first day.
    pub starts: Option<Date>,
    /// The first day on which it no longer holds.
    pub ends: Option<Date>,
    /// The document it rests on.
    pub source: Option<String>,
}

/// What a new term takes when nothing is said.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// The first day.
    pub starts: Date,
    /// The document.
    pub source: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Person {
    name: String,
    shows_name: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    term: Term,
    stored: Option<Term>,
}

/// The terms of some units, as they are stored and as they are to be.
#[derive(Debug, Default)]
pub struct Book {
    entries: BTreeMap<RegionCode, Vec<Entry>>,
    people: BTreeMap<String, Person>,
    fresh: HashSet<String>,
    consents: BTreeMap<String, bool>,
}

impl Book {
    /// The book of all units.
    pub async fn whole(tx: &Tx) -> sqlx::Result<Self> {
        let mut book = Self::default();
        for (id, name, shows_name) in sql::people(tx).await? {
            book.people.insert(id, Person { name, shows_name });
        }
        book.enter(sql::all_terms(tx).await?);
        Ok(book)
    }

    /// The book of one unit.
    pub async fn of_unit(tx: &Tx, unit: &RegionCode) -> sqlx::Result<Self> {
        let mut book = Self::default();
        book.enter(sql::history(tx, unit).await?);
        Ok(book)
    }

    /// Makes a person known who holds or held something in the given units; answers whether there is one.
    pub async fn introduce(&mut self, tx: &Tx, person: &str, within: &Units) -> sqlx::Result<bool> {
        let found = sql::person_within(tx, person, within).await?;
        let known = found.is_some();
        self.people.extend(found.map(|(id, name, shows_name)| (id, Person { name, shows_name })));
        Ok(known)
    }

    fn enter(&mut self, terms: Vec<Term>) {
        for term in terms {
            let person = Person { name: term.name.clone(), shows_name: term.shows_name };
            self.people.insert(term.person_id.clone(), person);
            let entry = Entry { stored: Some(term.clone()), term };
            self.entries.entry(*entry.term.unit).or_default().push(entry);
        }
    }

    /// The person of a term.
    pub fn holder(&self, unit: &RegionCode, term: &str) -> Option<&str> {
        self.of(unit).find(|entry| entry.term.id == term).map(|entry| &*entry.term.person_id)
    }

    /// Enters what is said; answers what became of it and the term's id, or why it cannot stand, as a Chinese
    /// sentence. A refusal leaves the book as it was.
    pub fn appoint(&mut self, env: &Env, said: &Said, or: &Defaults) -> Result<(Outcome, String), String> {
        let person = self.person(said)?;
        let known = person.as_ref().and_then(|id| self.find(said, id));
        let (outcome, id) = match known {
            Some(index) => {
                let entry = &mut self.entries.get_mut(&said.unit).expect("found in it")[index];
                let term = corrected(&entry.term, said)?;
                let changed = term != entry.term;
                entry.term = term;
                (if changed { Outcome::Updated } else { Outcome::Unchanged }, entry.term.id.clone())
            }
            None => {
                let term = self.begin(env, said, person.clone(), or)?;
                let id = term.id.clone();
                self.entries.entry(said.unit).or_default().push(Entry { term, stored: None });
                (Outcome::Imported, id)
            }
        };
        let outcome = if self.consent(said, person.as_deref()) && outcome == Outcome::Unchanged {
            Outcome::Updated
        } else {
            outcome
        };
        Ok((outcome, id))
    }

    /// The id of the person who is meant, if he is known.
    fn person(&self, said: &Said) -> Result<Option<String>, String> {
        match (&said.who.id, &said.who.name) {
            (Some(id), name) => match (self.people.get(id), name) {
                (Some(person), Some(name)) if person.name != *name => {
                    Err(format!("人员编号 {id} 登记的是另一个姓名，请核对"))
                }
                (Some(_), _) => Ok(Some(id.clone())),
                (None, Some(_)) => Ok(None),
                (None, None) => Err("没有这个人".to_owned()),
            },
            (None, Some(name)) => {
                let same = |e: &&Entry| e.term.role.0 == said.role && e.term.name == *name;
                Ok(self.of(&said.unit).filter(same).last().map(|e| e.term.person_id.clone()))
            }
            (None, None) => Err("没有填写姓名".to_owned()),
        }
    }

    fn of(&self, unit: &RegionCode) -> impl Iterator<Item = &Entry> {
        self.entries.get(unit).into_iter().flatten()
    }

    /// The person's own term that is spoken of: the one of that first day, or the open one when no day is said.
    fn find(&self, said: &Said, person: &str) -> Option<usize> {
        self.entries.get(&said.unit)?.iter().position(|Entry { term, .. }| {
            let day = match said.starts {
                Some(starts) => *term.starts == starts,
                None => term.ends.is_none(),
            };
            day && term.person_id == person && happened(term) && same_post(term, said)
        })
    }

    fn begin(
        &mut self,
        env: &Env,
        said: &Said,
        person: Option<String>,
        or: &Defaults,
    ) -> Result<Term, String> {
        let term = new_term(said, or);
        term.check()?;
        check_days(term.starts, said.ends)?;
        self.make_room(said, &term, person.as_deref())?;
        let (person_id, shows_name) = match person {
            Some(id) => {
                let shows_name = self.people.get(&id).is_some_and(|p| p.shows_name);
                (id, shows_name)
            }
            None => {
                let id = said.who.id.clone().unwrap_or_else(|| env.new_id());
                let shows_name = said.who.consent.unwrap_or(said.unit.level() < Level::Group);
                let name = said.who.name.clone().unwrap_or_default();
                self.people.insert(id.clone(), Person { name, shows_name });
                self.fresh.insert(id.clone());
                (id, shows_name)
            }
        };
        Ok(Term {
            id: env.new_id(),
            unit: Text(term.unit),
            role: Text(term.role),
            title: term.title,
            portfolio: term.portfolio,
            basis: term.basis,
            department: term.department,
            name: self.people.get(&person_id).map(|p| p.name.clone()).unwrap_or_default(),
            person_id,
            shows_name,
            starts: Text(term.starts),
            ends: said.ends.map(Text),
            source: term.source,
        })
    }

    /// Ends the term before, where one person holds the post; an error when terms would overlap.
    fn make_room(&mut self, said: &Said, new: &NewTerm, person: Option<&str>) -> Result<(), String> {
        let Some(entries) = self.entries.get_mut(&said.unit) else { return Ok(()) };
        let mut ending = Vec::new();
        for (index, Entry { term, .. }) in entries.iter().enumerate() {
            let same_person = person == Some(&*term.person_id);
            let concerned = new.role.is_held_by_one() || same_person;
            if !concerned || !happened(term) || !same_post(term, said) {
                continue;
            }
            let (starts, ends) = (*term.starts, term.ends.map(|e| e.0));
            let after = ends.is_some_and(|ends| ends <= new.starts);
            let before = said.ends.is_some_and(|ends| ends <= starts);
            let passes_on = ends.is_none() && starts < new.starts && !same_person;
            match (after || before, passes_on) {
                (true, _) => {}
                (false, true) => ending.push(index),
                (false, false) => {
                    let title = new.role.title();
                    return Err(format!(
                        "{title}自 {starts} 起已由{}担任，任期重叠，请核对任职日期和离任日期",
                        term.name
                    ));
                }
            }
        }
        for index in ending {
            entries[index].term.ends = Some(Text(new.starts));
        }
        Ok(())
    }

    /// Notes consent that differs from what is known; answers whether it does.
    fn consent(&mut self, said: &Said, person: Option<&str>) -> bool {
        let (Some(consent), Some(id)) = (said.who.consent, person) else { return false };
        let Some(person) = self.people.get_mut(id) else { return false };
        if person.shows_name == consent {
            return false;
        }
        person.shows_name = consent;
        if !self.fresh.contains(id) {
            self.consents.insert(id.to_owned(), consent);
        }
        true
    }

    /// Stores what is new or changed, each with its entry in the audit log. Answers whether anything was.
    pub async fn store(self, tx: &Tx, env: &Env, by: &Caller) -> sqlx::Result<bool> {
        let now = env.now();
        let fresh = self.fresh.iter().filter_map(|id| {
            let person = self.people.get(id)?;
            Some((id.clone(), person.name.clone(), person.shows_name))
        });
        sql::insert_people(tx, fresh.collect(), now).await?;
        for (person, shows_name) in &self.consents {
            sql::set_shows_name(tx, person, *shows_name).await?;
            tx.audit(by.entry("person.consent", &**person).detail(json!({"shows_name": shows_name})));
        }
        let mut changed = !self.consents.is_empty();
        let mut begun = Vec::new();
        for Entry { term, stored } in self.entries.into_values().flatten() {
            match stored {
                Some(stored) if stored == term => continue,
                Some(stored) => {
                    sql::change_term(tx, &term).await?;
                    tx.audit(by.entry(action(&stored, &term), &*term.id).detail(difference(&stored, &term)));
                }
                None => {
                    let detail = json!({"unit": term.unit, "role": term.role, "starts": term.starts});
                    tx.audit(by.entry("appointment.begin", &*term.id).detail(detail));
                    begun.push(term);
                }
            }
            changed = true;
        }
        sql::insert_terms(tx, begun, now, &by.login).await?;
        if changed {
            tx.touch(Topic::Grid).await?;
        }
        Ok(changed)
    }
}

/// Whether a term ever held; one entered by mistake ends on its first day.
fn happened(term: &Term) -> bool {
    term.ends.is_none_or(|ends| *ends > *term.starts)
}

/// Whether a term is of the post that is spoken of. An unsaid portfolio is anybody's.
fn same_post(term: &Term, said: &Said) -> bool {
    let portfolio = match (&term.portfolio, &said.portfolio) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    term.role.0 == said.role && term.department == said.department && portfolio
}

fn new_term(said: &Said, or: &Defaults) -> NewTerm {
    NewTerm {
        unit: said.unit,
        role: said.role,
        title: said.title.clone(),
        portfolio: said.portfolio.clone(),
        basis: said.basis.clone(),
        department: said.department.clone(),
        starts: said.starts.unwrap_or(or.starts),
        source: said.source.clone().unwrap_or_else(|| or.source.clone()),
    }
}

/// A known term with what is said about it.
fn corrected(known: &Term, said: &Said) -> Result<Term, String> {
    let mut term = known.clone();
    let say = |field: &mut Option<String>, said: &Option<String>| {
        if said.is_some() {
            field.clone_from(said);
        }
    };
    say(&mut term.title, &said.title);
    say(&mut term.portfolio, &said.portfolio);
    say(&mut term.basis, &said.basis);
    if let Some(source) = &said.source {
        term.source.clone_from(source);
    }
    if let Some(ends) = said.ends {
        check_days(*term.starts, Some(ends))?;
        match term.ends {
            Some(known) if *known != ends => return Err(format!("任期已于 {} 结束", *known)),
            _ => term.ends = Some(Text(ends)),
        }
    }
    let as_new = NewTerm {
        unit: *term.unit,
        role: *term.role,
        title: term.title.clone(),
        portfolio: term.portfolio.clone(),
        basis: term.basis.clone(),
        department: term.department.clone(),
        starts: *term.starts,
        source: term.source.clone(),
    };
    as_new.check()?;
    Ok(term)
}

/// What is wrong with the days of a term.
fn check_days(starts: Date, ends: Option<Date>) -> Result<(), String> {
    let plausible = |day: Date| (1949..=2199).contains(&day.year());
    if !plausible(starts) || ends.is_some_and(|ends| !plausible(ends)) {
        return Err("任职日期和离任日期应在 1949 年至 2199 年之间".to_owned());
    }
    if ends.is_some_and(|ends| ends <= starts) {
        return Err(format!("离任日期应晚于任职日期 {starts}"));
    }
    Ok(())
}

fn action(stored: &Term, term: &Term) -> &'static str {
    if stored.ends == term.ends { "appointment.correct" } else { "appointment.end" }
}

/// What stood and what stands, for the audit log; a name is in neither.
fn difference(stored: &Term, term: &Term) -> serde_json::Value {
    let fields = |t: &Term| {
        json!({"title": t.title, "portfolio": t.portfolio, "basis": t.basis, "source": t.source,
            "ends": t.ends})
    };
    json!({"unit": term.unit, "role": term.role, "was": fields(stored), "is": fields(term)})
}
