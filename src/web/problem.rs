//! An answer that is an error -> a page, in the language of whoever asked.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::again;
use super::error::PageError;
use super::frame::Frame;
use super::site::Site;
use super::text::Words;
use super::visit;
use crate::people::NameError;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    text: String,
    /// The name of the field that it is about.
    field: Option<&'static str>,
    /// Nobody is logged in: offers to.
    to_log_in: bool,
}

/// Makes a page of every answer that is an error. Of forms that a browser sends by itself it is the page where the form is.
pub(super) async fn show(State(site): State<Site>, request: Request, next: Next) -> Response {
    let words = visit::words(request.headers());
    let (asks, query) = (request.method() == Method::GET, request.uri().query().unwrap_or_default().to_owned());
    let (request, sent) = again::sent(request).await;
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return if asks { site.again.put(&query, response).await } else { response };
    }
    let error = response.extensions().get::<PageError>();
    let text = match error {
        Some(error) => text(words, error),
        // Refused by axum.
        None if status == StatusCode::PAYLOAD_TOO_LARGE => words.errors.too_large.to_owned(),
        None => words.errors.not_understood.to_owned(),
    };
    if let Some(sent) = sent {
        match error {
            Some(PageError::WrongOrigin | PageError::WrongHost) => {}
            Some(PageError::NotIn) if !asks => return Redirect::to("/enter").into_response(),
            // Of what is asked for, only a form can be mended.
            error if !asks || error.and_then(field).is_some() => {
                if let Some(back) = site.again.tell(sent, text, error.and_then(field)) {
                    return back.into_response();
                }
                return response;
            }
            _ => {}
        }
    }
    let frame = Frame::bare(words, words.errors.title);
    let to_log_in = matches!(error, Some(PageError::NotIn));
    let field = error.and_then(field);
    match (ErrorPage { frame, text, field, to_log_in }).render() {
        Ok(page) => (status, Html(page)).into_response(),
        Err(_) => response,
    }
}

fn field(error: &PageError) -> Option<&'static str> {
    match error {
        PageError::Name(_)
        | PageError::NameInUse
        | PageError::NobodyCalledSo
        | PageError::TheirsAlready
        | PageError::AllFaces => Some("name"),
        PageError::NoDate => Some("date"),
        PageError::NotAbsolute(_)
        | PageError::NoFolder(_)
        | PageError::NotAllowed(..)
        | PageError::Unreadable(_)
        | PageError::Unwritable(_)
        | PageError::HasPhotos(_) => Some("folder"),
        PageError::BoxBeyond => Some("left"),
        PageError::TooManyAttempts => Some("password"),
        _ => None,
    }
}

fn text(words: &Words, error: &PageError) -> String {
    let (reason, words) = (words.reason, &words.errors);
    let text = match error {
        PageError::NotFound => words.not_found,
        PageError::WrongHost => words.wrong_host,
        PageError::WrongOrigin => words.wrong_origin,
        PageError::NotIn => words.not_in,
        PageError::TooManyAttempts => words.too_many_attempts,
        PageError::NobodySelected => words.nobody_selected,
        PageError::NobodyCalledSo => words.nobody_called_so,
        PageError::NameInUse => words.name_in_use,
        PageError::NoFaceSelected => words.no_face_selected,
        PageError::NotOneFace => words.not_one_face,
        PageError::AllFaces => words.all_faces,
        PageError::TheirsAlready => words.theirs_already,
        PageError::NoDate => words.no_date,
        PageError::BirthsDiffer(births) => return (words.births_differ)(births),
        PageError::PhotoAway => words.photo_away,
        PageError::PhotoChanged(problem) => return (words.photo_changed)(&reason(problem)),
        PageError::BoxBeyond => words.box_beyond,
        PageError::FaceThere => words.face_there,
        PageError::NotAbsolute(folder) => return (words.not_absolute)(folder),
        PageError::NoFolder(folder) => return (words.no_folder)(folder),
        PageError::NothingToScan => words.nothing_to_scan,
        PageError::ScanGoesOn => words.scan_goes_on,
        PageError::ReadOnly => words.read_only,
        PageError::NotForGuests => words.not_for_guests,
        PageError::TooMany(most) => return (words.too_many)(*most),
        PageError::TooLong => words.too_long,
        PageError::NotAllowed(folder, allowed) => return (words.not_allowed)(folder, allowed),
        PageError::NoPhotos => words.no_photos,
        PageError::Unreadable(problem) => return (words.unreadable)(problem),
        PageError::Unwritable(problem) => return (words.unwritable)(problem),
        PageError::HasPhotos(folder) => return (words.has_photos)(folder),
        PageError::Outdated => words.outdated,
        PageError::Name(NameError::Empty) => words.name_empty,
        PageError::Name(NameError::ControlCharacters(_)) => words.name_control,
        PageError::Name(NameError::Number(_)) => words.name_number,
        PageError::Name(NameError::TooLong(_)) => words.name_long,
        PageError::Failed(error) => return format!("{} {error}", words.failed),
        PageError::NoServer => words.no_server,
        PageError::NotUnderstood | PageError::FormNotUnderstood => words.not_understood,
        PageError::Panicked => words.panicked,
    };
    text.to_owned()
}
