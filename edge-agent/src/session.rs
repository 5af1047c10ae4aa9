//! Syncing, without input or output of its own: the host carries datagrams and tells the time.
//!
//! An **exchange** begins when it is due: a burst of datagrams with all that is unsettled, the last few of which ask
//! for an answer; then one wait; then a burst of what the answer says is missing, until nothing is. An answer that
//! does not come is asked for again by small datagrams rather than by the burst, because it is more often the
//! answer that got lost than all of the burst; from then on bursts end with some of these. After a few such waits the
//! exchange is given up and tried again later, each time after a longer pause, so that a dead network costs little
//! battery.

use gengwei_proto::wire::{
    Ack, Cipher, DeviceId, DownlinkHead, Epoch, Frame, Messages, Priority, Refusal, Seq, Time, UplinkHead,
    UplinkHeader, UplinkWriter, WireError, read_downlink,
};

use crate::journal::{Journal, JournalError};

/// What a frame without records takes at most; to guess how many datagrams a burst still has.
const OVERHEAD: usize = 48;

/// So many datagrams at the end of a burst ask for an answer, lest all answers get lost.
const LAST: usize = 4;

/// So many datagrams without records ask for an answer that did not come.
const PROBES: u8 = 4;

/// The part of the wait for an answer within which one datagram overtakes another.
const SETTLING: Millis = 16;

/// Milliseconds on a clock that only runs forward, such as since boot.
pub type Millis = u64;

/// How patient a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long to wait for an answer.
    pub answer: Millis,
    /// After how many waits in a row without an answer an exchange is given up.
    pub waits: u8,
    /// The pause after the first exchange that was given up; it doubles with each further one.
    pub retry_first: Millis,
    /// The longest such pause.
    pub retry_most: Millis,
    /// The pause after an exchange that went well.
    pub period: Millis,
}

/// Who the session speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The device.
    pub device: DeviceId,
    /// Which of its keys the ciphers hold.
    pub key: u8,
}

/// The ciphers of the two directions.
#[derive(Clone, Copy)]
pub struct Ciphers<'c> {
    /// Seals what the device sends.
    pub up: &'c dyn Cipher,
    /// Opens what the server sends.
    pub down: &'c dyn Cipher,
}

impl core::fmt::Debug for Ciphers<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Ciphers").field("suite", &self.up.suite()).finish_non_exhaustive()
    }
}

/// Why a session could not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionError<E> {
    /// The journal failed; call again.
    Journal(JournalError<E>),
    /// A frame could not be written: the buffer is too small, or the cipher of another suite.
    Wire(WireError),
}

impl<E> From<JournalError<E>> for SessionError<E> {
    fn from(error: JournalError<E>) -> Self {
        Self::Journal(error)
    }
}

impl<E> From<WireError> for SessionError<E> {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

/// What a datagram turned out to be.
#[derive(Debug)]
pub enum Received<'b> {
    /// An answer to this exchange. The journal has taken the acknowledgement.
    Answer {
        /// The server's time, seconds since 1970-01-01 UTC.
        now: u64,
        /// What the server wants. Take them, then tell the session by [`Session::taken`].
        messages: Messages<'b>,
    },
    /// The server says why it does not answer. A hint only: the exchange is over and will be tried again.
    Refused(Refusal),
    /// Nothing of ours: forged, damaged, or the answer to an earlier exchange. Nothing has changed.
    Ignored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Until the next exchange is due.
    Idle { due: Millis },
    /// In a burst. Urgent records go first, in datagrams of their own.
    Burst { priority: Priority, from: Seq },
    /// To ask for the answer, in so many datagrams without records.
    Probe { left: u8 },
    /// For an answer.
    Waiting { until: Millis },
    /// An answer said that something is missing; another that is on its way may know better, since datagrams overtake
    /// each other.
    Settling { until: Millis },
}

