//! Post models: one TOML file each, beside this crate, read when a firmware is built and by the tests.
//!
//! A file says what is soldered to what, how patient the post is and whom it speaks to. What every field means stands
//! in the files themselves and here.

use std::fmt;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use gengwei_agent::settings::Settings;
use gengwei_proto::wire::SuiteId;
use serde::Deserialize;

/// A sector of the flash that holds the journal, in KiB.
pub const SECTOR_KIB: u32 = 4;

/// A post model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The processor's target for rustc.
    pub target: String,
    /// The processor, one that the firmware has registers for.
    pub chip: Chip,
    /// How much of the processor's flash the firmware may take, in KiB.
    pub flash_kib: u32,
    /// How much of its memory, in KiB, stacks included.
    pub ram_kib: u32,
    /// The address where enrolment writes who the post is.
    pub identity_at: u32,
    /// The cipher suite, the only one that is linked.
    pub suite: Suite,
    /// The journal's regions.
    pub journal: Journal,
    /// The radio.
    pub modem: Modem,
    /// What it feels.
    pub sensors: Sensors,
    /// The settings until others come down, with the units of `PostConfig`.
    pub settings: BuiltIn,
}

/// The processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chip {
    /// TI Stellaris LM3S6965, as QEMU plays it.
    Lm3s6965,
    /// ST STM32L476.
    Stm32l476,
}

/// The cipher suites by the names of the crate's features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suite {
    /// SM4-CCM.
    Sm4Ccm,
    /// AES-128-CCM.
    AesCcm,
    /// ChaCha20-Poly1305.
    Chacha20Poly1305,
}

impl Suite {
    /// Its number in a frame.
    #[must_use]
    pub const fn id(self) -> SuiteId {
        match self {
            Self::Sm4Ccm => SuiteId::Sm4Ccm,
            Self::AesCcm => SuiteId::Aes128Ccm,
            Self::Chacha20Poly1305 => SuiteId::ChaCha20Poly1305,
        }
    }
}

/// How much of the flash each region of the journal takes, in KiB.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// The journal's few numbers: two sectors or more.
    pub numbers_kib: u32,
    /// Urgent records, which are never dropped: two sectors or more.
    pub urgent_kib: u32,
    /// Routine records: two sectors or more.
    pub routine_kib: u32,
}

/// The radio and whom it speaks to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modem {
    /// Which commands it understands.
    pub kind: ModemKind,
    /// The operator's access point.
    pub apn: String,
    /// The server's CoAP address.
    pub server: SocketAddrV4,
    /// Seconds that an answer may take.
    pub answer_s: u32,
    /// After how many waits without an answer an exchange is put off.
    pub waits: u8,
}

/// The commands of modems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModemKind {
    /// Quectel BC95, BC28, BC35 and what speaks like them.
    Bc95,
}

/// What a post feels; what is left out is not there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensors {
    /// The button for passers-by.
    pub button: Option<Input>,
    /// The PIR sensor.
    pub pir: Option<Input>,
    /// A LIS2DH12.
    pub accelerometer: Option<Accelerometer>,
    /// The battery's converter.
    pub battery: Battery,
}

/// A digital input.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Port and number, such as `F1`.
    pub pin: Pin,
    /// Whether a low level means pressed or seen.
    pub active_low: bool,
}

/// An accelerometer.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accelerometer {
    /// On the I²C bus: 0x18 or 0x19.
    pub address: u8,
    /// Where its INT1 is.
    pub interrupt: Pin,
    /// What it measures while the post stands, in mg.
    pub upright: [i16; 3],
}

/// The battery's converter.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Battery {
    /// The converter's channel.
    pub channel: u8,
    /// Millivolts at the battery when the converter says its highest value.
    pub full_scale_mv: u16,
}

/// A pin: port A is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pin {
    /// The port.
    pub port: u8,
    /// The number within it.
    pub number: u8,
}

impl TryFrom<String> for Pin {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let wrong = || format!("{name} is no pin: a port A to H and a number 0 to 15, such as F1");
        let port = name.bytes().next().filter(|letter| (b'A'..=b'H').contains(letter)).ok_or_else(wrong)?;
        let number = name[1..].parse().ok().filter(|number| *number < 16).ok_or_else(wrong)?;
        Ok(Self { port: port - b'A', number })
    }
}

