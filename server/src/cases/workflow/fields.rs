//! What an action asks to be filled in besides words and photos.

use gengwei_proto::RegionCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cases::{Kind, words};

words! {
    /// The name of something to fill in.
    #[schema(as = CaseField)]
    Field {
        Unit = "unit" "承办单位",
        Due = "due" "完成期限",
        Ground = "ground" "不属实的依据",
        Finding = "finding" "认定结论",
        Measure = "measure" "整改方式",
        Responsible = "responsible" "整改责任人",
        Document = "document" "文号",
        Kind = "kind" "问题类型",
    }
}

words! {
    /// Why it is no problem (研判、核实).
    #[schema(as = CaseGround)]
    Ground {
        Pseudo = "pseudo" "伪变化",
        Lawful = "lawful" "合法用地",
        Objective = "objective" "客观流出",
        Unfounded = "unfounded" "反映情况不实",
    }
}

words! {
    /// What the county determines it to be (认定).
    #[schema(as = CaseFinding)]
    Finding {
        NonAgricultural = "non_agricultural" "非农化",
        NonGrain = "non_grain" "非粮化",
        Abandoned = "abandoned" "撂荒",
        OversizedFacility = "oversized_facility" "设施超标",
        Other = "other" "其他",
    }
}

words! {
    /// How it is to be put right (R28).
    #[schema(as = CaseMeasure)]
    Measure {
        Demolish = "demolish" "拆除",
        Confiscate = "confiscate" "没收",
        Restore = "restore" "复耕",
        Procedures = "procedures" "补办手续",
        Repair = "repair" "修复",
        Other = "other" "其他",
    }
}

/// What was filled in. Kept with the event as it came.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CaseFields)]
pub struct Fields {
    /// A unit's code: for `delegate` one between the holder and the place, for `assign` a village or group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    pub unit: Option<RegionCode>,
    /// The last day, YYYY-MM-DD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, required = false)]
    pub due: Option<Date>,
    /// Why it is no problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// What the county determines it to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// How it is to be put right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// Who answers for putting it right, up to 50 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<String>,
    /// The number of the document it rests on, up to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// What is wrong after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
}

impl Fields {
    /// Whether a field is filled in.
    pub fn has(&self, field: Field) -> bool {
        match field {
            Field::Unit => self.unit.is_some(),
            Field::Due => self.due.is_some(),
            Field::Ground => self.ground.is_some(),
            Field::Finding => self.finding.is_some(),
            Field::Measure => self.measure.is_some(),
            Field::Responsible => self.responsible.as_ref().is_some_and(|text| !text.trim().is_empty()),
            Field::Document => self.document.as_ref().is_some_and(|text| !text.trim().is_empty()),
            Field::Kind => self.kind.is_some(),
        }
    }

    /// What is wrong with the texts, field and sentence.
    pub fn check_texts(&self) -> Result<(), (Field, String)> {
        let check = |text: &Option<String>, field: Field, most: usize| match text {
            Some(text) if !crate::grid::is_plain(text, most) => {
                Err((field, format!("{}应为 1 至 {most} 个字符。", field.title())))
            }
            _ => Ok(()),
        };
        check(&self.responsible, Field::Responsible, 50)?;
        check(&self.document, Field::Document, 100)
    }
}

/// A word that may be chosen, with its title.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Choice {
    /// The word.
    pub value: &'static str,
    /// Chinese.
    pub title: &'static str,
}

impl Field {
    /// The words to choose from; none for a date, a code or a text.
    pub fn choices(self) -> Vec<Choice> {
        macro_rules! all {
            ($list:ty) => {
                <$list>::ALL.iter().map(|w| Choice { value: w.name(), title: w.title() }).collect()
            };
        }
        match self {
            Self::Ground => all!(Ground),
            Self::Finding => all!(Finding),
            Self::Measure => all!(Measure),
            Self::Kind => all!(Kind),
            Self::Unit | Self::Due | Self::Responsible | Self::Document => Vec::new(),
        }
    }

    /// What it holds: `choice`, `date`, `unit` or `text`.
    pub fn form(self) -> &'static str {
        match self {
            Self::Ground | Self::Finding | Self::Measure | Self::Kind => "choice",
            Self::Due => "date",
            Self::Unit => "unit",
            Self::Responsible | Self::Document => "text",
        }
    }
}
