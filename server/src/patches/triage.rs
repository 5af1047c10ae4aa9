//! What is likely, and why: the rules of `assets/triage/rules.toml` applied to what the overlay found.
//!
//! A suggestion is a sentence with the article it rests on. It is kept with the rule, the rules' version and
//! everything that it was made from (R48), decides nothing and closes nothing. Housing on farmland is
//! 乱占耕地建房 whatever else is found: no rule can say less (R22), which is checked when the rules are read and
//! once more when one has spoken.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cases::{self, words};
use crate::parcels::classes;

/// The rules as shipped.
const RULES: &str = include_str!("../../assets/triage/rules.toml");

/// Housing, in the 三调工作分类.
const HOUSING: &str = "07";

words! {
    /// What a patch probably is.
    #[schema(as = PatchVerdict)]
    Verdict {
        FalseChange = "false_change" "疑似伪变化",
        NoFarmland = "no_farmland" "疑似不涉及耕地",
        Lawful = "lawful" "疑似合法用地",
        Temporary = "temporary" "临时用地待核",
        Objective = "objective" "疑似客观流出",
        NonAgricultural = "non_agricultural" "疑似非农化",
        IllegalHouse = "illegal_house" "疑似乱占耕地建房",
        Facility = "facility" "农业设施建设用地待核",
        NonGrain = "non_grain" "疑似非粮化",
        Abandoned = "abandoned" "疑似撂荒",
        Uncultivated = "uncultivated" "未耕种",
        CropAdvice = "crop_advice" "种植结构提醒",
        FieldCheck = "field_check" "须实地核实",
    }
}

/// What an approval allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// None covers the patch.
    None,
    /// For a time.
    Temporary,
    /// For good.
    Lasting,
}

/// What the rules look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Inputs {
    /// The class of most of the farmland before; of most of the patch where it touches none.
    pub from: Option<String>,
    /// The class that the patch shows.
    pub to: Option<String>,
    /// The interpreter's word where there is no class.
    pub seen: Option<String>,
    /// Of the patch, m².
    pub area: f64,
    /// On farmland, m².
    pub farmland: f64,
    /// On 永久基本农田, m².
    pub permanent: f64,
    /// On 新增耕地, m².
    pub added: f64,
    /// The approval that covers it.
    pub approval: Approval,
    /// Whether a filing covers it.
    pub filing: bool,
    /// The numbers of the approvals and filings that it meets.
    pub numbers: Vec<String>,
    /// The month of the later image.
    pub month: Option<i8>,
    /// Whether the same ground was seen uncultivated a year or more before.
    pub repeated: bool,
}

/// From where on something counts; the city's own where the policy sets it, as all that the notice leaves open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TriageThresholds)]
pub struct Thresholds {
    /// m² of farmland from which a patch lies on farmland.
    pub farmland: f64,
    /// Or this share of the patch, 0 to 1.
    pub farmland_share: f64,
    /// m² from which it touches 永久基本农田.
    pub permanent: f64,
    /// The share of a patch's farmland from which an approval or a filing covers it, 0 to 1.
    pub covered: f64,
    /// Ground seen uncultivated so many months before counts as uncultivated again.
    pub repeated_months: i32,
    /// The document that says so; without it the values are our defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The document's date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// What is suggested, and what it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Suggestion {
    /// In a word.
    pub verdict: Verdict,
    /// What a case of it is about.
    pub kind: cases::Kind,
    /// In a Chinese sentence.
    pub says: String,
    /// What it rests on.
    pub article: String,
    /// Which rule spoke.
    pub rule: String,
    /// Of which version of the rules.
    pub version: String,
    /// What it was made from.
    pub inputs: Inputs,
    /// The thresholds in force then; null in suggestions from before they were kept.
    #[serde(default)]
    pub thresholds: Option<Thresholds>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    version: String,
    rule: Vec<Rule>,
}

/// Whether farmland is wanted, unwanted or of no matter.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Wanted {
    Only(bool),
    #[serde(deserialize_with = "any")]
    Any,
}

