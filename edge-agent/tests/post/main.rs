//! A post's agent over its flash and a server: heartbeats, alerts, config from downlink, power cuts.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

#[path = "../flash_journal/flash.rs"]
mod flash;
mod server;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use flash::{Flash, PAGE};
use gengwei_agent::journal::{FlashJournal, Journal, Layout};
use gengwei_agent::post::{Post, Profile, Vitals};
use gengwei_agent::session::{Ciphers, Identity, Millis};
use gengwei_agent::settings::{OutOfRange, Settings};
use gengwei_proto::wire::*;
use server::{DEVICE, Server};

const SETTINGS: Settings = Settings {
    version: 0,
    health_period_s: 86_400,
    retry_first_s: 60,
    retry_most_s: 21_600,
    tilt_degrees: 15,
    vibration_mg: 200,
    tamper_mg: 1500,
    debounce_ms: 50,
    motion_pause_s: 600,
    low_battery_mv: 3300,
};
const PROFILE: Profile = Profile {
    identity: Identity { device: DEVICE, key: 0 },
    settings: SETTINGS,
    answer: 10_000,
    waits: 4,
    firmware: 100,
};
const DAY: Millis = 86_400_000;
const TAMPER: Event<'static> = Event::PostEvent(PostEvent { kind: PostEventKind::TAMPER, value: Some(1800) });
const MOTION: Event<'static> = Event::PostEvent(PostEvent { kind: PostEventKind::MOTION, value: Some(1) });

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("memory never has to wait"),
    }
}

fn layout() -> Layout {
    let page = |number: usize| (number * PAGE) as u32;
    Layout { numbers: page(0)..page(2), urgent: page(2)..page(5), routine: page(5)..page(8) }
}

fn boot(flash: Flash) -> Option<Post<FlashJournal<Flash>>> {
    let journal = now(FlashJournal::open(flash, layout(), Epoch(77))).ok()?;
    now(Post::start(PROFILE, journal, 5)).ok()
}

/// Lets a post do what is due at `time`, with a link that carries everything. Returns whether anything went out;
/// `None` when its power is gone.
fn turn(post: &mut Post<FlashJournal<Flash>>, time: Millis, server: &mut Server) -> Option<bool> {
    let (up, down) = (Sm4Ccm::new(&[1; 32]), Sm4Ccm::new(&[2; 32]));
    let ciphers = Ciphers { up: &up, down: &down };
    if post.wants_beat(time) {
        now(post.beat(time, Vitals { battery_mv: 3600, ..Vitals::default() })).ok()?;
    }
    let mut has_sent = false;
    loop {
        let mut answers = Vec::new();
        let mut buffer = [0; MAX_DATAGRAM];
        while let Some(frame) = now(post.poll_transmit(time, ciphers, &mut buffer)).ok()? {
            has_sent = true;
            answers.extend(server.take(frame));
        }
        if answers.is_empty() {
            return Some(has_sent);
        }
        for mut answer in answers {
            now(post.handle(time, ciphers, &mut answer)).ok()?;
        }
    }
}

#[test]
fn a_quiet_week_is_a_heartbeat_a_day_at_times_of_their_own() {
    let (mut post, mut server) = (boot(Flash::new()).unwrap(), Server::default());
    let mut sent = Vec::new();
    let mut time = 0;
    while time < 7 * DAY {
        if turn(&mut post, time, &mut server).unwrap() {
            sent.push(time);
        }
        assert!(post.is_idle() && post.poll_at() > time);
        time = post.poll_at();
    }
    assert!((6..=9).contains(&sent.len()), "{sent:?}");
    assert!(sent.windows(2).all(|pair| (DAY * 3 / 4..=DAY * 5 / 4).contains(&(pair[1] - pair[0]))));
    let beats = server.events().iter().filter(|event| matches!(event, Event::PostHealth(_))).count();
    assert_eq!(beats, sent.len());
}

#[test]
fn an_alert_goes_at_once_and_motion_waits() {
    let (mut post, mut server) = (boot(Flash::new()).unwrap(), Server::default());
    turn(&mut post, 0, &mut server);
    now(post.record(10_000, MOTION)).unwrap();
    assert_eq!(turn(&mut post, 10_000, &mut server), Some(false));
    now(post.record(20_000, TAMPER)).unwrap();
    assert_eq!(post.poll_at(), 20_000);
    assert_eq!(turn(&mut post, 20_000, &mut server), Some(true));
    assert_eq!(server.events()[1..], [MOTION, TAMPER], "what waits goes along");
}

#[test]
fn an_alert_goes_at_once_even_while_the_network_is_given_up() {
    let (mut post, mut server) = (boot(Flash::new()).unwrap(), Server::default());
    server.is_deaf = true;
    let mut time = 0;
    while !(post.is_idle() && post.poll_at() > time + 3_600_000) {
        turn(&mut post, time, &mut server).unwrap();
        time = time.max(post.poll_at().min(time + 10_000));
    }
    now(post.record(time, TAMPER)).unwrap();
    server.is_deaf = false;
    assert_eq!(turn(&mut post, time, &mut server), Some(true));
    assert!(server.events().contains(&TAMPER));
}

#[test]
fn records_carry_the_date_once_the_server_told_it() {
    let (mut post, mut server) = (boot(Flash::new()).unwrap(), Server::default());
    turn(&mut post, 5000, &mut server);
    now(post.record(65_000, TAMPER)).unwrap();
    turn(&mut post, 65_000, &mut server);
    let times: Vec<_> = server.records().iter().map(|record| record.time).collect();
    assert_eq!(times, [Time::SinceBoot { boot: 1, seconds: 5 }, Time::Wall(server::NOW + 60)]);
    let flash = post.into_journal().into_flash();
    let mut post = boot(flash).unwrap();
    now(post.record(1000, MOTION)).unwrap();
    turn(&mut post, 1000, &mut server);
    assert_eq!(server.records()[2].time, Time::SinceBoot { boot: 2, seconds: 1 });
}

