//! Asking the daemon something and showing it: for people as text, for programs as JSON.

use std::process::ExitCode;

use serde::Serialize;

use super::admin_socket::AdminSocket;
use super::giving::code_of_kind;
use super::output::{failed_as_json, print, print_json};
use super::{exit, failed};
use crate::admin::Look;
use crate::admin::api::Api;
use crate::admin::client::ClientError;

/// Asks, and shows what is answered.
pub(super) fn show<T: Serialize>(
    admin: &AdminSocket,
    json: bool,
    ask: impl FnOnce(&Api) -> Result<T, ClientError>,
    text: impl FnOnce(&T, &Look) -> String,
) -> ExitCode {
    let api = match admin.api(json) {
        Ok(api) => api,
        Err(told) => return told,
    };
    match ask(&api) {
        Ok(answer) if json => print_json(&answer),
        Ok(answer) => print(&text(&answer, &super::terminal::look())),
        Err(error) => told(error, json),
    }
}

/// Tells why the daemon could not be asked, or what it refused.
pub(super) fn told(error: ClientError, json: bool) -> ExitCode {
    let code = code_of(&error);
    if json {
        return failed_as_json(&error, code);
    }
    failed(&error.into());
    ExitCode::from(code)
}

/// The exit code that says the same.
pub(super) fn code_of(error: &ClientError) -> u8 {
    match error {
        ClientError::Fault(fault) => code_of_kind(fault.kind),
        _ => exit::FAILED,
    }
}
