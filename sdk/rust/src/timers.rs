//! Timers: each comes as an input of kind `timer`, also after a crash or a move. Capability `timers`.

use crate::error::{done, found};
use crate::json::Value;
use crate::{bytes, raw, time, Result};
use std::time::Duration;

/// A timer that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    pub id: String,
    /// Milliseconds since 1970.
    pub due_ms: i64,
    /// Of one that comes again and again.
    pub expression: Option<String>,
}

/// Sets a timer that comes once, in place of one with that id. `Quota`: there are as many as there may be.
///
/// ```
/// pluvio::timers::after("remind", std::time::Duration::from_secs(60), b"tea")?;
/// assert_eq!(pluvio::timers::list()?[0].id, "remind");
/// pluvio::timers::cancel("remind")?;
/// ```
pub fn after(id: &str, wait: Duration, payload: &[u8]) -> Result<()> {
    let wait_ms = time::millis(wait);
    let code = unsafe { raw::timer_set(id.as_ptr(), id.len(), wait_ms, payload.as_ptr(), payload.len()) };
    done("timers::after", id, code)?;
    Ok(())
}

/// Sets a timer that comes again and again: `minute hour day month weekday`, UTC. `Invalid`: the expression is none.
///
/// ```
/// pluvio::timers::cron("nightly", "0 3 * * *", b"")?;
/// assert_eq!(pluvio::timers::list()?[0].expression.as_deref(), Some("0 3 * * *"));
/// pluvio::timers::cancel("nightly")?;
/// assert_eq!(pluvio::timers::cron("bad", "99 * * * *", b"").unwrap_err().code(), pluvio::ErrorCode::Invalid);
/// ```
pub fn cron(id: &str, expression: &str, payload: &[u8]) -> Result<()> {
    let code = unsafe {
        raw::cron_set(id.as_ptr(), id.len(), expression.as_ptr(), expression.len(), payload.as_ptr(), payload.len())
    };
    done("timers::cron", id, code)?;
    Ok(())
}

/// Removes a timer; false: there was none.
///
/// ```
/// pluvio::timers::after("x", std::time::Duration::from_secs(60), b"")?;
/// assert!(pluvio::timers::cancel("x")?);
/// assert!(!pluvio::timers::cancel("x")?);
/// ```
pub fn cancel(id: &str) -> Result<bool> {
    let code = unsafe { raw::timer_cancel(id.as_ptr(), id.len()) };
    Ok(found("timers::cancel", id, code)?.is_some())
}

/// All timers, by id.
///
/// ```
/// assert_eq!(pluvio::timers::list()?, []);
/// ```
pub fn list() -> Result<Vec<Timer>> {
    let length = done("timers::list", "", unsafe { raw::timer_list() })?;
    let json = Value::parse(&bytes::take_text("timers::list", length)?)?;
    let timer = |json: &Value| Timer {
        id: json.text("id").unwrap_or_default(),
        due_ms: json.number("dueMs").unwrap_or_default() as i64,
        expression: json.text("expression"),
    };
    Ok(json.items().iter().map(timer).collect())
}
