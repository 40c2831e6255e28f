//! The engine in tables, and in a world that is unkind on purpose.

mod checks;
mod desk;
mod doubting;
mod drains;
mod explaining;
mod setup;
mod tables;
mod weights;
mod windows;
mod world;
