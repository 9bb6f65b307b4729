//! Messages between workers. Capabilities `mailbox.receive`, and `mailbox.send` by the name of the receiver.

use crate::error::{answered, done};
use crate::input::{self, InputInfo};
use crate::{bytes, headers, raw, time, Header, Result};
use std::time::Duration;

/// A message that the worker has taken. It is over when the worker takes the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub info: InputInfo,
    pub body: Vec<u8>,
}

impl Message {
    /// The body as text. `Invalid`: it is not UTF-8.
    ///
    /// ```
    /// pluvio::mailbox::send("examples", b"hi")?;
    /// assert_eq!(pluvio::mailbox::receive(None)?.text()?, "hi");
    /// ```
    pub fn text(&self) -> Result<String> {
        bytes::text_of("message.text", self.body.clone())
    }

    /// Answers it, once. `State`: nobody waits for an answer; `info.expects_reply` tells.
    ///
    /// ```
    /// pluvio::mailbox::send("examples", b"hi")?;
    /// let message = pluvio::mailbox::receive(None)?;
    /// assert!(!message.info.expects_reply);
    /// assert_eq!(message.reply(b"ho").unwrap_err().code(), pluvio::ErrorCode::State);
    /// ```
    pub fn reply(&self, body: &[u8]) -> Result<()> {
        done("message.reply", "", unsafe { raw::reply(body.as_ptr(), body.len()) })?;
        Ok(())
    }

    /// Answers an HTTP request. `State`: nobody waits for an answer.
    ///
    /// ```
    /// pluvio::mailbox::send("examples", b"hi")?;
    /// let message = pluvio::mailbox::receive(None)?;
    /// assert_eq!(message.reply_http(204, &[], b"").unwrap_err().code(), pluvio::ErrorCode::State);
    /// ```
    pub fn reply_http(&self, status: u16, headers: &[Header], body: &[u8]) -> Result<()> {
        let head = headers::answer_head(status, headers);
        let code = unsafe { raw::reply_http(head.as_ptr(), head.len(), body.as_ptr(), body.len()) };
        done("message.reply_http", "", code)?;
        Ok(())
    }

    /// Who waits gets the error `Failed` with this text. `State`: nobody waits for an answer.
    ///
    /// ```
    /// pluvio::mailbox::send("examples", b"hi")?;
    /// let message = pluvio::mailbox::receive(None)?;
    /// assert_eq!(message.reply_error("no").unwrap_err().code(), pluvio::ErrorCode::State);
    /// ```
    pub fn reply_error(&self, text: &str) -> Result<()> {
        done("message.reply_error", "", unsafe { raw::reply_error(text.as_ptr(), text.len()) })?;
        Ok(())
    }
}

/// Takes the next message, waiting for it; none: for ever. `Timeout`: none came in time.
///
/// ```
/// let error = pluvio::mailbox::receive(Some(std::time::Duration::ZERO)).unwrap_err();
/// assert_eq!(error.code(), pluvio::ErrorCode::Timeout);
/// ```
pub fn receive(timeout: Option<Duration>) -> Result<Message> {
    done("mailbox::receive", "", unsafe { raw::recv(time::timeout_millis(timeout)) })?;
    let info = input::info()?.unwrap_or_default();
    Ok(Message { info, body: input::bytes()? })
}

/// Sends a message and does not wait. It leaves when the current input is durable.
///
/// ```
/// pluvio::mailbox::send("echo", b"hi")?;
/// ```
pub fn send(to: &str, body: &[u8]) -> Result<()> {
    let code = unsafe { raw::send(to.as_ptr(), to.len(), body.as_ptr(), body.len()) };
    done("mailbox::send", to, code)?;
    Ok(())
}

/// Sends a message and waits for the reply; none: for ever. `Failed`: the other one failed, `message` says how.
///
/// ```
/// assert_eq!(pluvio::mailbox::call("echo", b"hi", None)?, b"hi");
/// let error = pluvio::mailbox::call("echo", b"fail", None).unwrap_err();
/// assert_eq!(error.code(), pluvio::ErrorCode::Failed);
/// assert!(error.message().contains("trapped"));
/// ```
pub fn call(to: &str, body: &[u8], timeout: Option<Duration>) -> Result<Vec<u8>> {
    let timeout_ms = time::timeout_millis(timeout);
    let code = unsafe { raw::call(to.as_ptr(), to.len(), body.as_ptr(), body.len(), timeout_ms) };
    bytes::take_result(answered("mailbox::call", to, code)?)
}
