//! The calls that a page makes, each on bytes: a JSON text and what does not fit into one.

use std::convert::Infallible;

use gengwei_agent::journal::{Journal, JournalError};
use gengwei_agent::session::{Ciphers, Identity, Policy, Received, Session, SessionError};
use gengwei_proto::wire::{DeviceId, Epoch, Key, Priority, RefusalCode, Sm4Ccm, Time};
use serde::de::DeserializeOwned;

use crate::journal::TabletJournal;
use crate::now;
use crate::records::{PageRecord, invalid, task};
use crate::shapes::{Answer, At, Failure, Open, Rekey, Reply};

/// The longest frame over HTTP; a burst has several when it is longer.
const FRAME: usize = 32 * 1024;

/// A tablet's agent.
pub struct Agent {
    identity: Identity,
    up: Sm4Ccm,
    down: Sm4Ccm,
    policy: Policy,
    journal: TabletJournal,
    session: Session,
}

/// A call's result: a text, then bytes.
pub(crate) type Output = (Reply, Vec<u8>);

impl From<JournalError<Infallible>> for Failure {
    fn from(error: JournalError<Infallible>) -> Self {
        let code = match error {
            JournalError::Full => "full",
            JournalError::TooLong => "too_long",
            JournalError::Damaged | JournalError::Storage(_) => "damaged",
        };
        Self { code, message: error.to_string() }
    }
}

impl From<SessionError<Infallible>> for Failure {
    fn from(error: SessionError<Infallible>) -> Self {
        match error {
            SessionError::Journal(error) => error.into(),
            SessionError::Wire(error) => invalid(error.to_string()),
        }
    }
}

fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(text).map_err(|error| invalid(error.to_string()))
}

fn keys(bytes: &[u8]) -> Result<(Key, Key, &[u8]), Failure> {
    let short = || invalid("a key has 32 bytes".to_owned());
    let (up, rest) = bytes.split_first_chunk().ok_or_else(short)?;
    let (down, rest) = rest.split_first_chunk().ok_or_else(short)?;
    Ok((*up, *down, rest))
}

impl Agent {
    pub(crate) fn open(text: &[u8], bytes: &[u8]) -> Result<Self, Failure> {
        let open: Open = read(text)?;
        let (up, down, mut rest) = keys(bytes)?;
        let mut entries = Vec::with_capacity(open.entries.len());
        for (key, length) in &open.entries {
            let damaged = || Failure { code: "damaged", message: format!("{key} is cut short") };
            let (value, after) = rest.split_at_checked(*length).ok_or_else(damaged)?;
            entries.push((key.as_str(), value));
            rest = after;
        }
        let journal = TabletJournal::open(entries, Epoch(open.fresh), open.capacity)?;
        let policy = Policy {
            answer: open.policy.answer,
            waits: 3,
            retry_first: open.policy.retry_first,
            retry_most: open.policy.retry_most,
            period: open.policy.period,
        };
        let identity = Identity { device: DeviceId(open.device), key: open.key };
        Ok(Self {
            session: Session::new(identity, policy, journal.cursor(), open.seed),
            identity,
            up: Sm4Ccm::new(&up),
            down: Sm4Ccm::new(&down),
            policy,
            journal,
        })
    }

    pub(crate) fn rekey(&mut self, text: &[u8], bytes: &[u8]) -> Result<Output, Failure> {
        let Rekey { key } = read(text)?;
        let (up, down, _) = keys(bytes)?;
        (self.up, self.down) = (Sm4Ccm::new(&up), Sm4Ccm::new(&down));
        self.identity.key = key;
        self.session = Session::new(self.identity, self.policy, self.journal.cursor(), u32::from(key));
        Ok(self.reply(Reply::default(), &[]))
    }

