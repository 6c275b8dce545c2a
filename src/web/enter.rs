//! Coming in and going out, and what those who are in may do.

use std::net::SocketAddr;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use axum_extra::extract::{Form, Query};
use serde::Deserialize;

use super::access::Visitor;
use super::connections::{Connection, guarded};
use super::error::PageError;
use super::frame::Frame;
use super::site::Site;
use super::visit::{Reader, Visit};

/// Cookies know no port: each server has its own.
fn cookie_name(site: &Site) -> String {
    format!("facetag-{}", site.address.port())
}

/// What somebody who may change nothing may send all the same.
const CHANGES_NOTHING: [&str; 2] = ["/leave", "/album"];

/// What guests may open, by the beginnings of paths: the search, photos and pictures. Each sees to it whose they are.
const GUESTS_MAY: [&str; 6] = ["/search", "/photo/", "/face/", "/album", "/leave", "/assets/"];

/// Lets nobody pass but those who are logged in, and them only to what they may do.
pub(super) async fn require(State(site): State<Site>, jar: CookieJar, mut request: Request, next: Next) -> Response {
    let Some(visitor) = jar.get(&cookie_name(&site)).and_then(|cookie| site.access.visitor(cookie.value())) else {
        if site.access.has_password() && request.method() == Method::GET {
            return Redirect::to("/enter").into_response();
        }
        return PageError::NotIn.into_response();
    };
    let path = request.uri().path();
    if visitor == Visitor::Guest {
        let may = GUESTS_MAY.iter().any(|start| path.starts_with(start));
        // Where files lie, and who else is like somebody, is not for them.
        let may = may && !(path.starts_with("/album/") && path.ends_with("/list")) && !path.ends_with("/why");
        if matches!(path, "/" | "/people") {
            return Redirect::to("/search").into_response();
        }
        if !may {
            return PageError::NotForGuests.into_response();
        }
    }
    let asks = matches!(*request.method(), Method::GET | Method::HEAD) || CHANGES_NOTHING.contains(&path);
    if !asks && !site.access.may_change(visitor) {
        return PageError::ReadOnly.into_response();
    }
    let busy = request.extensions().get::<Arc<Connection>>().map(|connection| connection.busy(visitor));
    request.extensions_mut().insert(Reader { visitor, may_change: site.access.may_change(visitor) });
    let answer = next.run(request).await;
    match busy {
        Some(busy) => guarded(answer, busy),
        None => answer,
    }
}

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/enter", get(enter).post(log_in)).route("/leave", post(leave))
}

/// What an address that logs in says.
#[derive(Deserialize)]
struct Invited {
    #[serde(default)]
    token: String,
    #[serde(default)]
    guest: String,
    /// What was just typed was wrong. It is told by a page of its own, so that reloading does not try it again.
    #[serde(default)]
    wrong: bool,
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    password: String,
    /// The whole address that was printed, or its token.
    #[serde(default)]
    address: String,
}

#[derive(Template)]
#[template(path = "enter.html")]
struct EnterPage {
    frame: Frame,
    has_password: bool,
    is_encrypted: bool,
    wrong: bool,
}

/// Sends the browser on without a click: it does not send a new, strict cookie where another site or a file led it here.
#[derive(Template)]
#[template(path = "entered.html")]
struct EnteredPage {
    frame: Frame,
}

async fn enter(
    State(site): State<Site>,
    visit: Visit,
    jar: CookieJar,
    Query(Invited { token, guest, wrong }): Query<Invited>,
) -> Result<Response, PageError> {
    if !guest.is_empty() && site.access.takes_guest(&guest) {
        return let_in(&site, &visit, jar, Visitor::Guest);
    }
    if site.access.has_password() || wrong {
        return show(&site, &visit, wrong);
    }
    match site.access.takes_token(&token)? {
        true => let_in(&site, &visit, jar, Visitor::Owner),
        // Reloaded, or opened again: whoever is in stays in.
        false if jar.get(&cookie_name(&site)).is_some_and(|cookie| site.access.visitor(cookie.value()).is_some()) => {
            Ok(Redirect::to("/people").into_response())
        }
        false => Err(PageError::NotIn),
    }
}

async fn log_in(
    State(site): State<Site>,
    jar: CookieJar,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Form(Typed { password, address }): Form<Typed>,
) -> Result<Response, PageError> {
    let right = if site.access.has_password() {
        site.access.takes_password(client.ip(), password).await?
    } else {
        site.access.takes_token(address.trim().rsplit('=').next().unwrap_or_default())?
    };
    if !right {
        return Ok(Redirect::to("/enter?wrong=true").into_response());
    }
    Ok((jar.add(cookie(&site, Visitor::Owner)?), Redirect::to("/people")).into_response())
}

async fn leave(State(site): State<Site>, jar: CookieJar) -> Response {
    if let Some(cookie) = jar.get(&cookie_name(&site)) {
        site.access.end(cookie.value());
    }
    let cookie = Cookie::build(cookie_name(&site)).path("/");
    (jar.remove(cookie), Redirect::to("/enter")).into_response()
}

fn show(site: &Site, visit: &Visit, wrong: bool) -> Result<Response, PageError> {
    let page = EnterPage {
        frame: Frame::bare(visit.words, visit.words.access.title),
        has_password: site.access.has_password(),
        is_encrypted: site.is_encrypted || site.address.ip().is_loopback(),
        wrong,
    };
    Ok(Html(page.render()?).into_response())
}

/// The cookie of somebody who is let in.
fn cookie(site: &Site, visitor: Visitor) -> Result<Cookie<'static>, PageError> {
    let cookie = Cookie::build((cookie_name(site), site.access.begin(visitor)?));
    Ok(cookie.path("/").http_only(true).same_site(SameSite::Strict).secure(site.is_encrypted).build())
}

/// Hands out the cookie, and leaves the address with the token in it.
fn let_in(site: &Site, visit: &Visit, jar: CookieJar, visitor: Visitor) -> Result<Response, PageError> {
    let page = EnteredPage { frame: Frame::bare(visit.words, visit.words.access.title) };
    Ok((jar.add(cookie(site, visitor)?), Html(page.render()?)).into_response())
}
