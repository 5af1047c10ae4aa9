//! Checks and measures one row: everything about an import that needs no database.

use std::borrow::Cow;
use std::sync::Arc;

use gengwei_proto::{Level, ParcelCode, RegionCode};
use sha2::{Digest, Sha256};

use super::Options;
use crate::auth::Units;
use crate::exchange::fieldmap::{Attribute, Binding};
use crate::exchange::layer::{Feature, Field, RowError};
use crate::exchange::rejects::Refusal;
use crate::geo::intake::{Flaw, Taken};
use crate::geo::{Crs, Intake, ParcelShape, wkb};
use crate::grid::Grid;
use crate::parcels::classes;
use crate::policy::{Parcels, Policy};

/// A row that can be stored.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub row: u64,
    pub unit: RegionCode,
    pub bsm: Option<String>,
    pub dlbm: String,
    pub zldwdm: Option<String>,
    pub qsdwdm: Option<String>,
    pub qsxz: Option<String>,
    pub tbmj: Option<f64>,
    pub kcmj: Option<f64>,
    pub tbdlmj: Option<f64>,
    pub area: f64,
    pub permanent: bool,
    pub crop: Option<String>,
    pub quality: Option<i64>,
    pub slope: Option<String>,
    pub year: Option<i64>,
    pub rest: Option<String>,
    pub crs: u32,
    pub geometry: Vec<u8>,
    pub shape: ParcelShape,
    pub fingerprint: [u8; 16],
    /// A code that the file gives; farmland only.
    pub code: Option<ParcelCode>,
    /// A code that its DKBM makes, if nobody has it yet.
    pub contract: Option<ParcelCode>,
    pub dkbm: Option<String>,
    pub bdcdyh: Option<String>,
}

impl Draft {
    /// Whether it bears a code.
    pub(super) fn is_farmland(&self) -> bool {
        classes::is_farmland(&self.dlbm)
    }
}

/// What should be known though it stopped nothing; counted, not listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Warnings {
    repaired: u64,
    sums: u64,
    areas: u64,
    no_area: u64,
    worst_area: f64,
}

impl Warnings {
    pub(super) fn add(&mut self, other: &Self) {
        self.repaired += other.repaired;
        self.sums += other.sums;
        self.areas += other.areas;
        self.no_area += other.no_area;
        self.worst_area = self.worst_area.max(other.worst_area);
    }

    /// One Chinese sentence for each kind that occurred.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.repaired > 0 {
            all.push(format!(
                "{} 个图形有可以安全修复的小问题，已修复（闭合、重复点、方向等）",
                self.repaired
            ));
        }
        if self.sums > 0 {
            all.push(format!("{} 个图斑的 TBDLMJ 不等于 TBMJ−KCMJ，按原值入库", self.sums));
        }
        if self.areas > 0 {
            all.push(format!(
                "{} 个图斑的 TBMJ 与按规范计算的椭球面积不一致（最大相差 {:.2} 平方米），按原值入库",
                self.areas, self.worst_area
            ));
        }
        if self.no_area > 0 {
            all.push(format!("{} 个图斑没有 TBMJ，面积取按规范计算的椭球面积", self.no_area));
        }
        all
    }
}

/// Prepares the rows of one layer. Each worker thread has its own.
pub(super) struct Preparer {
    intake: Intake,
    binding: Binding,
    grid: Arc<Grid>,
    policy: Parcels,
    unit: Option<RegionCode>,
    outside: bool,
    within: Option<Units>,
    warnings: Warnings,
}

impl Clone for Preparer {
    fn clone(&self) -> Self {
        Self {
            intake: self.intake.clone(),
            binding: self.binding.clone(),
            grid: self.grid.clone(),
            policy: self.policy.clone(),
            unit: self.unit,
            outside: self.outside,
            within: self.within.clone(),
            warnings: Warnings::default(),
        }
    }
}

/// What is wrong with a row, before it is known which row it is.
struct Fault {
    field: &'static str,
    place: String,
    code: &'static str,
    reason: String,
}

impl Fault {
    fn new(field: Attribute, code: &'static str, reason: impl Into<String>) -> Self {
        Self { field: field.key(), place: String::new(), code, reason: reason.into() }
    }

    fn geometry(code: &'static str, reason: impl Into<String>) -> Self {
        Self { field: "", place: String::new(), code, reason: reason.into() }
    }
}

impl From<Flaw> for Fault {
    fn from(flaw: Flaw) -> Self {
        let place = flaw.at.map(|at| format!("{},{}", at.x, at.y)).unwrap_or_default();
        Self { place, ..Self::geometry(flaw.code, flaw.reason) }
    }
}

