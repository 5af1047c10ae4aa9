//! Every failure is problem+json, and none of them is the server's fault.

use gengwei_tests::{Backend, Server, on_both};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

on_both!(every_failure_says_what_is_wrong, probes_answer_and_metrics_stay_inside);

fn every_failure_says_what_is_wrong(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let officer = server.login(demo.township());

    for path in ["/no/such/route", "/api/v1/no-such-route", "/api/v1/parcels/6405/no"] {
        officer.get(path).problem(404);
    }
    officer.send(officer.request(Method::DELETE, "/api/v1/parcels")).problem(405);
    officer.send(officer.request(Method::PUT, "/livez")).problem(405);

    let post = |body: &str, media: &str| {
        let request = officer.request(Method::POST, "/api/v1/patrols").header(CONTENT_TYPE, media);
        officer.send(request.body(body.to_owned()))
    };
    post("{not json", "application/json").problem(400);
    post("", "application/json").problem(400);
    post("[]", "application/json").problem(422);
    post("{}", "application/json").problem(422);
    post("a=b", "application/x-www-form-urlencoded").problem(415);
    // The server may hang up on a flood before it has all arrived.
    let flood = officer.request(Method::POST, "/api/v1/patrols").header(CONTENT_TYPE, "application/json");
    if let Some(reply) = officer.try_send(flood.body(" ".repeat(64 << 20))) {
        reply.problem(413);
    }

    officer.get("/api/v1/parcels?limit=many").problem(400);
    officer.get("/api/v1/parcels/at?lon=east&lat=37").problem(400);
    for query in ["limit=0", "limit=-1", "limit=1000000000", "cursor=%00", "bbox=1,2,3", "region=x"] {
        officer.get(&format!("/api/v1/parcels?{query}")).problem(422);
    }
    let unit = &demo.township().region;
    officer.get(&format!("/api/v1/regions/{unit}/responsible?on=2026-02-30")).problem(422);
    // What cannot be a name names nothing.
    officer.get("/api/v1/parcels/12345678901234567890").problem(404);
    officer.get("/api/v1/cases/not-an-id").problem(404);

    let bearer = |value: &str| {
        let request = server.anonymous().request(Method::GET, "/api/v1/me").header(AUTHORIZATION, value);
        server.anonymous().send(request)
    };
    bearer("Bearer ").problem(401);
    bearer("Bearer not-a-token").problem(401);
    bearer("Basic YTpi").problem(401);
}

fn probes_answer_and_metrics_stay_inside(backend: Backend) {
    let server = Server::start(backend);
    let public = server.anonymous();
    public.get("/livez").expect(200);
    public.get("/readyz").expect(200);
    let openapi = public.get("/openapi.json").expect(200).json();
    assert!(openapi["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{openapi}");
    public.get("/metrics").problem(404);
    let metrics = gengwei_tests::Api::anonymous(server.metrics_url()).get("/metrics").expect(200);
    assert!(metrics.text().lines().any(|line| line.starts_with("# TYPE ")), "{}", metrics.text());
}
