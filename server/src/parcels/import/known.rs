//! What the database knows already when an import begins: which BSM is which parcel, which codes are taken,
//! which serials come next.

use std::collections::{HashMap, HashSet};

use gengwei_proto::{ParcelCode, RegionCode};

use super::prepare::village_of;
use super::sql;
use crate::db::Db;

/// A parcel that is there.
#[derive(Clone, Debug)]
pub(super) struct Existing {
    pub id: i64,
    pub fingerprint: [u8; 16],
    pub code: Option<ParcelCode>,
    pub unit: RegionCode,
    pub retired: bool,
}

/// Parcels by BSM, codes in use, serials.
#[derive(Default)]
pub(super) struct Known {
    by_bsm: HashMap<Box<str>, Existing>,
    codes: HashSet<[u8; 20]>,
    serials: HashMap<String, i64>,
    moved_serials: HashSet<String>,
    first_serial: i64,
    any: bool,
}

/// A village group has no more numbers, or a county no more ids.
#[derive(Debug, thiserror::Error)]
#[error("{0} 的编号已用完")]
pub(super) struct Exhausted(String);

impl Known {
    pub(super) async fn load(db: &Db, first_serial: u32) -> sqlx::Result<Self> {
        let mut known = Self { first_serial: i64::from(first_serial), ..Self::default() };
        let mut after = 0;
        loop {
            let page = sql::existing_after(db, after).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            known.any = true;
            for row in page {
                let existing = Existing {
                    id: row.id,
                    fingerprint: row.fingerprint.try_into().unwrap_or_default(),
                    code: row.code.map(|code| code.0),
                    unit: row.unit.0,
                    retired: row.retired_on.is_some(),
                };
                known.codes.extend(existing.code.as_ref().map(bytes));
                if let Some(bsm) = row.bsm {
                    known.by_bsm.insert(bsm.into_boxed_str(), existing);
                }
            }
        }
        known.serials = sql::serials(db).await?.into_iter().collect();
        Ok(known)
    }

    /// Whether there are parcels at all.
    pub(super) fn any(&self) -> bool {
        self.any
    }

    pub(super) fn by_bsm(&self, bsm: &str) -> Option<&Existing> {
        self.by_bsm.get(bsm)
    }

    pub(super) fn is_taken(&self, code: &ParcelCode) -> bool {
        self.codes.contains(&bytes(code))
    }

    /// Takes a code that the file gives.
    pub(super) fn take(&mut self, code: &ParcelCode) {
        self.codes.insert(bytes(code));
    }

    /// A new code for a parcel of a unit: its village, its group (00 when not yet assigned) and the next
    /// serial above those of contract parcels. Serials are never used again.
    pub(super) fn mint(&mut self, unit: &RegionCode) -> Result<Option<ParcelCode>, Exhausted> {
        let Some(village) = village_of(unit) else { return Ok(None) };
        let group = unit.as_str().get(12..14).and_then(|g| g.parse::<u8>().ok()).unwrap_or(0);
        loop {
            let serial = self.next(format!("code:{}{group:02}", village.prefix()), self.first_serial);
            let serial = u32::try_from(serial).ok().filter(|n| *n <= 99_999);
            let serial = serial.ok_or_else(|| Exhausted(format!("{village} 第 {group} 组")))?;
            let code = ParcelCode::mint(&village, group, serial).map_err(|e| Exhausted(e.to_string()))?;
            if !self.is_taken(&code) {
                self.take(&code);
                return Ok(Some(code));
            }
        }
    }

    /// A new id: the county's six digits, then a serial of ten.
    pub(super) fn new_id(&mut self, unit: &RegionCode) -> i64 {
        let county = &unit.as_str()[..6];
        let serial = self.next(format!("id:{county}"), 1);
        county.parse::<i64>().expect("a region code is digits") * 10_000_000_000 + serial
    }

    fn next(&mut self, prefix: String, first: i64) -> i64 {
        let next = self.serials.entry(prefix.clone()).or_insert(first);
        let serial = *next;
        *next += 1;
        self.moved_serials.insert(prefix);
        serial
    }

    /// The serials that moved since the last call, to be stored with the rows that use them.
    pub(super) fn moved_serials(&mut self) -> Vec<(String, i64)> {
        let moved = std::mem::take(&mut self.moved_serials);
        moved.into_iter().map(|prefix| (prefix.clone(), self.serials[&prefix])).collect()
    }
}

fn bytes(code: &ParcelCode) -> [u8; 20] {
    code.as_str().as_bytes().try_into().expect("a parcel code has 20 characters")
}
