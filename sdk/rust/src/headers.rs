use crate::json::Value;

/// A header field of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: String,
    pub value: String,
}

impl Header {
    /// ```
    /// assert_eq!(pluvio::Header::new("accept", "text/plain").value, "text/plain");
    /// ```
    pub fn new(name: &str, value: &str) -> Self {
        Header { name: name.to_string(), value: value.to_string() }
    }
}

/// The first header of that name in any case.
pub(crate) fn find<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    header.map(|header| header.value.as_str())
}

/// The member `headers`, `[[name, value]]`.
pub(crate) fn read(json: &Value) -> Vec<Header> {
    let pairs = json.get("headers").map(Value::items).unwrap_or_default();
    let header = |pair: &Value| match pair.items() {
        [name, value] => Some(Header::new(name.as_str()?, value.as_str()?)),
        _ => None,
    };
    pairs.iter().filter_map(header).collect()
}

pub(crate) fn write(headers: &[Header]) -> Value {
    let pair =
        |header: &Header| Value::Array(vec![Value::from(header.name.as_str()), Value::from(header.value.as_str())]);
    Value::Array(headers.iter().map(pair).collect())
}

/// The head of an HTTP answer as JSON.
pub(crate) fn answer_head(status: u16, headers: &[Header]) -> String {
    let members = [("status", Value::Number(f64::from(status))), ("headers", write(headers))];
    Value::object(members).to_string()
}
