//! The audit log shows that somebody has been at it.

use gengwei_tests::scene;
use gengwei_tests::{Backend, Server, on_both};

on_both!(a_flipped_byte_is_found, a_removed_entry_is_found);

fn a_flipped_byte_is_found(backend: Backend) {
    let mut server = busy(backend);
    server.stop();
    let touched = server.site.tamper("update audit set actor = 'x' || substr(actor, 2) where seq = 2");
    assert!(touched >= 1, "nothing was flipped");
    let found = server.site.run(["audit", "verify"]).failed();
    assert!(!found.stdout.contains("entries ok"), "{}", found.stdout);
}

fn a_removed_entry_is_found(backend: Backend) {
    let mut server = busy(backend);
    server.stop();
    assert!(server.site.tamper("delete from audit where seq = 2") >= 1, "nothing was removed");
    server.site.run(["audit", "verify"]).failed();
}

/// A server that has something to remember: a demo, logins and a patrol.
fn busy(backend: Backend) -> Server {
    let (server, demo) = Server::demo(backend);
    let leader = server.login(demo.group_leader());
    leader.post("/api/v1/patrols", &scene::patrol(demo.group_leader())).expect(201);
    let sound = server.site.run(["audit", "verify"]).done();
    let words: Vec<_> = sound.last_line().split(' ').collect();
    assert!(
        matches!(words[..], ["audit", count, "entries", "ok"] if count.parse().is_ok_and(|n: u64| n >= 3))
    );
    server
}
