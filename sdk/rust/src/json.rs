//! JSON (RFC 8259), as far as the host ABI needs it. Programs may use a crate of their choice instead.

use crate::json_parser::Parser;
use crate::{Error, Result};
use std::fmt;

/// A JSON value. Numbers are exact up to 2^53; members keep their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    /// The value of a text. `Invalid`: it is not JSON, or nests more than 64 deep.
    ///
    /// ```
    /// let value = pluvio::json::Value::parse(r#"{"n": [1, "two\u00e9", null, true]}"#)?;
    /// assert_eq!(value.to_string(), r#"{"n":[1,"twoé",null,true]}"#);
    /// assert_eq!(pluvio::json::Value::parse("[1,]").unwrap_err().code(), pluvio::ErrorCode::Invalid);
    /// ```
    pub fn parse(text: &str) -> Result<Value> {
        Parser::new(text).document().map_err(|message| Error::invalid("json::Value::parse", message))
    }

    /// An object of these members.
    ///
    /// ```
    /// use pluvio::json::Value;
    /// assert_eq!(Value::object([("a", Value::Number(1.0))]).to_string(), r#"{"a":1}"#);
    /// ```
    pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
        Value::Object(members.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
    }

    /// The last member of that name; none also where this is no object.
    ///
    /// ```
    /// use pluvio::json::Value;
    /// assert_eq!(Value::parse(r#"{"a":true}"#)?.get("a"), Some(&Value::Bool(true)));
    /// ```
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(members) => members.iter().rev().find(|(member, _)| member == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The items of an array; empty also where this is none.
    ///
    /// ```
    /// assert_eq!(pluvio::json::Value::parse("[1,2]")?.items().len(), 2);
    /// ```
    pub fn items(&self) -> &[Value] {
        match self {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    /// The text of a string.
    ///
    /// ```
    /// assert_eq!(pluvio::json::Value::from("Ada").as_str(), Some("Ada"));
    /// ```
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a number.
    ///
    /// ```
    /// assert_eq!(pluvio::json::Value::parse("-1.5e3")?.as_f64(), Some(-1500.0));
    /// ```
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(String::from)
    }

    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_f64()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.to_string())
    }
}

/// As JSON without spaces; a number that JSON lacks is null.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{}", value),
            Value::Number(number) if number.is_finite() => write!(f, "{}", number),
            Value::Number(_) => f.write_str("null"),
            Value::String(text) => write_string(f, text),
            Value::Array(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{}{}", comma, item)?;
                }
                f.write_str("]")
            }
            Value::Object(members) => {
                f.write_str("{")?;
                for (index, (name, value)) in members.iter().enumerate() {
                    f.write_str(if index > 0 { "," } else { "" })?;
                    write_string(f, name)?;
                    write!(f, ":{}", value)?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\u{0}'..='\u{1f}' => write!(f, "\\u{:04x}", character as u32)?,
            _ => write!(f, "{}", character)?,
        }
    }
    f.write_str("\"")
}
