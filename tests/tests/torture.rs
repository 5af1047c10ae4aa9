//! Nothing that a device promised to keep is lost, doubled or changed, whatever becomes of link, power and server.

use gengwei_tests::torture::{Torture, Verdict, kill_often, set_back};
use gengwei_tests::{Backend, Server, on_both};

on_both!(a_server_killed_every_few_seconds_loses_nothing, what_devices_still_hold_comes_back_after_a_restore);

fn a_server_killed_every_few_seconds_loses_nothing(backend: Backend) {
    let (mut server, _) = Server::demo(backend);
    let mut kills = 0;
    let verdict = Torture::short().run(&mut server, |server, time| kills = kill_often(server, time));
    assert!(kills >= 2, "the server was killed {kills} times");
    check(&verdict);
}

fn what_devices_still_hold_comes_back_after_a_restore(backend: Backend) {
    let (mut server, _) = Server::demo(backend);
    check(&Torture::short().run(&mut server, set_back));
}

fn check(verdict: &Verdict) {
    let summary = verdict.summary;
    assert!(verdict.is_clean(), "{verdict}: {:?}", verdict.samples);
    assert!(summary.power_cuts > 5 && summary.waiting == 0, "{summary:?}");
    assert!(summary.acked > 100 && verdict.stored as u64 >= summary.acked, "{verdict}");
    assert!(verdict.audit.ends_with("entries ok"), "{}", verdict.audit);
}
