//! Every line of the table of conversions, and what no rule may do.

use super::*;
use crate::cases::{Kind, Severity};
use crate::policy::Policy;

/// By the shipped rules and thresholds.
fn suggest(inputs: Inputs) -> Suggestion {
    super::suggest(inputs, &Policy::load(None).expect("the default").triage)
}

fn inputs(to: Option<&str>) -> Inputs {
    Inputs {
        from: Some("0102".to_owned()),
        to: to.map(str::to_owned),
        seen: None,
        area: 1_000.0,
        farmland: 900.0,
        permanent: 0.0,
        added: 0.0,
        approval: Approval::None,
        filing: false,
        numbers: Vec::new(),
        month: Some(7),
        repeated: false,
    }
}

fn seen(word: &str) -> Inputs {
    Inputs { seen: Some(word.to_owned()), ..inputs(None) }
}

#[test]
fn conversions_are_judged_as_the_table_says() {
    for (to, permanent, verdict, rule) in [
        ("0601", 0.0, Verdict::NonAgricultural, "built"),
        ("0601", 400.0, Verdict::NonAgricultural, "built-permanent"),
        ("1003", 0.5, Verdict::NonAgricultural, "built"),
        ("1201", 0.0, Verdict::FieldCheck, "bare"),
        ("1202", 0.0, Verdict::Facility, "facility"),
        ("1202", 400.0, Verdict::Facility, "facility-permanent"),
        ("1006", 0.0, Verdict::Facility, "facility"),
        ("0201K", 400.0, Verdict::NonGrain, "orchard-permanent"),
        ("0307", 0.0, Verdict::NonGrain, "woods-grass"),
        ("1104A", 0.0, Verdict::NonGrain, "pond"),
        ("1104", 400.0, Verdict::NonGrain, "pond-permanent"),
        ("1101", 0.0, Verdict::Objective, "water"),
        ("0103", 0.0, Verdict::FalseChange, "still-farmland"),
        ("1207", 0.0, Verdict::FieldCheck, "unknown"),
    ] {
        let found = suggest(Inputs { permanent, ..inputs(Some(to)) });
        assert_eq!((found.verdict, &*found.rule), (verdict, rule), "{to} {permanent}");
        assert!(!found.says.contains('{') && !found.article.is_empty(), "{}", found.says);
    }
}

#[test]
fn what_the_interpreter_saw_counts_where_there_is_no_class() {
    for (word, month, repeated, rule) in [
        ("WG", 7, false, "uncultivated"),
        ("WG", 1, false, "uncultivated-winter"),
        ("WG", 1, true, "uncultivated-again"),
        ("FLS", 7, false, "other-crop"),
        ("推土", 7, false, "earthwork"),
        ("伪变化", 7, false, "no-change"),
        ("不认识", 7, false, "unknown"),
    ] {
        let found = suggest(Inputs { month: Some(month), repeated, ..seen(word) });
        assert_eq!(found.rule, rule, "{word} {month} {repeated}");
    }
}

#[test]
fn an_approval_makes_building_lawful_and_a_filing_a_facility() {
    let approved = Inputs {
        approval: Approval::Lasting,
        numbers: vec!["宁政土批字〔2025〕1号".to_owned()],
        ..inputs(Some("0601"))
    };
    let found = suggest(approved.clone());
    assert_eq!((found.verdict, found.kind), (Verdict::Lawful, Kind::Building));
    assert!(found.says.contains("宁政土批字〔2025〕1号"), "{}", found.says);
    let temporary = Inputs { approval: Approval::Temporary, ..approved };
    assert_eq!(suggest(temporary).verdict, Verdict::Temporary);
    assert_eq!(suggest(Inputs { filing: true, ..inputs(Some("1202")) }).rule, "facility-filed");
}

#[test]
fn a_house_on_farmland_is_grave_whatever_else_is_found() {
    for approval in [Approval::None, Approval::Temporary, Approval::Lasting] {
        for word in [None, Some("伪变化"), Some("WG")] {
            for to in ["0701", "0702", "07"] {
                let found = suggest(Inputs {
                    approval,
                    filing: true,
                    month: Some(1),
                    seen: word.map(str::to_owned),
                    ..inputs(Some(to))
                });
                assert_eq!((found.verdict, found.kind), (Verdict::IllegalHouse, Kind::IllegalHouse));
                assert_eq!(found.kind.severity(), Severity::Grave);
            }
        }
    }
    // Not on farmland: nothing to be zero-tolerant about.
    let found = suggest(Inputs { farmland: 3.0, ..inputs(Some("0702")) });
    assert_eq!(found.verdict, Verdict::NoFarmland);
}

#[test]
fn rules_that_would_lower_a_house_or_leave_gaps_are_refused() {
    let head = "version = \"x\"\n";
    let rule = |more: &str| {
        format!("{head}[[rule]]\nid = \"a\"\nverdict = \"lawful\"\nsays = \"\"\narticle = \"\"\n{more}")
    };
    let error = Rules::read(&rule("kind = \"building\"\nto = [\"0702\"]\n")).unwrap_err();
    assert!(error.contains("must fit everything"), "{error}");
    let open = "[[rule]]\nid = \"z\"\nfarmland = \"any\"\nverdict = \"field_check\"\nkind = \"other\"\nsays = \"\"\narticle = \"\"\n";
    let error = Rules::read(&rule(&format!("kind = \"building\"\nto = [\"0702\"]\n{open}"))).unwrap_err();
    assert!(error.contains("R22"), "{error}");
    assert!(Rules::read(&rule(&format!("kind = \"building\"\nto = [\"0601\"]\n{open}"))).is_ok());
    assert!(Rules::read(&rule("kind = \"other\"\nfarmland = \"some\"\n")).is_err());
}

#[test]
fn small_touches_do_not_count() {
    let sliver = Inputs { farmland: 20.0, permanent: 0.4, ..inputs(Some("0601")) };
    assert_eq!(suggest(sliver.clone()).verdict, Verdict::NoFarmland);
    // Unless they are most of a small patch.
    assert_eq!(suggest(Inputs { area: 30.0, ..sliver }).verdict, Verdict::NonAgricultural);
}

#[test]
fn thresholds_are_the_city_s_own_and_are_kept_with_the_suggestion() {
    let sliver = Inputs { farmland: 20.0, permanent: 20.0, ..inputs(Some("0601")) };
    let shipped = Policy::load(None).expect("the default").triage;
    let strict = Thresholds { farmland: 10.0, permanent: 30.0, ..shipped.clone() };
    assert_eq!(super::suggest(sliver.clone(), &shipped).verdict, Verdict::NoFarmland);
    let found = super::suggest(sliver, &strict);
    assert_eq!((found.verdict, &*found.rule), (Verdict::NonAgricultural, "built"));
    assert_eq!(found.thresholds, Some(strict));
    // A suggestion from before thresholds were kept can still be read.
    let mut old = serde_json::to_value(&found).expect("JSON");
    old.as_object_mut().expect("an object").remove("thresholds");
    assert_eq!(serde_json::from_value::<Suggestion>(old).expect("read").thresholds, None);
}
