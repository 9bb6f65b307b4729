//! Reads JSON by recursive descent. A fault is told with its offset in bytes.

use crate::json::Value;

const MAX_DEPTH: u32 = 64;

type Parsed<T> = std::result::Result<T, String>;

pub(crate) struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Parser { text, at: 0, depth: 0 }
    }

    pub(crate) fn document(mut self) -> Parsed<Value> {
        let value = self.value()?;
        match self.peek() {
            None => Ok(value),
            Some(_) => self.fault("the end"),
        }
    }

    fn fault<T>(&self, expected: &str) -> Parsed<T> {
        Err(format!("offset {}: there must be {}", self.at, expected))
    }

    /// The next byte after white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let spaces = rest.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
        self.at += spaces;
        rest.get(spaces).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn value(&mut self) -> Parsed<Value> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::String),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => self.number(),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Parsed<Value>) -> Parsed<Value> {
        if self.depth == MAX_DEPTH {
            return self.fault(&format!("at most {} levels", MAX_DEPTH));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Parsed<Value> {
        let mut members = Vec::new();
        if self.takes(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.fault("the name of a member");
            }
            let name = self.string()?;
            if !self.takes(b':') {
                return self.fault("a colon");
            }
            members.push((name, self.value()?));
            if self.takes(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.takes(b',') {
                return self.fault("a comma or the end of the object");
            }
        }
    }

    fn array(&mut self) -> Parsed<Value> {
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            if self.takes(b']') {
                return Ok(Value::Array(items));
            }
            if !self.takes(b',') {
                return self.fault("a comma or the end of the array");
            }
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Parsed<Value> {
        if !self.text[self.at..].starts_with(word) {
            return self.fault("a value");
        }
        self.at += word.len();
        Ok(value)
    }

    fn digits(&mut self) -> Parsed<()> {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return self.fault("a digit");
        }
        self.at += count;
        Ok(())
    }

    fn next_is(&self, bytes: &[u8]) -> bool {
        self.text.as_bytes().get(self.at).map_or(false, |byte| bytes.contains(byte))
    }

    fn number(&mut self) -> Parsed<Value> {
        let start = self.at;
        self.at += usize::from(self.next_is(b"-"));
        if !self.text[self.at..].starts_with(|first: char| first.is_ascii_digit()) {
            return self.fault("a value");
        }
        if self.next_is(b"0") {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.next_is(b".") {
            self.at += 1;
            self.digits()?;
        }
        if self.next_is(b"eE") {
            self.at += 1;
            self.at += usize::from(self.next_is(b"+-"));
            self.digits()?;
        }
        let number = self.text[start..self.at].parse();
        number.map(Value::Number).or_else(|_| self.fault("a number"))
    }

    fn string(&mut self) -> Parsed<String> {
        self.at += 1;
        let mut read = String::new();
        loop {
            let rest = &self.text[self.at..];
            let next = rest.find(|each: char| each == '"' || each == '\\' || each < ' ');
            let length = match next {
                None => return self.fault("the end of the string"),
                Some(length) => length,
            };
            read.push_str(&rest[..length]);
            self.at += length;
            match self.text.as_bytes()[self.at] {
                b'"' => {
                    self.at += 1;
                    return Ok(read);
                }
                b'\\' => read.push(self.escape()?),
                _ => return self.fault("an escape in place of a control character"),
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        self.at += 1;
        let byte = self.text.as_bytes().get(self.at).copied();
        self.at += 1;
        Ok(match byte {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.fault("an escape"),
        })
    }

    fn unit(&mut self) -> Parsed<u16> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or("");
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return self.fault("four hexadecimal digits");
        }
        self.at += 4;
        u16::from_str_radix(digits, 16).or_else(|_| self.fault("four hexadecimal digits"))
    }

    /// A lone surrogate, which UTF-8 lacks, becomes the replacement character.
    fn unicode(&mut self) -> Parsed<char> {
        let mut units = vec![self.unit()?];
        let is_high = (0xd800..0xdc00).contains(&units[0]);
        if is_high && self.text[self.at..].starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let low = self.unit()?;
            if (0xdc00..0xe000).contains(&low) {
                units.push(low);
            } else {
                self.at = before;
            }
        }
        let read = char::decode_utf16(units).next().and_then(|character| character.ok());
        Ok(read.unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}
