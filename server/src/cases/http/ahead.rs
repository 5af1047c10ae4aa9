//! What lies ahead of a case: who must do what, and which evidence is still missing.

use serde::Serialize;
use utoipa::ToSchema;

use crate::cases::workflow::{self, Action, Field, Rule, Standing, State, To};
use crate::policy;

/// A step that leads on from where the case stands, whoever takes it.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseStep)]
pub(super) struct Ahead {
    action: Action,
    title: &'static str,
    /// Where it leads.
    to: State,
    to_title: &'static str,
    /// Who may take it: `turn`, `township`, `review`, `county`, `city`, `anybody` or `task`.
    who: &'static str,
    who_title: &'static str,
    /// Photos that are still missing for it, after those that tasks brought in.
    photos: usize,
    /// Whether something must be said.
    words: bool,
    /// What else must be filled in.
    fields: Vec<Field>,
}

/// The steps that lead on.
pub(super) fn ahead(case: &Standing, policy: &policy::Cases) -> Vec<Ahead> {
    workflow::onward(case, policy).into_iter().filter_map(|rule| step(case, rule, policy)).collect()
}

fn step(case: &Standing, rule: &Rule, policy: &policy::Cases) -> Option<Ahead> {
    let To::State(to) = rule.to else { return None };
    Some(Ahead {
        action: rule.action,
        title: rule.action.title(),
        to,
        to_title: to.title(),
        who: rule.who.name(),
        who_title: rule.who.title(),
        photos: workflow::photos_needed(case, rule, policy),
        words: rule.words,
        fields: rule.fields.to_vec(),
    })
}
