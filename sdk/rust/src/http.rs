//! HTTP requests to others. Capability `http.outbound`, by address.

use crate::error::{answered, found};
use crate::json::Value;
use crate::{bytes, headers, raw, time, Header, Result};
use std::time::Duration;

/// An HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub url: String,
    pub method: String,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
    /// None: as long as the node allows.
    pub timeout: Option<Duration>,
    /// Whether it may be sent again after a move or crash, besides GET, HEAD, OPTIONS, PUT and DELETE, which may.
    pub repeatable: bool,
}

impl Request {
    /// A GET request.
    ///
    /// ```
    /// assert_eq!(pluvio::http::Request::new("http://example.com/").method, "GET");
    /// ```
    pub fn new(url: &str) -> Self {
        Request {
            url: url.to_string(),
            method: "GET".to_string(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: None,
            repeatable: false,
        }
    }

    fn head(&self) -> String {
        let mut members = vec![
            ("url", Value::from(self.url.as_str())),
            ("method", Value::from(self.method.as_str())),
            ("headers", headers::write(&self.headers)),
        ];
        if let Some(timeout) = self.timeout {
            members.push(("timeoutMs", Value::Number(time::millis(timeout) as f64)));
        }
        if self.repeatable {
            members.push(("repeatable", Value::Bool(true)));
        }
        Value::object(members).to_string()
    }
}

/// The answer to an HTTP request, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
}

impl Response {
    /// The body as text. `Invalid`: it is not UTF-8.
    ///
    /// ```
    /// let api = pluvio::config::get("api")?.unwrap();
    /// assert_eq!(pluvio::http::get(&format!("{api}/greeting"))?.text()?, "hello");
    /// ```
    pub fn text(&self) -> Result<String> {
        bytes::text_of("response.text", self.body.clone())
    }

    /// Whether the status is one of 200 to 299.
    ///
    /// ```
    /// let api = pluvio::config::get("api")?.unwrap();
    /// assert!(!pluvio::http::get(&format!("{api}/missing"))?.ok());
    /// ```
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of that name in any case.
    ///
    /// ```
    /// let api = pluvio::config::get("api")?.unwrap();
    /// assert_eq!(pluvio::http::get(&format!("{api}/"))?.header("Content-Type"), Some("text/plain"));
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        headers::find(&self.headers, name)
    }
}

/// Sends a request and waits for the answer. `Interrupted`: it may have been sent when the worker was moved or restored.
///
/// ```
/// let api = pluvio::config::get("api")?.unwrap();
/// let mut request = pluvio::http::Request::new(&format!("{api}/echo"));
/// request.method = "POST".to_string();
/// request.body = b"x".to_vec();
/// assert_eq!(pluvio::http::fetch(&request)?.body, b"x");
/// ```
pub fn fetch(request: &Request) -> Result<Response> {
    let (head, body) = (request.head(), &request.body);
    let code = unsafe { raw::http_fetch(head.as_ptr(), head.len(), body.as_ptr(), body.len()) };
    let length = answered("http::fetch", &request.url, code)?;
    let json = Value::parse(&bytes::take_text("http::fetch", length)?)?;
    let body_length = found("http::fetch", "", unsafe { raw::fetch_body_length() })?.unwrap_or(0);
    Ok(Response {
        status: json.number("status").unwrap_or_default() as u16,
        headers: headers::read(&json),
        body: bytes::take("http::fetch", body_length, |buffer, size, offset| unsafe {
            raw::fetch_body_read(buffer, size, offset)
        })?,
    })
}

/// A GET request.
///
/// ```
/// let error = pluvio::http::get("http://other.invalid/").unwrap_err();
/// assert_eq!(error.code(), pluvio::ErrorCode::Denied);
/// ```
pub fn get(url: &str) -> Result<Response> {
    fetch(&Request::new(url))
}
