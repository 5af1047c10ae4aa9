//! Sessions over a link that loses, doubles, reorders and damages.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod memory;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use gengwei_agent::journal::Journal;
use gengwei_agent::session::{Ciphers, Identity, Millis, Policy, Received, Session};
use gengwei_proto::wire::*;
use memory::{DEVICE, Memory, Server};
use proptest::prelude::*;

const POLICY: Policy =
    Policy { answer: 10_000, waits: 4, retry_first: 60_000, retry_most: 3_600_000, period: 86_400_000 };
/// What IP and UDP add to a datagram.
const IP_UDP: usize = 28;

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("memory never has to wait"),
    }
}

/// What the link does, in percent.
#[derive(Debug, Clone, Copy, Default)]
struct Link {
    loss: u32,
    double: u32,
    reorder: u32,
    damage: u32,
}

/// A device, its server and the link between them.
struct World {
    session: Session,
    journal: Memory,
    server: Server,
    up: Sm4Ccm,
    down: Sm4Ccm,
    link: Link,
    random: u64,
    time: Millis,
    uplink_bytes: usize,
    waits: usize,
}

impl World {
    fn new(link: Link, seed: u64) -> Self {
        Self {
            session: Session::new(Identity { device: DEVICE, key: 0 }, POLICY, 0, seed as u32),
            journal: Memory::new(),
            server: Server::new(1),
            up: Sm4Ccm::new(&[1; 32]),
            down: Sm4Ccm::new(&[2; 32]),
            link,
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            time: 0,
            uplink_bytes: 0,
            waits: 0,
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 33) % 100 < u64::from(percent)
    }

    fn append(&mut self, count: usize, priority: Priority) {
        for _ in 0..count {
            // 40 bytes: the head of a byte string and 38 that tell which record it is.
            let seq = self.journal.next().0;
            let bytes = [&[0x58, 38][..], &[seq as u8; 34], &seq.to_be_bytes()].concat();
            now(self.journal.append(priority, &bytes)).unwrap();
        }
    }

    /// What comes out at the other end.
    fn carry(&mut self, datagrams: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let mut arrived = Vec::new();
        for mut datagram in datagrams {
            if self.chance(self.link.loss) {
                continue;
            }
            if self.chance(self.link.double) {
                arrived.push(datagram.clone());
            }
            if self.chance(self.link.damage) {
                let at = self.random as usize % datagram.len();
                datagram[at] ^= 1 << (self.random >> 8 & 7);
            }
            let at = if self.chance(self.link.reorder) { 0 } else { arrived.len() };
            arrived.insert(at, datagram);
        }
        arrived
    }

    /// Sends all that is due, carries it there and the answers back.
    fn round(&mut self) {
        let ciphers = Ciphers { up: &self.up, down: &self.down };
        let mut sent = Vec::new();
        let clock = Time::SinceBoot { boot: 3, seconds: (self.time / 1000) as u32 };
        let mut buffer = [0; MAX_DATAGRAM];
        while let Some(datagram) =
            now(self.session.poll_transmit(self.time, clock, &mut self.journal, ciphers, &mut buffer))
                .unwrap()
        {
            self.uplink_bytes += datagram.len() + IP_UDP;
            sent.push(datagram.to_vec());
        }
        if sent.is_empty() {
            return;
        }
        self.waits += 1;
        let arrived = self.carry(sent);
        let answers = arrived.into_iter().filter_map(|d| self.server.take(d, &self.up, &self.down)).collect();
        self.time += 500;
        for mut answer in self.carry(answers) {
            let ciphers = Ciphers { up: &self.up, down: &self.down };
            now(self.session.handle(self.time, &mut self.journal, ciphers, &mut answer)).unwrap();
        }
    }

    /// The next datagram, if one is due.
    fn transmit(&mut self) -> Option<Vec<u8>> {
        let ciphers = Ciphers { up: &self.up, down: &self.down };
        let mut buffer = [0; MAX_DATAGRAM];
        let clock = Time::Wall(1_795_449_600);
        let sent = now(self.session.poll_transmit(self.time, clock, &mut self.journal, ciphers, &mut buffer));
        sent.unwrap().map(<[u8]>::to_vec)
    }

    /// Sends one datagram and returns the server's answer.
    fn answer(&mut self) -> Option<Vec<u8>> {
        let sent = self.transmit()?;
        self.server.take(sent, &self.up, &self.down)
    }

    /// A whole exchange of one datagram and its answer, and their lengths.
    fn counted_answer(&mut self) -> (usize, usize) {
        let ciphers = Ciphers { up: &self.up, down: &self.down };
        let mut buffer = [0; MAX_DATAGRAM];
        let clock = Time::SinceBoot { boot: 3, seconds: 86_400 };
        let sent = now(self.session.poll_transmit(self.time, clock, &mut self.journal, ciphers, &mut buffer));
        let sent = sent.unwrap().unwrap().to_vec();
        let answer = self.server.take(sent.clone(), &self.up, &self.down).unwrap();
        assert!(self.receive(&answer));
        (sent.len(), answer.len())
    }

