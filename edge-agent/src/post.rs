//! The agent of a QR warning post (二维码警示桩): what its firmware does besides touching hardware.
//!
//! The host tells it what the sensors say and carries datagrams; it keeps the journal, the session, the clock and the
//! settings together. An event that is urgent goes out at once, everything else with the next heartbeat, whose time is
//! spread so that posts which came up together do not speak together.

use gengwei_proto::wire::{
    ConfigAcknowledged, ConfigOutcome, Event, Messages, PostConfig, PostHealth, Priority, Record, Seq,
    encode_record,
};
use minicbor::encode::write::Cursor;
use minicbor::{Decode, Encode};

use crate::clock::Clock;
use crate::journal::{JournalError, NOTE, PostJournal};
use crate::session::{Ciphers, Identity, Millis, Received, Session, SessionError};
use crate::settings::Settings;

/// What an item of the flash's queue takes beside the record: its header, its number, and the alignment.
const ITEM_OVERHEAD: u32 = 16;

/// What is built into a firmware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Whom it speaks for.
    pub identity: Identity,
    /// The settings until others come down.
    pub settings: Settings,
    /// How long the radio may take to bring an answer.
    pub answer: Millis,
    /// After how many waits without an answer an exchange is given up.
    pub waits: u8,
    /// The firmware's version: major × 10 000 + minor × 100 + patch.
    pub firmware: u32,
}

/// What a heartbeat tells besides what the agent knows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vitals {
    /// Battery in millivolts.
    pub battery_mv: u16,
    /// Degrees Celsius inside the post.
    pub temperature_c: Option<i8>,
    /// The radio's signal (RSRP) in dBm.
    pub signal_dbm: Option<i16>,
}

/// What must be known again after a power cut, in one note: so the settings change together and with the cursor.
#[derive(Debug, Clone, Copy, Encode, Decode)]
struct Note {
    #[n(0)]
    cursor: u32,
    #[n(1)]
    settings: PostConfig,
    /// Still to be recorded; after a power cut at the wrong moment it is recorded twice, never not at all.
    #[n(2)]
    owed: Option<ConfigAcknowledged>,
}

/// The agent.
#[derive(Debug)]
pub struct Post<J> {
    profile: Profile,
    journal: J,
    session: Session,
    clock: Clock,
    settings: Settings,
    cursor: u32,
    /// The last heartbeat.
    beat: Option<Millis>,
    /// When the exchange under way began.
    asked: Option<Millis>,
}

impl<J: PostJournal> Post<J> {
    /// Starts after a boot, in the settings that were in force before it. `seed` is a random number.
    ///
    /// # Errors
    /// When the journal fails; try again.
    pub async fn start(profile: Profile, mut journal: J, seed: u32) -> Result<Self, JournalError<J::Error>> {
        let boot = journal.count_boot().await?;
        let note = journal.kept().await?;
        let note: Option<Note> = note.and_then(|(bytes, length)| minicbor::decode(&bytes[..length]).ok());
        let settings =
            note.and_then(|note| profile.settings.amended(&note.settings).ok()).unwrap_or(profile.settings);
        let cursor = note.map_or(0, |note| note.cursor);
        let policy = settings.policy(profile.answer, profile.waits);
        let session = Session::new(profile.identity, policy, cursor, seed);
        let clock = Clock::new(boot);
        let mut post = Self { profile, journal, session, clock, settings, cursor, beat: None, asked: None };
        if let Some(owed) = note.and_then(|note| note.owed) {
            post.acknowledge(0, owed).await?;
        }
        Ok(post)
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The journal.
    pub fn journal(&self) -> &J {
        &self.journal
    }

    /// Gives the journal back.
    pub fn into_journal(self) -> J {
        self.journal
    }

    /// Whether the radio may sleep until [`poll_at`](Self::poll_at).
    pub fn is_idle(&self) -> bool {
        self.session.is_idle()
    }

    /// Whether an answer is awaited, after which the radio may be released.
    pub fn is_waiting(&self) -> bool {
        self.session.is_waiting()
    }

    /// When [`poll_transmit`](Self::poll_transmit) has something to do again, unless something happens before.
    pub fn poll_at(&self) -> Millis {
        self.session.poll_at()
    }

    /// Records what happened, durably; an urgent event is sent at once.
    ///
    /// # Errors
    /// When the journal fails; the event may have survived all the same, and recording it again makes one of it.
    pub async fn record(&mut self, now: Millis, event: Event<'_>) -> Result<Seq, JournalError<J::Error>> {
        let mut buffer = [0; 64];
        let record = Record { time: self.clock.stamp(now), event };
        let bytes = encode_record(&record, &mut buffer).map_err(|_| JournalError::TooLong)?;
        let seq = self.journal.append(event.priority(), bytes).await?;
        if event.priority() == Priority::Urgent {
            self.session.schedule(now);
        }
        Ok(seq)
    }

    /// Whether a heartbeat is to be recorded now: when an exchange is due, and not more often than the period says.
    /// Then call [`beat`](Self::beat) before [`poll_transmit`](Self::poll_transmit).
    pub fn wants_beat(&self, now: Millis) -> bool {
        let period = Millis::from(self.settings.health_period_s) * 1000;
        // The session spreads its period between three and five quarters.
        let is_time = self.beat.is_none_or(|beat| now.saturating_sub(beat) >= period / 4 * 3);
        is_time && self.session.is_idle() && self.session.poll_at() <= now
    }

    /// Records a heartbeat.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub async fn beat(&mut self, now: Millis, vitals: Vitals) -> Result<Seq, JournalError<J::Error>> {
        let health = PostHealth {
            battery_mv: vitals.battery_mv,
            journal_percent: self.journal_percent().await?,
            config: self.settings.version,
            firmware: self.profile.firmware,
            temperature_c: vitals.temperature_c,
            signal_dbm: vitals.signal_dbm,
        };
        let seq = self.record(now, Event::PostHealth(health)).await?;
        self.beat = Some(now);
        Ok(seq)
    }

