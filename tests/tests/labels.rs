//! Labels from the printer to the phone: every one of a sheet reads, and a damaged one still does.

use std::collections::BTreeSet;

use gengwei_tests::labels::{self, Label};
use gengwei_tests::{Backend, Demo, Server, Site, on_both};

on_both!(every_label_of_a_sheet_reads);

fn every_label_of_a_sheet_reads(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let village = &demo.village().region[..12];
    let sheet = server.site.path("sheet.pdf");
    let words = ["codes", "sheet", "--region", village, "--out", sheet.to_str().expect("UTF-8")];
    server.site.run(words).done();

    let read = labels::read(&labels::render(&sheet, 200));
    let urls: BTreeSet<_> = read.iter().collect();
    assert_eq!(urls.len(), read.len(), "a label is printed twice");

    // Exactly the parcels of the village that have a code, each leading to its own page.
    let officer = server.login(demo.township());
    let parcels = officer.list(&format!("/api/v1/parcels?region={village}"), 200);
    let coded: BTreeSet<_> = parcels.iter().filter_map(|parcel| parcel["code"].as_str()).collect();
    let printed: BTreeSet<_> = urls.iter().map(|url| code_in(url)).collect();
    assert!(!coded.is_empty());
    assert_eq!(printed, coded);
    for url in urls {
        let path = &url[url.find("/g/").expect("a scan URL")..];
        assert!(server.anonymous().get(path).expect(200).text().contains("12345"), "{url}");
    }
}

#[test]
fn a_damaged_label_still_reads() {
    let site = Site::new(Backend::Sqlite);
    let demo = Demo::load(&site);
    let picture = site.path("label.png");
    let words = ["codes", "label", demo.scan_code(), "--out", picture.to_str().expect("UTF-8")];
    site.run(words).done();
    let label = Label::open(&picture);

    let reads = |trials: u64, share: f64, over_finder: bool| {
        let pictures: Vec<_> = (0..trials)
            .map(|seed| {
                let path = site.path(&format!("damaged-{over_finder}-{seed}.png"));
                label.damaged(share, over_finder, seed).save(&path);
                path
            })
            .collect();
        labels::read(&pictures).iter().filter(|text| code_in(text) == demo.scan_code()).count()
    };
    let off_finders = reads(100, 0.15, false);
    assert!(off_finders >= 95, "only {off_finders} of 100 labels read with 15 % of the symbol covered");
    // The trial can fail: a symbol without a finder pattern cannot be found.
    assert_eq!(reads(10, 0.25, true), 0);
}

fn code_in(url: &str) -> &str {
    let after = url.split("/g/").nth(1).unwrap_or_default();
    after.split('?').next().unwrap_or_default()
}