    /// Gives a datagram to the device; whether it took it for an answer.
    fn receive(&mut self, datagram: &[u8]) -> bool {
        let ciphers = Ciphers { up: &self.up, down: &self.down };
        let mut bytes = datagram.to_vec();
        let received = now(self.session.handle(self.time, &mut self.journal, ciphers, &mut bytes)).unwrap();
        matches!(received, Received::Answer { .. })
    }

    /// Goes on until the device is done, in this time at most.
    fn run(&mut self, most: Millis) {
        let end = self.time + most;
        while self.time < end && !(self.session.is_idle() && self.is_done()) {
            self.time = self.time.max(self.session.poll_at());
            self.round();
        }
    }

    fn is_done(&self) -> bool {
        self.journal.settled.base() == self.journal.next()
    }

    /// What the device believes settled the server has, byte for byte.
    fn check(&self) {
        for (seq, (_, bytes)) in &self.journal.records {
            if self.journal.settled.contains(*seq) {
                assert_eq!(self.server.stored.get(seq), Some(bytes), "{seq:?} was forgotten");
            }
        }
    }
}

#[test]
fn a_quiet_day_costs_one_datagram_and_one_answer() {
    let mut world = World::new(Link::default(), 1);
    let health =
        PostHealth { battery_mv: 3612, journal_percent: 2, firmware: 10_203, ..PostHealth::default() };
    let record =
        Record { time: Time::SinceBoot { boot: 3, seconds: 86_400 }, event: Event::PostHealth(health) };
    now(world.journal.append(Priority::Routine, encode_record(&record, &mut [0; 64]).unwrap())).unwrap();
    let sealed = world.counted_answer();
    assert!(world.is_done() && world.session.is_idle());
    assert_eq!(sealed, (53, 25), "bytes up and down, without IP and UDP");
    let due = world.session.poll_at();
    assert!((POLICY.period * 3 / 4..=POLICY.period * 5 / 4).contains(&due), "{due}");
}

#[test]
fn an_urgent_record_goes_at_once_and_first() {
    let mut world = World::new(Link::default(), 2);
    world.run(60_000);
    world.append(30, Priority::Routine);
    world.append(1, Priority::Urgent);
    world.session.schedule(world.time);
    let mut buffer = [0; MAX_DATAGRAM];
    let ciphers = Ciphers { up: &world.up, down: &world.down };
    let first =
        now(world.session.poll_transmit(world.time, Time::Wall(0), &mut world.journal, ciphers, &mut buffer));
    world.server.take(first.unwrap().unwrap().to_vec(), &world.up, &world.down);
    assert_eq!(world.server.stored.keys().copied().collect::<Vec<_>>(), [Seq(30)]);
    world.run(60_000);
    assert!(world.is_done());
}

#[test]
fn an_urgent_record_overtakes_a_queue_that_no_answer_can_speak_of() {
    let mut world = World::new(Link::default(), 9);
    world.append(1000, Priority::Routine);
    world.append(1, Priority::Urgent);
    world.answer();
    assert_eq!(world.server.stored.keys().copied().collect::<Vec<_>>(), [Seq(1000)]);
    world.run(60_000);
    assert!(world.is_done());
    world.check();
}

#[test]
fn a_dead_network_is_tried_less_and_less() {
    let mut world = World::new(Link { loss: 100, ..Link::default() }, 3);
    world.append(100, Priority::Routine);
    let mut starts = Vec::new();
    for _ in 0..8 {
        world.time = world.time.max(world.session.poll_at());
        starts.push(world.time);
        while !world.session.is_idle() || world.session.poll_at() <= world.time {
            world.time = world.time.max(world.session.poll_at());
            world.round();
            if matches!(world.session.poll_at(), at if at > world.time + POLICY.answer) {
                break;
            }
        }
    }
    let pauses: Vec<_> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.windows(2).filter(|pair| pair[1] > pair[0]).count() >= 4, "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= POLICY.retry_most * 5 / 4 + 60_000), "{pauses:?}");
    world.link.loss = 0;
    world.run(POLICY.retry_most * 3);
    assert!(world.is_done());
    world.check();
}

