//! Where a page comes from, and how much of it is read.

use std::path::PathBuf;

/// Where the page comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The page in the binary, in twelve languages.
    BuiltIn,
    /// One HTML file; files beside it that it refers to come with it, and nothing else.
    File(PathBuf),
    /// A folder: `page.html` or `index.html`, `page.de.html` and so on for languages, `page.json`, `page.txt`,
    /// `page.xml`; everything else in it that is not hidden is an asset.
    Folder(PathBuf),
}

/// A bound that a page exceeds; each is a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// The bytes of a file, or of all files together.
    Bytes,
    /// The number of assets.
    Assets,
}

/// How much a page may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The longest file, and the longest page once its template is rendered, in bytes.
    pub file_bytes: usize,
    /// The most assets.
    pub assets: usize,
    /// The most bytes of all files together.
    pub total_bytes: usize,
}

impl Default for Bounds {
    /// 4 MiB a file, 256 assets, 32 MiB together.
    fn default() -> Bounds {
        Bounds {
            file_bytes: 4 << 20,
            assets: 256,
            total_bytes: 32 << 20,
        }
    }
}
