//! Python's clients.
