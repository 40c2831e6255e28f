//! balancers
