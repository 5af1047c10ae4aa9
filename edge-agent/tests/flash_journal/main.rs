//! A post's journal on flash: what it acknowledged it keeps, wherever the power is cut.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test may fail it")]

mod flash;

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use flash::{Flash, PAGE, PowerCut};
use gengwei_agent::journal::{FlashJournal, Journal, JournalError, Layout};
use gengwei_proto::wire::*;

const URGENT: Priority = Priority::Urgent;
const ROUTINE: Priority = Priority::Routine;
const FRESH: Epoch = Epoch(77);

/// Runs a future on memory, which never has to wait.
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

fn open(flash: Flash) -> FlashJournal<Flash> {
    now(FlashJournal::open(flash, layout(), FRESH)).unwrap()
}

/// A record that tells which one it is.
fn record(mark: u32) -> Vec<u8> {
    let fields = PostHealth { config: mark, ..PostHealth::default() };
    let record =
        Record { time: Time::SinceBoot { boot: 1, seconds: mark }, event: Event::PostHealth(fields) };
    encode_record(&record, &mut [0; 64]).unwrap().to_vec()
}

fn append(journal: &mut FlashJournal<Flash>, priority: Priority, mark: u32) -> Seq {
    now(journal.append(priority, &record(mark))).unwrap()
}

/// All unsettled records that the journal holds.
fn held(journal: &mut FlashJournal<Flash>) -> BTreeMap<u32, Vec<u8>> {
    let mut held = BTreeMap::new();
    for priority in [URGENT, ROUTINE] {
        let mut visitor = |seq: Seq, record: &[u8]| {
            assert!(held.insert(seq.0, record.to_vec()).is_none(), "{seq:?} twice");
            true
        };
        now(journal.visit(priority, Seq(0), &mut visitor)).unwrap();
    }
    held
}

fn losses(held: &BTreeMap<u32, Vec<u8>>) -> Vec<JournalLoss> {
    let events = held.values().filter_map(|bytes| Record::decode(bytes).unwrap().map(|record| record.event));
    events.filter_map(|event| if let Event::JournalLoss(loss) = event { Some(loss) } else { None }).collect()
}

#[test]
fn records_get_ascending_numbers_and_survive_a_reboot() {
    let mut journal = open(Flash::new());
    let given: Vec<_> =
        [(ROUTINE, 1), (URGENT, 2), (ROUTINE, 3)].map(|(p, mark)| append(&mut journal, p, mark)).into();
    assert_eq!(given, [Seq(0), Seq(1), Seq(2)]);
    let mut journal = now(FlashJournal::open(journal.into_flash(), layout(), Epoch(1))).unwrap();
    assert_eq!((journal.epoch(), journal.next()), (FRESH, Seq(3)));
    assert_eq!(held(&mut journal), BTreeMap::from([(0, record(1)), (1, record(2)), (2, record(3))]));
}

#[test]
fn what_is_settled_is_not_shown_and_its_numbers_are_not_given_again() {
    let mut journal = open(Flash::new());
    (0..6).for_each(|mark| _ = append(&mut journal, if mark == 3 { URGENT } else { ROUTINE }, mark));
    now(journal.settle(Seq(2), Arrivals(&[0b10]))).unwrap();
    assert_eq!(held(&mut journal).into_keys().collect::<Vec<_>>(), [2, 3, 5]);
    now(journal.settle(Seq(6), Arrivals(&[]))).unwrap();
    let mut journal = open(journal.into_flash());
    assert_eq!((held(&mut journal).len(), journal.settled().base()), (0, Seq(6)));
    assert_eq!(append(&mut journal, ROUTINE, 6), Seq(6));
}

#[test]
fn a_full_journal_drops_the_oldest_routine_records_and_says_so() {
    let mut journal = open(Flash::new());
    let tamper = append(&mut journal, URGENT, 1000);
    let last = (0..100).map(|mark| append(&mut journal, ROUTINE, mark)).last().unwrap();
    let held = held(&mut journal);
    assert!(held.contains_key(&tamper.0) && held.contains_key(&last.0));
    let losses = losses(&held);
    let gone: Vec<_> = (0..=last.0).filter(|seq| !held.contains_key(seq)).collect();
    assert_eq!(losses.iter().map(|loss| loss.count).sum::<u32>() as usize, gone.len());
    assert!(gone.iter().all(|seq| losses.iter().any(|loss| (loss.first.0..=loss.last.0).contains(seq))));
    assert!(losses.iter().all(|loss| loss.cause == LossCause::FULL) && losses.len() > 1);
}

