//! The engine in tables, and in a world that is unkind on purpose.

mod checks;
mod doubting;
mod explaining;
mod setup;
mod tables;
mod world;
