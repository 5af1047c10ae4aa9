//! Vector tiles and OGC API – Features, as a map program reads them.

use std::process::Command;

use gengwei_tests::{Server, on_both};
use serde_json::Value;

on_both!(
    a_tile_shows_its_own_township_and_nothing_of_the_neighbours,
    gdal_reads_every_parcel_of_a_scope_over_its_pages,
    features_page_without_gap_or_repetition,
);

/// The tile at a zoom that holds a place.
fn tile_at(z: u32, lon: f64, lat: f64) -> (u32, u32) {
    let side = f64::from(1_u32 << z);
    let row = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0;
    (((lon + 180.0) / 360.0 * side) as u32, (row * side) as u32)
}

/// The middle of the first parcel that a feature list holds.
fn place(features: &Value) -> (f64, f64) {
    let ring = &features["features"][0]["geometry"]["coordinates"][0][0];
    let number = |at: usize, axis: usize| ring[at][axis].as_f64().expect("a number");
    ((number(0, 0) + number(2, 0)) / 2.0, (number(0, 1) + number(2, 1)) / 2.0)
}

fn a_tile_shows_its_own_township_and_nothing_of_the_neighbours(backend: gengwei_tests::Backend) {
    let (server, demo) = Server::demo(backend);
    let (mine, neighbour) = (server.login(demo.township()), server.login(demo.neighbour()));
    let features = mine.get("/ogc/collections/parcels/items?limit=1").expect(200).json();
    let code = features["features"][0]["properties"]["code"].as_str().unwrap_or_default().to_owned();
    let (lon, lat) = place(&features);
    let (x, y) = tile_at(15, lon, lat);
    let path = format!("/tiles/parcels/15/{x}/{y}");
    let tile = mine.get(&path).expect(200);
    let text = String::from_utf8_lossy(&tile.body).into_owned();
    assert!(code.is_empty() || text.contains(&code), "the parcel {code} is not in its tile");
    assert!(
        !String::from_utf8_lossy(&neighbour.get(&path).body).contains("64050210"),
        "a neighbour sees a parcel"
    );
    server.anonymous().get(&path).problem(401);
    mine.get("/tiles/parcels/19/0/0").problem(404);
    mine.get("/tiles/parcels/3/8/0").problem(404);
    for layer in ["parcels", "cases", "grid"] {
        let described = mine.get(&format!("/tiles/{layer}.json")).expect(200).json();
        assert_eq!(described["vector_layers"][0]["id"], layer);
    }
    // From far away it is an overview.
    let (x, y) = tile_at(9, lon, lat);
    assert!(!mine.get(&format!("/tiles/parcels/9/{x}/{y}")).expect(200).body.is_empty());
    assert!(!mine.get(&format!("/tiles/grid/9/{x}/{y}")).expect(200).body.is_empty());
}

fn features_page_without_gap_or_repetition(backend: gengwei_tests::Backend) {
    let (server, demo) = Server::demo(backend);
    let mine = server.login(demo.township());
    let mut path = "/ogc/collections/parcels/items?limit=37".to_owned();
    let (mut ids, mut matched) = (Vec::new(), 0);
    loop {
        let page = mine.get(&path).expect(200).json();
        matched = page["numberMatched"].as_u64().unwrap_or(matched);
        let features = page["features"].as_array().expect("features");
        ids.extend(features.iter().map(|feature| feature["id"].as_i64().expect("an id")));
        let links = page["links"].as_array().expect("links");
        let Some(next) = links.iter().find(|link| link["rel"] == "next") else { break };
        let href = next["href"].as_str().expect("an address");
        path = href[href.find("/ogc").expect("our own")..].to_owned();
    }
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "the pages are out of order or repeat a feature");
    assert_eq!(ids.len() as u64, matched);
    assert!(matched > 100);
    mine.get("/ogc/collections/parcels/items?colour=red").problem(400);
    mine.get("/ogc/collections/parcels/items?bbox=1,2,3").problem(400);
    let one = mine.get(&format!("/ogc/collections/parcels/items/{}", ids[0])).expect(200).json();
    assert_eq!(one["id"].as_i64(), Some(ids[0]));
    server.login(demo.neighbour()).get(&format!("/ogc/collections/parcels/items/{}", ids[0])).problem(404);
    server.anonymous().get("/ogc").expect(200);
}

fn gdal_reads_every_parcel_of_a_scope_over_its_pages(backend: gengwei_tests::Backend) {
    let (server, demo) = Server::demo(backend);
    let mine = server.login(demo.township());
    let matched =
        mine.get("/ogc/collections/parcels/items?limit=1").expect(200).json()["numberMatched"].clone();
    let header = format!("Authorization: Bearer {}", mine.token());
    let read = Command::new("ogrinfo")
        .args(["-ro", "-al", "-q", "-oo", "PAGE_SIZE=100", "--config", "GDAL_HTTP_HEADERS", &header])
        .args(["-fields=NO", "-geom=NO"])
        .arg(format!("OAPIF:{}/ogc", server.url()))
        .arg("parcels")
        .output()
        .expect("ogrinfo is installed (scripts/setup.sh test)");
    let text = String::from_utf8_lossy(&read.stdout);
    let count = text.lines().filter(|line| line.starts_with("OGRFeature(")).count();
    let complaint = String::from_utf8_lossy(&read.stderr);
    assert_eq!(Some(count as u64), matched.as_u64(), "{complaint}");
    assert!(!complaint.contains("ERROR"), "{complaint}");
}

/// QGIS is large: `make soak` installs it, and wherever it is installed it has to open the layer.
#[test]
fn qgis_opens_the_layer_of_a_scope() {
    let python = |arguments: &[&str]| {
        Command::new("/usr/bin/python3").args(arguments).env("QT_QPA_PLATFORM", "offscreen").output()
    };
    if !python(&["-c", "import qgis.core"]).is_ok_and(|tried| tried.status.success()) {
        eprintln!("QGIS is not installed: scripts/setup.sh qgis");
        return;
    }
    let (server, demo) = Server::demo(gengwei_tests::Backend::Sqlite);
    let mine = server.login(demo.township());
    let matched =
        mine.get("/ogc/collections/parcels/items?limit=1").expect(200).json()["numberMatched"].clone();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/qgis_layer.py");
    let read = python(&[script, &format!("{}/ogc", server.url()), "parcels", mine.token()]).expect("it runs");
    let complaint = String::from_utf8_lossy(&read.stderr);
    let found: Value = serde_json::from_slice(&read.stdout).unwrap_or_else(|e| panic!("{e}: {complaint}"));
    assert_eq!(found["valid"], true, "{found} {complaint}");
    assert_eq!(
        (&found["count"], &found["valid_geometries"]),
        (&matched, &matched),
        "every parcel, each with its outline"
    );
    assert_eq!(found["crs"], "EPSG:4326");
    let fields = found["fields"].as_array().cloned().unwrap_or_default();
    assert!(fields.contains(&Value::from("code")) && fields.contains(&Value::from("unit_name")), "{found}");
}
