//! Photos in an S3-compatible store: kept, read, backed up into a folder and brought back.

use gengwei_tests::s3::{KEY, S3};
use gengwei_tests::scene::Photo;
use gengwei_tests::{Backend, Server, Site, on_both};

on_both!(photos_live_in_a_bucket_and_move_to_a_folder_and_back);

/// A place whose photos lie in a bucket.
fn in_bucket(site: &mut Site, endpoint: &str, key: &str) {
    for (name, value) in [
        ("GENGWEI_EVIDENCE_URL", "s3://photos/city"),
        ("AWS_ENDPOINT", endpoint),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", key),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ] {
        site.set(name, value);
    }
}

fn photos_live_in_a_bucket_and_move_to_a_folder_and_back(backend: Backend) {
    let (mut server, demo) = Server::demo(backend);
    let store = S3::default();
    let endpoint = store.listen();
    // Without the right key nothing is acknowledged.
    in_bucket(&mut server.site, &endpoint, "SOMEBODY");
    server.restart();
    let photo = Photo::of_size(20_000);
    server.login(demo.group_leader()).send(photo.upload(&server.login(demo.group_leader()))).problem(500);

    in_bucket(&mut server.site, &endpoint, KEY);
    server.restart();
    let leader = server.login(demo.group_leader());
    leader.send(photo.upload(&leader)).expect(201);
    leader.send(photo.upload(&leader)).expect(200);
    assert_eq!(leader.get(&photo.path()).expect(200).body, photo.bytes);
    let original = format!("city/{}/{}/{}", &photo.sha256[..2], &photo.sha256[2..4], photo.sha256);
    assert!(store.keys().contains(&original), "{:?}", store.keys());
    server.kill_hard();
    server.restart();
    assert_eq!(leader.get(&photo.path()).expect(200).body, photo.bytes);
    server.site.run(["evidence", "verify"]).done();

    let folder = server.site.path("backup");
    server.site.run(["backup".as_ref(), folder.as_os_str()]).done();
    let (mut empty, other) = (Site::new(backend), S3::default());
    in_bucket(&mut empty, &other.listen(), KEY);
    empty.run(["restore".as_ref(), folder.as_os_str()]).done();
    assert!(other.keys().contains(&original), "the photos are in the other bucket: {:?}", other.keys());
    let restored = Server::at(empty);
    let leader = restored.login(demo.group_leader());
    assert_eq!(leader.get(&photo.path()).expect(200).body, photo.bytes);
}
