//! The page before, shown once more with what was wrong with a form: beside its field, with what was typed.
//!
//! With script the page does that itself. Without it, an answer to a form that is an error would be a page that asks to send the form again
//! when it is reloaded. So the browser is sent back to where it was, by an address with a key, under which the server keeps for some minutes
//! what is to be said.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use super::access::random;
use super::visit;

/// What an address is told by that has something to be said.
const KEY: &str = "problem=";

/// Forms of which what was typed is kept, in bytes, and how many at once, and for how long.
const LARGEST: usize = 16 << 10;
const MOST: usize = 64;
const KEPT: Duration = Duration::from_mins(10);

/// The largest page into which something is put, in bytes.
const LARGEST_PAGE: usize = 4 << 20;

/// A form that a browser has sent by itself, without script.
pub(super) struct Sent {
    /// The page that it was on.
    before: String,
    /// Where it was sent to.
    action: String,
    /// Names and values of its fields.
    fields: Vec<(String, String)>,
}

/// What is to be said of a form.
struct Told {
    key: String,
    at: Instant,
    sent: Sent,
    text: String,
    /// The name of the field that it is about.
    field: Option<&'static str>,
}

/// What is to be said, the newest last.
#[derive(Default)]
pub(super) struct Again(Mutex<VecDeque<Told>>);

/// Reads the form in a request, if a browser sends it by itself: a script asks for anything, not for a page.
pub(super) async fn sent(request: Request) -> (Request, Option<Sent>) {
    let headers = request.headers();
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let length = header(CONTENT_LENGTH).parse().unwrap_or(usize::MAX);
    let is_form = header(CONTENT_TYPE).starts_with("application/x-www-form-urlencoded");
    let (action, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
    let before = visit::before(headers);
    if !header(ACCEPT).contains("text/html")
        || before.split('?').next() == Some(&action) && request.method() == Method::GET
    {
        return (request, None);
    }
    let fields = |bytes: &[u8]| serde_html_form::from_bytes(bytes).unwrap_or_default();
    if request.method() == Method::GET {
        let fields = fields(query.as_bytes());
        return (request, Some(Sent { before, action, fields }));
    }
    if !is_form || length > LARGEST {
        let fields = Vec::new();
        let is_post = request.method() == Method::POST;
        return (request, is_post.then_some(Sent { before, action, fields }));
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, LARGEST).await.unwrap_or_default();
    let fields = fields(&bytes);
    (Request::from_parts(parts, Body::from(bytes)), Some(Sent { before, action, fields }))
}

impl Again {
    /// Sends the browser back to where the form was.
    pub fn tell(&self, sent: Sent, text: String, field: Option<&'static str>) -> Option<Redirect> {
        let key = random().ok()?;
        let mark = if sent.before.contains('?') { '&' } else { '?' };
        let to = Redirect::to(&format!("{}{mark}{KEY}{key}", sent.before));
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|told| told.at.elapsed() < KEPT);
        if told.len() >= MOST {
            told.pop_front();
        }
        told.push_back(Told { key, at: Instant::now(), sent, text, field });
        Some(to)
    }

    /// Puts what is to be said into the page that a browser was sent back to.
    pub async fn put(&self, query: &str, response: Response) -> Response {
        let Some(key) = query.split('&').find_map(|part| part.strip_prefix(KEY)) else { return response };
        let is_page = |headers: &HeaderMap| {
            headers.get(CONTENT_TYPE).is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("text/html")))
        };
        let length = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if response.status() != StatusCode::OK
            || !is_page(response.headers())
            || length.or(response.body().size_hint().upper()).is_none_or(|length| length > LARGEST_PAGE as u64)
        {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        let Ok(bytes) = to_bytes(body, LARGEST_PAGE).await else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = told.iter().find(|told| told.key == key && told.at.elapsed() < KEPT);
        let page = match (told, std::str::from_utf8(&bytes)) {
            (Some(told), Ok(page)) => Bytes::from(told.put(page)),
            _ => bytes,
        };
        parts.headers.remove(CONTENT_LENGTH);
        Response::from_parts(parts, Body::from(page))
    }
}

