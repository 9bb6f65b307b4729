//! Bytes of a cryptographic source.

use crate::{error::done, raw, Result};

/// Fills a buffer.
///
/// ```
/// let mut key = [0; 32];
/// pluvio::random::fill(&mut key)?;
/// assert_ne!(key, [0; 32]);
/// ```
pub fn fill(buffer: &mut [u8]) -> Result<()> {
    done("random::fill", "", unsafe { raw::random(buffer.as_mut_ptr(), buffer.len()) })?;
    Ok(())
}

/// So many bytes.
///
/// ```
/// assert_eq!(pluvio::random::bytes(16)?.len(), 16);
/// ```
pub fn bytes(length: usize) -> Result<Vec<u8>> {
    let mut filled = vec![0; length];
    fill(&mut filled)?;
    Ok(filled)
}