#[test]
fn an_urgent_record_is_refused_rather_than_another_dropped() {
    let mut journal = open(Flash::new());
    let kept = (0..).map_while(|mark| now(journal.append(URGENT, &record(mark))).ok()).count();
    assert!(kept > 10, "{kept}");
    assert_eq!(now(journal.append(URGENT, &record(0))), Err(JournalError::Full));
    assert_eq!(held(&mut journal).len(), kept);
    now(journal.settle(Seq(kept as u32 / 2), Arrivals(&[]))).unwrap();
    append(&mut journal, URGENT, 5000);
}

#[test]
fn a_loss_that_found_no_room_is_recorded_once_there_is_some() {
    let mut journal = open(Flash::new());
    while now(journal.append(URGENT, &record(1))).is_ok() {}
    let urgent = journal.next();
    (0..60).for_each(|mark| _ = append(&mut journal, ROUTINE, mark));
    let before = held(&mut journal);
    assert!(losses(&before).is_empty());
    let gone = (0..journal.next().0).filter(|seq| !before.contains_key(seq)).count();
    now(journal.settle(urgent, Arrivals(&[]))).unwrap();
    assert_eq!(losses(&held(&mut journal))[0].count as usize, gone);
}

#[test]
fn a_record_that_is_too_long_is_refused() {
    let mut journal = open(Flash::new());
    assert_eq!(now(journal.append(ROUTINE, &[0; MAX_POST_RECORD + 1])), Err(JournalError::TooLong));
    assert_eq!(now(journal.append(ROUTINE, &[0; PAGE])), Err(JournalError::TooLong));
    assert_eq!(append(&mut journal, ROUTINE, 1), Seq(0));
}

#[test]
fn a_server_that_was_set_back_gets_again_what_is_still_there() {
    let mut journal = open(Flash::new());
    assert!(!now(journal.note_server(Epoch(1))).unwrap(), "the first meeting");
    (0..9).for_each(|mark| _ = append(&mut journal, ROUTINE, mark));
    now(journal.settle(Seq(9), Arrivals(&[]))).unwrap();
    assert!(!now(journal.note_server(Epoch(1))).unwrap());
    assert_eq!(held(&mut journal).len(), 0);
    let mut journal = open(journal.into_flash());
    assert!(now(journal.note_server(Epoch(2))).unwrap());
    assert_eq!(held(&mut journal).len(), 9);
    assert!(losses(&held(&mut open(journal.into_flash()))).is_empty());
}

#[test]
fn a_flash_that_holds_nonsense_becomes_a_new_journal() {
    let mut flash = Flash::new();
    flash.bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 31) as u8);
    let mut journal = open(flash);
    assert_eq!((journal.epoch(), append(&mut journal, ROUTINE, 1)), (FRESH, Seq(0)));
}

/// What a device's life has promised so far.
#[derive(Default)]
struct Promises {
    /// Records whose append returned, with their priority.
    stored: BTreeMap<u32, (Priority, Vec<u8>)>,
    /// An acknowledgement was given to the journal for all below.
    settled: u32,
    counters: Vec<u32>,
}

/// A life with everything in it: both priorities, acknowledgements, a full journal, counters, a server set back.
fn live(journal: &mut FlashJournal<Flash>, promises: &mut Promises) -> Result<(), JournalError<PowerCut>> {
    for step in 0..200_u32 {
        let priority = if step % 7 == 3 { URGENT } else { ROUTINE };
        let bytes = record(step);
        let seq = now(journal.append(priority, &bytes))?;
        assert!(promises.stored.insert(seq.0, (priority, bytes)).is_none(), "{seq:?} given twice");
        if step % 5 == 0 {
            promises.counters.push(now(journal.counter())?);
        }
        if step % 40 == 20 {
            promises.settled = journal.next().0 - 3;
            now(journal.settle(Seq(promises.settled), Arrivals(&[])))?;
        }
        if step == 59 || step == 139 {
            now(journal.note_server(Epoch(step)))?;
        }
    }
    Ok(())
}