impl Told {
    /// A page with it.
    fn put(&self, page: &str) -> String {
        let said = format!("<p class=\"warning told\" id=\"told\" role=\"alert\">{}</p>", escaped(&self.text));
        let Some((start, end)) = self.form(page) else {
            // Above all else.
            let main = page.find("<main").and_then(|main| Some(main + page[main..].find('>')? + 1)).unwrap_or(0);
            return format!("{}{said}{}", &page[..main], &page[main..]);
        };
        let mut form = String::new();
        let mut rest = &page[start..end];
        while let Some((before, tag)) = rest.find("<input").map(|at| rest.split_at(at)) {
            let (tag, after) = tag.split_at(tag.find('>').map_or(tag.len(), |end| end + 1));
            form.push_str(before);
            form.push_str(&self.filled(tag));
            rest = after;
        }
        // Menus that are closed are opened.
        let head = &page[..start];
        let menu = head.rfind("<details").filter(|&menu| !head[menu..].contains("</details>"));
        let head = match menu {
            Some(menu) => format!("{}<details open{}", &head[..menu], &head[menu + "<details".len()..]),
            None => head.to_owned(),
        };
        format!("{head}{form}{rest}{said}{}", &page[end..])
    }

    /// Where the form is: from its beginning to before its end.
    fn form(&self, page: &str) -> Option<(usize, usize)> {
        let action = format!("action=\"{}\"", escaped(&self.sent.action));
        let forms = page.match_indices(&action).filter_map(|(at, _)| {
            let start = page[..at].rfind("<form")?;
            Some((start, start + page[start..].find("</form>")?)).filter(|&(_, end)| end > at)
        });
        // Of several the one that has the field and whose hidden fields are those that were sent.
        forms.into_iter().max_by_key(|&(start, end)| {
            let form = &page[start..end];
            let has = |(name, value): &&(String, String)| {
                form.contains(&format!("name=\"{}\" value=\"{}\"", escaped(name), escaped(value)))
            };
            let has_field = self.field.is_some_and(|field| {
                form.split("<input")
                    .skip(1)
                    .any(|tag| tag.split('>').next().unwrap_or_default().contains(&format!("name=\"{field}\"")))
            });
            (has_field, self.sent.fields.iter().filter(has).count(), std::cmp::Reverse(start))
        })
    }

    /// A field with what was typed in it.
    fn filled(&self, tag: &str) -> String {
        let attribute = |name: &str| {
            let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
            Some((start, start + tag[start..].find('"')?))
        };
        let text = |name: &str| attribute(name).map_or("", |(start, end)| &tag[start..end]);
        let name = text("name");
        if matches!(text("type"), "hidden" | "checkbox" | "radio" | "password") || name.is_empty() {
            return tag.to_owned();
        }
        let mut filled = tag.to_owned();
        if let Some((_, value)) = self.sent.fields.iter().find(|(field, _)| escaped(field) == name) {
            if let Some((start, end)) = attribute("value") {
                filled.replace_range(start - " value=\"".len()..=end, "");
            }
            filled.insert_str("<input".len(), &format!(" value=\"{}\"", escaped(value)));
        }
        if self.field == Some(name) {
            filled = filled.replace(" aria-describedby=", " data-described-by=");
            filled.insert_str("<input".len(), " aria-invalid=\"true\" aria-describedby=\"told\" autofocus");
        }
        filled
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_in_its_field() {
        let page = r#"<main id="content"><details class="menu"><form action="/a/1"><input name="name" value="Old"></form>
            <form method="post" action="/a/2"><input type="hidden" name="who" value="7"><input name="name" aria-describedby="n" value="Old" required></form></details></main>"#;
        let told = |action: &str, fields: &[(&str, &str)]| Told {
            key: String::new(),
            at: Instant::now(),
            sent: Sent {
                before: "/".to_owned(),
                action: action.to_owned(),
                fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            },
            text: "No <such>.".to_owned(),
            field: Some("name"),
        };
        let put = told("/a/2", &[("who", "9"), ("name", "\"Eve\" & <b>")]).put(page);
        assert!(put.contains("<details open class=\"menu\">"), "{put}");
        assert!(put.contains("<form action=\"/a/1\"><input name=\"name\" value=\"Old\"></form>"), "{put}");
        assert!(put.contains("name=\"who\" value=\"7\""), "{put}");
        assert!(
            put.contains(
                "<input aria-invalid=\"true\" aria-describedby=\"told\" autofocus value=\"&#34;Eve&#34; &#38; &#60;b&#62;\" name=\"name\" \
                 data-described-by=\"n\" required><p class=\"warning told\" id=\"told\" role=\"alert\">No &#60;such&#62;.</p></form></details>"
            ),
            "{put}"
        );
        let above = told("/b", &[]).put(page);
        assert!(above.starts_with("<main id=\"content\"><p class=\"warning told\""), "{above}");
    }
}
