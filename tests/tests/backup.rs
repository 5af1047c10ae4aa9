//! A backup taken while the server works, restored into an empty place, serves the same.

use gengwei_tests::scene::{self, Photo};
use gengwei_tests::{Backend, Server, Site, on_both};

on_both!(a_restored_server_serves_the_same, keys_in_a_backup_can_be_sealed, a_restore_overwrites_nothing);

fn a_restored_server_serves_the_same(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let (leader, public) = (server.login(demo.group_leader()), server.anonymous());
    let parcel = leader.get(&format!("/api/v1/parcels/{}", demo.scan_code())).expect(200).json();
    let (spot, photo) = (scene::spot_in(&parcel), Photo::new());
    leader.send(photo.upload(&leader));
    let patrol = scene::patrol_with_sighting(demo.group_leader(), spot, "building", &[&photo]);
    leader.post("/api/v1/patrols", &patrol).expect(201);
    let receipt = public.send(scene::report(&public, demo.scan_code(), spot, "有人倒土")).expect(201).json();
    let tracking = receipt["tracking"].as_str().expect("a number").to_owned();
    let page = public.get(demo.scan_path()).expect(200).text();
    let parcels = server.login(demo.township()).list("/api/v1/parcels", 200);
    let cases = server.login(demo.township()).list("/api/v1/cases", 200);

    let folder = server.site.path("backup");
    server.site.run(["backup".as_ref(), folder.as_os_str()]).done();
    // What comes later is not in it, and does not disturb it.
    let later = scene::patrol(demo.group_leader());
    leader.post("/api/v1/patrols", &later).expect(201);

    let empty = Site::new(backend);
    empty.run(["restore".as_ref(), folder.as_os_str()]).done();
    let restored = Server::at(empty);
    let (leader, public) = (restored.login(demo.group_leader()), restored.anonymous());
    leader.post("/api/v1/patrols", &patrol).expect(200);
    leader.post("/api/v1/patrols", &later).expect(201);
    assert_eq!(leader.get(&photo.path()).expect(200).body, photo.bytes);
    public.get(&format!("/r/{tracking}")).expect(200);
    assert_eq!(public.get(demo.scan_path()).expect(200).text(), page, "labels stay valid: keys are restored");
    assert_eq!(restored.login(demo.township()).list("/api/v1/parcels", 200), parcels);
    assert_eq!(restored.login(demo.township()).list("/api/v1/cases", 200), cases);
    restored.site.run(["audit", "verify"]).done();
}

fn keys_in_a_backup_can_be_sealed(backend: Backend) {
    let (server, demo) = Server::demo(backend);
    let page = server.anonymous().get(demo.scan_path()).expect(200).text();
    let (folder, right, wrong) =
        (server.site.path("backup"), server.site.path("passphrase"), server.site.path("wrong"));
    std::fs::write(&right, "耕地保护人人有责二〇二六年\n").expect("written");
    std::fs::write(&wrong, "耕地保护人人有责二〇二五年\n").expect("written");
    let option = std::ffi::OsStr::new("--passphrase-file");
    server.site.run(["backup".as_ref(), folder.as_os_str(), option, right.as_os_str()]).done();
    assert!(folder.join("keys.sealed").exists() && !folder.join("master.key").exists());

    let empty = Site::new(backend);
    empty.run(["restore".as_ref(), folder.as_os_str()]).failed();
    empty.run(["restore".as_ref(), folder.as_os_str(), option, wrong.as_os_str()]).failed();
    // Nothing was begun, so the place is still empty.
    empty.run(["restore".as_ref(), folder.as_os_str(), option, right.as_os_str()]).done();
    let restored = Server::at(empty);
    let again = restored.anonymous().get(demo.scan_path()).expect(200).text();
    assert_eq!(again, page, "labels made before stay valid");
}

fn a_restore_overwrites_nothing(backend: Backend) {
    let (mut server, demo) = Server::demo(backend);
    let folder = server.site.path("backup");
    server.site.run(["backup".as_ref(), folder.as_os_str()]).done();
    server.site.run(["backup".as_ref(), folder.as_os_str()]).failed();
    let patrol = scene::patrol(demo.group_leader());
    server.login(demo.group_leader()).post("/api/v1/patrols", &patrol).expect(201);
    server.stop();

    server.site.run(["restore".as_ref(), folder.as_os_str()]).failed();

    server.restart();
    server.login(demo.group_leader()).post("/api/v1/patrols", &patrol).expect(200);
}