/// The device's end of a sync.
#[derive(Debug)]
pub struct Session {
    identity: Identity,
    policy: Policy,
    state: State,
    cursor: u32,
    /// The first and last counter of the exchange; an answer to any other frame is not taken.
    heard: Option<(u32, u32)>,
    /// The counter of the last frame with records; an answer to it or a later one knows of all of them.
    told: u32,
    /// The record after the highest that went out in this exchange.
    sent: Seq,
    /// Waits in a row without an answer.
    silent: u8,
    /// Exchanges in a row that were given up.
    failures: u8,
    /// A wait of this exchange ended without an answer: every datagram asks for one.
    is_lossy: bool,
    jitter: u32,
}

impl Session {
    /// A session whose first exchange is due at once. `seed` is a random number; it spreads the retries of many
    /// devices that lost the network at the same time. `cursor` is what [`taken`](Self::taken) was told last.
    #[must_use]
    pub fn new(identity: Identity, policy: Policy, cursor: u32, seed: u32) -> Self {
        Self {
            identity,
            policy,
            state: State::Idle { due: 0 },
            cursor,
            heard: None,
            told: 0,
            sent: Seq(0),
            silent: 0,
            failures: 0,
            is_lossy: false,
            jitter: seed | 1,
        }
    }

    /// Wants the next exchange at `at` if not earlier; for a tamper alert that is now.
    pub fn schedule(&mut self, at: Millis) {
        if let State::Idle { due } = &mut self.state {
            *due = at.min(*due);
        }
    }

    /// Puts a new policy in force.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Notes that the messages up to this cursor have been taken, durably.
    pub fn taken(&mut self, cursor: u32) {
        self.cursor = self.cursor.max(cursor);
    }

    /// Ends the exchange under way: the carrier says that no answer will come.
    pub fn no_answer(&mut self, now: Millis) {
        if !self.is_idle() {
            self.give_up(now, 0);
        }
    }

