//! The way through what does not fit on one page.

/// What `pager.html` shows.
pub(super) struct Pager {
    /// From 1 on.
    pub page: usize,
    pub pages: usize,
    /// The address of a page, up to its number.
    address: String,
}

impl Pager {
    /// `path` is that of the first page, with its query.
    pub fn new((page, pages): (usize, usize), path: &str) -> Self {
        let mark = if path.contains('?') { '&' } else { '?' };
        Self { page, pages, address: format!("{path}{mark}page=") }
    }

    pub fn to(&self, page: usize) -> String {
        format!("{}{page}", self.address)
    }
}