/// How many bytes a life without a power cut writes and erases.
fn bytes_of_a_life(made: &Flash) -> usize {
    let mut journal = open(made.clone());
    let mut promises = Promises::default();
    live(&mut journal, &mut promises).unwrap();
    check(&mut journal, &promises);
    journal.into_flash().worn - made.worn
}

fn check(journal: &mut FlashJournal<Flash>, promises: &Promises) {
    let held = held(journal);
    let losses = losses(&held);
    for (seq, (priority, bytes)) in promises.stored.iter().filter(|(seq, _)| **seq >= promises.settled) {
        let lost = losses.iter().any(|loss| (loss.first.0..=loss.last.0).contains(seq));
        match held.get(seq) {
            Some(found) => assert_eq!(found, bytes),
            None => assert!(*priority == ROUTINE && lost, "{seq} of {priority:?} is gone without a word"),
        }
    }
    assert!(promises.stored.keys().all(|seq| *seq < journal.next().0), "a number would be given twice");
    let counter = now(journal.counter()).unwrap();
    assert!(promises.counters.iter().all(|given| *given < counter), "a counter was given twice");
}

#[test]
fn a_power_cut_at_any_byte_loses_nothing_that_was_acknowledged() {
    let made = open(Flash::new()).into_flash();
    let bytes = bytes_of_a_life(&made);
    assert!(bytes > 5000, "{bytes}");
    println!("{bytes} power cuts");

    for power in 0..bytes {
        let mut promises = Promises::default();
        let flash = made.clone().with_power(Some(power));
        let Ok(mut journal) = now(FlashJournal::open(flash.clone(), layout(), FRESH)) else { continue };
        assert!(
            matches!(live(&mut journal, &mut promises), Err(JournalError::Storage(PowerCut))),
            "cut at {power}"
        );

        let mut journal = open(journal.into_flash().with_power(None));
        check(&mut journal, &promises);
        let seq = append(&mut journal, URGENT, 4242);
        promises.stored.insert(seq.0, (URGENT, record(4242)));
        check(&mut open(journal.into_flash()), &promises);
    }
}

#[test]
fn a_second_power_cut_while_recovering_loses_nothing_either() {
    let made = open(Flash::new()).into_flash();
    let bytes = bytes_of_a_life(&made);
    for power in (500..bytes).step_by(97) {
        let mut promises = Promises::default();
        let mut journal = open(made.clone().with_power(None));
        journal =
            now(FlashJournal::open(journal.into_flash().with_power(Some(power)), layout(), FRESH)).unwrap();
        live(&mut journal, &mut promises).unwrap_err();
        let cut = journal.into_flash();
        for again in 0..60 {
            let flash = cut.clone().with_power(Some(again));
            let recovered = now(FlashJournal::open(flash.clone(), layout(), FRESH));
            let flash = recovered.map_or_else(|_| replay(&cut, again), FlashJournal::into_flash);
            check(&mut open(flash.with_power(None)), &promises);
        }
    }
}

/// The flash as an opening that failed leaves it.
fn replay(cut: &Flash, power: usize) -> Flash {
    let mut flash = cut.clone().with_power(Some(power));
    now(FlashJournal::open(&mut flash, layout(), FRESH)).map(|_| ()).expect_err("it failed before");
    flash
}

#[test]
fn a_push_that_failed_is_taken_up_again_under_its_number() {
    let made = open(Flash::new()).into_flash();
    for power in 0..60 {
        let flash = made.clone().with_power(None);
        let switch = flash.power.clone();
        let mut journal = open(flash);
        append(&mut journal, ROUTINE, 1);
        switch.set(Some(power));
        if now(journal.append(ROUTINE, &record(2))).is_ok() {
            break;
        }
        switch.set(None);
        append(&mut journal, ROUTINE, 2);
        append(&mut journal, ROUTINE, 3);
        assert_eq!(held(&mut journal), BTreeMap::from([(0, record(1)), (1, record(2)), (2, record(3))]));
    }
}