    /// Whether no exchange is under way, so that the radio may sleep until [`poll_at`](Self::poll_at).
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle { .. })
    }

    /// Whether all has been sent that is to be sent now, and an answer is awaited.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }

    /// When [`poll_transmit`](Self::poll_transmit) has something to do again unless a datagram comes first; 0 for
    /// now.
    #[must_use]
    pub fn poll_at(&self) -> Millis {
        match self.state {
            State::Idle { due } => due,
            State::Waiting { until } | State::Settling { until } => until,
            State::Burst { .. } | State::Probe { .. } => 0,
        }
    }

    /// Writes the next datagram into `buffer`, if one is to go out now. Call again until there is none.
    ///
    /// `clock` is the time for the frame, on the clock of the records' times.
    ///
    /// # Errors
    /// When the journal fails or the buffer is too small; the session stays where it was.
    pub async fn poll_transmit<'b, J: Journal>(
        &mut self,
        now: Millis,
        clock: Time,
        journal: &mut J,
        ciphers: Ciphers<'_>,
        buffer: &'b mut [u8],
    ) -> Result<Option<&'b [u8]>, SessionError<J::Error>> {
        self.tick(now);
        let (priority, from) = match self.state {
            State::Idle { .. } | State::Waiting { .. } | State::Settling { .. } => return Ok(None),
            State::Burst { priority, from } => (priority, from),
            State::Probe { .. } => (Priority::Routine, Seq(u32::MAX)),
        };
        let burst = Burst { priority, from, end: self.end(priority, journal.settled().base()) };
        let plan = burst.plan(journal, buffer.len()).await?;
        let counter = journal.counter().await?;
        let identity = self.identity;
        let head = UplinkHead {
            suite: ciphers.up.suite(),
            key: identity.key,
            device: identity.device,
            epoch: journal.epoch(),
            counter,
        };
        let ask = self.is_lossy || plan.datagrams <= LAST || matches!(self.state, State::Probe { .. });
        let header = UplinkHeader { now: clock, ask, base: journal.settled().base(), cursor: self.cursor };
        let mut writer = UplinkWriter::new(buffer, &head, &header)?;
        let (rest, end) = plan.burst.fill(journal, &mut writer).await?;
        let datagram = writer.seal(ciphers.up)?;

        self.heard = Some((self.heard.map_or(counter, |(first, _)| first), counter));
        if matches!(self.state, State::Burst { .. }) {
            self.told = counter;
            self.sent = self.sent.max(end);
        }
        self.state = match (rest, self.state) {
            (Some(Burst { priority, from, .. }), _) => State::Burst { priority, from },
            (None, State::Burst { .. }) if self.is_lossy => State::Probe { left: PROBES - 1 },
            (None, State::Probe { left: left @ 2.. }) => State::Probe { left: left - 1 },
            (None, _) => State::Waiting { until: now + self.policy.answer },
        };
        Ok(Some(datagram))
    }

    /// Up to where records may go out. No answer speaks of those beyond its reach, so they wait; but the datagram that
    /// opens an exchange takes an urgent record however long the queue before it is.
    fn end(&self, priority: Priority, base: Seq) -> Seq {
        match (priority, self.heard) {
            (Priority::Urgent, None) => Seq(u32::MAX),
            _ => Seq(base.0.saturating_add(Ack::REACH)),
        }
    }

    /// Takes a datagram from the server. It is decrypted in place.
    ///
    /// # Errors
    /// When the journal fails: the acknowledgement is not taken, the server will give it again.
    pub async fn handle<'b, J: Journal>(
        &mut self,
        now: Millis,
        journal: &mut J,
        ciphers: Ciphers<'_>,
        datagram: &'b mut [u8],
    ) -> Result<Received<'b>, SessionError<J::Error>> {
        let Some((first, last)) = self.heard else { return Ok(Received::Ignored) };
        if let Some(refusal) = Refusal::decode(datagram) {
            // Anybody may forge a refusal, so it cannot silence the device for longer than a dead network could.
            self.give_up(now, (Millis::from(refusal.retry_after_s) * 1000).min(self.policy.retry_most));
            return Ok(Received::Refused(refusal));
        }
        let addressee = Some((self.identity.device, journal.epoch()));
        let Some((server, message)) = open(datagram, ciphers.down, addressee) else {
            return Ok(Received::Ignored);
        };
        let Ok((header, messages)) = read_downlink(message) else { return Ok(Received::Ignored) };
        if !(first..=last).contains(&header.heard) {
            return Ok(Received::Ignored);
        }
        if journal.note_server(server).await? {
            // What this answer acknowledges was counted from a base that no longer holds.
            self.begin();
        } else {
            journal.settle(header.next, header.arrivals).await?;
            let base = journal.settled().base();
            self.answered(now, header.heard >= self.told, base >= self.sent, base >= journal.next());
        }
        Ok(Received::Answer { now: header.now, messages })
    }

    /// Lets time pass: begins an exchange that is due, and ends a wait.
    fn tick(&mut self, now: Millis) {
        match self.state {
            State::Idle { due } if now >= due => self.begin(),
            State::Waiting { until } if now >= until => {
                self.silent += 1;
                self.is_lossy = true;
                if self.silent >= self.policy.waits {
                    self.give_up(now, 0);
                } else {
                    self.state = State::Probe { left: PROBES };
                }
            }
            State::Settling { until } if now >= until => self.state = FROM_THE_START,
            _ => {}
        }
    }

    fn begin(&mut self) {
        self.heard = None;
        self.sent = Seq(0);
        self.silent = 0;
        self.is_lossy = false;
        self.state = FROM_THE_START;
    }

    fn answered(&mut self, now: Millis, is_last: bool, has_all: bool, is_done: bool) {
        self.silent = 0;
        self.failures = 0;
        if is_done {
            self.heard = None;
            self.state = State::Idle { due: now + self.spread(self.policy.period) };
        } else if has_all && matches!(self.state, State::Waiting { .. } | State::Settling { .. }) {
            self.state = FROM_THE_START;
        } else if is_last && matches!(self.state, State::Waiting { .. }) {
            self.state = State::Settling { until: now + self.policy.answer / SETTLING };
        }
        // An answer to an earlier datagram of the burst does not know of the last ones yet.
    }

    fn give_up(&mut self, now: Millis, at_least: Millis) {
        let doubled = self.policy.retry_first.saturating_mul(1 << self.failures.min(20));
        let pause = self.spread(doubled.min(self.policy.retry_most)).max(at_least);
        self.failures = self.failures.saturating_add(1);
        self.heard = None;
        self.state = State::Idle { due: now + pause };
    }

    /// A pause between 3/4 and 5/4 of this one.
    fn spread(&mut self, pause: Millis) -> Millis {
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 17;
        self.jitter ^= self.jitter << 5;
        pause - pause / 4 + pause / 2 * Millis::from(self.jitter >> 16) / 0xFFFF
    }
}

