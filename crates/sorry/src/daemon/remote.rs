//! The admin API over TCP: its certificate and its tokens, read at the start and again at each reload.

use std::time::SystemTime;

use super::secrets;
use crate::admin::remote::Remote;
use crate::admin::token::Tokens;
use crate::config;
use crate::listen::certificate::{Certificate, Files};

/// Why it cannot be served. The same files were looked at before, so this is rare.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The certificate or its key.
    #[error("cannot use the certificate of the admin API: {0}")]
    Certificate(String),
    /// The file of tokens.
    #[error("cannot use the tokens of the admin API")]
    Tokens(#[source] crate::admin::token::TokensError),
}

/// Reads both.
pub(super) fn read(of: &config::Remote) -> Result<Remote, RemoteError> {
    let refused = |error: rustls::Error| RemoteError::Certificate(error.to_string());
    Remote::new(certificate(of)?, tokens(of)?, &of.hosts).map_err(refused)
}

/// Reads both again, for connections that come from now on. What cannot be read stays as it was.
pub(super) fn renew(remote: &Remote, of: &config::Remote) {
    match certificate(of) {
        Ok(certificate) => remote.renew_certificate(certificate),
        Err(error) => log::error!("{error}; the old one stays in use"),
    }
    match tokens(of) {
        Ok(tokens) => remote.renew_tokens(tokens),
        Err(error) => {
            let error = anyhow::Error::new(error);
            log::error!("{error:#}; the old ones stay in use");
        }
    }
}

fn certificate(of: &config::Remote) -> Result<Certificate, RemoteError> {
    let files = Files {
        certificate: of.certificate.certificate.clone(),
        key: of.certificate.key.clone(),
    };
    Certificate::load(&files, SystemTime::now(), secrets::OUT_OF_TIME).map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        RemoteError::Certificate(mistakes.join("; "))
    })
}

fn tokens(of: &config::Remote) -> Result<Tokens, RemoteError> {
    Tokens::read(&of.tokens).map_err(RemoteError::Tokens)
}
