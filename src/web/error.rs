//! What went wrong, and the status of the answer.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::catalog::{CatalogError, Who};
use crate::people::{DecideError, NameError, OpenError};
use crate::scan::DrawError;

/// Why a page cannot be shown, or a change not be made.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum PageError {
    #[error("not found")]
    NotFound,
    #[error("the Host is another")]
    WrongHost,
    #[error("the Origin is another")]
    WrongOrigin,
    #[error("not let in")]
    NotIn,
    #[error("the page is read-only")]
    ReadOnly,
    #[error("guests may not see it")]
    NotForGuests,
    /// So many can be given at most.
    #[error("more than {0} were given")]
    TooMany(usize),
    #[error("a text is too long")]
    TooLong,
    /// The folder, and those that are allowed.
    #[error("{0} is not below {1}")]
    NotAllowed(String, String),
    #[error("too many wrong passwords")]
    TooManyAttempts,
    #[error("nobody was selected")]
    NobodySelected,
    #[error("nobody is called so")]
    NobodyCalledSo,
    #[error("a person has that name")]
    NameInUse,
    #[error("no face was selected")]
    NoFaceSelected,
    #[error("more than one face was selected")]
    NotOneFace,
    #[error("all the faces were selected")]
    AllFaces,
    #[error("they are theirs already")]
    TheirsAlready,
    #[error("that is no date of birth")]
    NoDate,
    /// A person and their date, another and theirs.
    #[error("two dates of birth: {0:?}")]
    BirthsDiffer([String; 4]),
    #[error("the photo is away")]
    PhotoAway,
    /// With what is wrong, in English.
    #[error("the photo is not as it was scanned: {0}")]
    PhotoChanged(String),
    #[error("the box is not in the photo")]
    BoxBeyond,
    #[error("there is a face already")]
    FaceThere,
    #[error("{0} does not begin at the root")]
    NotAbsolute(String),
    #[error("{0} is no folder")]
    NoFolder(String),
    #[error("no folder is known")]
    NothingToScan,
    #[error("a scan goes on")]
    ScanGoesOn,
    #[error("no photos are meant")]
    NoPhotos,
    /// A path, and the words of the system.
    #[error("{0}")]
    Unwritable(String),
    /// The same.
    #[error("{0}")]
    Unreadable(String),
    #[error("{0} has photos in it")]
    HasPhotos(String),
    #[error("the library has changed since")]
    Outdated,
    #[error(transparent)]
    Name(#[from] NameError),
    /// In words for the user, in English: it comes from where no language is known.
    #[error("{0}")]
    Failed(String),
    /// The database of the library cannot be reached now.
    #[error("no server")]
    NoServer,
    #[error("not understood")]
    NotUnderstood,
    /// A form whose fields make no sense.
    #[error("form not understood")]
    FormNotUnderstood,
    #[error("a panic")]
    Panicked,
}

impl PageError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotUnderstood => StatusCode::BAD_REQUEST,
            Self::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Self::WrongOrigin => StatusCode::FORBIDDEN,
            Self::NotIn => StatusCode::UNAUTHORIZED,
            Self::ReadOnly | Self::NotForGuests => StatusCode::FORBIDDEN,
            Self::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            Self::FormNotUnderstood
            | Self::NobodySelected
            | Self::NobodyCalledSo
            | Self::NameInUse
            | Self::NoFaceSelected
            | Self::NotOneFace
            | Self::AllFaces
            | Self::TheirsAlready
            | Self::NoDate
            | Self::PhotoAway
            | Self::PhotoChanged(_)
            | Self::BoxBeyond
            | Self::NotAbsolute(_)
            | Self::NoFolder(_)
            | Self::NoPhotos
            | Self::TooMany(_)
            | Self::TooLong
            | Self::NotAllowed(..)
            | Self::Unwritable(_)
            | Self::Unreadable(_)
            | Self::NothingToScan
            | Self::HasPhotos(_)
            | Self::Name(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Outdated | Self::FaceThere | Self::ScanGoesOn | Self::BirthsDiffer(_) => StatusCode::CONFLICT,
            Self::NoServer => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(_) | Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<CatalogError> for PageError {
    fn from(error: CatalogError) -> Self {
        if error.is_cut_off() { Self::NoServer } else { Self::Failed(error.to_string()) }
    }
}

impl From<OpenError> for PageError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Catalog(error) => error.into(),
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<DecideError> for PageError {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::Name(error) => Self::Name(error),
            DecideError::NameInUse(_) => Self::NameInUse,
            DecideError::Catalog(error) => error.into(),
            DecideError::AllOfThem(_) => Self::AllFaces,
            DecideError::TheirsAlready(_) => Self::TheirsAlready,
            DecideError::YetToCome(_) => Self::NoDate,
            DecideError::Twice(_) => Self::NobodySelected,
            DecideError::FaceThere(_) => Self::FaceThere,
            DecideError::BirthsDiffer { who, born, other, other_born } => {
                let label = |who: Who| who.name.unwrap_or_else(|| who.id.to_string());
                Self::BirthsDiffer([label(who), born.to_string(), label(other), other_born.to_string()])
            }
            // The page offers none of these: somebody else was faster.
            DecideError::Who(_)
            | DecideError::HasName { .. }
            | DecideError::HasNone { .. }
            | DecideError::Taken { .. }
            | DecideError::Nameless(_)
            | DecideError::NoCircle(_)
            | DecideError::EmptyCircle(_)
            | DecideError::NoSuchFace(_)
            | DecideError::NoneByItself(_)
            | DecideError::NotTheirs { .. }
            | DecideError::NotTheNewest => Self::Outdated,
        }
    }
}

impl From<DrawError> for PageError {
    fn from(error: DrawError) -> Self {
        match error {
            DrawError::Beyond { .. } => Self::BoxBeyond,
            DrawError::Known(_) => Self::FaceThere,
            DrawError::Photo(problem) => Self::PhotoChanged(problem),
            DrawError::Catalog(error) => error.into(),
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
