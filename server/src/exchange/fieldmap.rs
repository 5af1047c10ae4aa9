//! Which field of a source means what.
//!
//! Without a map the names of the national 地类图斑 layer are looked for (TD/T 1057-2020, layer
//! DLTB), in any case. A TOML file (`--map FILE`) says otherwise, attribute by attribute; what it
//! does not mention keeps its usual names:
//!
//! ```toml
//! bsm  = "OBJECTID"               # the field of that name
//! dlbm = ["DLBM", "DLDM", "地类"]  # the first of these that the source has
//! qsxz = { value = "30" }         # no field: this value for every row
//! bz   = []                       # not read at all
//! ```
//!
//! The keys are the field names of the standard in lower case, and some of our own: `number`, `purpose`,
//! `valid_to` and `approved_on` of approvals and filings; `period` of change patches; `code`, an
//! existing 20-character parcel code, and `pbf`, whether the parcel is permanent basic farmland
//! (永久基本农田; `1`, `是` or `true`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::layer::{Feature, Field, NULL, Value};

macro_rules! attributes {
    ($($(#[$doc:meta])* $variant:ident = $key:literal [$($name:literal),*];)*) => {
        /// What a source field can mean.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Attribute { $($(#[$doc])* $variant,)* }

        impl Attribute {
            /// All of them.
            pub const ALL: &[Attribute] = &[$(Attribute::$variant,)*];

            /// The key in the TOML file.
            pub fn key(self) -> &'static str {
                match self { $(Attribute::$variant => $key,)* }
            }

            /// The names looked for without a map.
            fn usual_names(self) -> &'static [&'static str] {
                match self { $(Attribute::$variant => &[$($name),*],)* }
            }
        }
    };
}

attributes! {
    /// 标识码: the source's identifier of the parcel.
    Identifier = "bsm" ["BSM"];
    /// 地类编码.
    LandClass = "dlbm" ["DLBM"];
    /// 地类名称.
    LandClassName = "dlmc" ["DLMC"];
    /// 权属性质.
    Tenure = "qsxz" ["QSXZ"];
    /// 权属单位代码.
    OwnerCode = "qsdwdm" ["QSDWDM"];
    /// 权属单位名称.
    OwnerName = "qsdwmc" ["QSDWMC"];
    /// 坐落单位代码.
    LocationCode = "zldwdm" ["ZLDWDM"];
    /// 坐落单位名称.
    LocationName = "zldwmc" ["ZLDWMC"];
    /// 图斑面积, m² on the ellipsoid.
    Area = "tbmj" ["TBMJ"];
    /// 扣除地类编码.
    DeductedClass = "kcdlbm" ["KCDLBM"];
    /// 扣除地类系数.
    DeductionRatio = "kcxs" ["KCXS"];
    /// 扣除地类面积, m².
    DeductedArea = "kcmj" ["KCMJ"];
    /// 图斑地类面积, m².
    NetArea = "tbdlmj" ["TBDLMJ"];
    /// 耕地类型: TT or PD.
    FarmlandForm = "gdlx" ["GDLX"];
    /// 耕地坡度级别, 1 to 5.
    SlopeClass = "gdpdjb" ["GDPDJB"];
    /// 种植属性代码.
    CroppingCode = "zzsxdm" ["ZZSXDM"];
    /// 耕地等别, 1 to 15.
    Grade = "gddb" ["GDDB"];
    /// 飞入地标识.
    Enclave = "frdbs" ["FRDBS"];
    /// 数据年份.
    Year = "sjnf" ["SJNF"];
    /// 图斑编号.
    PatchNumber = "tbbh" ["TBBH"];
    /// 图斑预编号.
    PatchPreNumber = "tbybh" ["TBYBH"];
    /// 地块编码: the contract parcel's code (NY/T 2538).
    ContractParcel = "dkbm" ["DKBM"];
    /// An existing 20-character parcel code.
    ParcelCode = "code" ["ZWGDM"];
    /// Whether it is permanent basic farmland.
    BasicFarmland = "pbf" ["SFYN", "SFYJJBNT"];
    /// 不动产单元号 (GB/T 37346).
    RealEstateUnit = "bdcdyh" ["BDCDYH"];
    /// 备注.
    Remark = "bz" ["BZ"];
    /// 监测图斑编号: a change patch's number.
    Monitoring = "jcbh" ["JCBH", "监测编号"];
    /// 期数: the period that a change patch belongs to.
    Period = "period" ["QISHU", "期数"];
    /// 图斑类型.
    PatchType = "tblx" ["TBLX", "图斑类型"];
    /// 监测面积, m² as the platform states it.
    StatedArea = "jcmj" ["JCMJ", "监测面积"];
    /// 前时相: the day of the image before.
    ImageBefore = "qsx" ["QSX", "前时相"];
    /// 后时相: the day of the image after.
    ImageAfter = "hsx" ["HSX", "后时相"];
    /// 特征: what the interpreter saw, a class or a word.
    Trait = "tz" ["TZ", "特征"];
    /// 变更地类.
    ChangedClass = "bgdl" ["BGDL", "变更地类"];
    /// 行政区代码.
    Division = "xzqdm" ["XZQDM", "行政区代码"];
    /// 文号 or 编号 of an approval or a filing; the number of a 永久基本农田 or 新增耕地 area.
    Number = "number"
        ["PZWH", "批准文号", "BABH", "备案编号", "YJJBNTTBBH", "JBNTTBBH", "XMBH", "项目编号", "BSM", "TBBH"];
    /// 用途 of an approval or a filing.
    Purpose = "purpose" ["PZYT", "批准用途", "YT", "用途"];
    /// The last day of a temporary approval.
    ValidTo = "valid_to" ["YXQZ", "有效期至"];
    /// The day of an approval or a filing.
    ApprovedOn = "approved_on" ["PZSJ", "批准时间", "BASJ", "备案时间"];
}

