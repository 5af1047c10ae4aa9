//! The two algorithms, on bare keys: HMAC-SM3 and SM4-CCM. Only the keyring calls these.

use ccm::Ccm;
use ccm::aead::{Aead, KeyInit, Payload};
use ccm::consts::{U12, U16};
use hmac::{Hmac, Mac};
use sm3::Sm3;
use sm4::Sm4;
use zeroize::Zeroizing;

use super::{CryptoError, KEY_LEN, NONCE_LEN};

/// SM4-CCM with a 12-byte nonce and the full 16-byte tag; at most 16 MiB a message.
type Sm4Ccm = Ccm<Sm4, U16, U12>;

/// HMAC-SM3 of `message`.
pub(crate) fn hmac_sm3(key: &[u8; KEY_LEN], message: &[u8]) -> [u8; KEY_LEN] {
    // HMAC fills a key up to its 64-byte block with zeros; done here, no length can be wrong.
    let mut block = Zeroizing::new([0; 64]);
    block[..KEY_LEN].copy_from_slice(key);
    let mut mac = <Hmac<Sm3> as KeyInit>::new(&(*block).into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// `nonce ‖ ciphertext ‖ tag` under the SM4 key derived from `key`; `context` is authenticated with it.
pub(crate) fn seal(
    key: &[u8; KEY_LEN],
    nonce: [u8; NONCE_LEN],
    context: &[u8],
    secret: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let ciphertext = cipher(key)
        .encrypt(&nonce.into(), Payload { msg: secret, aad: context })
        .map_err(|_| CryptoError::Unreadable("the secret is too long to be sealed (more than 16 MiB)"))?;
    Ok([&nonce[..], &ciphertext].concat())
}

/// Opens what [`seal`] made with the same key and context.
pub(crate) fn open(key: &[u8; KEY_LEN], context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let (nonce, ciphertext) =
        sealed.split_first_chunk::<NONCE_LEN>().ok_or(CryptoError::Unreadable("sealed data is cut short"))?;
    cipher(key)
        .decrypt(&(*nonce).into(), Payload { msg: ciphertext, aad: context })
        .map_err(|_| CryptoError::DoesNotOpen)
}

/// SM4 takes 16 bytes: the first half of HMAC-SM3 over a fixed word, so that MAC and cipher share no key.
fn cipher(key: &[u8; KEY_LEN]) -> Sm4Ccm {
    let derived = Zeroizing::new(hmac_sm3(key, b"gengwei SM4-CCM"));
    let mut sm4_key = Zeroizing::new([0; 16]);
    sm4_key.copy_from_slice(&derived[..16]);
    Sm4Ccm::new(&(*sm4_key).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_sm3_agrees_with_openssl() {
        // printf 'message' | openssl dgst -sm3 -mac HMAC -macopt hexkey:0001…1f
        let key = std::array::from_fn(|i| i as u8);
        let expected = "8d59bd59fce789b4dc4637f523fa0e27de65306f17b9dfbe3ea070675aa3ac5d";
        assert_eq!(hex::encode(hmac_sm3(&key, b"message")), expected);
    }

    #[test]
    fn sm4_ccm_agrees_with_rfc_8998() {
        // RFC 8998, appendix A.2.
        let key = hex::decode("0123456789abcdeffedcba9876543210").unwrap();
        let nonce: [u8; 12] = hex::decode("00001234567800000000abcd").unwrap().try_into().unwrap();
        let aad = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
        let plain: Vec<u8> =
            [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0xee, 0xaa].iter().flat_map(|&byte| [byte; 8]).collect();
        let cipher = Sm4Ccm::new_from_slice(&key).unwrap();
        let sealed = cipher.encrypt(&nonce.into(), Payload { msg: &plain, aad: &aad }).unwrap();
        assert_eq!(
            hex::encode(sealed),
            "48af93501fa62adbcd414cce6034d895dda1bf8f132f042098661572e7483094\
             fd12e518ce062c98acee28d95df4416bed31a2f04476c18bb40c84a74b97dc5b\
             16842d4fa186f56ab33256971fa110f4"
        );
    }

    #[test]
    fn a_secret_opens_only_whole_and_in_its_context() {
        let key = [7; 32];
        let sealed = seal(&key, [1; 12], b"report 1", "138 0013 8000".as_bytes()).unwrap();
        assert_eq!(open(&key, b"report 1", &sealed).unwrap(), b"138 0013 8000");
        assert_eq!(open(&key, b"report 2", &sealed), Err(CryptoError::DoesNotOpen));
        assert_eq!(open(&[8; 32], b"report 1", &sealed), Err(CryptoError::DoesNotOpen));
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(open(&key, b"report 1", &altered), Err(CryptoError::DoesNotOpen));
            assert!(open(&key, b"report 1", &sealed[..at]).is_err());
        }
    }
}