impl Preparer {
    pub(super) fn new(
        crs: Crs,
        binding: Binding,
        grid: Arc<Grid>,
        policy: &Policy,
        options: &Options,
    ) -> Self {
        Self {
            intake: Intake::new(crs),
            binding,
            grid,
            policy: policy.parcels.clone(),
            unit: options.unit,
            outside: options.outside,
            within: options.within.clone(),
            warnings: Warnings::default(),
        }
    }

    /// Notices fields that appeared late in the file.
    pub(super) fn refresh(&mut self, fields: &[Field]) {
        self.binding.refresh(fields);
    }

    pub(super) fn take_warnings(&mut self) -> Warnings {
        std::mem::take(&mut self.warnings)
    }

    pub(super) fn prepare(&mut self, row: Result<Feature, RowError>) -> Result<Box<Draft>, Refusal> {
        let feature = row?;
        self.draft(&feature).map(Box::new).map_err(|fault| Refusal {
            row: feature.row,
            identifier: self.text(Attribute::Identifier, &feature).unwrap_or_default().into_owned(),
            field: fault.field.to_owned(),
            place: fault.place,
            code: fault.code,
            reason: fault.reason,
            fatal: false,
        })
    }

    fn text<'a>(&'a self, attribute: Attribute, feature: &'a Feature) -> Option<Cow<'a, str>> {
        self.binding.text(attribute, feature).filter(|text| !text.is_empty())
    }

    fn owned(&self, attribute: Attribute, feature: &Feature) -> Option<String> {
        self.text(attribute, feature).map(Cow::into_owned)
    }

    fn number(&self, attribute: Attribute, feature: &Feature) -> Result<Option<f64>, Fault> {
        let value = self.binding.value(attribute, feature);
        if value.is_blank() {
            return Ok(None);
        }
        match value.as_f64().filter(|n| n.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => {
                let key = attribute.key().to_uppercase();
                Err(Fault::new(attribute, "number", format!("{key} 应为数字")))
            }
        }
    }

    fn draft(&mut self, f: &Feature) -> Result<Draft, Fault> {
        let dlbm = self.class(f)?;
        let zldwdm = self.owned(Attribute::LocationCode, f);
        let unit = self.place_in_grid(zldwdm.as_deref())?;
        let [tbmj, kcmj, tbdlmj] = self.areas(f)?;
        let raw = f.geometry.as_ref().ok_or_else(|| Fault::geometry("no-geometry", "没有图形"))?;
        let bounds = (!self.outside).then_some(self.policy.bounds);
        let Taken { polygons, shape, area, mended, .. } = self.intake.take(raw, bounds)?;
        self.warnings.repaired += u64::from(mended);
        self.compare(tbmj, area);
        let geometry = wkb::write(&polygons);
        let dkbm = self.owned(Attribute::ContractParcel, f);
        let mut draft = Draft {
            row: f.row,
            unit,
            bsm: self.owned(Attribute::Identifier, f),
            qsdwdm: self.owned(Attribute::OwnerCode, f),
            qsxz: self.owned(Attribute::Tenure, f),
            tbmj,
            kcmj,
            tbdlmj,
            area,
            permanent: self.text(Attribute::BasicFarmland, f).is_some_and(|t| is_yes(&t)),
            crop: self.owned(Attribute::CroppingCode, f),
            quality: self.number(Attribute::Grade, f)?.map(|n| n as i64).filter(|n| *n != 0),
            slope: self.owned(Attribute::SlopeClass, f),
            year: self.number(Attribute::Year, f)?.map(|n| n as i64).filter(|n| *n != 0),
            rest: self.rest(f),
            crs: self.intake.crs().epsg().unwrap_or_default(),
            geometry,
            shape,
            fingerprint: [0; 16],
            code: None,
            contract: None,
            bdcdyh: self.owned(Attribute::RealEstateUnit, f),
            dkbm,
            dlbm,
            zldwdm,
        };
        if draft.is_farmland() {
            draft.code = self.given_code(f)?;
            draft.contract = draft.dkbm.as_deref().and_then(|dkbm| ParcelCode::from_body(dkbm).ok());
        }
        draft.fingerprint = fingerprint(&draft);
        Ok(draft)
    }

    fn class(&self, f: &Feature) -> Result<String, Fault> {
        let Some(class) = self.text(Attribute::LandClass, f) else {
            return Err(Fault::new(Attribute::LandClass, "class", "缺少地类编码 DLBM"));
        };
        let class = class.to_uppercase();
        if classes::name(&class).is_none() {
            let reason = format!("地类编码“{class}”不在三调工作分类中");
            return Err(Fault::new(Attribute::LandClass, "class", reason));
        }
        Ok(class)
    }

