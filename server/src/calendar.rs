//! Working days of the People's Republic: weekends, holidays, and the weekends worked in exchange (调休).
//!
//! The State Council publishes each year's arrangement near the end of the year before; each is a file,
//! `assets/holidays/YYYY.toml`, and further years come from a folder without a new build. A year without a
//! file has only its weekends, and [`Calendar::knows`] says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use jiff::civil::{Date, Weekday};
use serde::Deserialize;

const SHIPPED: [&str; 2] =
    [include_str!("../assets/holidays/2025.toml"), include_str!("../assets/holidays/2026.toml")];

/// One year's arrangement as its file says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Year {
    year: i16,
    source: String,
    off: Vec<[Date; 2]>,
    work: Vec<Date>,
}

/// Which days are worked.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    sources: BTreeMap<i16, String>,
    off: BTreeSet<Date>,
    work: BTreeSet<Date>,
}

impl Calendar {
    /// The years that are shipped, then those of a folder of `YYYY.toml`, which replace shipped ones.
    pub fn load(folder: Option<&Path>) -> anyhow::Result<Self> {
        let mut calendar = Self::default();
        for text in SHIPPED {
            calendar.add(text).context("a shipped holiday file")?;
        }
        let Some(folder) = folder else { return Ok(calendar) };
        let context = || format!("the holidays in {}", folder.display());
        let mut files = std::fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>())
            .with_context(context)?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        for path in files {
            let text = std::fs::read_to_string(&path).with_context(context)?;
            calendar.add(&text).with_context(|| path.display().to_string())?;
        }
        Ok(calendar)
    }

    fn add(&mut self, text: &str) -> anyhow::Result<()> {
        let year: Year = toml::from_str(text)?;
        self.off.retain(|day| day.year() != year.year);
        self.work.retain(|day| day.year() != year.year);
        for [first, last] in year.off {
            anyhow::ensure!(first <= last && first.year() == year.year, "{first} to {last} is no holiday");
            self.off.extend(first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last));
        }
        for day in &year.work {
            anyhow::ensure!(is_weekend(*day) && !self.off.contains(day), "{day} is no weekend to be worked");
        }
        self.work.extend(year.work);
        self.sources.insert(year.year, year.source);
        Ok(())
    }

    /// Whether the year's arrangement is known, and from which document.
    pub fn knows(&self, year: i16) -> Option<&str> {
        self.sources.get(&year).map(String::as_str)
    }

    /// Whether a day is worked.
    pub fn is_working(&self, day: Date) -> bool {
        self.work.contains(&day) || !is_weekend(day) && !self.off.contains(&day)
    }

    /// The working day that is `days` after `day`: what comes in on a Friday and is due within one working
    /// day is due on Monday.
    pub fn after_working_days(&self, day: Date, days: u32) -> Date {
        let mut left = days;
        let mut day = day;
        while left > 0 {
            let Ok(next) = day.tomorrow() else { return day };
            day = next;
            left -= u32::from(self.is_working(day));
        }
        day
    }

    /// The working days after `day` up to and including `last`; none when that is over.
    pub fn working_days(&self, day: Date, last: Date) -> u32 {
        let days = day.series(jiff::Span::new().days(1)).skip(1).take_while(|day| *day <= last);
        days.map(|day| u32::from(self.is_working(day))).sum()
    }
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn holidays_and_the_weekends_worked_for_them_count_as_published() {
        let calendar = Calendar::load(None).unwrap();
        // Sunday 2026-01-04 is worked for the New Year's holiday.
        assert_eq!(calendar.after_working_days(date(2025, 12, 31), 1), date(2026, 1, 4));
        // Before Spring Festival 2026: Saturday the 14th is worked, then nine days off, then Saturday the 28th.
        assert_eq!(calendar.after_working_days(date(2026, 2, 13), 1), date(2026, 2, 14));
        assert_eq!(calendar.after_working_days(date(2026, 2, 13), 2), date(2026, 2, 24));
        assert_eq!(calendar.after_working_days(date(2026, 2, 27), 1), date(2026, 2, 28));
        // National Day and Mid-Autumn 2025 in one.
        assert_eq!(calendar.after_working_days(date(2025, 9, 30), 3), date(2025, 10, 11));
        // An ordinary weekend.
        assert_eq!(calendar.after_working_days(date(2026, 11, 27), 1), date(2026, 11, 30));
        assert_eq!(calendar.after_working_days(date(2026, 11, 24), 0), date(2026, 11, 24));
    }

    #[test]
    fn what_is_left_is_counted_as_it_is_given() {
        let calendar = Calendar::load(None).unwrap();
        // Suspended on the Thursday before National Day 2026, due on Saturday 10 October, which is worked.
        let left = calendar.working_days(date(2026, 9, 24), date(2026, 10, 10));
        assert_eq!(calendar.after_working_days(date(2026, 9, 24), left), date(2026, 10, 10));
        for days in 0..40 {
            let last = calendar.after_working_days(date(2026, 2, 1), days);
            assert_eq!(calendar.working_days(date(2026, 2, 1), last), days);
        }
        assert_eq!(calendar.working_days(date(2026, 11, 27), date(2026, 11, 29)), 0, "a weekend");
        assert_eq!(calendar.working_days(date(2026, 11, 27), date(2026, 11, 20)), 0, "over");
    }

    #[test]
    fn each_shipped_year_has_as_many_working_days_as_its_arrangement_leaves() {
        let calendar = Calendar::load(None).unwrap();
        // 365 days, 104 weekend days, 13 statutory holidays since 2025 = 248.
        for year in [2025, 2026] {
            let days = date(year, 1, 1).series(jiff::Span::new().days(1)).take_while(|d| d.year() == year);
            assert_eq!(days.filter(|day| calendar.is_working(*day)).count(), 248, "{year}");
            assert!(calendar.knows(year).is_some());
        }
        assert!(calendar.knows(2030).is_none());
    }

    #[test]
    fn a_folder_adds_years_and_replaces_shipped_ones() {
        let folder = tempfile::tempdir().unwrap();
        let file = |year: i16, off: &str| {
            let text = format!("year = {year}\nsource = \"某号\"\noff = [{off}]\nwork = []\n");
            std::fs::write(folder.path().join(format!("{year}.toml")), text).unwrap();
        };
        file(2027, "[\"2027-01-01\", \"2027-01-03\"]");
        file(2026, "");
        let calendar = Calendar::load(Some(folder.path())).unwrap();
        assert!(!calendar.is_working(date(2027, 1, 1)));
        assert!(calendar.is_working(date(2026, 10, 1)), "replaced as a whole");
        assert!(!calendar.is_working(date(2025, 10, 1)), "others stay");
        file(2028, "[\"2028-01-03\", \"2028-01-01\"]");
        assert!(Calendar::load(Some(folder.path())).is_err());
    }
}
