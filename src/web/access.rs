//! Who may come in: the token of the printed address, which works once, or the password, becomes a cookie; guests have an
//! address of their own.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use super::error::PageError;

/// How people log in, and how they are known afterwards.
pub(super) struct Access {
    way: Way,
    guests: Option<Guests>,
    read_only: bool,
    /// Those who are logged in, the newest last: their cookies are good until they log out or the server ends.
    sessions: Mutex<VecDeque<(String, Visitor)>>,
    /// Tells the user the next address that logs in, once one was used.
    announce: Announce,
}

/// What is told of a new address, by its path.
pub(super) type Announce = Box<dyn Fn(&str) + Send + Sync>;

/// Who is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visitor {
    Owner,
    /// Sees the photos of some people, and changes nothing.
    Guest,
}

/// Whom guests may see, by name, and the token of their address, which may be used by many.
struct Guests {
    names: Vec<String>,
    token: String,
}

enum Way {
    /// Good for one log-in.
    Token(Mutex<String>),
    Password(Hashed),
}

/// The password, and who guesses it.
struct Hashed {
    hash: Password,
    wrong: Mutex<HashMap<IpAddr, Attempts>>,
    /// Hashing takes time and memory on purpose: one at a time, and few who wait for it.
    hashing: Semaphore,
    waiting: Semaphore,
}

/// Those who are logged in at once. The one who logged in first gives way.
const SESSIONS: usize = 256;

/// A password, hashed with argon2 (PHC string).
#[derive(Debug, Clone)]
pub struct Password(String);

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error(
        "{path}: there is no hashed password in it; `facetag serve --hash-password > {path}` and `chmod 600 {path}` make one"
    )]
    NoHash { path: PathBuf },
    #[cfg(unix)]
    #[error("{path}: others on this machine may read it: `chmod 600 {path}` keeps them out")]
    Open { path: PathBuf },
    #[error("the password has {0} letters, and needs {SHORTEST}")]
    Short(usize),
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

/// The shortest password that is taken.
const SHORTEST: usize = 8;

impl Password {
    /// Hashes a password.
    ///
    /// # Errors
    /// It is too short; the system has no random numbers.
    pub fn hash(plain: &str) -> Result<Self, PasswordError> {
        match plain.chars().count() {
            letters if letters < SHORTEST => Err(PasswordError::Short(letters)),
            _ => match Argon2::default().hash_password(plain.as_bytes()) {
                Ok(hash) => Ok(Self(hash.to_string())),
                Err(error) => Err(PasswordError::Hash(error.to_string())),
            },
        }
    }

    /// Reads what [`Password::hash`] gave from a file.
    ///
    /// # Errors
    /// It cannot be read, or holds something else, such as the password itself.
    pub fn read(path: &Path) -> Result<Self, PasswordError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| PasswordError::Io { path: path.to_owned(), source })?;
        match PasswordHash::new(text.trim()) {
            #[cfg(unix)]
            Ok(_) if is_open_to_others(path) => Err(PasswordError::Open { path: path.to_owned() }),
            Ok(_) => Ok(Self(text.trim().to_owned())),
            Err(_) => Err(PasswordError::NoHash { path: path.to_owned() }),
        }
    }

    fn is(&self, plain: &str) -> bool {
        PasswordHash::new(&self.0).is_ok_and(|hash| Argon2::default().verify_password(plain.as_bytes(), &hash).is_ok())
    }
}

/// Whether others on this machine may read or write a file.
#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o077 != 0)
}

impl std::fmt::Display for Password {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// Wrong passwords in a row, from one address.
struct Attempts {
    wrong: u32,
    last: Instant,
}

/// After so many wrong passwords from an address none is tried for a while; others are not kept out by it.
const AT_MOST: u32 = 5;
/// After so many from all addresses together, none from anywhere.
const AT_MOST_OF_ALL: u32 = 50;
const A_WHILE: Duration = Duration::from_mins(5);

/// Passwords that wait to be hashed.
const WAITING: usize = 8;

impl Hashed {
    fn new(hash: Password) -> Self {
        Self { hash, wrong: Mutex::default(), hashing: Semaphore::new(1), waiting: Semaphore::new(WAITING) }
    }

    /// Counts an attempt as wrong before it is judged, so that none of many at once goes uncounted.
    fn count(&self, from: IpAddr) -> Result<(), PageError> {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.retain(|_, attempts| attempts.last.elapsed() <= A_WHILE);
        let all: u32 = wrong.values().map(|attempts| attempts.wrong).sum();
        let here = wrong.get(&from).map_or(0, |attempts| attempts.wrong);
        if here >= AT_MOST || all >= AT_MOST_OF_ALL {
            return Err(PageError::TooManyAttempts);
        }
        wrong.insert(from, Attempts { wrong: here + 1, last: Instant::now() });
        Ok(())
    }

    fn was_right(&self, from: IpAddr) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).remove(&from);
    }

    fn try_now(&self, from: IpAddr, given: &str) -> Result<bool, PageError> {
        self.count(from)?;
        let right = self.hash.is(given);
        if right {
            self.was_right(from);
        }
        Ok(right)
    }
}

/// The address that attempts are counted by. Of IPv6 one machine has as many as it likes, that begin alike.
fn counted_by(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
        ip => ip,
    }
}