/// Where an attribute's value comes from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Source {
    Field(String),
    AnyOf(Vec<String>),
    Constant(Constant),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Constant {
    value: Scalar,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Integer(i64),
    Real(f64),
    Bool(bool),
    Text(String),
}

/// Why a map cannot be used; the text says what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldMapError {
    /// The file is no TOML, or a value has the wrong form.
    #[error("字段对照文件不对：{0}")]
    Syntax(String),
    /// A key that means nothing.
    #[error("字段对照文件里的“{key}”不认识；可用的有：{}", known.join("、"))]
    UnknownKey {
        /// The key.
        key: String,
        /// All that are known.
        known: Vec<&'static str>,
    },
    /// The source lacks fields that are needed.
    #[error(
        "源数据缺少必需的字段 {}；文件里的字段有：{}。字段名不同时请用 --map 给出对照，例如 {} = \"字段名\"",
        missing.join("、"), found.join("、"), missing.first().copied().unwrap_or_default()
    )]
    Missing {
        /// The keys of what is missing.
        missing: Vec<&'static str>,
        /// The fields that are there.
        found: Vec<String>,
    },
    /// The map names a field the source does not have.
    #[error("字段对照文件把 {key} 指向“{}”，但源数据里没有；文件里的字段有：{}", wanted.join("”或“"), found.join("、"))]
    NoSuchField {
        /// The key.
        key: &'static str,
        /// The names that were given.
        wanted: Vec<String>,
        /// The fields that are there.
        found: Vec<String>,
    },
}

/// Which field means what, before a source is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldMap {
    own: BTreeMap<Attribute, Source>,
}

impl FieldMap {
    /// The names of the national standard.
    pub fn national() -> FieldMap {
        FieldMap::default()
    }

    /// Reads a map file; see the module's page for its form.
    ///
    /// # Errors
    /// [`FieldMapError::Syntax`] and [`FieldMapError::UnknownKey`].
    pub fn from_toml(text: &str) -> Result<FieldMap, FieldMapError> {
        let entries: BTreeMap<String, Source> = toml::from_str(text).map_err(|e| {
            FieldMapError::Syntax(format!(
                "{e}每一行应是 键 = \"字段名\"、键 = [\"字段名\", …] 或 键 = {{ value = \"固定值\" }}"
            ))
        })?;
        let mut own = BTreeMap::new();
        for (key, source) in entries {
            let attribute = Attribute::ALL.iter().find(|a| a.key().eq_ignore_ascii_case(&key));
            let Some(attribute) = attribute else {
                let known = Attribute::ALL.iter().map(|a| a.key()).collect();
                return Err(FieldMapError::UnknownKey { key, known });
            };
            own.insert(*attribute, source);
        }
        Ok(FieldMap { own })
    }

