//! The server's keys by purpose and version, and their sealed forms for the database and for backups.

use std::collections::BTreeMap;
use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::sealing;
use super::{CryptoError, CryptoProvider, KEY_LEN, KeyVersion, NONCE_LEN, Purpose};

type KeyBytes = Zeroizing<[u8; KEY_LEN]>;

/// Software keys: the newest version of a purpose makes, every version checks and opens.
///
/// Lose it and every label in the field becomes a forgery and every reporter's phone unreadable, so a backup
/// holds it, sealed. Keys are wiped from memory on drop and never printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Keyring {
    keys: BTreeMap<(Purpose, KeyVersion), KeyBytes>,
}

impl Keyring {
    /// A keyring with version 1 of every purpose; `random` is a cryptographic random source.
    pub fn generate(random: impl FnMut() -> [u8; KEY_LEN]) -> Self {
        let mut keyring = Self::default();
        keyring.complete(random);
        keyring
    }

    /// Gives every purpose that has none its first key; true when there was one to give (then store the keyring).
    pub fn complete(&mut self, mut random: impl FnMut() -> [u8; KEY_LEN]) -> bool {
        let before = self.keys.len();
        for purpose in Purpose::ALL {
            if self.newest(purpose).is_err() {
                self.keys.insert((purpose, 1), Zeroizing::new(random()));
            }
        }
        self.keys.len() > before
    }

    /// Adds a fresh key as the newest version; the older ones still check and open.
    ///
    /// # Errors
    /// [`CryptoError::VersionsUsedUp`] after version 255.
    pub fn rotate(&mut self, purpose: Purpose, key: [u8; KEY_LEN]) -> Result<KeyVersion, CryptoError> {
        let key = Zeroizing::new(key);
        let version = match self.newest(purpose) {
            Ok(newest) => newest.checked_add(1).ok_or(CryptoError::VersionsUsedUp(purpose))?,
            Err(_) => 1,
        };
        self.keys.insert((purpose, version), key);
        Ok(version)
    }

    /// Forgets a key that became known to others: its labels are forgeries from now on, its seals stay shut.
    ///
    /// # Errors
    /// [`CryptoError::NewestInUse`] for the newest version, [`CryptoError::NoKey`] for an unknown one.
    pub fn revoke(&mut self, purpose: Purpose, version: KeyVersion) -> Result<(), CryptoError> {
        if self.newest(purpose)? == version {
            return Err(CryptoError::NewestInUse { purpose, version });
        }
        self.keys.remove(&(purpose, version)).map(drop).ok_or(CryptoError::NoKey { purpose, version })
    }

    fn key(&self, purpose: Purpose, version: KeyVersion) -> Result<&[u8; KEY_LEN], CryptoError> {
        self.keys.get(&(purpose, version)).map(|key| &**key).ok_or(CryptoError::NoKey { purpose, version })
    }

