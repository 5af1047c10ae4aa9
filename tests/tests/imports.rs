//! Parcel layers: the counts add up, a second import changes nothing, a changed field gets a version.

use gengwei_tests::scene::{self, Spot};
use gengwei_tests::{Backend, Output, Server, on_both};

on_both!(an_import_adds_up_and_can_be_repeated);

const NOWHERE: Spot = Spot { lon: 105.62, lat: 36.62 };

fn an_import_adds_up_and_can_be_repeated(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let layer = server.site.path("fields.geojson");
    let village = &demo.village().region[..12];
    let import = |more: &[&str]| {
        let words = ["import", "parcels", layer.to_str().expect("a name in UTF-8")];
        counts(&server.site.run(words.iter().chain(more)).done())
    };

    scene::write_fields(&layer, village, NOWHERE, 40);
    assert_eq!(import(&["--dry-run"]), [40, 40, 0, 0, 0]);
    assert_eq!(import(&[]), [40, 40, 0, 0, 0], "a dry run has left nothing behind");
    assert_eq!(import(&[]), [40, 0, 0, 40, 0]);

    let text = std::fs::read_to_string(&layer).expect("readable").replacen("\"LS\"", "\"FLS\"", 3);
    std::fs::write(&layer, text).expect("written");
    assert_eq!(import(&[]), [40, 0, 3, 37, 0]);

    // One field is bent into a figure of eight, one lies in another country: each is rejected by itself.
    let mut bad: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&layer).expect("readable")).expect("JSON");
    let ring = &mut bad["features"][0]["geometry"]["coordinates"][0];
    let (second, third) = (ring[1].clone(), ring[2].clone());
    (ring[1], ring[2]) = (third, second);
    let abroad = &mut bad["features"][1]["geometry"]["coordinates"][0];
    for corner in abroad.as_array_mut().expect("a ring") {
        corner[0] = (corner[0].as_f64().expect("a number") - 90.0).into();
    }
    std::fs::write(&layer, bad.to_string()).expect("written");
    let rejects = server.site.path("rejects.csv");
    let [read, imported, updated, unchanged, rejected] =
        import(&["--rejects", rejects.to_str().expect("UTF-8")]);
    assert_eq!((read, imported, rejected), (40, 0, 2), "updated {updated}, unchanged {unchanged}");
    let reasons = std::fs::read_to_string(&rejects).expect("a reject file");
    assert!(reasons.lines().count() >= 3 && reasons.contains("2110"), "{reasons}");
}

/// read, imported, updated, unchanged, rejected of the last line; asserts that they add up.
#[track_caller]
fn counts(output: &Output) -> [u64; 5] {
    let words: Vec<_> = output.last_line().split_whitespace().collect();
    let names = ["read", "imported", "updated", "unchanged", "rejected"];
    let counts = names.map(|name| {
        let at = words.iter().position(|word| *word == name).unwrap_or_else(|| panic!("{name}? {words:?}"));
        words[at + 1].parse().unwrap_or_else(|_| panic!("{name}? {words:?}"))
    });
    assert_eq!(counts[0], counts[1..].iter().sum::<u64>(), "{}", output.last_line());
    counts
}
