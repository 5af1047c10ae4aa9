//! The tablet's agent, as WebAssembly in Node, against the running program: what it was given is in the ledger.

use std::process::Command;

use gengwei_tests::{Backend, Server, on_both};
use serde_json::Value;

on_both!(what_a_tablet_queued_is_in_the_ledger);

fn what_a_tablet_queued_is_in_the_ledger(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let leader = demo.group_leader();
    let made = server.site.run(["device", "enrol", "--account", &leader.name, "--json"]).done();
    let code = made.objects()[0]["code"].as_str().expect("a code").to_owned();

    let report = node(&[server.url(), &code]);
    assert_eq!((&report["outcome"], &report["settled"]), (&"done".into(), &5.into()), "{report}");
    assert_eq!(report["waiting"], 0, "{report}");

    let dump = server.site.run(["sync", "dump", "--json"]).done();
    assert_eq!(dump.objects().iter().filter(|row| row["device"] == report["device"]).count(), 5);
    let patrols = server.login(leader).list(&format!("/api/v1/patrols?region={}", leader.region), 200);
    assert_eq!(patrols.len(), 1, "{patrols:?}");
    let cases = server.login(demo.township()).list("/api/v1/cases", 200);
    assert!(!cases.is_empty(), "the sighting opens a case");
    // A code works once.
    assert_eq!(
        server.anonymous().post("/api/v1/enrolments", &serde_json::json!({ "code": code })).status,
        404
    );
}

fn node(arguments: &[&str]) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    let built = format!("{folder}../edge-agent/hosts/tablet/dist/gengwei_tablet.wasm");
    if !std::path::Path::new(&built).exists() {
        let made = Command::new(format!("{folder}../scripts/wasm.sh")).status();
        assert!(made.is_ok_and(|status| status.success()), "the tablet's agent does not build");
    }
    let done =
        Command::new("node").arg(format!("{folder}tablet.mjs")).args(arguments).output().expect("node");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("one line of JSON")
}
