//! The current input: the call of an export, or the message taken last.

use crate::error::{done, found};
use crate::identity::Caller;
use crate::json::Value;
use crate::{bytes, headers, raw, Header, Result};

/// What an input is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputInfo {
    pub id: String,
    /// `call`, `message`, `timer`, `topic` or `http`.
    pub kind: String,
    pub caller: Option<Caller>,
    /// The worker that sent a message.
    pub from: Option<String>,
    pub topic: Option<String>,
    pub timer: Option<String>,
    /// When a timer was due, milliseconds since 1970.
    pub due_ms: Option<i64>,
    /// Whether somebody waits for a reply.
    pub expects_reply: bool,
    /// When nobody waits any more, milliseconds since 1970; none: nothing says so.
    pub deadline_ms: Option<i64>,
    /// Of an HTTP request.
    pub method: Option<String>,
    /// Address of an HTTP request, as a whole.
    pub url: Option<String>,
    pub headers: Vec<Header>,
    pub traceparent: Option<String>,
}

impl InputInfo {
    /// The first header of that name in any case.
    ///
    /// ```
    /// assert_eq!(pluvio::input::info()?.unwrap().header("host"), None);
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        headers::find(&self.headers, name)
    }

    fn read(json: &Value) -> Self {
        InputInfo {
            id: json.text("id").unwrap_or_default(),
            kind: json.text("kind").unwrap_or_default(),
            caller: json.get("caller").map(Caller::read),
            from: json.text("from"),
            topic: json.text("topic"),
            timer: json.text("timer"),
            due_ms: json.number("dueMs").map(|ms| ms as i64),
            expects_reply: json.get("reply") == Some(&Value::Bool(true)),
            deadline_ms: json.number("deadlineMs").map(|ms| ms as i64),
            method: json.text("method"),
            url: json.text("url"),
            headers: headers::read(json),
            traceparent: json.text("traceparent"),
        }
    }
}

/// Its body; empty where there is none. Waits for the end of one that is still on its way; `Cancelled`: it broke off.
///
/// ```
/// assert_eq!(pluvio::input::bytes()?, []);
/// ```
pub fn bytes() -> Result<Vec<u8>> {
    let length = found("input::bytes", "", unsafe { raw::input_length() })?.unwrap_or(0);
    bytes::take("input::bytes", length, |buffer, size, offset| unsafe { raw::input_read(buffer, size, offset) })
}

/// Copies a part of its body to a buffer: from that offset on what has come; gives how many bytes, 0 at its end.
/// Of a body that is still on its way it waits for more; `Cancelled`: it broke off.
///
/// ```
/// let mut buffer = [0; 4096];
/// assert_eq!(pluvio::input::part(&mut buffer, 0)?, 0);
/// ```
pub fn part(buffer: &mut [u8], offset: u32) -> Result<usize> {
    let code = unsafe { raw::input_read(buffer.as_mut_ptr(), buffer.len(), offset) };
    Ok(done("input::part", "", code)? as usize)
}

/// Its body as text. `Invalid`: it is not UTF-8.
///
/// ```
/// assert_eq!(pluvio::input::text()?, "");
/// ```
pub fn text() -> Result<String> {
    bytes::text_of("input::text", bytes()?)
}

/// What it is; none: there is none.
///
/// ```
/// assert_eq!(pluvio::input::info()?.unwrap().kind, "call");
/// ```
pub fn info() -> Result<Option<InputInfo>> {
    match found("input::info", "", unsafe { raw::message_info() })? {
        None => Ok(None),
        Some(length) => {
            let json = Value::parse(&bytes::take_text("input::info", length)?)?;
            Ok(Some(InputInfo::read(&json)))
        }
    }
}
