//! The numbers under which the library keeps things, each a type of its own: that of a face cannot stand for that of a person.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use super::engine::{FromSql, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$about:meta])* $name:ident)*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(typed: &str) -> Result<Self, ParseIntError> {
                typed.parse().map(Self)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl From<$name> for Value {
            fn from(id: $name) -> Self {
                Self::Integer(id.0)
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map(Self)
            }
        }
    )*};
}

ids! {
    /// A photo, which can lie in several files.
    PhotoId
    /// A face in a photo.
    FaceId
    /// A group, which keeps its number when it gets a name and becomes a person.
    PersonId
    /// A circle of people.
    CircleId
    /// A line of the journal; later lines have higher numbers.
    LineId
}

impl LineId {
    /// Before the first line.
    pub const BEFORE_ALL: Self = Self(0);
    /// After every line.
    pub const AFTER_ALL: Self = Self(i64::MAX);

    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
