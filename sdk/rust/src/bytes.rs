//! Bytes of the host's registers.

use crate::error::done;
use crate::raw;
use crate::{Error, Result};

/// Reads so many bytes by a call that gives a part at a time: buffer, its size, offset.
pub(crate) fn take(what: &str, length: u32, read: impl Fn(*mut u8, usize, u32) -> i32) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length as usize];
    let mut at = 0;
    while at < bytes.len() {
        let rest = &mut bytes[at..];
        let count = done(what, "", read(rest.as_mut_ptr(), rest.len(), at as u32))?;
        if count == 0 {
            break;
        }
        at += count as usize;
    }
    bytes.truncate(at);
    Ok(bytes)
}

/// The result register, whose length a call gave.
pub(crate) fn take_result(length: u32) -> Result<Vec<u8>> {
    take("result_read", length, |buffer, size, offset| unsafe { raw::result_read(buffer, size, offset) })
}

/// The text of the result register.
pub(crate) fn take_text(what: &str, length: u32) -> Result<String> {
    text_of(what, take_result(length)?)
}

pub(crate) fn text_of(what: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| Error::invalid(what, error.to_string()))
}
