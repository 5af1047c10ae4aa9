//! What crosses between the page and the agent, as JSON.

use serde::{Deserialize, Serialize};

/// `open`: then follow the two keys and the entries' values, as bytes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Open {
    pub(crate) device: u32,
    pub(crate) key: u8,
    /// Two random numbers: an epoch for a journal that is made anew, and what spreads retries.
    pub(crate) fresh: u32,
    pub(crate) seed: u32,
    pub(crate) capacity: usize,
    pub(crate) policy: Policy,
    /// Key and length of each entry.
    pub(crate) entries: Vec<(String, usize)>,
}

/// In milliseconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Policy {
    pub(crate) answer: u64,
    pub(crate) retry_first: u64,
    pub(crate) retry_most: u64,
    pub(crate) period: u64,
}

/// `rekey`: then follow the two keys.
#[derive(Deserialize)]
pub(crate) struct Rekey {
    pub(crate) key: u8,
}

/// `schedule`, `transmit`, `receive` (then follows the body) and `fail`.
#[derive(Deserialize)]
pub(crate) struct At {
    /// Milliseconds since 1970-01-01 UTC.
    pub(crate) now: u64,
}

/// What a call brought about. After it follow the entries' values and the frames, as bytes.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reply {
    /// Key and length of each entry to write.
    pub(crate) put: Vec<(String, usize)>,
    pub(crate) remove: Vec<String>,
    pub(crate) epoch: u32,
    pub(crate) waiting: usize,
    pub(crate) used: usize,
    pub(crate) capacity: usize,
    pub(crate) due_at: u64,
    pub(crate) is_idle: bool,
    /// Of `append`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) seqs: Vec<u32>,
    /// Of `transmit`: the bytes of all frames.
    pub(crate) frames: usize,
    /// Of `receive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answer: Option<Answer>,
    pub(crate) tasks: Vec<Task>,
    /// Of `receive`: how many records the server took.
    pub(crate) settled: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The server's time.
    Taken(u64),
    Refused(&'static str),
    Ignored,
}

/// Why a call did nothing.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

#[derive(Serialize)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) region: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parcel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
}
