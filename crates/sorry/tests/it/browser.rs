//! Chromium in front of the real binary: what people see, how they are brought back, and what a site's own scripts read.
//! Each test starts one browser and asks it about many things.

pub(crate) mod driver;
pub(crate) mod picture;

mod returns;
mod scripts;
mod shown;