    /// All of the records or none.
    pub(crate) fn append(&mut self, text: &[u8]) -> Result<Output, Failure> {
        let records: Vec<PageRecord> = read(text)?;
        let records = records.iter().map(PageRecord::encode).collect::<Result<Vec<_>, _>>()?;
        self.journal.make_room(records.iter().map(Vec::len).sum())?;
        let mut seqs = Vec::with_capacity(records.len());
        for record in &records {
            seqs.push(now(self.journal.append(Priority::Routine, record))?.0);
        }
        Ok(self.reply(Reply { seqs, ..Reply::default() }, &[]))
    }

    pub(crate) fn status(&mut self) -> Output {
        self.reply(Reply::default(), &[])
    }

    /// Wants an exchange now, whenever the next one is due.
    pub(crate) fn schedule(&mut self, text: &[u8]) -> Result<Output, Failure> {
        self.session.schedule(read::<At>(text)?.now);
        Ok(self.status())
    }

    /// The frames of the burst that is due, one after another.
    pub(crate) fn transmit(&mut self, text: &[u8]) -> Result<Output, Failure> {
        let At { now: time } = read(text)?;
        let ciphers = Ciphers { up: &self.up, down: &self.down };
        let (mut frames, mut buffer) = (Vec::new(), vec![0; FRAME]);
        let clock = Time::Wall(time / 1000);
        while let Some(frame) =
            now(self.session.poll_transmit(time, clock, &mut self.journal, ciphers, &mut buffer))?
        {
            frames.extend_from_slice(frame);
        }
        Ok(self.reply(Reply { frames: frames.len(), ..Reply::default() }, &frames))
    }

    /// Takes what the server answered.
    pub(crate) fn receive(&mut self, text: &[u8], body: &mut [u8]) -> Result<Output, Failure> {
        let At { now: time } = read(text)?;
        let ciphers = Ciphers { up: &self.up, down: &self.down };
        let mut tasks = Vec::new();
        let mut cursor = self.journal.cursor();
        let before = self.journal.waiting();
        let answer = match now(self.session.handle(time, &mut self.journal, ciphers, body))? {
            Received::Answer { now: server, messages } => {
                for (at, message) in messages.flatten().filter(|(at, _)| *at > self.journal.cursor()) {
                    cursor = cursor.max(at);
                    tasks.extend(task(&message));
                }
                Answer::Taken(server)
            }
            Received::Refused(refusal) => Answer::Refused(refusal_name(refusal.code)),
            Received::Ignored => Answer::Ignored,
        };
        self.journal.take_messages(cursor);
        self.session.taken(cursor);
        let settled = before.saturating_sub(self.journal.waiting());
        Ok(self.reply(Reply { answer: Some(answer), tasks, settled, ..Reply::default() }, &[]))
    }

    /// The network said that no answer will come.
    pub(crate) fn fail(&mut self, text: &[u8]) -> Result<Output, Failure> {
        self.session.no_answer(read::<At>(text)?.now);
        Ok(self.status())
    }

    /// Adds to a reply how the journal stands and what is to be stored.
    fn reply(&mut self, reply: Reply, frames: &[u8]) -> Output {
        let batch = self.journal.take_batch();
        let (used, capacity) = self.journal.room();
        let values = batch.put.iter().flat_map(|(_, value)| value);
        let bytes = values.chain(frames).copied().collect();
        let reply = Reply {
            put: batch.put.into_iter().map(|(key, value)| (key, value.len())).collect(),
            remove: batch.remove,
            epoch: self.journal.epoch().0,
            waiting: self.journal.waiting(),
            used,
            capacity,
            due_at: self.session.poll_at(),
            is_idle: self.session.is_idle(),
            ..reply
        };
        (reply, bytes)
    }
}

fn refusal_name(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::UNKNOWN_SUITE => "unknown_suite",
        RefusalCode::UNKNOWN_DEVICE => "unknown_device",
        RefusalCode::FORGED => "forged",
        RefusalCode::REVOKED => "revoked",
        RefusalCode::BUSY => "busy",
        _ => "malformed",
    }
}
