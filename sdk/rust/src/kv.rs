//! Keys and values of the worker's own: they are part of its state and move with it. Capability `kv`.

use crate::error::{done, found};
use crate::{bytes, raw, Page, Result};

/// The value of a key; none: there is none.
///
/// ```
/// pluvio::kv::set("a", b"1")?;
/// assert_eq!(pluvio::kv::get("a")?, Some(b"1".to_vec()));
/// assert_eq!(pluvio::kv::get("none")?, None);
/// ```
pub fn get(key: &str) -> Result<Option<Vec<u8>>> {
    let code = unsafe { raw::kv_get(key.as_ptr(), key.len()) };
    found("kv::get", key, code)?.map(bytes::take_result).transpose()
}

/// The value of a key as text; none: there is none. `Invalid`: it is not UTF-8.
///
/// ```
/// pluvio::kv::set("name", "Ada".as_bytes())?;
/// assert_eq!(pluvio::kv::get_text("name")?.as_deref(), Some("Ada"));
/// ```
pub fn get_text(key: &str) -> Result<Option<String>> {
    get(key)?.map(|value| bytes::text_of("kv::get_text", value)).transpose()
}

/// Sets the value of a key. `Quota`: the worker's storage is full, `TooLarge`: key or value is too long.
///
/// ```
/// let error = pluvio::kv::set("k", &vec![0; 2_000_000]).unwrap_err();
/// assert_eq!(error.code(), pluvio::ErrorCode::TooLarge);
/// ```
pub fn set(key: &str, value: &[u8]) -> Result<()> {
    let code = unsafe { raw::kv_set(key.as_ptr(), key.len(), value.as_ptr(), value.len()) };
    done("kv::set", key, code)?;
    Ok(())
}

/// Removes a key; false: there was none.
///
/// ```
/// pluvio::kv::set("gone", b"")?;
/// assert!(pluvio::kv::remove("gone")?);
/// assert!(!pluvio::kv::remove("gone")?);
/// ```
pub fn remove(key: &str) -> Result<bool> {
    let code = unsafe { raw::kv_delete(key.as_ptr(), key.len()) };
    Ok(found("kv::remove", key, code)?.is_some())
}

/// Keys that begin with a prefix, in the order of their bytes, at most `limit` (1 to 1000) after `cursor`.
///
/// ```
/// pluvio::kv::set("p/1", b"")?;
/// pluvio::kv::set("p/2", b"")?;
/// let page = pluvio::kv::list("p/", 1, None)?;
/// assert_eq!(page.names, ["p/1"]);
/// assert_eq!(pluvio::kv::list("p/", 9, page.cursor.as_deref())?.names, ["p/2"]);
/// ```
pub fn list(prefix: &str, limit: u32, cursor: Option<&str>) -> Result<Page> {
    let after = cursor.unwrap_or("");
    let code = unsafe { raw::kv_list(prefix.as_ptr(), prefix.len(), after.as_ptr(), after.len(), limit) };
    Page::take("kv::list", done("kv::list", prefix, code)?)
}

/// Begins a transaction over keys. One that is open when the input is over is rolled back.
///
/// ```
/// pluvio::kv::begin()?;
/// assert_eq!(pluvio::kv::begin().unwrap_err().code(), pluvio::ErrorCode::State);
/// pluvio::kv::commit()?;
/// ```
pub fn begin() -> Result<()> {
    done("kv::begin", "", unsafe { raw::kv_begin() })?;
    Ok(())
}

/// Ends the transaction; what was done in it stays.
///
/// ```
/// pluvio::kv::begin()?;
/// pluvio::kv::set("u", b"1")?;
/// pluvio::kv::commit()?;
/// assert_eq!(pluvio::kv::get("u")?, Some(b"1".to_vec()));
/// ```
pub fn commit() -> Result<()> {
    done("kv::commit", "", unsafe { raw::kv_commit() })?;
    Ok(())
}

/// Ends the transaction; all keys are as they were when it began.
///
/// ```
/// pluvio::kv::begin()?;
/// pluvio::kv::set("v", b"1")?;
/// pluvio::kv::rollback()?;
/// assert_eq!(pluvio::kv::get("v")?, None);
/// ```
pub fn rollback() -> Result<()> {
    done("kv::rollback", "", unsafe { raw::kv_rollback() })?;
    Ok(())
}
