//! Password hashing: Argon2id, one at a time on a thread of its own, with a bound on how many wait.
//!
//! One hash takes 19 MiB and the whole of a core for some 20 ms. Without a bound a flood of sign-ins would take the machine
//! from everybody else; with it, the flood waits for itself and what is beyond the bound is refused at once. Where messages and
//! hashes want the same core, messages come first: to whoever signs in some milliseconds are nothing.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{Error as HashError, PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use parking_lot::Mutex;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use rustix::process::setpriority_process;
use tokio::sync::{Semaphore, oneshot};
use zeroize::Zeroizing;

use crate::{
    error::{Error, Reason, Result},
    ids::Ids,
};

/// How many hashes may be wanted at a moment: the one that is made and those that wait for their turn.
const PLACES: usize = 1 + 64;
/// How far the thread stands back (`nice`): beside work of the usual rank it gets a tenth of a core, and else all of it.
const STANDS_BACK: i32 = 15;
/// 19 MiB, two passes, one lane: the least that OWASP recommends.
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// Hashes and verifies passwords.
pub struct Passwords {
    salts: Mutex<ChaCha20Rng>,
    dummy: Arc<str>,
    places: Arc<Semaphore>,
    thread: mpsc::Sender<Work>,
}

type Work = Box<dyn FnOnce() + Send>;

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords")
    }
}

impl Passwords {
    /// Takes the seed of its salts from `ids`, and makes the hash that nobody's password has.
    pub fn new(ids: &Ids) -> Result<Self> {
        let nobody: [u8; 32] = ids.random();
        let (thread, work) = mpsc::channel();
        thread::Builder::new()
            .name("passwords".to_owned())
            .spawn(move || work_off(&work))
            .map_err(Error::internal)?;
        Ok(Self {
            salts: Mutex::new(ChaCha20Rng::from_seed(ids.random())),
            dummy: hash(&nobody, &ids.random())?.into(),
            places: Arc::new(Semaphore::new(PLACES)),
            thread,
        })
    }

    /// The PHC text of a password.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = Zeroizing::new(password.to_owned());
        let mut salt = [0; 16];
        self.salts.lock().fill(&mut salt[..]);
        self.in_turn(move || hash(password.as_bytes(), &salt)).await
    }

    /// Whether a hash is of this password. Without a hash (nobody is known by that name) the answer is no and costs the same.
    pub async fn verify(&self, hash: Option<&str>, password: &str) -> Result<bool> {
        let password = Zeroizing::new(password.to_owned());
        let known = hash.is_some();
        let hash: Arc<str> = hash.map_or_else(|| Arc::clone(&self.dummy), Arc::from);
        let fits = self.in_turn(move || verify(&hash, password.as_bytes())).await?;
        Ok(known && fits)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            metrics::counter!("rapport_passwords_refused_total").increment(1);
            Error::new(Reason::Overloaded, "too many passwords wait to be checked")
                .retry_after(Duration::from_secs(1))
        })?;
        let (answer, answered) = oneshot::channel();
        // The place goes with the work: a caller who goes away does not make room before the work is done.
        let work = move || {
            let done = work();
            drop(place);
            let _ = answer.send(done);
        };
        let gone = |_| Error::internal("nobody hashes passwords");
        self.thread.send(Box::new(work)).map_err(gone)?;
        answered.await.map_err(Error::internal)?
    }
}

fn work_off(work: &mpsc::Receiver<Work>) {
    // On Linux the rank is a thread's own. Without it hashing goes on, only less politely.
    if let Err(error) = setpriority_process(None, STANDS_BACK) {
        tracing::warn!(%error, "passwords are hashed at the usual rank");
    }
    while let Ok(work) = work.recv() {
        // Whoever waits for what panicked finds that nobody answers.
        let _ = catch_unwind(AssertUnwindSafe(work));
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &[u8], salt: &[u8; 16]) -> Result<String> {
    let hash = argon2()?.hash_password_with_salt(password, salt).map_err(Error::internal)?;
    Ok(hash.to_string())
}

fn verify(hash: &str, password: &[u8]) -> Result<bool> {
    let hash = PasswordHash::new(hash).map_err(Error::internal)?;
    match argon2()?.verify_password(password, &hash) {
        Ok(()) => Ok(true),
        Err(HashError::PasswordInvalid) => Ok(false),
        Err(error) => Err(Error::internal(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, Micros};

    fn passwords() -> Passwords {
        Passwords::new(&Ids::seeded(Clock::mock(Micros(0)), 1)).unwrap()
    }

    #[tokio::test]
    async fn a_hash_names_its_cost_and_fits_its_password_only() {
        let passwords = passwords();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash("correct horse").await.unwrap(), "each has a salt of its own");
        assert!(passwords.verify(Some(&hash), "correct horse").await.unwrap());
        assert!(!passwords.verify(Some(&hash), "correct horsf").await.unwrap());
        assert!(!passwords.verify(None, "correct horse").await.unwrap());
        assert!(passwords.verify(Some("no hash"), "x").await.is_err());
    }

    #[tokio::test]
    async fn beyond_the_bound_a_caller_is_refused_at_once() {
        let passwords = passwords();
        let all = u32::try_from(PLACES).unwrap();
        let full = passwords.places.acquire_many(all).await.unwrap();
        let refused = passwords.hash("correct horse").await.unwrap_err();
        assert_eq!(refused.reason, Reason::Overloaded);
        drop(full);
        assert!(passwords.hash("correct horse").await.is_ok());
        assert_eq!(passwords.places.available_permits(), PLACES);
    }
}
