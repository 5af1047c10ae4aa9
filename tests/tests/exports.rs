//! Patches with their verdicts as files: read by GDAL as the next platform would, and taken back by our own import.

use std::process::Command;

use gengwei_tests::{Api, Backend, Server, Site, on_both};
use serde_json::{Value, json};

on_both!(patches_leave_with_their_verdicts_and_come_back_unchanged);

fn patches_leave_with_their_verdicts_and_come_back_unchanged(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (officer, neighbour) = (server.login(demo.township()), server.login(demo.neighbour()));
    let patches = officer.list("/api/v1/patches", 200);
    let (number, case) = refute(&officer, &patches);

    for (format, driver) in [("zip", "ESRI Shapefile"), ("gpkg", "GPKG")] {
        let mine = download(&server.site, &officer, "mine", format);
        let told = ogrinfo(&mine, &["-so", "-al"]);
        assert!(told.contains(&format!("using driver `{driver}'")), "{told}");
        assert!(told.contains(&format!("Feature Count: {}", patches.len())), "{told}");
        assert!(
            told.contains("CGCS2000") || told.contains("China_Geodetic_Coordinate_System_2000"),
            "{told}"
        );
        let mine_alone = ogrinfo(&mine, &["-al", "-geom=NO", "-where", &format!("JCBH = '{number}'")]);
        for words in ["认为不属实：伪变化", "影像为阴影，地面无变化", &case] {
            assert!(mine_alone.contains(words), "{words} is not in {mine_alone}");
        }
        assert!(ogrinfo(&mine, &["-al", "-q", "-geom=WKT"]).matches("POLYGON").count() >= patches.len());
        let theirs = download(&server.site, &neighbour, "theirs", format);
        assert!(!ogrinfo(&theirs, &["-al", "-geom=NO"]).contains(&number), "a neighbour sees {number}");

        // Every patch of the city, on the command line; each is known here and unchanged.
        let file = server.site.path(&format!("all.{format}"));
        let path = file.to_str().expect("UTF-8");
        let all = server.login(demo.city()).list("/api/v1/patches", 500).len();
        let written = server.site.run(["--json", "export", "patches", path]).done();
        assert_eq!(written.objects()[0]["patches"], all);
        server.site.run(["export", "patches", path]).failed();
        let again = server.site.run(["import", "patches", path]).done();
        let expected = format!("read {all} imported 0 updated 0 unchanged {all} rejected 0");
        assert_eq!(again.last_line(), expected, "{}", again.stderr);
    }
    server.site.run(["export", "patches", "somewhere.csv"]).failed();
    neighbour.get(&format!("/api/v1/patches.zip?region={}", demo.township().region)).problem(404);
    server.anonymous().get("/api/v1/patches.gpkg").problem(401);
}

/// Judges one of the patches to be no change; answers its number and its case.
fn refute(officer: &Api, patches: &[Value]) -> (String, String) {
    let waiting = patches.iter().find(|patch| patch["case"]["state"] == "opened").expect("one that waits");
    let case = waiting["case"]["id"].as_str().expect("a case").to_owned();
    let events = [
        json!({"action": "accept"}),
        json!({"action": "refute", "words": "影像为阴影，地面无变化", "fields": {"ground": "pseudo"}}),
    ];
    let mut version = waiting["case"]["version"].as_i64().expect("a version");
    for event in &events {
        let post = officer.request(reqwest::Method::POST, &format!("/api/v1/cases/{case}/events"));
        let post = post.header("if-match", format!("\"{version}\"")).json(event);
        version = officer.send(post).expect(201).json()["version"].as_i64().expect("a version");
    }
    (waiting["number"].as_str().expect("a number").to_owned(), case)
}

fn download(site: &Site, api: &Api, name: &str, format: &str) -> std::path::PathBuf {
    let reply = api.get(&format!("/api/v1/patches.{format}")).expect(200);
    assert!(reply.header("content-disposition").contains(&format!("patches.{format}")));
    let file = site.path(&format!("{name}.{format}"));
    std::fs::write(&file, &reply.body).expect("written");
    file
}

/// What GDAL says about a file; it must not complain.
fn ogrinfo(file: &std::path::Path, options: &[&str]) -> String {
    let archive = file.extension().is_some_and(|extension| extension == "zip");
    let source = if archive { format!("/vsizip/{}", file.display()) } else { file.display().to_string() };
    let read = Command::new("ogrinfo").arg("-ro").args(options).arg(source).output();
    let read = read.expect("ogrinfo is installed (scripts/setup.sh test)");
    let complaint = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success() && complaint.trim().is_empty(), "{complaint}");
    String::from_utf8_lossy(&read.stdout).into_owned()
}