fn open<'b>(
    datagram: &'b mut [u8],
    cipher: &dyn Cipher,
    addressee: Option<(DeviceId, Epoch)>,
) -> Option<(Epoch, &'b [u8])> {
    let frame = Frame::<DownlinkHead>::read(datagram).ok()?;
    let server = frame.head.epoch;
    frame.open(cipher, datagram, addressee).ok().map(|message| (server, message))
}

/// The beginning of a burst.
const FROM_THE_START: State = State::Burst { priority: Priority::Urgent, from: Seq(0) };

/// What of a burst is still to be sent.
#[derive(Debug, Clone, Copy)]
struct Burst {
    priority: Priority,
    from: Seq,
    /// An answer cannot speak of records from here on.
    end: Seq,
}

struct Plan {
    burst: Burst,
    /// About how many datagrams the burst still takes, counted to 3.
    datagrams: usize,
}

impl Burst {
    fn routine(self) -> Self {
        Self { priority: Priority::Routine, from: Seq(0), ..self }
    }

    /// Guesses how many datagrams are left and passes over an urgent part that is empty.
    async fn plan<J: Journal>(self, journal: &mut J, length: usize) -> Result<Plan, JournalError<J::Error>> {
        let room = length.saturating_sub(OVERHEAD).max(1);
        let mut plan = Plan { burst: self, datagrams: 0 };
        if self.priority == Priority::Urgent {
            plan.datagrams = self.bytes(journal, room * (LAST + 1)).await?.div_ceil(room);
            if plan.datagrams > 0 {
                plan.datagrams += self.routine().bytes(journal, room * (LAST + 1)).await?.div_ceil(room);
                return Ok(plan);
            }
            plan.burst = self.routine();
        }
        plan.datagrams = plan.burst.bytes(journal, room * (LAST + 1)).await?.div_ceil(room);
        Ok(plan)
    }

    /// How many bytes of records are left of this priority, counted to `most`.
    async fn bytes<J: Journal>(self, journal: &mut J, most: usize) -> Result<usize, JournalError<J::Error>> {
        let mut bytes = 0;
        let mut count = |seq: Seq, record: &[u8]| {
            bytes += if seq < self.end { record.len() } else { 0 };
            bytes < most && seq < self.end
        };
        journal.visit(self.priority, self.from, &mut count).await?;
        Ok(bytes)
    }

    /// Fills a datagram; returns what is left of the burst, and the number after the highest record in it.
    async fn fill<J: Journal>(
        self,
        journal: &mut J,
        writer: &mut UplinkWriter<'_>,
    ) -> Result<(Option<Self>, Seq), SessionError<J::Error>> {
        let mut rest = None;
        let mut end = Seq(0);
        let mut add = |seq: Seq, record: &[u8]| {
            if seq >= self.end {
                return false;
            }
            if writer.record(seq, record).is_err() {
                rest = Some(Self { from: seq, ..self });
                return false;
            }
            end = seq.next();
            true
        };
        journal.visit(self.priority, self.from, &mut add).await?;
        if end == Seq(0) && rest.is_some() {
            return Err(SessionError::Wire(WireError::Full));
        }
        if rest.is_none() && self.priority == Priority::Urgent && self.routine().bytes(journal, 1).await? > 0
        {
            rest = Some(self.routine());
        }
        Ok((rest, end))
    }
}
