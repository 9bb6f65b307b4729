//! Messages to all who want them. Capabilities `topics.publish` and `topics.subscribe`, by topic.

use crate::error::{done, found};
use crate::{raw, Result};

/// Sends a message to all who have subscribed. It leaves when the current input is durable.
///
/// ```
/// pluvio::topics::publish("news", b"rain")?;
/// ```
pub fn publish(topic: &str, body: &[u8]) -> Result<()> {
    let code = unsafe { raw::publish(topic.as_ptr(), topic.len(), body.as_ptr(), body.len()) };
    done("topics::publish", topic, code)?;
    Ok(())
}

/// From now on what is published there comes as an input of kind `topic`. `Quota`: there are as many
/// subscriptions as there may be.
///
/// ```
/// pluvio::topics::subscribe("news")?;
/// assert!(pluvio::topics::unsubscribe("news")?);
/// assert_eq!(pluvio::topics::subscribe("other").unwrap_err().code(), pluvio::ErrorCode::Denied);
/// ```
pub fn subscribe(topic: &str) -> Result<()> {
    done("topics::subscribe", topic, unsafe { raw::subscribe(topic.as_ptr(), topic.len()) })?;
    Ok(())
}

/// Ends a subscription; false: there was none.
///
/// ```
/// assert!(!pluvio::topics::unsubscribe("news")?);
/// ```
pub fn unsubscribe(topic: &str) -> Result<bool> {
    let code = unsafe { raw::unsubscribe(topic.as_ptr(), topic.len()) };
    Ok(found("topics::unsubscribe", topic, code)?.is_some())
}
