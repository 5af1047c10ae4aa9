//! The journal on NOR flash, over `sequential-storage`.
//!
//! Three regions: a map with the journal's few numbers, and a queue for each priority. A queued item is the record's
//! number, four bytes little-endian, then the record. The number is inside because a push that failed may survive,
//! and the map keeps the next number because a queue that was emptied forgets it.
//!
//! Settled records stay in their queue until the room is needed, so that a server that was set back can get them
//! again. Only a full routine queue drops what is not settled, oldest first; what is lost is itself a record.

use core::ops::{ControlFlow, Range};

use embedded_storage_async::nor_flash::{MultiwriteNorFlash, NorFlash};
use gengwei_proto::wire::{
    Arrivals, Epoch, Event, JournalLoss, LossCause, MAX_POST_RECORD, Priority, Record, Seq, Time,
    encode_record, peek_record,
};
use sequential_storage::cache::{Cache, CacheImpl};
use sequential_storage::map::{MapConfig, MapStorage};
use sequential_storage::queue::{QueueConfig, QueueStorage};

use super::loss::{Lost, loss_end};
use super::words::Words;
use super::{Journal, JournalError, NOTE, PostJournal, Settled};

/// A number's four bytes, the record, and room for the flash's alignment.
const ITEM: usize = 4 + MAX_POST_RECORD + 32;

/// How many frame counters one write to the flash reserves.
const COUNTER_BLOCK: u32 = 64;

/// The map's keys.
mod entry {
    /// `[epoch]`; written last when the journal is made, so without it there is no journal.
    pub(super) const EPOCH: u8 = 0;
    /// `[settled below, next number, losses recorded below]`
    pub(super) const NUMBERS: u8 = 1;
    /// `[first counter not reserved]`
    pub(super) const COUNTER: u8 = 2;
    /// `[the server's epoch]`
    pub(super) const SERVER: u8 = 3;
    /// `[boots]`
    pub(super) const BOOTS: u8 = 4;
    /// A post's note.
    pub(super) const NOTE: u8 = 5;
}

/// Where the journal lies, in bytes from the flash's start, on page boundaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The map: two pages or more.
    pub numbers: Range<u32>,
    /// The urgent queue: two pages or more, for it is never dropped.
    pub urgent: Range<u32>,
    /// The routine queue: two pages or more.
    pub routine: Range<u32>,
}

/// A post's journal.
#[derive(Debug)]
pub struct FlashJournal<F> {
    flash: F,
    layout: Layout,
    epoch: Epoch,
    settled: Settled,
    next: Seq,
    /// Of the routine records below, every loss is in a loss record.
    accounted: Seq,
    /// Routine records were dropped unsettled and no loss record says so yet.
    loss_pending: bool,
    /// A push failed and may have survived under the next number.
    uncertain: bool,
    counter: u32,
    reserved: u32,
    scratch: [u8; ITEM],
}

type Outcome<T, F> = Result<T, JournalError<<F as embedded_storage_async::nor_flash::ErrorType>::Error>>;

fn failure<E>(error: sequential_storage::Error<E>) -> JournalError<E> {
    match error {
        sequential_storage::Error::Storage { value, .. } => JournalError::Storage(value),
        sequential_storage::Error::FullStorage => JournalError::Full,
        sequential_storage::Error::ItemTooBig => JournalError::TooLong,
        _ => JournalError::Damaged,
    }
}

fn queue<F: NorFlash>(flash: &mut F, range: Range<u32>) -> QueueStorage<Words<'_, F>, impl CacheImpl<()>> {
    QueueStorage::new(Words(flash), QueueConfig::new(range), Cache::new_uncached())
}

fn map<F: NorFlash>(flash: &mut F, range: Range<u32>) -> MapStorage<u8, Words<'_, F>, impl CacheImpl<u8>> {
    MapStorage::new(Words(flash), MapConfig::new(range), Cache::new_uncached())
}

/// Takes an item apart.
fn item(bytes: &[u8]) -> Option<(Seq, &[u8])> {
    bytes.split_first_chunk().map(|(seq, record)| (Seq(u32::from_le_bytes(*seq)), record))
}