    /// Each key as `purpose ‖ version ‖ 32 bytes`, in order.
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.keys.len() * RECORD_LEN));
        for (&(purpose, version), key) in &self.keys {
            bytes.extend([purpose as u8, version]);
            bytes.extend(&key[..]);
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let (records, []) = bytes.as_chunks::<RECORD_LEN>() else {
            return Err(CryptoError::Unreadable("the keyring is cut short"));
        };
        let mut keyring = Self::default();
        for [purpose, version, key @ ..] in records {
            let purpose = Purpose::from_number(*purpose).ok_or(CryptoError::Unreadable(
                "the keyring was written by a newer version of this program",
            ))?;
            keyring.keys.insert((purpose, *version), Zeroizing::new(*key));
        }
        Ok(keyring)
    }

    /// The keyring sealed under the master key, for the database: `"GWKR\x01" ‖ nonce ‖ ciphertext ‖ tag`.
    ///
    /// # Errors
    /// None in practice: a keyring is far below the 16 MiB that can be sealed.
    pub fn seal_under(&self, master: &MasterKey, nonce: [u8; NONCE_LEN]) -> Result<Vec<u8>, CryptoError> {
        let sealed = sealing::seal(&master.0, nonce, STORED_MAGIC, &self.to_bytes())?;
        Ok([STORED_MAGIC, &sealed].concat())
    }

    /// Reads what [`Keyring::seal_under`] wrote.
    ///
    /// # Errors
    /// [`CryptoError::Unreadable`] when it is no keyring, [`CryptoError::DoesNotOpen`] under another master key.
    pub fn open_under(master: &MasterKey, stored: &[u8]) -> Result<Self, CryptoError> {
        let sealed =
            stored.strip_prefix(STORED_MAGIC).ok_or(CryptoError::Unreadable("this is no keyring"))?;
        Self::from_bytes(&Zeroizing::new(sealing::open(&master.0, STORED_MAGIC, sealed)?))
    }

    /// The keyring sealed by a passphrase (argon2id), for a backup that leaves the machine.
    ///
    /// `"GWKB\x01" ‖ memory KiB (u32) ‖ passes (u8) ‖ salt ‖ nonce ‖ ciphertext ‖ tag`; everything before the
    /// nonce is authenticated too.
    ///
    /// # Errors
    /// [`CryptoError::Unreadable`] for a passphrase of fewer than [`MIN_PASSPHRASE`] characters.
    pub fn to_backup(
        &self,
        passphrase: &str,
        salt: [u8; SALT_LEN],
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, CryptoError> {
        if passphrase.chars().count() < MIN_PASSPHRASE {
            return Err(CryptoError::Unreadable("the passphrase needs at least 12 characters"));
        }
        let master = MasterKey::from_passphrase(passphrase, &salt, MEMORY_KIB, PASSES)?;
        let mut backup = [BACKUP_MAGIC, &MEMORY_KIB.to_be_bytes(), &[PASSES], &salt].concat();
        let sealed = sealing::seal(&master.0, nonce, &backup, &self.to_bytes())?;
        backup.extend(sealed);
        Ok(backup)
    }

    /// Reads what [`Keyring::to_backup`] wrote.
    ///
    /// # Errors
    /// [`CryptoError::Unreadable`] when it is no backup keyring or its argon2id cost is out of bounds,
    /// [`CryptoError::DoesNotOpen`] for a wrong passphrase or altered bytes.
    pub fn from_backup(passphrase: &str, backup: &[u8]) -> Result<Self, CryptoError> {
        const NO_BACKUP: CryptoError = CryptoError::Unreadable("this is no keyring backup");
        let (header, sealed) = backup.split_first_chunk::<BACKUP_HEADER_LEN>().ok_or(NO_BACKUP)?;
        let [m0, m1, m2, m3, passes, salt @ ..] =
            *header.strip_prefix(BACKUP_MAGIC).and_then(<[u8]>::as_array::<21>).ok_or(NO_BACKUP)?;
        let memory_kib = u32::from_be_bytes([m0, m1, m2, m3]);
        if memory_kib > MAX_MEMORY_KIB || passes > MAX_PASSES {
            return Err(CryptoError::Unreadable("the keyring backup asks for too much memory or time"));
        }
        let master = MasterKey::from_passphrase(passphrase, &salt, memory_kib, passes)?;
        Self::from_bytes(&Zeroizing::new(sealing::open(&master.0, header, sealed)?))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")?;
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

impl CryptoProvider for Keyring {
    fn newest(&self, purpose: Purpose) -> Result<KeyVersion, CryptoError> {
        let (&(_, version), _) = self
            .keys
            .range((purpose, KeyVersion::MIN)..=(purpose, KeyVersion::MAX))
            .next_back()
            .ok_or(CryptoError::NoKey { purpose, version: 0 })?;
        Ok(version)
    }

    fn knows(&self, purpose: Purpose, version: KeyVersion) -> bool {
        self.keys.contains_key(&(purpose, version))
    }

    fn mac(
        &self,
        purpose: Purpose,
        version: KeyVersion,
        message: &[u8],
    ) -> Result<[u8; KEY_LEN], CryptoError> {
        Ok(sealing::hmac_sm3(self.key(purpose, version)?, message))
    }

    fn seal(
        &self,
        purpose: Purpose,
        nonce: [u8; NONCE_LEN],
        context: &[u8],
        secret: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let version = self.newest(purpose)?;
        let bound = bind(purpose, version, context);
        let sealed = sealing::seal(self.key(purpose, version)?, nonce, &bound, secret)?;
        Ok([&[version][..], &sealed].concat())
    }

    fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let (&version, sealed) =
            sealed.split_first().ok_or(CryptoError::Unreadable("sealed data is cut short"))?;
        sealing::open(self.key(purpose, version)?, &bind(purpose, version, context), sealed)
    }
}

/// The caller's context with purpose and version in front: one seal fits one place only.
fn bind(purpose: Purpose, version: KeyVersion, context: &[u8]) -> Vec<u8> {
    [&[purpose as u8, version], context].concat()
}

/// The key over the keys: from configuration, from a module, or from a passphrase. Never stored by the server.
#[derive(Clone)]
pub struct MasterKey(KeyBytes);

impl MasterKey {
    /// A master key of 32 random bytes.
    #[must_use]
    pub fn new(bytes: [u8; KEY_LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads 64 hexadecimal digits, as they stand in a key file; white space around them is ignored.
    ///
    /// # Errors
    /// [`CryptoError::Unreadable`] for anything else.
    pub fn from_hex(text: &str) -> Result<Self, CryptoError> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        hex::decode_to_slice(text.trim(), &mut *bytes)
            .map_err(|_| CryptoError::Unreadable("the master key must be 64 hexadecimal digits"))?;
        Ok(Self(bytes))
    }

    /// The 64 hexadecimal digits for a key file. The one way the key leaves the process: keep it closely.
    #[must_use]
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(&self.0[..]))
    }

    fn from_passphrase(
        passphrase: &str,
        salt: &[u8],
        memory_kib: u32,
        passes: u8,
    ) -> Result<Self, CryptoError> {
        let unfit = |_| CryptoError::Unreadable("the keyring backup's argon2id cost is not valid");
        let cost = Params::new(memory_kib, passes.into(), 1, Some(KEY_LEN)).map_err(unfit)?;
        let mut key = Zeroizing::new([0; KEY_LEN]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, cost)
            .hash_password_into(passphrase.as_bytes(), salt, &mut *key)
            .map_err(unfit)?;
        Ok(Self(key))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

const RECORD_LEN: usize = 2 + KEY_LEN;
const STORED_MAGIC: &[u8] = b"GWKR\x01";
const BACKUP_MAGIC: &[u8] = b"GWKB\x01";
const BACKUP_HEADER_LEN: usize = BACKUP_MAGIC.len() + 4 + 1 + SALT_LEN;

/// Bytes of the salt of a backup.
pub const SALT_LEN: usize = 16;
/// Characters that a backup's passphrase needs at least.
pub const MIN_PASSPHRASE: usize = 12;
/// argon2id for new backups: 64 MiB and three passes (RFC 9106, second recommendation, one lane).
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u8 = 3;
/// What a backup may ask for on reading, so that a forged one cannot exhaust the machine.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u8 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys 1, 2, 3 …: a stand-in for the random source.
    fn counting() -> impl FnMut() -> [u8; KEY_LEN] {
        let mut next = 0;
        move || {
            next += 1;
            [next; KEY_LEN]
        }
    }

    #[test]
    fn a_rotated_key_makes_new_seals_and_still_opens_old_ones() {
        let mut keys = Keyring::generate(counting());
        let old = keys.seal(Purpose::ReporterPhone, [1; 12], b"report 1", b"13800138000").unwrap();
        assert_eq!(keys.rotate(Purpose::ReporterPhone, [99; 32]), Ok(2));
        let new = keys.seal(Purpose::ReporterPhone, [2; 12], b"report 1", b"13800138000").unwrap();
        assert_eq!((old[0], new[0]), (1, 2));
        for sealed in [&old, &new] {
            assert_eq!(keys.open(Purpose::ReporterPhone, b"report 1", sealed).unwrap(), b"13800138000");
            assert_eq!(keys.open(Purpose::ReporterPhone, b"report 2", sealed), Err(CryptoError::DoesNotOpen));
            assert!(keys.open(Purpose::Session, b"report 1", sealed).is_err());
        }
    }

    #[test]
    fn a_revoked_key_is_gone_and_its_number_never_comes_again() {
        let mut keys = Keyring::generate(counting());
        let newest = CryptoError::NewestInUse { purpose: Purpose::Label, version: 1 };
        assert_eq!(keys.revoke(Purpose::Label, 1), Err(newest));
        keys.rotate(Purpose::Label, [50; 32]).unwrap();
        keys.revoke(Purpose::Label, 1).unwrap();
        assert!(!keys.knows(Purpose::Label, 1));
        assert_eq!(keys.rotate(Purpose::Label, [51; 32]), Ok(3));
        assert_eq!(
            keys.revoke(Purpose::Label, 1),
            Err(CryptoError::NoKey { purpose: Purpose::Label, version: 1 })
        );
    }

    #[test]
    fn versions_run_out_with_an_error() {
        let mut keys = Keyring::generate(counting());
        for version in 2..=255 {
            assert_eq!(keys.rotate(Purpose::Session, [version; 32]), Ok(version));
        }
        assert_eq!(
            keys.rotate(Purpose::Session, [0; 32]),
            Err(CryptoError::VersionsUsedUp(Purpose::Session))
        );
    }

    #[test]
    fn a_stored_keyring_opens_only_under_its_master_key() {
        let mut keys = Keyring::generate(counting());
        keys.rotate(Purpose::Label, [77; 32]).unwrap();
        let master = MasterKey::new([5; 32]);
        let stored = keys.seal_under(&master, [3; 12]).unwrap();
        assert_eq!(Keyring::open_under(&master, &stored), Ok(keys));
        let copy = MasterKey::from_hex(&format!("{}\n", *master.to_hex())).unwrap();
        assert!(Keyring::open_under(&copy, &stored).is_ok());
        assert_eq!(Keyring::open_under(&MasterKey::new([6; 32]), &stored), Err(CryptoError::DoesNotOpen));
        for at in 0..stored.len() {
            let mut altered = stored.clone();
            altered[at] ^= 0x80;
            assert!(Keyring::open_under(&master, &altered).is_err());
            assert!(Keyring::open_under(&master, &stored[..at]).is_err());
        }
    }

    #[test]
    fn a_backup_opens_with_its_passphrase_alone() {
        let keys = Keyring::generate(counting());
        let backup = keys.to_backup("耕地保护人人有责二〇二六年", [9; 16], [4; 12]).unwrap();
        assert_eq!(Keyring::from_backup("耕地保护人人有责二〇二六年", &backup), Ok(keys.clone()));
        assert_eq!(
            Keyring::from_backup("耕地保护人人有责二〇二五年", &backup),
            Err(CryptoError::DoesNotOpen)
        );
        let key = [1; KEY_LEN];
        assert!(!backup.windows(KEY_LEN).any(|window| window == key), "a key stands in the clear");
        assert!(keys.to_backup("too short", [9; 16], [4; 12]).is_err());
    }

    #[test]
    fn a_forged_backup_cannot_ask_for_all_the_memory() {
        let mut backup =
            Keyring::generate(counting()).to_backup("a long passphrase", [9; 16], [4; 12]).unwrap();
        backup[5..9].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(matches!(
            Keyring::from_backup("a long passphrase", &backup),
            Err(CryptoError::Unreadable(_))
        ));
        assert!(Keyring::from_backup("a long passphrase", b"GWKB").is_err());
        assert!(Keyring::from_backup("a long passphrase", b"").is_err());
    }

    #[test]
    fn an_older_keyring_is_completed_and_then_left_alone() {
        let mut keys = Keyring::generate(counting());
        keys.keys.retain(|(purpose, _), _| *purpose != Purpose::Device);
        assert!(keys.complete(counting()));
        assert_eq!(keys.newest(Purpose::Device), Ok(1));
        assert!(!keys.complete(counting()));
    }

    #[test]
    fn debug_output_names_keys_and_shows_none() {
        let keys = Keyring::generate(|| [0xAB; KEY_LEN]);
        let shown = format!("{keys:?} {:?}", MasterKey::new([0xAB; 32]));
        assert!(shown.contains("Label, 1"));
        assert!(!shown.contains("171") && !shown.to_lowercase().contains("ab, ab"), "{shown}");
    }
}
