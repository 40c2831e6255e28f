//! Windows from their texts, by clocks of several zones.
