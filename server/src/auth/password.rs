//! Passwords: argon2id.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use crate::env::Env;

/// Fewer characters than this are refused.
pub const SHORTEST: usize = 8;

/// The PHC string to store. Takes some tens of milliseconds of CPU; call it on a blocking thread.
pub fn hash(env: &Env, password: &str) -> String {
    let salt: [u8; 16] = env.random();
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    hash.expect("the default parameters and a salt of 16 bytes are valid").to_string()
}

/// Whether a password is the one behind a PHC string. As slow as [`hash`].
pub fn verify(password: &str, stored: &str) -> bool {
    Argon2::default().verify_password(password.as_bytes(), stored).is_ok()
}

/// What a login that does not exist is checked against, so that it takes as long as one that does.
pub fn decoy(env: &Env) -> String {
    hash(env, "no account has this password")
}
