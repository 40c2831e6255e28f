//! The engine in tables, and in a world that is unkind on purpose.

mod doubting;
mod setup;
mod tables;
mod world;
