//! The guest SDK of Pluvio for Rust: the calls of the host ABI (docs/abi.md) as functions with types.
//!
//! Programs are plain blocking code. One that waits holds no thread, may be put away to disk, and may
//! move to another node meanwhile.
//!
//! Every function gives a [`Result`]; what may be missing is an `Option` in it. Nothing here panics but
//! [`run`].

pub mod blobs;
mod bytes;
pub mod config;
mod error;
mod headers;
pub mod http;
pub mod identity;
pub mod input;
pub mod json;
mod json_parser;
pub mod kv;
pub mod log;
pub mod mailbox;
mod names_page;
pub mod output;
pub mod random;
#[rustfmt::skip]
pub mod raw;
pub mod secrets;
pub mod time;
pub mod timers;
pub mod topics;
pub mod trace;

pub use error::{Error, Result};
pub use headers::Header;
pub use names_page::Page;
pub use raw::ErrorCode;

/// Runs the body of an export. An error ends the call with a trap; the program's error output, which goes
/// to the worker's log, says what failed.
///
/// ```
/// pluvio::run(|| pluvio::output::text("hello"));
/// ```
pub fn run<E: std::fmt::Display>(body: impl FnOnce() -> std::result::Result<(), E>) {
    if let Err(error) = body() {
        panic!("{}", error);
    }
}

/// Waits until the worker's state, with all that it did so far, is durable. Capability `checkpoint`.
///
/// ```
/// pluvio::checkpoint()?;
/// ```
pub fn checkpoint() -> Result<()> {
    error::done("checkpoint", "", unsafe { raw::checkpoint() })?;
    Ok(())
}
