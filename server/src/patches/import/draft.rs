//! Checks and measures one row: everything about an import that needs no database.

use gengwei_proto::RegionCode;
use geo::{BoundingRect, Coord, InteriorPoint};
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::exchange::dates::parse_date;
use crate::exchange::fieldmap::{Attribute, Binding};
use crate::exchange::layer::Feature;
use crate::exchange::rejects::Refusal;
use crate::geo::{Intake, wkb};
use crate::parcels::classes;
use crate::patches::overlay::{self, Subject};

/// What holds for the whole file.
pub(super) struct Said {
    pub period: Option<String>,
    pub before_on: Option<Date>,
    pub after_on: Option<Date>,
    pub bounds: Option<[f64; 4]>,
}

/// A patch before it has been cut.
pub(in crate::patches) struct Draft {
    pub row: u64,
    pub number: String,
    pub period: String,
    pub kind: Option<String>,
    pub seen: Option<String>,
    pub to_class: Option<String>,
    pub stated_area: Option<f64>,
    pub before_on: Option<Date>,
    pub after_on: Option<Date>,
    pub division: Option<RegionCode>,
    pub rest: Option<String>,
    /// A place inside it, degrees.
    pub place: (f64, f64),
    pub crs: u32,
    pub geometry: Vec<u8>,
    pub shape: Vec<u8>,
    pub fingerprint: [u8; 16],
    pub(in crate::patches) subject: Subject,
}

impl Draft {
    /// Refuses it.
    pub(super) fn refuse(&self, field: &str, code: &'static str, reason: String) -> Refusal {
        refusal(self.row, &self.number, field, code, reason)
    }
}

fn refusal(row: u64, number: &str, field: &str, code: &'static str, reason: String) -> Refusal {
    Refusal {
        row,
        identifier: number.to_owned(),
        field: field.to_owned(),
        place: String::new(),
        code,
        reason,
        fatal: false,
    }
}

/// The longest number and word that are kept.
const LONGEST: usize = 60;

pub(super) fn draft(
    binding: &Binding,
    intake: &mut Intake,
    said: &Said,
    feature: &Feature,
) -> Result<Draft, Refusal> {
    let text = |attribute| binding.text(attribute, feature).map(std::borrow::Cow::into_owned);
    let number = text(Attribute::Monitoring).unwrap_or_default();
    let refuse =
        |field: Attribute, code, reason: String| refusal(feature.row, &number, field.key(), code, reason);
    if !crate::grid::is_plain(&number, LONGEST) {
        return Err(refuse(
            Attribute::Monitoring,
            "identifier",
            "缺少监测编号 JCBH，或者编号过长".to_owned(),
        ));
    }
    let date = |attribute: Attribute, given: Option<Date>| match text(attribute) {
        None => Ok(given),
        Some(words) => parse_date(&words).map(Some).ok_or_else(|| {
            refuse(attribute, "date", format!("“{words}”不是日期，应写作 20260715 或 2026-07-15"))
        }),
    };
    let before_on = date(Attribute::ImageBefore, said.before_on)?;
    let after_on = date(Attribute::ImageAfter, said.after_on)?;
    if let (Some(before), Some(after)) = (before_on, after_on)
        && before > after
    {
        return Err(refuse(Attribute::ImageAfter, "date", format!("后时相 {after} 早于前时相 {before}")));
    }
    let stated = text(Attribute::Period).filter(|words| crate::grid::is_plain(words, 30));
    let period =
        said.period.clone().or(stated).or_else(|| after_on.map(|day| day.strftime("%Y-%m").to_string()));
    let Some(period) = period else {
        let reason = "没有后时相 HSX，请用 --period 指明期数".to_owned();
        return Err(refuse(Attribute::ImageAfter, "period", reason));
    };
    let stated_area = number_of(binding, feature).map_err(|r| refuse(Attribute::StatedArea, "number", r))?;
    let (to_class, seen) = change(text(Attribute::ChangedClass), text(Attribute::Trait));
    let raw = feature.geometry.as_ref();
    let raw = raw.ok_or_else(|| refusal(feature.row, &number, "", "no-geometry", "没有图形".to_owned()))?;
    let taken = intake.take(raw, said.bounds).map_err(|flaw| Refusal {
        place: flaw.at.map(|at| format!("{},{}", at.x, at.y)).unwrap_or_default(),
        ..refusal(feature.row, &number, "", flaw.code, flaw.reason)
    })?;
    let beyond = |reason: String| refusal(feature.row, &number, "", "geometry", reason);
    let inner = taken.lonlat.interior_point().ok_or_else(|| beyond("图形没有内点".to_owned()))?;
    let rect = taken.lonlat.bounding_rect().ok_or_else(|| beyond("图形为空".to_owned()))?;
    let bounds = [rect.min().x, rect.min().y, rect.max().x, rect.max().y];
    let geometry = wkb::write(&taken.polygons);
    let subject =
        overlay::subject(taken.polygons, intake.crs(), bounds).map_err(|e| beyond(e.to_string()))?;
    let mut draft = Draft {
        row: feature.row,
        kind: text(Attribute::PatchType),
        division: text(Attribute::Division).and_then(|code| RegionCode::parse(&code).ok()),
        rest: rest(binding, feature, &[Attribute::Remark, Attribute::Division]),
        place: (inner.x(), inner.y()),
        crs: intake.crs().epsg().unwrap_or_default(),
        shape: taken.shape.to_bytes(),
        fingerprint: [0; 16],
        number,
        period,
        seen,
        to_class,
        stated_area,
        before_on,
        after_on,
        geometry,
        subject,
    };
    draft.fingerprint = fingerprint(&draft, rest(binding, feature, &[Attribute::Remark]));
    Ok(draft)
}

