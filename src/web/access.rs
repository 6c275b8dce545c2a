//! The token of the printed address, or the password, becomes a cookie.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use askama::Template;
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use axum_extra::extract::{Form, Query};
use serde::Deserialize;

use super::error::PageError;
use super::frame::Frame;
use super::site::Site;
use super::visit::Visit;

/// How somebody gets in, and how they are known afterwards.
pub(super) struct Access {
    way: Way,
    /// The value of the cookie, which is good until the server ends.
    cookie: String,
}

enum Way {
    Token(String),
    Password { hash: Password, attempts: Mutex<HashMap<IpAddr, Attempts>> },
}

/// A password, hashed with argon2 (PHC string).
#[derive(Debug, Clone)]
pub struct Password(String);

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path}: there is no hashed password in it; `facetag serve --hash-password > {path}` writes one")]
    NoHash { path: PathBuf },
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
            Ok(_) => Ok(Self(text.trim().to_owned())),
            Err(_) => Err(PasswordError::NoHash { path: path.to_owned() }),
        }
    }

    fn is(&self, plain: &str) -> bool {
        PasswordHash::new(&self.0).is_ok_and(|hash| Argon2::default().verify_password(plain.as_bytes(), &hash).is_ok())
    }
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
const A_WHILE: Duration = Duration::from_mins(5);

impl Access {
    /// By password, or by a new token.
    pub fn new(password: Option<Password>) -> Result<Self, getrandom::Error> {
        let way = match password {
            Some(hash) => Way::Password { hash, attempts: Mutex::default() },
            None => Way::Token(random()?),
        };
        Ok(Self { way, cookie: random()? })
    }

    /// The path at which somebody gets in.
    pub fn path(&self) -> String {
        match &self.way {
            Way::Token(token) => format!("/enter?token={token}"),
            Way::Password { .. } => "/".to_owned(),
        }
    }

    fn has_password(&self) -> bool {
        matches!(self.way, Way::Password { .. })
    }

    fn admits(&self, cookie: &str) -> bool {
        same(cookie, &self.cookie)
    }

    fn takes_token(&self, given: &str) -> bool {
        matches!(&self.way, Way::Token(token) if same(given, token))
    }

    /// Tries a password, one at a time: hashing takes time and memory on purpose.
    fn takes_password(&self, from: IpAddr, given: &str) -> Result<bool, PageError> {
        let Way::Password { hash, attempts } = &self.way else { return Ok(false) };
        let mut attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.retain(|_, attempts| attempts.last.elapsed() <= A_WHILE);
        let wrong = attempts.get(&from).map_or(0, |attempts| attempts.wrong);
        if wrong >= AT_MOST {
            return Err(PageError::TooManyAttempts);
        }
        let right = hash.is(given);
        if right {
            attempts.remove(&from);
        } else {
            attempts.insert(from, Attempts { wrong: wrong + 1, last: Instant::now() });
        }
        Ok(right)
    }
}

/// 32 random bytes, as text.
fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(blake3::Hash::from(bytes).to_hex().to_string())
}

/// Compares secrets so that the time it takes tells nothing of them, as BLAKE3's hashes are compared.
fn same(one: &str, other: &str) -> bool {
    blake3::hash(one.as_bytes()) == blake3::hash(other.as_bytes())
}

/// Cookies know no port: each server has its own.
fn cookie_name(site: &Site) -> String {
    format!("facetag-{}", site.address.port())
}

/// Lets nobody pass but those who have the cookie.
pub(super) async fn require(State(site): State<Site>, jar: CookieJar, request: Request, next: Next) -> Response {
    if jar.get(&cookie_name(&site)).is_some_and(|cookie| site.access.admits(cookie.value())) {
        return next.run(request).await;
    }
    if site.access.has_password() && request.method() == Method::GET {
        return Redirect::to("/enter").into_response();
    }
    PageError::NotIn.into_response()
}

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/enter", get(enter).post(log_in))
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
}

#[derive(Deserialize)]
struct Typed {
    password: String,
}

#[derive(Template)]
#[template(path = "enter.html")]
struct EnterPage {
    frame: Frame,
    wrong: bool,
}

async fn enter(
    State(site): State<Site>,
    visit: Visit,
    jar: CookieJar,
    Query(Token { token }): Query<Token>,
) -> Result<Response, PageError> {
    if site.access.has_password() {
        return show(&visit, false);
    }
    if site.access.takes_token(&token) { Ok(let_in(&site, jar)) } else { Err(PageError::NotIn) }
}

async fn log_in(
    State(site): State<Site>,
    visit: Visit,
    jar: CookieJar,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Form(Typed { password }): Form<Typed>,
) -> Result<Response, PageError> {
    let asked = site.clone();
    let right = tokio::task::spawn_blocking(move || asked.access.takes_password(client.ip(), &password));
    if right.await.map_err(|_| PageError::Panicked)?? { Ok(let_in(&site, jar)) } else { show(&visit, true) }
}

fn show(visit: &Visit, wrong: bool) -> Result<Response, PageError> {
    let page = EnterPage { frame: Frame::bare(visit.words, visit.words.access.title), wrong };
    Ok(Html(page.render()?).into_response())
}

/// Hands out the cookie, and leaves the address with the token in it.
fn let_in(site: &Site, jar: CookieJar) -> Response {
    let cookie = Cookie::build((cookie_name(site), site.access.cookie.clone()));
    let cookie = cookie.path("/").http_only(true).same_site(SameSite::Strict);
    (jar.add(cookie), Redirect::to("/people")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_types_wrong_passwords_keeps_nobody_else_out() {
        let access = Access::new(Some(Password::hash("correct horse").unwrap())).unwrap();
        let [one, other] = ["192.168.1.5", "192.168.1.6"].map(|address| address.parse().unwrap());
        for _ in 0..AT_MOST {
            assert!(!access.takes_password(one, "guess").unwrap());
        }
        assert!(matches!(access.takes_password(one, "correct horse"), Err(PageError::TooManyAttempts)));
        assert!(!access.takes_password(other, "guess").unwrap());
        assert!(access.takes_password(other, "correct horse").unwrap());
    }
}
