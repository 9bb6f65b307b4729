//! The manifest's configuration. Capability `config`, by key.

use crate::{bytes, error::found, raw, Result};

/// A value; none: there is none of that key.
///
/// ```
/// assert_eq!(pluvio::config::get("greeting")?.as_deref(), Some("hello"));
/// assert_eq!(pluvio::config::get("none")?, None);
/// ```
pub fn get(key: &str) -> Result<Option<String>> {
    let code = unsafe { raw::config_get(key.as_ptr(), key.len()) };
    found("config::get", key, code)?.map(|length| bytes::take_text("config::get", length)).transpose()
}