#[test]
fn a_burst_stays_near_the_bound() {
    for (loss, most) in [(0, 1.05), (5, 1.05), (20, 1.05), (40, 1.10)] {
        let runs = 400;
        let (mut bytes, mut waits) = (0, 0);
        for seed in 0..runs {
            let mut world = World::new(Link { loss, ..Link::default() }, seed + 1);
            world.append(100, Priority::Routine);
            world.run(POLICY.retry_most * 100);
            assert!(world.is_done());
            bytes += world.uplink_bytes;
            waits += world.waits;
        }
        let bound = (100.0 * 40.0 + 10.0 * 54.0) / (1.0 - f64::from(loss) / 100.0);
        let (bytes, waits) = (bytes as f64 / runs as f64, waits as f64 / runs as f64);
        println!("loss {loss} %: {bytes:.0} bytes, {:.3} of the bound; {waits:.2} waits", bytes / bound);
        assert!(bytes <= bound * most, "loss {loss} %: {bytes:.0} bytes against {bound:.0}");
        let least = 1.0 / (1.0 - f64::from(loss) / 100.0);
        assert!(waits <= least * 3.0, "loss {loss} %: {waits:.2} waits against {least:.2}");
    }
}

#[test]
fn an_answer_that_overtakes_what_it_does_not_know_of_has_nothing_sent_twice() {
    let mut world = World::new(Link::default(), 10);
    world.append(40, Priority::Routine);
    let mut sent: Vec<_> = std::iter::from_fn(|| world.transmit()).collect();
    assert!(sent.len() > 2, "a burst of several datagrams");
    // The last reaches the server first, and is answered first.
    sent.rotate_right(1);
    for datagram in sent {
        if let Some(answer) = world.server.take(datagram, &world.up, &world.down) {
            assert!(world.receive(&answer));
        }
        assert!(world.transmit().is_none(), "sent again what was on its way");
    }
    assert!(world.is_done() && world.session.is_idle());
}

#[test]
fn a_server_that_was_set_back_gets_again_what_the_device_still_has() {
    let mut world = World::new(Link::default(), 5);
    world.append(40, Priority::Routine);
    world.run(60_000);
    let backup = world.server.stored.clone();
    world.append(40, Priority::Routine);
    world.session.schedule(world.time);
    world.run(60_000);
    assert_eq!(world.server.stored.len(), 80);

    world.server = Server::new(2);
    world.server.stored = backup;
    world.append(1, Priority::Routine);
    world.session.schedule(world.time);
    world.run(60_000);
    assert!(world.is_done());
    assert_eq!(world.server.stored.len(), 81);
    world.check();
}

#[test]
fn an_old_answer_played_again_makes_nobody_forget() {
    let mut world = World::new(Link::default(), 6);
    world.append(1, Priority::Routine);
    let old = world.answer().unwrap();
    assert!(world.receive(&old));
    assert!(world.is_done());

    world.append(1, Priority::Routine);
    world.session.schedule(world.time);
    let lost = world.answer().unwrap();
    assert!(!world.receive(&old));
    assert!(!world.is_done());
    assert!(world.receive(&lost));
    assert!(world.is_done());
}

#[test]
fn a_forged_refusal_only_delays() {
    let mut world = World::new(Link::default(), 7);
    world.append(3, Priority::Routine);
    let mut buffer = [0; MAX_DATAGRAM];
    let (up, down) = (Sm4Ccm::new(&[1; 32]), Sm4Ccm::new(&[2; 32]));
    let ciphers = Ciphers { up: &up, down: &down };
    now(world.session.poll_transmit(0, Time::Wall(0), &mut world.journal, ciphers, &mut buffer))
        .unwrap()
        .unwrap();
    let forged = Refusal { code: RefusalCode::REVOKED, retry_after_s: u32::MAX };
    let mut bytes = [0; Refusal::MAX_LENGTH];
    let mut bytes = forged.encode(&mut bytes).unwrap().to_vec();
    let received = now(world.session.handle(0, &mut world.journal, ciphers, &mut bytes)).unwrap();
    assert!(matches!(received, Received::Refused(refusal) if refusal == forged));
    assert!(world.session.poll_at() <= POLICY.retry_most * 5 / 4);
    world.run(POLICY.retry_most * 2);
    assert!(world.is_done());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_the_link_does_all_arrives_once(
        seed in 1..u64::MAX,
        loss in 0..60u32,
        double in 0..40u32,
        reorder in 0..60u32,
        damage in 0..40u32,
        counts in prop::collection::vec((0..60usize, any::<bool>()), 1..8),
    ) {
        let mut world = World::new(Link { loss, double, reorder, damage }, seed);
        for (count, is_urgent) in counts {
            world.append(count, if is_urgent { Priority::Urgent } else { Priority::Routine });
            world.session.schedule(world.time);
            world.run(30_000);
            world.check();
        }
        world.run(POLICY.retry_most * 1000);
        prop_assert!(world.is_done());
        world.check();
        prop_assert_eq!(world.server.stored.len(), world.journal.records.len());
    }

    #[test]
    fn no_bytes_change_a_session(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut world = World::new(Link::default(), 8);
        world.append(5, Priority::Routine);
        prop_assert!(world.answer().is_some());
        prop_assert!(!world.receive(&bytes));
        prop_assert_eq!(world.journal.settled.base(), Seq(0));
    }
}