#[test]
fn a_config_takes_effect_whole_and_is_acknowledged() {
    let (mut post, mut server) = (boot(Flash::new()).unwrap(), Server::default());
    let config = PostConfig {
        version: 3,
        health_period_s: Some(3600),
        tilt_degrees: Some(20),
        ..PostConfig::default()
    };
    server.messages.push((1, config));
    turn(&mut post, 0, &mut server);
    let amended = Settings { version: 3, health_period_s: 3600, tilt_degrees: 20, ..SETTINGS };
    assert_eq!(*post.settings(), amended);

    let wrong = PostConfig {
        version: 4,
        health_period_s: Some(7200),
        tilt_degrees: Some(91),
        ..PostConfig::default()
    };
    server.messages.push((2, wrong));
    turn(&mut post, 2 * DAY, &mut server);
    assert_eq!(*post.settings(), amended, "all or nothing");
    turn(&mut post, 4 * DAY, &mut server);
    assert_eq!(server.cursor, 2);
    assert_eq!(server.outcomes(), [(3, ConfigOutcome::APPLIED), (4, ConfigOutcome::OUT_OF_RANGE)]);
    let post = boot(post.into_journal().into_flash()).unwrap();
    assert_eq!(*post.settings(), amended);
}

#[test]
fn a_power_cut_at_any_byte_leaves_one_config_or_the_other() {
    let made = boot(Flash::new()).unwrap().into_journal().into_flash();
    let mut cuts = 0;
    for power in 0.. {
        let mut server = Server::default();
        let config = PostConfig {
            version: 9,
            health_period_s: Some(3600),
            tamper_mg: Some(2000),
            ..PostConfig::default()
        };
        server.messages.push((1, config));
        let amended = Settings { version: 9, health_period_s: 3600, tamper_mg: 2000, ..SETTINGS };

        let flash = made.clone().with_power(None);
        let switch = flash.power.clone();
        let mut post = boot(flash).unwrap();
        switch.set(Some(power));
        if turn(&mut post, 0, &mut server).is_some() {
            break;
        }
        cuts += 1;
        let before = *post.settings();
        let mut post = boot(post.into_journal().into_flash().with_power(None)).unwrap();
        assert!([SETTINGS, amended].contains(post.settings()), "cut at {power}: {:?}", post.settings());
        assert!(
            before == SETTINGS || *post.settings() == amended,
            "what was in force before the cut is still"
        );
        turn(&mut post, 0, &mut server).unwrap();
        turn(&mut post, 2 * DAY, &mut server).unwrap();
        assert_eq!(*post.settings(), amended);
        let outcomes = server.outcomes();
        assert!((1..=2).contains(&outcomes.len()), "cut at {power}: {outcomes:?}");
        assert!(outcomes.iter().all(|outcome| *outcome == (9, ConfigOutcome::APPLIED)));
        assert_eq!(server.cursor, 1);
    }
    assert!(cuts > 100, "{cuts}");
}

#[test]
fn a_heartbeat_tells_how_full_the_journal_is() {
    let (mut post, mut server) = (boot(Flash::new()).unwrap(), Server::default());
    server.is_deaf = true;
    (0..10).for_each(|minute| _ = now(post.record(minute * 60_000, MOTION)).unwrap());
    assert!(post.wants_beat(600_000));
    now(post.beat(600_000, Vitals::default())).unwrap();
    let mut percent = None;
    let mut look = |_: Seq, bytes: &[u8]| {
        if let Event::PostHealth(health) = Record::decode(bytes).unwrap().unwrap().event {
            percent = Some(health.journal_percent);
        }
        true
    };
    let mut journal = post.into_journal();
    now(journal.visit(Priority::Routine, Seq(0), &mut look)).unwrap();
    assert!((20..40).contains(&percent.unwrap()), "{percent:?} % of 1 KiB");
}

#[test]
fn no_setting_is_out_of_its_range_unnoticed() {
    assert_eq!(SETTINGS.check(), Ok(()));
    let wrong = [
        ("health_period_s", Settings { health_period_s: 59, ..SETTINGS }),
        ("health_period_s", Settings { health_period_s: u32::MAX, ..SETTINGS }),
        ("retry_first_s", Settings { retry_first_s: 0, ..SETTINGS }),
        ("retry_first_s", Settings { retry_first_s: 21_601, ..SETTINGS }),
        ("retry_most_s", Settings { retry_most_s: u32::MAX, ..SETTINGS }),
        ("tilt_degrees", Settings { tilt_degrees: 0, ..SETTINGS }),
        ("tilt_degrees", Settings { tilt_degrees: 91, ..SETTINGS }),
        ("vibration_mg", Settings { vibration_mg: 31, ..SETTINGS }),
        ("vibration_mg", Settings { vibration_mg: 1501, ..SETTINGS }),
        ("tamper_mg", Settings { tamper_mg: 4001, ..SETTINGS }),
        ("debounce_ms", Settings { debounce_ms: 0, ..SETTINGS }),
        ("low_battery_mv", Settings { low_battery_mv: 0, ..SETTINGS }),
    ];
    for (name, settings) in wrong {
        assert_eq!(settings.check(), Err(OutOfRange(name)));
    }
    let whole = SETTINGS.amended(&PostConfig { version: 5, ..PostConfig::default() }).unwrap().whole();
    assert_eq!(
        Settings { tilt_degrees: 40, ..SETTINGS }.amended(&whole),
        Ok(Settings { version: 5, ..SETTINGS })
    );
}