fn number_of(binding: &Binding, feature: &Feature) -> Result<Option<f64>, String> {
    let value = binding.value(Attribute::StatedArea, feature);
    if value.is_blank() {
        return Ok(None);
    }
    let area = value.as_f64().filter(|area| area.is_finite() && *area >= 0.0);
    area.map(Some).ok_or_else(|| "监测面积 JCMJ 应为不小于零的数".to_owned())
}

/// The class that it changed to, and the interpreter's word: BGDL and TZ hold now the one, now the other.
fn change(changed: Option<String>, seen: Option<String>) -> (Option<String>, Option<String>) {
    let class = |text: &Option<String>| {
        text.as_deref().map(str::to_uppercase).filter(|code| classes::name(code).is_some())
    };
    let to = class(&changed).or_else(|| class(&seen));
    let word = [seen, changed].into_iter().flatten().find(|word| class(&Some(word.clone())).is_none());
    (to, word.map(|word| word.chars().take(LONGEST).collect()))
}

/// Fields without a column of their own.
fn rest(binding: &Binding, feature: &Feature, attributes: &[Attribute]) -> Option<String> {
    let field = |attribute: &Attribute| {
        let text = binding.text(*attribute, feature)?;
        Some((attribute.key().to_owned(), text.into_owned().into()))
    };
    let fields: serde_json::Map<String, serde_json::Value> = attributes.iter().filter_map(field).collect();
    (!fields.is_empty()).then(|| serde_json::Value::Object(fields).to_string())
}

/// The outline in millimetres of EPSG:4523, each ring from its south-western vertex, rings in order: the same for
/// the same patch in whatever format and coordinate system it comes.
fn outline(subject: &Subject) -> Vec<Vec<(i64, i64)>> {
    let millimetres = |c: &Coord<f64>| ((c.x * 1e3).round() as i64, (c.y * 1e3).round() as i64);
    let polygons = subject.region.polygons().iter();
    let rings = polygons.flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    let mut rings: Vec<Vec<_>> = rings
        .map(|ring| {
            let mut open: Vec<_> = ring.0.iter().skip(1).map(millimetres).collect();
            let first = (0..open.len()).min_by_key(|i| open[*i]).unwrap_or_default();
            open.rotate_left(first);
            open
        })
        .collect();
    rings.sort();
    rings
}

/// Over everything that was imported; equal means unchanged.
fn fingerprint(draft: &Draft, remark: Option<String>) -> [u8; 16] {
    let mut hash = Sha256::new();
    let day = |date: Option<Date>| date.map(|d| d.to_string());
    let texts = [
        Some(draft.number.clone()),
        draft.kind.clone(),
        draft.seen.clone(),
        draft.to_class.clone(),
        day(draft.before_on),
        day(draft.after_on),
        draft.division.map(|code| code.to_string()),
        remark,
    ];
    for text in &texts {
        hash.update(text.as_ref().map_or(u64::MAX, |t| t.len() as u64).to_le_bytes());
        hash.update(text.as_deref().unwrap_or_default());
    }
    let centimetres = draft.stated_area.map_or(i64::MIN, |area| (area * 100.0).round() as i64);
    hash.update(centimetres.to_le_bytes());
    for ring in outline(&draft.subject) {
        hash.update((ring.len() as u64).to_le_bytes());
        for (x, y) in ring {
            hash.update(x.to_le_bytes());
            hash.update(y.to_le_bytes());
        }
    }
    hash.finalize()[..16].try_into().expect("a SHA-256 has 32 bytes")
}
