use crate::bytes;
use crate::raw::{self, ErrorCode};
use std::fmt;

/// A host call that could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: ErrorCode,
    what: String,
    message: String,
}

/// What host calls give.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// What kind of failure it is.
    ///
    /// ```
    /// assert_eq!(pluvio::mailbox::call("nobody", b"hi", None).unwrap_err().code(), pluvio::ErrorCode::NotFound);
    /// ```
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What who was asked said of its failure; empty: nothing.
    ///
    /// ```
    /// assert_eq!(pluvio::kv::set("", &vec![0; 2_000_000]).unwrap_err().message(), "");
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn new(code: ErrorCode, what: &str, subject: &str) -> Self {
        Self::of(code, what, subject, String::new())
    }

    /// An answer of the host that is not as docs/abi.md says, or a body that is not what was asked for.
    pub(crate) fn invalid(what: &str, message: String) -> Self {
        Self::of(ErrorCode::Invalid, what, "", message)
    }

    fn of(code: ErrorCode, what: &str, subject: &str, message: String) -> Self {
        let what = [what, subject].join(" ").trim_end().to_string();
        Error { code, what, message }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.code)?;
        if !self.message.is_empty() {
            write!(f, " ({})", self.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// What a call gave, or its error.
pub(crate) fn done(what: &str, subject: &str, code: i32) -> Result<u32> {
    u32::try_from(code).map_err(|_| Error::new(ErrorCode::of(code), what, subject))
}

/// As `done`; none where there is nothing of that name.
pub(crate) fn found(what: &str, subject: &str, code: i32) -> Result<Option<u32>> {
    match code {
        raw::NOT_FOUND => Ok(None),
        _ => done(what, subject, code).map(Some),
    }
}

/// As `done`, for calls that leave what who was asked said of its failure in the result register.
pub(crate) fn answered(what: &str, subject: &str, code: i32) -> Result<u32> {
    if code != raw::FAILED {
        return done(what, subject, code);
    }
    let length = u32::try_from(unsafe { raw::result_length() }).unwrap_or(0);
    let said = bytes::take_result(length)?;
    let message = String::from_utf8_lossy(&said).into_owned();
    Err(Error::of(ErrorCode::Failed, what, subject, message))
}
