//! Alerts as receivers see them: a desk with its queue, and at the other end programs that answer as they like, a real SMTP
//! server, a real Alertmanager.

mod alertmanager;
mod formats;
mod mail;
mod programs;
mod receivers;
mod restarts;
mod signature;
mod stage;
