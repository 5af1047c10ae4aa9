//! Dates as people write them in tables.

use jiff::civil::Date;

/// Reads `2023-11-22`, `2023/11/22`, `2023.11.22`, `2023年11月22日` or `20231122`, in full-width
/// digits too; a time of day behind it is passed over. `None` when it is no date.
pub fn parse_date(text: &str) -> Option<Date> {
    let plain = half_width(text.trim());
    let day = plain.split([' ', 'T']).next().unwrap_or_default();
    if day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit()) {
        return date(&day[..4], &day[4..6], &day[6..]);
    }
    let day = day.strip_suffix('日').unwrap_or(day);
    let parts: Vec<&str> = day.split(['-', '/', '.', '年', '月']).collect();
    match parts[..] {
        [year, month, day] if year.len() == 4 => date(year, month, day),
        _ => None,
    }
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !(digits(year) && digits(month) && digits(day)) {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// The date of a serial number of Excel's 1900 calendar (ECMA-376 part 1, §18.17.4.1), in which a
/// 29 February 1900 that never was has the number 60.
pub fn from_excel_serial(serial: f64) -> Option<Date> {
    let days = serial.floor();
    if !(1.0..=2_958_465.0).contains(&days) || days == 60.0 {
        return None;
    }
    let before_the_gap = if days < 60.0 { 1 } else { 0 };
    let days = days as i64 + before_the_gap;
    jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// Reads a bare number as a date: eight digits as year, month and day, else an Excel serial between
/// 1954 and 2119, because smaller and larger numbers in a date column are mistakes.
pub fn from_number(number: f64) -> Option<Date> {
    if number.fract() == 0.0 && (19_000_101.0..=21_991_231.0).contains(&number) {
        return parse_date(&format!("{number:.0}"));
    }
    (20_000.0..80_000.0).contains(&number).then(|| from_excel_serial(number)).flatten()
}

/// Full-width digits, letters, signs and blanks as their ASCII counterparts.
pub fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            '\u{3000}' => ' ',
            other => other,
        })
        .collect()
}
