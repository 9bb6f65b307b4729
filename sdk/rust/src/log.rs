//! The worker's log. Values of secrets that the worker has read are masked.

use crate::{error::done, json::Value, raw, Result};

/// Writes an entry with members beside its message; `level` is one of `raw::LOG_…`.
///
/// ```
/// pluvio::log::write(pluvio::raw::LOG_INFO, "paid", &[("order", "17")])?;
/// ```
pub fn write(level: u32, message: &str, fields: &[(&str, &str)]) -> Result<()> {
    let members = fields.iter().map(|(name, value)| (name.to_string(), Value::from(*value)));
    let json = match fields {
        [] => String::new(),
        _ => Value::Object(members.collect()).to_string(),
    };
    let code = unsafe { raw::log(level, message.as_ptr(), message.len(), json.as_ptr(), json.len()) };
    done("log", "", code)?;
    Ok(())
}

/// ```
/// pluvio::log::trace("entered")?;
/// ```
pub fn trace(message: &str) -> Result<()> {
    write(raw::LOG_TRACE, message, &[])
}

/// ```
/// pluvio::log::debug("3 rows")?;
/// ```
pub fn debug(message: &str) -> Result<()> {
    write(raw::LOG_DEBUG, message, &[])
}

/// ```
/// pluvio::log::info("paid")?;
/// ```
pub fn info(message: &str) -> Result<()> {
    write(raw::LOG_INFO, message, &[])
}

/// ```
/// pluvio::log::warn("late")?;
/// ```
pub fn warn(message: &str) -> Result<()> {
    write(raw::LOG_WARN, message, &[])
}

/// ```
/// pluvio::log::error("no answer")?;
/// ```
pub fn error(message: &str) -> Result<()> {
    write(raw::LOG_ERROR, message, &[])
}
