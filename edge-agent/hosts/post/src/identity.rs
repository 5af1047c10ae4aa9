//! Who the post is: what enrolment wrote to the flash beside the firmware. docs/post.md has the form.

use gengwei_agent::session::Identity;
use gengwei_proto::wire::{DeviceId, Key};

use crate::model;

/// `"GWID"`, the suite, the key's number, two zeros, the device, the two keys, a CRC-32 of all before.
const LENGTH: usize = 4 + 4 + 4 + 32 + 32 + 4;

/// Who the post is, and its keys.
pub(crate) struct Enrolled {
    pub(crate) identity: Identity,
    pub(crate) suite: u8,
    pub(crate) up: Key,
    pub(crate) down: Key,
}

/// Reads it; none while the post is not enrolled.
pub(crate) fn read() -> Option<Enrolled> {
    let mut bytes = [0; LENGTH];
    for (at, byte) in bytes.iter_mut().enumerate() {
        // SAFETY: the model's check and the memory map keep this part of the flash free of everything else.
        *byte = unsafe { core::ptr::read_volatile((model::IDENTITY_AT as usize + at) as *const u8) };
    }
    let (rest, crc) = bytes.split_last_chunk::<4>()?;
    let rest = rest.strip_prefix(b"GWID")?;
    if crc32(&bytes[..LENGTH - 4]) != u32::from_le_bytes(*crc) {
        return None;
    }
    let (&[suite, key, _, _], rest) = rest.split_first_chunk::<4>()?;
    let (device, rest) = rest.split_first_chunk::<4>()?;
    let (up, rest) = rest.split_first_chunk::<32>()?;
    let identity = Identity { device: DeviceId(u32::from_le_bytes(*device)), key };
    Some(Enrolled { identity, suite, up: *up, down: *rest.first_chunk()? })
}

/// As of Ethernet and zip, bit by bit: it runs once a boot.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
        }
    }
    !crc
}
