//! Keys and what is done with them: HMAC-SM3 (GB/T 32905, GB/T 15852.2) and SM4-CCM (GB/T 32907, GB/T 36624).
//!
//! The rest of the server asks a [`CryptoProvider`] and names a key by purpose and version; it never holds key
//! bytes. So a certified cryptographic module, UKey or 服务器密码机 can stand in for the software [`Keyring`]
//! (R44, 密评 by GB/T 39786-2021). Nonces and new keys come in from outside (invariant 8).

pub mod keyring;
pub mod sealing;

pub use keyring::{Keyring, MasterKey};

use subtle::ConstantTimeEq;

/// Bytes of a key, of a MAC and of the master key.
pub const KEY_LEN: usize = 32;
/// Bytes of a sealing nonce: fresh from a cryptographic random source for every sealing.
pub const NONCE_LEN: usize = 12;

/// One of the numbered keys of a purpose; the first is 1.
pub type KeyVersion = u8;

/// What a key is for. A key never serves two purposes.
///
/// The numbers are stored in backups: they stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Purpose {
    /// MAC in the address that a post's QR label carries.
    Label = 1,
    /// Seals the phone number that a member of the public leaves with a report.
    ReporterPhone = 2,
    /// MAC over session cookies and bearer tokens.
    Session = 3,
    /// Derives and seals the keys of posts and tablets.
    Device = 4,
    /// Seals the register of persons of a case (R28).
    CasePerson = 5,
}

impl Purpose {
    /// Every purpose a complete keyring has a key for.
    pub const ALL: [Self; 5] =
        [Self::Label, Self::ReporterPhone, Self::Session, Self::Device, Self::CasePerson];

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&purpose| purpose as u8 == number)
    }
}

/// Why a cryptographic operation could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// There is no key of this purpose and version.
    #[error("no key version {version} for {purpose:?}")]
    NoKey {
        /// What the key would be for.
        purpose: Purpose,
        /// The version asked for; 0 when the purpose has no key at all.
        version: KeyVersion,
    },
    /// Sealed bytes do not open: another key, another context, or altered.
    #[error("sealed data does not open: wrong key or passphrase, or the data was altered")]
    DoesNotOpen,
    /// Bytes that are no sealed data or no keyring, or of a newer program version.
    #[error("{0}")]
    Unreadable(&'static str),
    /// All 255 versions of a purpose are used up.
    #[error("{0:?} has used up its 255 key versions")]
    VersionsUsedUp(Purpose),
    /// The newest version cannot be revoked: rotate first.
    #[error("version {version} is the newest key for {purpose:?}: rotate first, then revoke it")]
    NewestInUse {
        /// What the key is for.
        purpose: Purpose,
        /// The version that was to be revoked.
        version: KeyVersion,
    },
    /// The cryptographic module behind the provider failed.
    #[error("cryptographic module: {0}")]
    Module(String),
}

/// HMAC-SM3 and SM4-CCM by named keys, in software or in a certified module.
pub trait CryptoProvider: Send + Sync {
    /// The newest version of a purpose: the one that makes new MACs and seals.
    ///
    /// # Errors
    /// [`CryptoError::NoKey`] when the purpose has no key; [`CryptoError::Module`].
    fn newest(&self, purpose: Purpose) -> Result<KeyVersion, CryptoError>;

    /// Whether this version of a purpose can still be checked or opened.
    fn knows(&self, purpose: Purpose, version: KeyVersion) -> bool;

    /// HMAC-SM3 over `message`.
    ///
    /// # Errors
    /// [`CryptoError::NoKey`]; [`CryptoError::Module`].
    fn mac(
        &self,
        purpose: Purpose,
        version: KeyVersion,
        message: &[u8],
    ) -> Result<[u8; KEY_LEN], CryptoError>;

    /// Seals a short secret under the newest key: `version ‖ nonce ‖ ciphertext ‖ 16-byte tag`.
    ///
    /// `context` says where the secret belongs (such as a row's id); it opens only there.
    ///
    /// # Errors
    /// [`CryptoError::NoKey`]; [`CryptoError::Module`].
    fn seal(
        &self,
        purpose: Purpose,
        nonce: [u8; NONCE_LEN],
        context: &[u8],
        secret: &[u8],
    ) -> Result<Vec<u8>, CryptoError>;

    /// Opens what [`CryptoProvider::seal`] made, by whichever version made it.
    ///
    /// # Errors
    /// [`CryptoError::Unreadable`] for bytes that are too short, [`CryptoError::NoKey`] for a version that is
    /// gone, [`CryptoError::DoesNotOpen`] for anything altered or out of its context; [`CryptoError::Module`].
    fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CryptoError>;
}

/// Compares secrets in a time that depends on their lengths alone.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
