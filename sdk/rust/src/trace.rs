//! Tracing across workers (W3C Trace Context).

use crate::{bytes, error::found, raw, Result};

/// `traceparent` of the current input; none: it has none. Messages and requests carry it on by themselves.
///
/// ```
/// assert!(pluvio::trace::parent()?.map_or(true, |parent| parent.len() == 55));
/// ```
pub fn parent() -> Result<Option<String>> {
    found("trace::parent", "", unsafe { raw::trace_context() })?
        .map(|length| bytes::take_text("trace::parent", length))
        .transpose()
}