    /// How much of the journal is taken by what still has to be sent.
    async fn journal_percent(&mut self) -> Result<u8, JournalError<J::Error>> {
        let mut bytes = 0;
        for priority in [Priority::Urgent, Priority::Routine] {
            let mut add = |_, record: &[u8]| {
                bytes += record.len() as u32 + ITEM_OVERHEAD;
                true
            };
            self.journal.visit(priority, Seq(0), &mut add).await?;
        }
        Ok((bytes / (self.journal.capacity() / 100).max(1)).min(100) as u8)
    }

    /// Writes the next frame into `buffer`, if one is to go out now. Call again until there is none.
    ///
    /// # Errors
    /// As [`Session::poll_transmit`].
    pub async fn poll_transmit<'b>(
        &mut self,
        now: Millis,
        ciphers: Ciphers<'_>,
        buffer: &'b mut [u8],
    ) -> Result<Option<&'b [u8]>, SessionError<J::Error>> {
        if self.session.is_idle() {
            self.asked = None;
        }
        let clock = self.clock.since_boot(now);
        let sent = self.session.poll_transmit(now, clock, &mut self.journal, ciphers, buffer).await?;
        if sent.is_some() {
            self.asked.get_or_insert(now);
        }
        Ok(sent)
    }

    /// Takes a frame from the server: what it acknowledges, the time, and what it wants. It is decrypted in place.
    /// Returns whether it was an answer.
    ///
    /// # Errors
    /// When the journal fails: what was not taken comes again.
    pub async fn handle(
        &mut self,
        now: Millis,
        ciphers: Ciphers<'_>,
        frame: &mut [u8],
    ) -> Result<bool, SessionError<J::Error>> {
        match self.session.handle(now, &mut self.journal, ciphers, frame).await? {
            Received::Answer { now: server, messages } => {
                if let Some(asked) = self.asked {
                    self.clock.place(asked, now, server);
                }
                self.take(now, messages).await?;
                Ok(true)
            }
            Received::Refused(_) | Received::Ignored => Ok(false),
        }
    }

    async fn take(&mut self, now: Millis, mut messages: Messages<'_>) -> Result<(), JournalError<J::Error>> {
        while let Some(Ok((cursor, config))) = messages.next_config() {
            // A message that comes again was taken: its acknowledgement was lost.
            if cursor <= self.cursor {
                continue;
            }
            self.cursor = cursor;
            match config {
                Some(config) if config.version > self.settings.version => self.apply(now, &config).await?,
                // A task is for a person, and what is not known is skipped.
                _ => self.note(None).await?,
            }
            self.session.taken(cursor);
        }
        Ok(())
    }

    /// Puts a config in force, all of it or nothing, and records what became of it.
    async fn apply(&mut self, now: Millis, config: &PostConfig) -> Result<(), JournalError<J::Error>> {
        let before = self.settings;
        let outcome = match self.settings.amended(config) {
            Ok(amended) => {
                self.settings = amended;
                ConfigOutcome::APPLIED
            }
            Err(_) => ConfigOutcome::OUT_OF_RANGE,
        };
        let owed = ConfigAcknowledged { version: config.version, outcome };
        if let Err(error) = self.note(Some(owed)).await {
            // The message will come again.
            self.settings = before;
            return Err(error);
        }
        self.session.set_policy(self.settings.policy(self.profile.answer, self.profile.waits));
        self.acknowledge(now, owed).await
    }

    async fn acknowledge(
        &mut self,
        now: Millis,
        owed: ConfigAcknowledged,
    ) -> Result<(), JournalError<J::Error>> {
        self.record(now, Event::ConfigAcknowledged(owed)).await?;
        self.note(None).await
    }

    async fn note(&mut self, owed: Option<ConfigAcknowledged>) -> Result<(), JournalError<J::Error>> {
        let note = Note { cursor: self.cursor, settings: self.settings.whole(), owed };
        let mut bytes = [0; NOTE];
        let mut cursor = Cursor::new(&mut bytes[..]);
        minicbor::encode(note, &mut cursor).map_err(|_| JournalError::TooLong)?;
        let length = cursor.position();
        self.journal.keep(&bytes[..length]).await
    }
}
