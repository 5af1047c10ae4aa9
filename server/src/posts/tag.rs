//! The tag that makes a label's address genuine: `t` in `/g/{code}?t={tag}`.
//!
//! A tag is a decimal number that holds, from its high end, the post's number, the version of the label key (8 bits)
//! and 64 bits of HMAC-SM3 over both and the parcel code. Digits take the least room in a QR symbol (GB/T 18284):
//! with them the address fits version 6, the largest with a single alignment pattern, and that is what scanners
//! still read when the label is soiled.
//!
//! Guessing a tag takes 2⁶³ tries on average, so parcels cannot be enumerated through the public page.

use std::fmt;
use std::num::NonZeroU32;

use gengwei_proto::ParcelCode;

use crate::crypto::{CryptoError, CryptoProvider, KEY_LEN, KeyVersion, Purpose, same};

/// The number of a post, from 1; it stays with the post wherever it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostNumber(NonZeroU32);

impl PostNumber {
    /// The post number `number`; none for 0.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// The number itself.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for PostNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A genuine tag, made by [`issue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    text: String,
    post: PostNumber,
}

impl Tag {
    /// The text for the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The post it was issued for.
    #[must_use]
    pub fn post(&self) -> PostNumber {
        self.post
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a tag was refused. Who scans learns only that the label is not genuine; the reason is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// The text has not the shape of a tag.
    #[error("the label's tag is malformed")]
    Malformed,
    /// Made by a key that was never there or has been revoked.
    #[error("the label's tag names an unknown key version")]
    UnknownVersion,
    /// The MAC does not fit code, post and version.
    #[error("the label's tag is forged")]
    Forged,
    /// The check itself could not be done.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Issues the tag for the label of `post` at the parcel `code`, under the newest label key.
///
/// # Errors
/// [`CryptoError`] when there is no label key or the module fails.
pub fn issue(
    keys: &(impl CryptoProvider + ?Sized),
    code: &ParcelCode,
    post: PostNumber,
) -> Result<Tag, CryptoError> {
    let version = keys.newest(Purpose::Label)?;
    let mac = truncated(&keys.mac(Purpose::Label, version, &message(version, post.get(), code))?);
    Ok(Tag { text: Claim { version, post, mac }.to_number().to_string(), post })
}

/// Checks the tag `t` that came with `code` and returns the post it was issued for.
///
/// The label of a post that has since moved still passes for the code printed on it: the caller then looks up where
/// the post stands now. Every outcome costs exactly one MAC and one comparison in constant time.
///
/// # Errors
/// [`TagError`]; the first three are refusals, all to be answered alike.
pub fn verify(
    keys: &(impl CryptoProvider + ?Sized),
    code: &ParcelCode,
    tag: &str,
) -> Result<PostNumber, TagError> {
    let newest = keys.newest(Purpose::Label)?;
    let claim = Claim::parse(tag);
    let (version, post) = claim.as_ref().map_or((newest, 0), |claim| (claim.version, claim.post.get()));
    let known = keys.knows(Purpose::Label, version);
    // An unreadable or unknown claim is checked against the newest key, only to cost what a genuine one costs.
    let key = if known { version } else { newest };
    let expected = truncated(&keys.mac(Purpose::Label, key, &message(version, post, code))?);
    let genuine = same(&expected, claim.as_ref().map_or(&[0; MAC_LEN], |claim| &claim.mac));
    match claim {
        None => Err(TagError::Malformed),
        Some(_) if !known => Err(TagError::UnknownVersion),
        Some(_) if !genuine => Err(TagError::Forged),
        Some(claim) => Ok(claim.post),
    }
}

/// What a tag's text says, not yet believed.
struct Claim {
    version: KeyVersion,
    post: PostNumber,
    mac: [u8; MAC_LEN],
}

impl Claim {
    /// Reads the number in its one spelling: digits without a leading zero.
    fn parse(tag: &str) -> Option<Self> {
        let canonical = tag.bytes().all(|byte| byte.is_ascii_digit()) && !tag.starts_with('0');
        let number: u128 = canonical.then(|| tag.parse().ok()).flatten()?;
        let [_, _, _, p0, p1, p2, p3, version, mac @ ..] = number.to_be_bytes();
        let post = PostNumber::new(u32::from_be_bytes([p0, p1, p2, p3]))?;
        let claim = Self { version, post, mac };
        (claim.to_number() == number).then_some(claim)
    }

    fn to_number(&self) -> u128 {
        let mac = u64::from_be_bytes(self.mac);
        u128::from(self.post.get()) << 72 | u128::from(self.version) << 64 | u128::from(mac)
    }
}

/// What the MAC covers; every part has a fixed length, so no two labels share a message.
fn message(version: KeyVersion, post: u32, code: &ParcelCode) -> Vec<u8> {
    [b"gengwei label", &[version][..], &post.to_be_bytes(), code.as_str().as_bytes()].concat()
}

const MAC_LEN: usize = 8;

/// The leading 64 bits of the MAC.
fn truncated(mac: &[u8; KEY_LEN]) -> [u8; MAC_LEN] {
    std::array::from_fn(|at| mac[at])
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;

    use super::*;
    use crate::crypto::{Keyring, NONCE_LEN};

    fn keys() -> Keyring {
        Keyring::generate(|| [42; KEY_LEN])
    }

    fn code(text: &str) -> ParcelCode {
        ParcelCode::parse(text).unwrap()
    }

    fn post(number: u32) -> PostNumber {
        PostNumber::new(number).unwrap()
    }

    const CODE: &str = "6405021022100100001X";
    const OTHER: &str = "64050210621801000010";

    #[test]
    fn a_tag_proves_code_post_and_version() {
        let tag = issue(&keys(), &code(CODE), post(4711)).unwrap();
        assert!(tag.as_str().len() <= 26 && tag.as_str().bytes().all(|byte| byte.is_ascii_digit()), "{tag}");
        assert_eq!(verify(&keys(), &code(CODE), tag.as_str()), Ok(post(4711)));
        assert_eq!(verify(&keys(), &code(OTHER), tag.as_str()), Err(TagError::Forged));
        let other_keys = Keyring::generate(|| [43; KEY_LEN]);
        assert_eq!(verify(&other_keys, &code(CODE), tag.as_str()), Err(TagError::Forged));
    }

    #[test]
    fn a_moved_posts_old_label_stays_genuine_for_the_code_on_it() {
        let old = issue(&keys(), &code(CODE), post(7)).unwrap();
        let new = issue(&keys(), &code(OTHER), post(7)).unwrap();
        assert_eq!(verify(&keys(), &code(CODE), old.as_str()), Ok(post(7)));
        assert_eq!(verify(&keys(), &code(OTHER), new.as_str()), Ok(post(7)));
        assert_eq!(verify(&keys(), &code(OTHER), old.as_str()), Err(TagError::Forged));
    }

    #[test]
    fn old_labels_outlive_a_rotation_but_not_a_revocation() {
        let mut keys = keys();
        let old = issue(&keys, &code(CODE), post(7)).unwrap();
        keys.rotate(Purpose::Label, [44; KEY_LEN]).unwrap();
        let new = issue(&keys, &code(CODE), post(7)).unwrap();
        assert_eq!(Claim::parse(new.as_str()).map(|claim| claim.version), Some(2));
        assert_eq!(verify(&keys, &code(CODE), old.as_str()), Ok(post(7)));
        assert_eq!(verify(&keys, &code(CODE), new.as_str()), Ok(post(7)));
        keys.revoke(Purpose::Label, 1).unwrap();
        assert_eq!(verify(&keys, &code(CODE), old.as_str()), Err(TagError::UnknownVersion));
    }

    #[test]
    fn no_change_of_a_single_character_passes() {
        let tag = issue(&keys(), &code(CODE), post(4711)).unwrap();
        let alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_ 中";
        for (at, genuine) in tag.as_str().char_indices() {
            for wrong in alphabet.chars().filter(|&wrong| wrong != genuine) {
                let mut forged = tag.as_str().to_owned();
                forged.replace_range(at..=at, &wrong.to_string());
                assert!(verify(&keys(), &code(CODE), &forged).is_err(), "{forged}");
            }
        }
    }

    #[test]
    fn a_tag_has_one_spelling() {
        let tag = issue(&keys(), &code(CODE), post(7)).unwrap();
        let beyond = (Claim::parse(tag.as_str()).unwrap().to_number() + (1 << 104)).to_string();
        let spellings =
            [&format!("0{tag}"), &format!("+{tag}"), &format!(" {tag}"), &format!("{tag} "), &beyond];
        for spelling in spellings {
            assert_eq!(verify(&keys(), &code(CODE), spelling), Err(TagError::Malformed), "{spelling}");
        }
    }

    /// Counts the MACs asked of it.
    struct Counting(Keyring, AtomicUsize);

    impl CryptoProvider for Counting {
        fn newest(&self, purpose: Purpose) -> Result<KeyVersion, CryptoError> {
            self.0.newest(purpose)
        }
        fn knows(&self, purpose: Purpose, version: KeyVersion) -> bool {
            self.0.knows(purpose, version)
        }
        fn mac(
            &self,
            purpose: Purpose,
            version: KeyVersion,
            message: &[u8],
        ) -> Result<[u8; KEY_LEN], CryptoError> {
            self.1.fetch_add(message.len(), Ordering::Relaxed);
            self.0.mac(purpose, version, message)
        }
        fn seal(&self, _: Purpose, _: [u8; NONCE_LEN], _: &[u8], _: &[u8]) -> Result<Vec<u8>, CryptoError> {
            Err(CryptoError::DoesNotOpen)
        }
        fn open(&self, _: Purpose, _: &[u8], _: &[u8]) -> Result<Vec<u8>, CryptoError> {
            Err(CryptoError::DoesNotOpen)
        }
    }

    #[test]
    fn every_refusal_costs_the_one_mac_of_a_genuine_tag() {
        let genuine = issue(&keys(), &code(CODE), post(4711)).unwrap().as_str().to_owned();
        let number: u128 = genuine.parse().unwrap();
        let forged = (number ^ 1).to_string();
        let enumerated = (number + (1 << 72)).to_string();
        let unknown = (number ^ (8 << 64)).to_string();
        let long = "7".repeat(10_000);
        let keys = Counting(keys(), AtomicUsize::new(0));
        let cost = |tag: &str| {
            keys.1.store(0, Ordering::Relaxed);
            let outcome = verify(&keys, &code(CODE), tag);
            (outcome, keys.1.load(Ordering::Relaxed))
        };
        let (outcome, price) = cost(&genuine);
        assert_eq!(outcome, Ok(post(4711)));
        assert_eq!(price, "gengwei label".len() + 1 + 4 + 20, "one MAC over one message");
        assert_eq!(cost(&forged), (Err(TagError::Forged), price));
        assert_eq!(cost(&enumerated), (Err(TagError::Forged), price));
        assert_eq!(cost(&unknown), (Err(TagError::UnknownVersion), price));
        for malformed in ["", "0", "-", "1", "18446744073709551616", "1e9", "x1", "中卫", &long] {
            assert_eq!(cost(malformed), (Err(TagError::Malformed), price), "{malformed}");
        }
    }

    proptest! {
        #[test]
        fn any_post_gets_a_tag_that_verifies(number in 1..=u32::MAX) {
            let tag = issue(&keys(), &code(CODE), post(number)).unwrap();
            prop_assert_eq!(verify(&keys(), &code(CODE), tag.as_str()), Ok(post(number)));
        }

        #[test]
        fn no_text_makes_the_check_panic(text in ".*") {
            prop_assert!(verify(&keys(), &code(CODE), &text).is_err());
        }
    }
}
