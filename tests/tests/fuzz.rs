//! A fuzzer driven by our own OpenAPI file finds no 5xx and nothing undocumented.

use std::process::Command;

use gengwei_tests::{Backend, Server, on_both};

on_both!(the_fuzzer_finds_nothing);

fn the_fuzzer_finds_nothing(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let officer = server.login(demo.township());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz_http.sh");
    let done = Command::new(script)
        .args([server.url(), officer.token()])
        .env("FUZZ_REPORT", server.site.path("fuzz"))
        .output()
        .expect("tests/fuzz_http.sh can be started");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    server.anonymous().get("/readyz").expect(200);
}
