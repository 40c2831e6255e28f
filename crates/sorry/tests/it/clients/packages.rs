//! git, pip and apt.