impl Access {
    /// By password, or by a new token.
    pub fn new(
        password: Option<Password>,
        guests: Vec<String>,
        read_only: bool,
        announce: Announce,
    ) -> Result<Self, getrandom::Error> {
        let way = match password {
            Some(hash) => Way::Password(Hashed::new(hash)),
            None => Way::Token(Mutex::new(random()?)),
        };
        let guests = if guests.is_empty() { None } else { Some(Guests { names: guests, token: random()? }) };
        Ok(Self { way, guests, read_only, sessions: Mutex::default(), announce })
    }

    /// The path at which the owner logs in.
    pub fn path(&self) -> String {
        match &self.way {
            Way::Token(token) => {
                format!("/enter?token={}", token.lock().unwrap_or_else(PoisonError::into_inner))
            }
            Way::Password(_) => "/".to_owned(),
        }
    }

    /// The path at which guests do.
    pub fn guests_path(&self) -> Option<String> {
        self.guests.as_ref().map(|guests| format!("/enter?guest={}", guests.token))
    }

    /// The names of those whom guests may see.
    pub fn guests_see(&self) -> &[String] {
        self.guests.as_ref().map_or(&[], |guests| &guests.names)
    }

    pub fn has_password(&self) -> bool {
        matches!(self.way, Way::Password(_))
    }

    /// Whether somebody may change the library.
    pub fn may_change(&self, visitor: Visitor) -> bool {
        visitor == Visitor::Owner && !self.read_only
    }

    pub fn visitor(&self, cookie: &str) -> Option<Visitor> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().find(|(session, _)| same(session, cookie)).map(|(_, visitor)| *visitor)
    }

    pub fn begin(&self, visitor: Visitor) -> Result<String, PageError> {
        let cookie = random().map_err(|error| PageError::Failed(error.to_string()))?;
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SESSIONS {
            // Guests first: many guests must not log out the owner.
            let oldest = sessions.iter().position(|(_, visitor)| *visitor == Visitor::Guest).unwrap_or(0);
            sessions.remove(oldest);
        }
        sessions.push_back((cookie.clone(), visitor));
        Ok(cookie)
    }

    pub fn end(&self, cookie: &str) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|(session, _)| !same(session, cookie));
    }

    /// Whether this is the token of today; it is used up by that.
    pub fn takes_token(&self, given: &str) -> Result<bool, PageError> {
        let Way::Token(token) = &self.way else { return Ok(false) };
        {
            let mut token = token.lock().unwrap_or_else(PoisonError::into_inner);
            if !same(given, &token) {
                return Ok(false);
            }
            *token = random().map_err(|error| PageError::Failed(error.to_string()))?;
        }
        (self.announce)(&self.path());
        Ok(true)
    }

    pub fn takes_guest(&self, given: &str) -> bool {
        self.guests.as_ref().is_some_and(|guests| same(given, &guests.token))
    }

    /// Tries a password, on a thread that may take its time.
    pub async fn takes_password(self: &Arc<Self>, from: IpAddr, given: String) -> Result<bool, PageError> {
        let Way::Password(hashed) = &self.way else { return Ok(false) };
        let _waiting = hashed.waiting.try_acquire().map_err(|_| PageError::TooManyAttempts)?;
        let _turn = hashed.hashing.acquire().await.map_err(|_| PageError::Panicked)?;
        let shared = Arc::clone(self);
        let tried = tokio::task::spawn_blocking(move || match &shared.way {
            Way::Password(hashed) => hashed.try_now(counted_by(from), &given),
            Way::Token(_) => Ok(false),
        });
        tried.await.map_err(|_| PageError::Panicked)?
    }
}

/// 32 random bytes, as text.
pub(super) fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(blake3::Hash::from(bytes).to_hex().to_string())
}

/// Compares secrets so that the time it takes tells nothing of them, as BLAKE3's hashes are compared.
fn same(one: &str, other: &str) -> bool {
    blake3::hash(one.as_bytes()) == blake3::hash(other.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_types_wrong_passwords_keeps_nobody_else_out() {
        let hashed = Hashed::new(Password::hash("correct horse").unwrap());
        let [one, other] = ["192.168.1.5", "192.168.1.6"].map(|address| address.parse().unwrap());
        for _ in 0..AT_MOST {
            assert!(!hashed.try_now(one, "guess").unwrap());
        }
        assert!(matches!(hashed.try_now(one, "correct horse"), Err(PageError::TooManyAttempts)));
        assert!(!hashed.try_now(other, "guess").unwrap());
        assert!(hashed.try_now(other, "correct horse").unwrap());
    }

    #[test]
    fn many_addresses_together_guess_no_more_than_a_few_passwords() {
        let hashed = Hashed::new(Password::hash("correct horse").unwrap());
        for last in 0..AT_MOST_OF_ALL {
            hashed.count(IpAddr::from([10, 0, 0, last as u8])).unwrap();
        }
        assert!(matches!(hashed.count([10, 0, 1, 1].into()), Err(PageError::TooManyAttempts)));
        // One machine has all addresses of a network.
        let [one, other] = ["2001:db8::1", "2001:db8::ffff"].map(|address| counted_by(address.parse().unwrap()));
        assert_eq!(one, other);
        assert_ne!(one, counted_by("2001:db8:1::1".parse().unwrap()));
    }

    #[test]
    fn a_token_logs_in_once() {
        let access = Access::new(None, Vec::new(), false, Box::new(|_| ())).unwrap();
        let token = access.path().replace("/enter?token=", "");
        assert!(access.takes_token(&token).unwrap());
        assert!(!access.takes_token(&token).unwrap());
        assert!(access.takes_token(&access.path().replace("/enter?token=", "")).unwrap());
    }
}
