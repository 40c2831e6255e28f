//! Checks of the real thing: nginx, BIND, gRPC's and SMTP's own servers, programs and files, and peers that misbehave in every way there
//! is a reason for. All through the library's public door, as the daemon uses it.

mod asked;
mod authority;
mod grpc;
mod mail;
mod misbehaviour;
mod name_server;
mod peer;
mod ping;
mod program;
mod sidecar;
mod web;
