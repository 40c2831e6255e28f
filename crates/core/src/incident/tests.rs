//! What is told, to whom, and when: histories of an engine's news on the left, what people hear on the right.

mod orders;
mod outages;
mod restarts;
mod stage;
mod switches;
mod world;
