//! What a request tells beside what it asks for.

use std::convert::Infallible;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT_LANGUAGE, REFERER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::response::Redirect;

use super::access::Visitor;
use super::text::Words;
use crate::catalog::LineId;

/// Who looks, as far as they are let in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    pub visitor: Visitor,
    pub may_change: bool,
}

/// Who looks, and where they come from.
#[derive(Clone)]
pub(super) struct Visit {
    pub words: &'static Words,
    pub reader: Reader,
    /// Lines of the journal that were just written.
    pub done: Option<RangeInclusive<LineId>>,
    /// The page before, of this site.
    before: String,
}

impl Visit {
    /// Sends the browser to the page before, which tells of `done`.
    pub fn back(&self, done: RangeInclusive<LineId>) -> Redirect {
        to(&self.before, done)
    }

    /// Sends the browser on to another page, which tells of what this one would have told.
    pub fn onward(&self, path: &str) -> Redirect {
        self.done.clone().map_or_else(|| Redirect::to(path), |done| to(path, done))
    }

    /// The same visit, which will go on to `path` afterwards.
    pub fn going_to(&self, path: &str) -> Self {
        Self { before: path.to_owned(), ..self.clone() }
    }
}

/// To a page that tells of lines of the journal, if any were written.
fn to(path: &str, done: RangeInclusive<LineId>) -> Redirect {
    if done.is_empty() {
        return Redirect::to(path);
    }
    let mark = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{mark}done={}-{}", done.start(), done.end()))
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut parameters = parts.uri.query().unwrap_or_default().split('&');
        let lines = parameters.find_map(|part| part.strip_prefix("done=")?.split_once('-'));
        let lines = lines.and_then(|(first, last)| Some(first.parse().ok()?..=last.parse().ok()?));
        let nobody = Reader { visitor: Visitor::Guest, may_change: false };
        let reader = parts.extensions.get().copied().unwrap_or(nobody);
        Ok(Self { words: words(&parts.headers), reader, done: lines, before: before(&parts.headers) })
    }
}

/// The language that the browser asks for.
pub(super) fn words(headers: &HeaderMap) -> &'static Words {
    Words::of(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default())
}

/// Where a browser goes that does not tell where it was.
const HOME: &str = "/people";

/// The page before, as an address on this site: its path and query, without what was told there.
pub(super) fn before(headers: &HeaderMap) -> String {
    let referer = headers.get(REFERER).and_then(|value| value.to_str().ok()?.parse::<Uri>().ok());
    let Some(uri) = referer.filter(|uri| uri.path().starts_with('/') && !uri.path().starts_with("//")) else {
        return HOME.to_owned();
    };
    let is_told = |part: &&str| part.starts_with("done=") || part.starts_with("problem=");
    let query = uri.query().unwrap_or_default().split('&').filter(|part| !part.is_empty() && !is_told(part));
    let query = query.collect::<Vec<_>>().join("&");
    if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_is_a_path_of_this_site() {
        let before = |referer: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REFERER, referer.parse().unwrap());
            super::before(&headers)
        };
        assert_eq!(before("http://127.0.0.1:4711/people?show=named&done=3-4&page=2"), "/people?show=named&page=2");
        assert_eq!(before("http://127.0.0.1:4711/people?done=3-4"), "/people");
        assert_eq!(before("http://127.0.0.1:4711/scan?problem=a0&page=2"), "/scan?page=2");
        assert_eq!(before("http://127.0.0.1:4711//evil.example/"), "/people");
        assert_eq!(before("nonsense"), "/people");
        assert_eq!(super::before(&HeaderMap::new()), "/people");
    }
}
