//! The answer to the call of an export.

use crate::{error::done, headers, raw, Header, Result};

/// Appends bytes.
///
/// ```
/// pluvio::output::write(&[1, 2, 3])?;
/// ```
pub fn write(data: &[u8]) -> Result<()> {
    done("output::write", "", unsafe { raw::output_write(data.as_ptr(), data.len()) })?;
    Ok(())
}

/// Appends a text.
///
/// ```
/// pluvio::output::text("hello")?;
/// ```
pub fn text(text: &str) -> Result<()> {
    write(text.as_bytes())
}

/// Status and headers of the answer to an HTTP request; a later call replaces them.
///
/// ```
/// pluvio::output::head(200, &[pluvio::Header::new("content-type", "text/plain")])?;
/// ```
pub fn head(status: u16, headers: &[Header]) -> Result<()> {
    let json = headers::answer_head(status, headers);
    done("output::head", "", unsafe { raw::output_head(json.as_ptr(), json.len()) })?;
    Ok(())
}