/// The settings that are built in; the names of [`Settings`].
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "`Settings` has them")]
pub struct BuiltIn {
    pub health_period_s: u32,
    pub retry_first_s: u32,
    pub retry_most_s: u32,
    pub tilt_degrees: u8,
    pub vibration_mg: u16,
    pub tamper_mg: u16,
    pub debounce_ms: u16,
    pub motion_pause_s: u16,
    pub low_battery_mv: u16,
}

impl From<BuiltIn> for Settings {
    fn from(built_in: BuiltIn) -> Self {
        Self {
            version: 0,
            health_period_s: built_in.health_period_s,
            retry_first_s: built_in.retry_first_s,
            retry_most_s: built_in.retry_most_s,
            tilt_degrees: built_in.tilt_degrees,
            vibration_mg: built_in.vibration_mg,
            tamper_mg: built_in.tamper_mg,
            debounce_ms: built_in.debounce_ms,
            motion_pause_s: built_in.motion_pause_s,
            low_battery_mv: built_in.low_battery_mv,
        }
    }
}

/// A model's file is wrong, and how.
#[derive(Debug)]
pub struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

/// The folder of the models' files.
#[must_use]
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

impl Model {
    /// Reads and checks the model of this name.
    ///
    /// # Errors
    /// [`Wrong`] when there is none, or it would not make a post that works.
    pub fn named(name: &str) -> Result<Self, Wrong> {
        Self::read(&folder().join(name).with_extension("toml"))
    }

    /// Reads and checks a model's file.
    ///
    /// # Errors
    /// [`Wrong`] when it cannot be read, or would not make a post that works.
    pub fn read(path: &Path) -> Result<Self, Wrong> {
        let wrong = |what: String| Wrong(format!("{}: {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&text).map_err(|error| wrong(error.0))
    }

    /// Reads and checks a model's text.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let model: Self = toml::from_str(text).map_err(|error| Wrong(error.to_string()))?;
        model.check()?;
        Ok(model)
    }

    fn check(&self) -> Result<(), Wrong> {
        let ensure = |holds: bool, what: &str| if holds { Ok(()) } else { Err(Wrong(what.to_owned())) };
        Settings::from(self.settings).check().map_err(|error| Wrong(format!("settings: {error}")))?;
        let target = match self.chip {
            Chip::Lm3s6965 => "thumbv7m-none-eabi",
            Chip::Stm32l476 => "thumbv7em-none-eabi",
        };
        ensure(self.target == target, "target: another processor's")?;
        let Journal { numbers_kib, urgent_kib, routine_kib } = self.journal;
        for kib in [numbers_kib, urgent_kib, routine_kib] {
            ensure(
                kib >= 2 * SECTOR_KIB && kib % SECTOR_KIB == 0,
                "journal: two whole sectors of 4 KiB or more each",
            )?;
        }
        ensure(!self.modem.apn.is_empty() && self.modem.apn.len() <= 63, "modem.apn: 1 to 63 characters")?;
        ensure(
            self.modem.apn.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-')),
            "modem.apn: letters, digits, . and -",
        )?;
        ensure(self.modem.server.port() != 0, "modem.server: a port")?;
        ensure((1..=120).contains(&self.modem.answer_s), "modem.answer_s: 1 to 120")?;
        ensure(self.modem.waits > 0, "modem.waits: 1 or more")?;
        ensure(
            self.sensors.battery.full_scale_mv > self.settings.low_battery_mv,
            "sensors.battery: low is never reached",
        )?;
        if let Some(accelerometer) = self.sensors.accelerometer {
            ensure(
                matches!(accelerometer.address, 0x18 | 0x19),
                "sensors.accelerometer.address: 0x18 or 0x19",
            )?;
            let amount: i32 = accelerometer.upright.iter().map(|axis| i32::from(*axis).pow(2)).sum();
            ensure(
                (900 * 900..=1100 * 1100).contains(&amount),
                "sensors.accelerometer.upright: 1000 mg in all",
            )?;
        }
        Ok(())
    }
}
