//! Whether the daemon gives up what it does not need. What that is, `daemon/sandbox` knows.

use super::table::words;

words! {
    /// Whether the daemon gives up what it does not need.
    pub enum Sandbox {
        /// all that the kernel can hold; what it cannot is told in the log
        Auto = "auto",
        /// nothing
        Off = "off",
    }
}
