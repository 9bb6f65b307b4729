//! Secrets of the node. Capability `secrets`, by name.

use crate::{bytes, error::found, raw, Result};

/// A secret as the node has it now; none: it has none of that name. What is kept of it is part of the
/// worker's state.
///
/// ```
/// assert_eq!(pluvio::secrets::get("API_KEY")?.as_deref(), Some("s3cret"));
/// assert_eq!(pluvio::secrets::get("OTHER")?, None);
/// ```
pub fn get(name: &str) -> Result<Option<String>> {
    let code = unsafe { raw::secret_get(name.as_ptr(), name.len()) };
    found("secrets::get", name, code)?.map(|length| bytes::take_text("secrets::get", length)).transpose()
}