impl<F: MultiwriteNorFlash> FlashJournal<F> {
    /// Opens the journal, or makes a new one in the epoch `fresh`, a random number, when there is none or the flash
    /// does not give it back.
    ///
    /// # Errors
    /// When the flash fails.
    pub async fn open(flash: F, layout: Layout, fresh: Epoch) -> Outcome<Self, F> {
        let mut journal = Self {
            flash,
            layout,
            epoch: fresh,
            settled: Settled::below(Seq(0)),
            next: Seq(0),
            accounted: Seq(0),
            loss_pending: true,
            uncertain: false,
            counter: 0,
            reserved: 0,
            scratch: [0; ITEM],
        };
        match journal.recover().await {
            Ok(true) => {}
            Ok(false) | Err(JournalError::Damaged) => journal.format(fresh).await?,
            Err(error) => return Err(error),
        }
        journal.record_loss().await?;
        Ok(journal)
    }

    /// Gives the flash back.
    pub fn into_flash(self) -> F {
        self.flash
    }

    /// Reads what the flash holds; `false` when it holds no journal.
    async fn recover(&mut self) -> Outcome<bool, F> {
        let Some([epoch]) = self.load(entry::EPOCH).await? else { return Ok(false) };
        let [settled, next, accounted] = self.load(entry::NUMBERS).await?.unwrap_or_default();
        let [counter] = self.load(entry::COUNTER).await?.unwrap_or_default();
        self.epoch = Epoch(epoch);
        self.settled = Settled::below(Seq(settled));
        self.accounted = Seq(accounted);
        (self.counter, self.reserved) = (counter, counter);
        self.next = Seq(next);
        for priority in [Priority::Urgent, Priority::Routine] {
            let (mut next, mut accounted) = (self.next, self.accounted);
            self.walk(priority, &mut |seq, record| {
                next = next.max(seq.next());
                accounted = accounted.max(loss_end(record).unwrap_or_default());
                ControlFlow::Continue(())
            })
            .await?;
            (self.next, self.accounted) = (next, accounted);
        }
        Ok(true)
    }

    async fn format(&mut self, epoch: Epoch) -> Outcome<(), F> {
        let Layout { numbers, urgent, routine } = self.layout.clone();
        map(&mut self.flash, numbers).erase_all().await.map_err(failure)?;
        queue(&mut self.flash, urgent).erase_all().await.map_err(failure)?;
        queue(&mut self.flash, routine).erase_all().await.map_err(failure)?;
        self.epoch = epoch;
        self.settled = Settled::below(Seq(0));
        (self.next, self.accounted) = (Seq(0), Seq(0));
        (self.counter, self.reserved) = (0, 0);
        self.store(entry::EPOCH, [epoch.0]).await
    }

    async fn load<const N: usize>(&mut self, key: u8) -> Outcome<Option<[u32; N]>, F> {
        let mut map = map(&mut self.flash, self.layout.numbers.clone());
        map.fetch_item(&mut self.scratch, &key).await.map_err(failure)
    }

    async fn store<const N: usize>(&mut self, key: u8, value: [u32; N]) -> Outcome<(), F> {
        let mut map = map(&mut self.flash, self.layout.numbers.clone());
        map.store_item(&mut self.scratch, &key, &value).await.map_err(failure)
    }

    async fn store_numbers(&mut self) -> Outcome<(), F> {
        self.store(entry::NUMBERS, [self.settled.base().0, self.next.0, self.accounted.0]).await
    }

    fn range(&self, priority: Priority) -> Range<u32> {
        match priority {
            Priority::Urgent => self.layout.urgent.clone(),
            Priority::Routine => self.layout.routine.clone(),
        }
    }

