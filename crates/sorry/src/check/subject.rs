//! Whose check it is: what a program is told on its standard input, and what a result is told with.

use std::sync::Arc;

/// A real server of a site.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The site's name.
    pub site: Arc<str>,
    /// The real server's name.
    pub real_server: Arc<str>,
    /// Where its visitors are sent.
    pub address: Arc<str>,
}
