//! `gengwei workflow`: the table of what may be done with a case, under the policy in force.

use std::process::ExitCode;

use super::Context;
use crate::cases::workflow::document;
use crate::policy::Policy;

pub(super) fn run(context: &Context) -> anyhow::Result<ExitCode> {
    let policy = Policy::load(context.public.policy.as_deref())?;
    if context.json {
        for line in document::lines(&policy.cases) {
            println!("{}", serde_json::to_string(&line)?);
        }
    } else {
        print!("{}", document::markdown(&policy));
    }
    Ok(ExitCode::SUCCESS)
}