fn any<'de, D: serde::Deserializer<'de>>(from: D) -> Result<(), D::Error> {
    match String::deserialize(from)?.as_str() {
        "any" => Ok(()),
        other => Err(serde::de::Error::custom(format!("farmland: {other}?"))),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    from: Option<Vec<String>>,
    to: Option<Vec<String>>,
    seen: Option<Vec<String>>,
    farmland: Option<Wanted>,
    permanent: Option<bool>,
    approval: Option<Approval>,
    filing: Option<bool>,
    months: Option<Vec<i8>>,
    repeated: Option<bool>,
    verdict: Verdict,
    kind: cases::Kind,
    says: String,
    article: String,
}

static SHIPPED: LazyLock<Rules> =
    LazyLock::new(|| Rules::read(RULES).unwrap_or_else(|error| panic!("assets/triage/rules.toml: {error}")));

/// What the shipped rules make of a patch, with the city's thresholds.
pub fn suggest(inputs: Inputs, thresholds: &Thresholds) -> Suggestion {
    SHIPPED.suggest(inputs, thresholds)
}

impl Rules {
    fn read(text: &str) -> Result<Self, String> {
        let rules: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let last = rules.rule.last().ok_or("no rule")?;
        if !last.is_open() {
            return Err(format!("the last rule ({}) must fit everything", last.id));
        }
        for rule in &rules.rule {
            let houses =
                rule.to.iter().flatten().any(|to| HOUSING.starts_with(&**to) || to.starts_with(HOUSING));
            if houses && rule.kind != cases::Kind::IllegalHouse {
                return Err(format!("{}: housing on farmland is 乱占耕地建房 (R22)", rule.id));
            }
        }
        Ok(rules)
    }

    fn suggest(&self, inputs: Inputs, thresholds: &Thresholds) -> Suggestion {
        let on_farmland = on_farmland(&inputs, thresholds);
        let on_permanent = inputs.permanent >= thresholds.permanent;
        let fits = |rule: &&Rule| rule.fits(&inputs, on_farmland, on_permanent);
        let house = |rule: &&Rule| rule.kind == cases::Kind::IllegalHouse;
        let is_house = on_farmland && inputs.to.as_deref().is_some_and(|to| to.starts_with(HOUSING));
        let spoken = match is_house {
            true => self.rule.iter().find(house).or_else(|| self.rule.iter().find(fits)),
            false => self.rule.iter().find(fits),
        };
        let rule = spoken.or_else(|| self.rule.last()).expect("rules were read with at least one");
        Suggestion {
            verdict: rule.verdict,
            kind: if is_house { cases::Kind::IllegalHouse } else { rule.kind },
            says: filled(&rule.says, &inputs),
            article: filled(&rule.article, &inputs),
            rule: rule.id.clone(),
            version: self.version.clone(),
            inputs,
            thresholds: Some(thresholds.clone()),
        }
    }
}

fn on_farmland(inputs: &Inputs, thresholds: &Thresholds) -> bool {
    inputs.farmland >= thresholds.farmland
        || inputs.farmland > 0.0 && inputs.farmland >= inputs.area * thresholds.farmland_share
}

impl Rule {
    fn is_open(&self) -> bool {
        let asks = self.from.is_some() || self.to.is_some() || self.seen.is_some() || self.months.is_some();
        let wants = self.permanent.is_some() || self.filing.is_some() || self.repeated.is_some();
        !asks && !wants && self.approval.is_none() && matches!(self.farmland, Some(Wanted::Any))
    }

    fn fits(&self, inputs: &Inputs, on_farmland: bool, on_permanent: bool) -> bool {
        let begins = |codes: &Option<Vec<String>>, class: &Option<String>| match (codes, class) {
            (None, _) => true,
            (Some(codes), Some(class)) => codes.iter().any(|code| class.starts_with(&**code)),
            (Some(_), None) => false,
        };
        let seen = match (&self.seen, &inputs.seen) {
            (None, _) => true,
            (Some(words), Some(seen)) => words.contains(seen),
            (Some(_), None) => false,
        };
        let farmland = match self.farmland {
            None => on_farmland,
            Some(Wanted::Only(wanted)) => wanted == on_farmland,
            Some(Wanted::Any) => true,
        };
        let month = match (&self.months, inputs.month) {
            (None, _) => true,
            (Some(months), Some(month)) => months.contains(&month),
            (Some(_), None) => false,
        };
        begins(&self.from, &inputs.from)
            && begins(&self.to, &inputs.to)
            && seen
            && farmland
            && month
            && self.permanent.is_none_or(|wanted| wanted == on_permanent)
            && self.approval.is_none_or(|wanted| wanted == inputs.approval)
            && self.filing.is_none_or(|wanted| wanted == inputs.filing)
            && self.repeated.is_none_or(|wanted| wanted == inputs.repeated)
    }
}

fn filled(text: &str, inputs: &Inputs) -> String {
    let class = |class: &Option<String>| match class {
        Some(code) => classes::name(code).map_or_else(|| code.clone(), |name| format!("{name}（{code}）")),
        None => "不明地类".to_owned(),
    };
    let numbers = if inputs.numbers.is_empty() { "无编号".to_owned() } else { inputs.numbers.join("、") };
    text.replace("{from}", &class(&inputs.from))
        .replace("{to}", &class(&inputs.to))
        .replace("{farmland}", &format!("{:.2}", inputs.farmland))
        .replace("{permanent}", &format!("{:.2}", inputs.permanent))
        .replace("{number}", &numbers)
        .replace("{seen}", inputs.seen.as_deref().unwrap_or_default())
}

#[cfg(test)]
#[path = "triage_tests.rs"]
mod tests;
