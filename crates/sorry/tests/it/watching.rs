//! `sorry run` with real servers to watch and none of our code between: what it decides, keeps, tells and forgets nothing of.

mod blind;
mod cable;
mod churn;
mod crashes;
mod egress;
mod orders;
mod outage;
mod peers;
mod several;
mod world;