    /// Finds the attributes among a layer's fields.
    ///
    /// # Errors
    /// [`FieldMapError::Missing`] when one of `required` has no field and no constant;
    /// [`FieldMapError::NoSuchField`] when the map itself names a field that is not there.
    pub fn bind(&self, fields: &[Field], required: &[Attribute]) -> Result<Binding, FieldMapError> {
        let binding = Binding::new(self.clone(), fields);
        let found = || fields.iter().map(|field| field.name.clone()).collect();
        for (attribute, source) in &self.own {
            let wanted = match source {
                Source::Field(name) => vec![name.clone()],
                Source::AnyOf(names) if !names.is_empty() => names.clone(),
                _ => continue,
            };
            if binding.slot(*attribute) == &Slot::Absent {
                return Err(FieldMapError::NoSuchField { key: attribute.key(), wanted, found: found() });
            }
        }
        let missing: Vec<_> = required.iter().filter(|a| !binding.has(**a)).map(|a| a.key()).collect();
        if missing.is_empty() { Ok(binding) } else { Err(FieldMapError::Missing { missing, found: found() }) }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Slot {
    Column(usize),
    Constant(Value),
    Absent,
}

/// A map bound to a layer's fields.
#[derive(Debug, Clone)]
pub struct Binding {
    map: FieldMap,
    slots: Vec<Slot>,
    width: usize,
}

impl Binding {
    fn new(map: FieldMap, fields: &[Field]) -> Binding {
        let slots = Attribute::ALL.iter().map(|attribute| slot(map.own.get(attribute), *attribute, fields));
        Binding { slots: slots.collect(), width: fields.len(), map }
    }

    fn slot(&self, attribute: Attribute) -> &Slot {
        &self.slots[attribute as usize]
    }

    /// Whether the source has this attribute at all.
    pub fn has(&self, attribute: Attribute) -> bool {
        self.slot(attribute) != &Slot::Absent
    }

    /// Looks at the fields again if there are more than before, as a GeoJSON layer's may be. Call it
    /// for every feature; it costs one comparison.
    pub fn refresh(&mut self, fields: &[Field]) {
        if fields.len() > self.width {
            *self = Binding::new(std::mem::take(&mut self.map), fields);
        }
    }

    /// The value of an attribute in a row; null when the source does not have it.
    pub fn value<'a>(&'a self, attribute: Attribute, feature: &'a Feature) -> &'a Value {
        match self.slot(attribute) {
            Slot::Column(index) => feature.values.get(*index).unwrap_or(&NULL),
            Slot::Constant(value) => value,
            Slot::Absent => &NULL,
        }
    }

    /// The value of an attribute as trimmed text.
    pub fn text<'a>(&'a self, attribute: Attribute, feature: &'a Feature) -> Option<Cow<'a, str>> {
        self.value(attribute, feature).as_text()
    }
}

fn slot(source: Option<&Source>, attribute: Attribute, fields: &[Field]) -> Slot {
    let find = |name: &str| fields.iter().position(|field| same_name(&field.name, name));
    let column = match source {
        None => attribute.usual_names().iter().find_map(|name| find(name)),
        Some(Source::Field(name)) => find(name),
        Some(Source::AnyOf(names)) => names.iter().find_map(|name| find(name)),
        Some(Source::Constant(constant)) => return Slot::Constant(constant.value.to_value()),
    };
    column.map_or(Slot::Absent, Slot::Column)
}

fn same_name(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

impl Scalar {
    fn to_value(&self) -> Value {
        match self {
            Scalar::Integer(n) => Value::Integer(*n),
            Scalar::Real(x) => Value::Real(*x),
            Scalar::Bool(b) => Value::Integer(i64::from(*b)),
            Scalar::Text(text) => Value::Text(text.clone()),
        }
    }
}