    /// Shows all items of a queue, oldest first.
    async fn walk(
        &mut self,
        priority: Priority,
        visitor: &mut dyn FnMut(Seq, &[u8]) -> ControlFlow<()>,
    ) -> Outcome<(), F> {
        let range = self.range(priority);
        let mut queue = queue(&mut self.flash, range);
        let mut items = queue.iter().await.map_err(failure)?;
        while let Some(entry) = items.next(&mut self.scratch).await.map_err(failure)? {
            let Some((seq, record)) = item(&entry) else { continue };
            if visitor(seq, record).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Stores a record under the next number, dropping settled ones of its queue for the room, and with `drop` the
    /// oldest others too.
    async fn push(&mut self, priority: Priority, record: &[u8], drop: bool) -> Outcome<Seq, F> {
        let seq = self.next;
        let length = 4 + record.len();
        if record.len() > MAX_POST_RECORD {
            return Err(JournalError::TooLong);
        }
        loop {
            self.scratch[..4].copy_from_slice(&seq.0.to_le_bytes());
            self.scratch[4..length].copy_from_slice(record);
            let range = self.range(priority);
            let pushed = queue(&mut self.flash, range).push(&self.scratch[..length], false).await;
            match pushed.map_err(failure) {
                Ok(()) => break,
                Err(JournalError::Full) => self.pop_oldest(priority, drop).await?,
                Err(error) => {
                    self.uncertain = true;
                    return Err(error);
                }
            }
        }
        self.next = seq.next();
        Ok(seq)
    }

    /// Takes the oldest item out of a queue. The next number is in the map before, since the queue may forget it.
    async fn pop_oldest(&mut self, priority: Priority, drop: bool) -> Outcome<(), F> {
        let mut oldest = None;
        self.walk(priority, &mut |seq, _| {
            oldest = Some(seq);
            ControlFlow::Break(())
        })
        .await?;
        if oldest.is_some_and(|seq| !self.settled.contains(seq)) {
            if !drop {
                return Err(JournalError::Full);
            }
            self.loss_pending = true;
        }
        if oldest.is_some_and(|seq| seq.next() == self.next) {
            self.store_numbers().await?;
        }
        let range = self.range(priority);
        let popped = queue(&mut self.flash, range).pop(&mut self.scratch).await.map_err(failure)?;
        if popped.is_some() { Ok(()) } else { Err(JournalError::TooLong) }
    }

    /// Records which routine records were dropped before they were settled: the numbers that are in neither queue.
    /// With a full urgent queue the loss stays to be recorded when there is room.
    async fn record_loss(&mut self) -> Outcome<(), F> {
        if !self.loss_pending {
            return Ok(());
        }
        let (oldest, time) = self.oldest_routine().await?;
        let start = self.accounted.max(self.settled.base());
        let mut lost = Lost { settled: self.settled.clone(), cursor: start, count: 0, ends: None };
        self.walk(Priority::Urgent, &mut |seq, _| {
            lost.add_until(seq.min(oldest));
            lost.cursor = lost.cursor.max(seq.next());
            ControlFlow::Continue(())
        })
        .await?;
        lost.add_until(oldest);
        if let Some((first, last)) = lost.ends {
            let fields = JournalLoss { first, last, count: lost.count, cause: LossCause::FULL };
            let mut buffer = [0; 48];
            let record = encode_record(&Record { time, event: Event::JournalLoss(fields) }, &mut buffer);
            match self.push(Priority::Urgent, record.map_err(|_| JournalError::TooLong)?, false).await {
                Err(JournalError::Full) => return Ok(()),
                pushed => pushed?,
            };
            self.accounted = oldest;
            self.store_numbers().await?;
        }
        self.loss_pending = false;
        Ok(())
    }

    /// The number and time of the oldest routine record that is left; what was dropped is older.
    async fn oldest_routine(&mut self) -> Outcome<(Seq, Time), F> {
        let mut oldest = (self.next, Time::SinceBoot { boot: 0, seconds: 0 });
        self.walk(Priority::Routine, &mut |seq, record| {
            oldest = (seq, peek_record(record).map_or(oldest.1, |(time, _)| time));
            ControlFlow::Break(())
        })
        .await?;
        Ok(oldest)
    }

    /// After a push that failed: whether it survived as this record. If it survived as another, the number is taken.
    async fn survived(&mut self, priority: Priority, record: &[u8]) -> Outcome<bool, F> {
        if !self.uncertain {
            return Ok(false);
        }
        let (next, mut taken, mut same) = (self.next, false, false);
        for queue in [Priority::Urgent, Priority::Routine] {
            self.walk(queue, &mut |seq, bytes| {
                if seq == next {
                    taken = true;
                    same = queue == priority && bytes == record;
                }
                ControlFlow::Continue(())
            })
            .await?;
        }
        self.uncertain = false;
        if taken {
            self.next = next.next();
        }
        Ok(same)
    }

    /// The lowest number that a queue holds unsettled, or `next`.
    async fn lowest_unsettled(&mut self) -> Outcome<Seq, F> {
        let mut lowest = self.next;
        for priority in [Priority::Urgent, Priority::Routine] {
            self.visit(priority, Seq(0), &mut |seq, _| {
                lowest = lowest.min(seq);
                false
            })
            .await?;
        }
        Ok(lowest)
    }
}

impl<F: MultiwriteNorFlash> Journal for FlashJournal<F> {
    type Error = F::Error;

    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn settled(&self) -> &Settled {
        &self.settled
    }

    fn next(&self) -> Seq {
        self.next
    }

    async fn append(&mut self, priority: Priority, record: &[u8]) -> Outcome<Seq, F> {
        let seq = self.next;
        if self.survived(priority, record).await? {
            return Ok(seq);
        }
        let seq = self.push(priority, record, priority == Priority::Routine).await?;
        self.record_loss().await?;
        Ok(seq)
    }

    async fn visit(
        &mut self,
        priority: Priority,
        from: Seq,
        visitor: &mut dyn FnMut(Seq, &[u8]) -> bool,
    ) -> Outcome<(), F> {
        let settled = self.settled.clone();
        self.walk(priority, &mut |seq, record| {
            if seq < from || settled.contains(seq) || visitor(seq, record) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })
        .await
    }

    async fn settle(&mut self, next: Seq, arrivals: Arrivals<'_>) -> Outcome<(), F> {
        let before = self.settled.base();
        self.settled.add(next, arrivals, self.next);
        self.record_loss().await?;
        // A loss that is not yet recorded is found by its numbers above the base.
        if !self.loss_pending {
            let lowest = self.lowest_unsettled().await?;
            self.settled.advance(lowest);
        }
        if self.settled.base() == before { Ok(()) } else { self.store_numbers().await }
    }

    async fn note_server(&mut self, epoch: Epoch) -> Outcome<bool, F> {
        let known = self.load(entry::SERVER).await?;
        if known == Some([epoch.0]) {
            return Ok(false);
        }
        if known.is_some() {
            self.accounted = self.accounted.max(self.settled.base());
            self.settled = Settled::below(Seq(0));
            let lowest = self.lowest_unsettled().await?;
            self.settled = Settled::below(lowest);
            self.store_numbers().await?;
        }
        self.store(entry::SERVER, [epoch.0]).await?;
        Ok(known.is_some())
    }

    async fn counter(&mut self) -> Outcome<u32, F> {
        if self.counter == self.reserved {
            let reserved = self.counter.checked_add(COUNTER_BLOCK).ok_or(JournalError::Full)?;
            self.store(entry::COUNTER, [reserved]).await?;
            self.reserved = reserved;
        }
        self.counter += 1;
        Ok(self.counter - 1)
    }
}

impl<F: MultiwriteNorFlash> PostJournal for FlashJournal<F> {
    async fn count_boot(&mut self) -> Outcome<u32, F> {
        let [boots] = self.load(entry::BOOTS).await?.unwrap_or_default();
        let boots = boots.saturating_add(1);
        self.store(entry::BOOTS, [boots]).await?;
        Ok(boots)
    }

    async fn keep(&mut self, note: &[u8]) -> Outcome<(), F> {
        if note.len() > NOTE {
            return Err(JournalError::TooLong);
        }
        let mut map = map(&mut self.flash, self.layout.numbers.clone());
        map.store_item(&mut self.scratch, &entry::NOTE, &note).await.map_err(failure)
    }

    async fn kept(&mut self) -> Outcome<Option<([u8; NOTE], usize)>, F> {
        let mut map = map(&mut self.flash, self.layout.numbers.clone());
        let note: Option<&[u8]> = map.fetch_item(&mut self.scratch, &entry::NOTE).await.map_err(failure)?;
        Ok(note.map(|note| {
            let mut bytes = [0; NOTE];
            let length = note.len().min(NOTE);
            bytes[..length].copy_from_slice(&note[..length]);
            (bytes, length)
        }))
    }

    fn capacity(&self) -> u32 {
        // One page of each queue is being emptied when the queue is full.
        let pages = [&self.layout.urgent, &self.layout.routine];
        pages.map(|range| range.end - range.start - F::ERASE_SIZE as u32).iter().sum()
    }
}
