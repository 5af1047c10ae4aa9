//! `gengwei config`: what is in force, as lines that a `.env` file could hold.

use std::process::ExitCode;

use super::Context;
use crate::config::{Listen, Secret};

pub(super) fn run(context: &Context, listen: &Listen) -> anyhow::Result<ExitCode> {
    let (storage, public, logging) = (&context.storage, &context.public, &context.logging);
    let hidden = |secret: &Option<Secret>| match secret {
        Some(secret) => format!("{secret:?}"),
        None => String::new(),
    };
    let lines = [
        ("GENGWEI_DATA", storage.data.display().to_string()),
        ("DATABASE_URL", hidden(&storage.database_url)),
        ("GENGWEI_EVIDENCE_URL", storage.evidence_url.clone().unwrap_or_default()),
        ("GENGWEI_MASTER_KEY", hidden(&storage.master_key)),
        ("GENGWEI_LISTEN", listen.listen.to_string()),
        ("GENGWEI_METRICS_LISTEN", listen.metrics_listen.to_string()),
        ("GENGWEI_COAP_LISTEN", listen.coap_listen.to_string()),
        ("GENGWEI_BEHIND_PROXY", listen.behind_proxy.to_string()),
        ("GENGWEI_PUBLIC_URL", public.public_url.clone()),
        ("GENGWEI_POLICY", public.policy.as_ref().map(|p| p.display().to_string()).unwrap_or_default()),
        ("GENGWEI_HOLIDAYS", public.holidays.as_ref().map(|p| p.display().to_string()).unwrap_or_default()),
        ("GENGWEI_CHANNELS", public.channels.as_ref().map(|p| p.display().to_string()).unwrap_or_default()),
        ("GENGWEI_LOG", logging.log.clone()),
        ("GENGWEI_LOG_FORMAT", logging.log_format.clone()),
    ];
    for (name, value) in lines {
        context.say(serde_json::json!({"name": name, "value": value}), format!("{name}={value}"));
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_sample_file_documents_every_option() {
        let sample = include_str!("../../gengwei.env.sample");
        let command = super::super::Cli::command();
        let serve = command.find_subcommand("serve").expect("serve exists");
        let options = command.get_arguments().chain(serve.get_arguments());
        for name in options.filter_map(|argument| argument.get_env()) {
            let name = name.to_str().expect("ASCII");
            assert!(sample.contains(&format!("{name}=")), "{name} is missing in gengwei.env.sample");
        }
    }
}
