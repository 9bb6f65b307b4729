//! The clock, and waiting. `std::time` and `std::thread::sleep` work, too.

use crate::{error::done, raw, Error, ErrorCode, Result};
use std::time::Duration;

/// Nanoseconds since 1970. The clock may jump, also backwards.
///
/// ```
/// assert!(pluvio::time::now_ns()? > 1_700_000_000_000_000_000);
/// ```
pub fn now_ns() -> Result<i64> {
    match unsafe { raw::time_now() } {
        ns if ns < 0 => Err(Error::new(ErrorCode::of(ns as i32), "time::now_ns", "")),
        ns => Ok(ns),
    }
}

/// Milliseconds since 1970.
///
/// ```
/// assert!(pluvio::time::now_ms()? > 1_700_000_000_000);
/// ```
pub fn now_ms() -> Result<i64> {
    Ok(now_ns()? / 1_000_000)
}

/// Waits, in whole milliseconds. The worker takes no thread meanwhile, and can be kept and moved.
/// `Cancelled`: nobody waits for the answer any more.
///
/// ```
/// pluvio::time::sleep(std::time::Duration::from_millis(5))?;
/// ```
pub fn sleep(duration: Duration) -> Result<()> {
    done("time::sleep", "", unsafe { raw::sleep(millis(duration)) })?;
    Ok(())
}

/// As many milliseconds as there can be at most.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// None: no end.
pub(crate) fn timeout_millis(timeout: Option<Duration>) -> i64 {
    timeout.map_or(raw::FOREVER, millis)
}