    fn place_in_grid(&self, zldwdm: Option<&str>) -> Result<RegionCode, Fault> {
        let fault = |reason: String| Fault::new(Attribute::LocationCode, "unit", reason);
        let code = match (zldwdm, self.unit) {
            (Some(text), _) => RegionCode::parse(text)
                .map_err(|_| fault(format!("坐落单位代码“{text}”不是有效的区划代码")))?,
            (None, Some(unit)) => unit,
            (None, None) => return Err(fault("缺少坐落单位代码 ZLDWDM".to_owned())),
        };
        match self.grid.resolve(&code) {
            Some(unit) if self.within.as_ref().is_some_and(|units| !units.contain(&unit.code)) => Err(
                Fault::new(Attribute::LocationCode, "scope", format!("坐落单位 {code} 不在导入单位的辖区内")),
            ),
            Some(unit) => Ok(unit.code),
            None => Err(fault(format!("坐落单位 {code} 不在网格里，请先导入区划"))),
        }
    }

    fn areas(&mut self, f: &Feature) -> Result<[Option<f64>; 3], Fault> {
        let tbmj = self.number(Attribute::Area, f)?.filter(|n| *n != 0.0);
        let kcmj = self.number(Attribute::DeductedArea, f)?;
        let tbdlmj = self.number(Attribute::NetArea, f)?;
        if tbmj.is_some_and(|n| n < 0.0) {
            return Err(Fault::new(Attribute::Area, "area", "图斑面积 TBMJ 应大于零"));
        }
        if let (Some(whole), Some(net)) = (tbmj, tbdlmj)
            && (whole - kcmj.unwrap_or(0.0) - net).abs() > 0.011
        {
            self.warnings.sums += 1;
        }
        Ok([tbmj, kcmj, tbdlmj])
    }

    fn compare(&mut self, tbmj: Option<f64>, area: f64) {
        match tbmj {
            None => self.warnings.no_area += 1,
            Some(tbmj) => {
                let difference = (tbmj - area).abs();
                if difference > self.policy.area_tolerance {
                    self.warnings.areas += 1;
                    self.warnings.worst_area = self.warnings.worst_area.max(difference);
                }
            }
        }
    }

    fn given_code(&self, f: &Feature) -> Result<Option<ParcelCode>, Fault> {
        let Some(text) = self.text(Attribute::ParcelCode, f) else { return Ok(None) };
        ParcelCode::parse(&text)
            .map(Some)
            .map_err(|e| Fault::new(Attribute::ParcelCode, "code", format!("地块码“{text}”无效：{e}")))
    }

    /// The national fields that have no column of their own, so that an export can give them back.
    fn rest(&self, f: &Feature) -> Option<String> {
        const REST: [Attribute; 10] = [
            Attribute::LandClassName,
            Attribute::OwnerName,
            Attribute::LocationName,
            Attribute::DeductedClass,
            Attribute::DeductionRatio,
            Attribute::FarmlandForm,
            Attribute::Enclave,
            Attribute::PatchNumber,
            Attribute::PatchPreNumber,
            Attribute::Remark,
        ];
        let present = REST.iter().filter_map(|a| Some((a.key(), self.text(*a, f)?)));
        let map: serde_json::Map<_, _> =
            present.map(|(key, text)| (key.to_owned(), text.into_owned().into())).collect();
        (!map.is_empty()).then(|| serde_json::Value::Object(map).to_string())
    }
}

fn is_yes(text: &str) -> bool {
    matches!(text, "1" | "是" | "Y" | "y" | "T") || text.eq_ignore_ascii_case("true")
}

/// Over everything that was imported; equal means unchanged.
fn fingerprint(d: &Draft) -> [u8; 16] {
    let mut hash = Sha256::new();
    let texts = [
        Some(d.unit.as_str()),
        d.bsm.as_deref(),
        Some(&d.dlbm),
        d.zldwdm.as_deref(),
        d.qsdwdm.as_deref(),
        d.qsxz.as_deref(),
        d.crop.as_deref(),
        d.slope.as_deref(),
        d.rest.as_deref(),
        d.dkbm.as_deref(),
        d.bdcdyh.as_deref(),
        d.code.as_ref().map(ParcelCode::as_str),
    ];
    for text in texts {
        hash.update((text.map_or(u64::MAX, |t| t.len() as u64)).to_le_bytes());
        hash.update(text.unwrap_or_default());
    }
    for number in [d.tbmj, d.kcmj, d.tbdlmj] {
        hash.update(number.unwrap_or(f64::NAN).to_le_bytes());
    }
    for number in [d.quality, d.year, Some(i64::from(d.permanent)), Some(i64::from(d.crs))] {
        hash.update(number.unwrap_or(i64::MIN).to_le_bytes());
    }
    hash.update(&d.geometry);
    let full = hash.finalize();
    full[..16].try_into().expect("a SHA-256 has 32 bytes")
}

/// The village of a unit: what a new code begins with. A unit above the village has none.
pub(super) fn village_of(unit: &RegionCode) -> Option<RegionCode> {
    unit.ancestor(Level::Village)
}
