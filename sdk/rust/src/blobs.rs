//! Blobs of the worker's own: larger data, read and written in pieces. They move with it. Capability `blob`.

use crate::error::{done, found};
use crate::{bytes, raw, Page, Result};

/// Writes into a blob, which is made if there is none; `offset` is at most its size. `Quota`: the storage is full.
///
/// ```
/// pluvio::blobs::write("b", 0, b"hello")?;
/// pluvio::blobs::write("b", 5, b"!")?;
/// assert_eq!(pluvio::blobs::size("b")?, Some(6));
/// ```
pub fn write(name: &str, offset: u32, data: &[u8]) -> Result<()> {
    let code = unsafe { raw::blob_write(name.as_ptr(), name.len(), offset, data.as_ptr(), data.len()) };
    done("blobs::write", name, code)?;
    Ok(())
}

/// Up to `length` bytes of a blob from `offset` on, fewer at its end; none: there is no such blob.
///
/// ```
/// pluvio::blobs::write("b", 0, b"hello")?;
/// assert_eq!(pluvio::blobs::read("b", 1, 3)?, Some(b"ell".to_vec()));
/// assert_eq!(pluvio::blobs::read("none", 0, 1)?, None);
/// ```
pub fn read(name: &str, offset: u32, length: u32) -> Result<Option<Vec<u8>>> {
    let size = match size(name)? {
        Some(size) => size,
        None => return Ok(None),
    };
    let data = bytes::take("blobs::read", length.min(size.saturating_sub(offset)), |buffer, most, at| unsafe {
        raw::blob_read(name.as_ptr(), name.len(), offset + at, buffer, most)
    })?;
    Ok(Some(data))
}

/// Size of a blob in bytes; none: there is no such blob.
///
/// ```
/// pluvio::blobs::write("s", 0, b"hello")?;
/// assert_eq!(pluvio::blobs::size("s")?, Some(5));
/// assert_eq!(pluvio::blobs::size("none")?, None);
/// ```
pub fn size(name: &str) -> Result<Option<u32>> {
    found("blobs::size", name, unsafe { raw::blob_size(name.as_ptr(), name.len()) })
}

/// Removes a blob; false: there was none.
///
/// ```
/// pluvio::blobs::write("d", 0, b"x")?;
/// assert!(pluvio::blobs::remove("d")?);
/// assert!(!pluvio::blobs::remove("d")?);
/// ```
pub fn remove(name: &str) -> Result<bool> {
    let code = unsafe { raw::blob_delete(name.as_ptr(), name.len()) };
    Ok(found("blobs::remove", name, code)?.is_some())
}

/// Names of blobs that begin with a prefix, as [`crate::kv::list`].
///
/// ```
/// pluvio::blobs::write("l/1", 0, b"x")?;
/// assert_eq!(pluvio::blobs::list("l/", 10, None)?.names, ["l/1"]);
/// ```
pub fn list(prefix: &str, limit: u32, cursor: Option<&str>) -> Result<Page> {
    let after = cursor.unwrap_or("");
    let code = unsafe { raw::blob_list(prefix.as_ptr(), prefix.len(), after.as_ptr(), after.len(), limit) };
    Page::take("blobs::list", done("blobs::list", prefix, code)?)
}
