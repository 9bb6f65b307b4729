//! Who is who.

use crate::error::{done, found};
use crate::json::Value;
use crate::{bytes, raw, Result};

/// Who an input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// `client`, `worker` or `node`.
    pub kind: String,
    pub name: String,
    pub tenant: Option<String>,
}

impl Caller {
    pub(crate) fn read(json: &Value) -> Self {
        Caller {
            kind: json.text("kind").unwrap_or_default(),
            name: json.text("name").unwrap_or_default(),
            tenant: json.text("tenant"),
        }
    }
}

/// The name of this worker.
///
/// ```
/// assert_eq!(pluvio::identity::self_name()?, "examples");
/// ```
pub fn self_name() -> Result<String> {
    let length = done("identity::self_name", "", unsafe { raw::self_info() })?;
    let json = Value::parse(&bytes::take_text("identity::self_name", length)?)?;
    Ok(json.text("name").unwrap_or_default())
}

/// Who the current input comes from; none: there is none.
///
/// ```
/// assert_eq!(pluvio::identity::caller()?.unwrap().kind, "client");
/// ```
pub fn caller() -> Result<Option<Caller>> {
    match found("identity::caller", "", unsafe { raw::caller_info() })? {
        None => Ok(None),
        Some(length) => {
            let json = Value::parse(&bytes::take_text("identity::caller", length)?)?;
            Ok(Some(Caller::read(&json)))
        }
    }
}
