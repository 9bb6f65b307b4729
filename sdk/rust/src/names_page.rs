use crate::json::Value;
use crate::{bytes, Result};

/// A page of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub names: Vec<String>,
    /// Give it as cursor for the next page; none: this is the last one.
    pub cursor: Option<String>,
}

impl Page {
    pub(crate) fn take(what: &str, length: u32) -> Result<Self> {
        let json = Value::parse(&bytes::take_text(what, length)?)?;
        let names = json.get("names").map(Value::items).unwrap_or_default();
        Ok(Page {
            names: names.iter().filter_map(|name| name.as_str()).map(String::from).collect(),
            cursor: json.text("cursor"),
        })
    }
}
