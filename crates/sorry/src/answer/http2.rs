//! Prepared answers on HTTP/2.
