//! Where a site's visitors are sent, and what settled it.

/// Where visitors are sent. Copies are no third way: what a cache may serve, it serves on either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// To the real servers.
    Live,
    /// To the sorry server.
    Sorry,
}

impl Route {
    /// The word for people, metrics and the journal.
    pub fn label(self) -> &'static str {
        match self {
            Route::Live => "live",
            Route::Sorry => "sorry",
        }
    }
}
