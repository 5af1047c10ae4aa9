//! What the devices tell.

use gengwei_proto::wire::{
    ConfigAcknowledged, ConfigOutcome, Event, PostEvent, PostEventKind, PostHealth, Priority, Record, Time,
    WireError, encode_record,
};
use minicbor::Encoder;
use minicbor::encode::write::Cursor;
use rand::RngExt as _;
use rand::rngs::StdRng;

/// Of a kind that no server knows yet: it is to be kept and quarantined.
const KIND_OF_TOMORROW: u8 = 200;

/// The length of [`Making::Sample`].
const SAMPLE: usize = 40;

/// What to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Making {
    Heartbeat,
    Motion,
    Button,
    Applied(u32),
    Unknown,
    /// [`SAMPLE`] bytes, as the bound of a burst is reckoned with.
    Sample,
}

impl Making {
    /// A mixture as of a post beside a busy path.
    pub(crate) fn any(rng: &mut StdRng) -> Self {
        match rng.random_range(0..100) {
            0..70 => Self::Motion,
            70..90 => Self::Heartbeat,
            90..98 => Self::Button,
            _ => Self::Unknown,
        }
    }
}

/// Writes a record. No other of the device has the same bytes, since `made` counts them within a boot.
pub(crate) fn write(
    making: Making,
    time: Time,
    made: u32,
    buffer: &mut [u8],
) -> Result<(Priority, &[u8]), WireError> {
    let value = i32::try_from(made).ok();
    let event = match making {
        Making::Heartbeat => Event::PostHealth(PostHealth {
            battery_mv: 3612,
            journal_percent: 2,
            config: 0,
            firmware: made,
            temperature_c: Some(17),
            signal_dbm: Some(-97),
        }),
        Making::Motion => Event::PostEvent(PostEvent { kind: PostEventKind::MOTION, value }),
        Making::Button => Event::PostEvent(PostEvent { kind: PostEventKind::BUTTON, value }),
        Making::Applied(version) => {
            Event::ConfigAcknowledged(ConfigAcknowledged { version, outcome: ConfigOutcome::APPLIED })
        }
        Making::Unknown => return Ok((Priority::Routine, unknown(time, made, 0, buffer)?)),
        Making::Sample => {
            // Two bytes tell the length of what fills it up.
            let filling = SAMPLE.saturating_sub(unknown(time, made, 0, buffer)?.len() + 1);
            return Ok((Priority::Routine, unknown(time, made, filling, buffer)?));
        }
    };
    Ok((event.priority(), encode_record(&Record { time, event }, buffer)?))
}

fn unknown(time: Time, made: u32, filling: usize, buffer: &mut [u8]) -> Result<&[u8], WireError> {
    let mut e = Encoder::new(Cursor::new(&mut *buffer));
    e.array(3)?.encode(time)?.u8(KIND_OF_TOMORROW)?.array(2)?.u32(made)?.bytes(&[0; SAMPLE][..filling])?;
    let length = e.writer().position();
    Ok(&buffer[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_as_long_as_the_bound_reckons_with() {
        for (seconds, made) in [(0, 0), (100, 30), (50_000, 50_000)] {
            let time = Time::SinceBoot { boot: 1, seconds };
            assert_eq!(write(Making::Sample, time, made, &mut [0; 64]).unwrap().1.len(), SAMPLE);
        }
    }
}
