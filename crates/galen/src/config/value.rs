//! How one setting is read from a file or from text, and how it is printed back exactly.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::Value;
use toml::de::DeValue;

/// A value as a layer gives it.
#[derive(Clone, Copy, Debug)]
pub enum Given<'a> {
    /// From a TOML file, with its type.
    Toml(&'a DeValue<'a>),
    /// From the environment or a flag: text only.
    Text(&'a str),
}

impl Given<'_> {
    /// The value as an error quotes it.
    pub fn quoted(&self) -> String {
        match self {
            Self::Toml(DeValue::String(text)) => format!("{text:?}"),
            Self::Toml(DeValue::Integer(number)) => number.to_string(),
            Self::Toml(DeValue::Float(number)) => number.to_string(),
            Self::Toml(DeValue::Boolean(value)) => value.to_string(),
            Self::Toml(DeValue::Array(_)) => "a list".to_owned(),
            Self::Toml(DeValue::Table(_)) => "a table".to_owned(),
            Self::Toml(DeValue::Datetime(_)) => "a date".to_owned(),
            Self::Text(text) => format!("{text:?}"),
        }
    }

    /// The text of a string value; of the environment's and the flags' values always.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Toml(value) => value.as_str(),
            Self::Text(text) => Some(text),
        }
    }
}

/// A type that a setting can have.
pub trait Setting: Sized {
    /// What is expected, with its article: "an address and port such as `127.0.0.1:8000`".
    const EXPECTED: &'static str;
    /// A TOML literal that stands in the example file where there is no default.
    const EXAMPLE: &'static str = "";

    /// Reads the value.
    ///
    /// # Errors
    /// The reason, when there is one to add to [`Self::EXPECTED`]; empty text otherwise.
    fn read(given: &Given<'_>) -> Result<Self, String>;

    /// The value as a TOML literal; `None` when it is not set.
    fn print(&self) -> Option<String>;

    /// The value as JSON.
    fn json(&self) -> Value {
        Value::String(self.print().unwrap_or_default().trim_matches('"').to_owned())
    }
}

/// Quotes text as a TOML basic string.
fn quote(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

impl Setting for bool {
    const EXPECTED: &'static str = "`true` or `false`";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        match given {
            Given::Toml(DeValue::Boolean(value)) => Ok(*value),
            Given::Text("true") => Ok(true),
            Given::Text("false") => Ok(false),
            Given::Toml(_) | Given::Text(_) => Err(String::new()),
        }
    }

    fn print(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn json(&self) -> Value {
        Value::Bool(*self)
    }
}

macro_rules! whole_number {
    ($($kind:ty: $expected:literal;)*) => {$(
        impl Setting for $kind {
            const EXPECTED: &'static str = $expected;

            fn read(given: &Given<'_>) -> Result<Self, String> {
                let (digits, radix) = match given {
                    Given::Toml(DeValue::Integer(number)) => (number.as_str(), number.radix()),
                    Given::Text(text) => (*text, 10),
                    Given::Toml(_) => return Err(String::new()),
                };
                Self::from_str_radix(digits, radix).map_err(|_| String::new())
            }

            fn print(&self) -> Option<String> {
                Some(self.to_string())
            }

            fn json(&self) -> Value {
                Value::from(*self)
            }
        }
    )*};
}

whole_number! {
    u16: "a whole number from 0 to 65535";
    u32: "a whole number from 0 to 4294967295";
    u64: "a whole number from 0";
}

impl Setting for String {
    const EXPECTED: &'static str = "text in quotes";
    const EXAMPLE: &'static str = "\"text\"";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        given.text().map(str::to_owned).ok_or_else(String::new)
    }

    fn print(&self) -> Option<String> {
        Some(quote(self))
    }

    fn json(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Setting for PathBuf {
    const EXPECTED: &'static str = "a path in quotes";
    const EXAMPLE: &'static str = "\"/var/lib/galen/file\"";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        let text = given.text().ok_or_else(String::new)?;
        if text.is_empty() || text.contains('\0') {
            return Err("the path is empty or holds a NUL".to_owned());
        }
        Ok(Self::from(text))
    }

    fn print(&self) -> Option<String> {
        Some(quote(&self.display().to_string()))
    }

    fn json(&self) -> Value {
        Value::String(self.display().to_string())
    }
}

impl Setting for SocketAddr {
    const EXPECTED: &'static str =
        "an IP address and port such as `127.0.0.1:8000` or `[::1]:8000`";
    const EXAMPLE: &'static str = "\"127.0.0.1:9464\"";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        let text = given.text().ok_or_else(String::new)?;
        text.parse().map_err(|_| String::new())
    }

    fn print(&self) -> Option<String> {
        Some(quote(&self.to_string()))
    }
}

impl<T: Setting> Setting for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const EXAMPLE: &'static str = T::EXAMPLE;

    fn read(given: &Given<'_>) -> Result<Self, String> {
        T::read(given).map(Some)
    }

    fn print(&self) -> Option<String> {
        self.as_ref().and_then(Setting::print)
    }

    fn json(&self) -> Value {
        self.as_ref().map_or(Value::Null, Setting::json)
    }
}

/// A list of values: an array in a file, separated by commas in the environment and in flags.
impl<T: Setting> Setting for Vec<T> {
    const EXPECTED: &'static str = "a list (in the environment: separated by commas)";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        let one = |item: &Given<'_>| {
            T::read(item).map_err(|reason| {
                let tail = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
                format!("{} is not {}{tail}", item.quoted(), T::EXPECTED)
            })
        };
        match given {
            Given::Toml(DeValue::Array(items)) => {
                items.iter().map(|item| one(&Given::Toml(item.get_ref()))).collect()
            }
            Given::Text(text) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                items.map(|item| one(&Given::Text(item))).collect()
            }
            Given::Toml(_) => Err(String::new()),
        }
    }

    fn print(&self) -> Option<String> {
        let items: Vec<String> = self.iter().filter_map(Setting::print).collect();
        Some(format!("[{}]", items.join(", ")))
    }

    fn json(&self) -> Value {
        self.iter().map(Setting::json).collect()
    }
}

/// Makes an enum whose values are words of the configuration.
macro_rules! choice {
    ($(#[doc = $about:expr])+ $name:ident, $expected:literal {
        $($(#[doc = $doc:expr])+ $variant:ident = $word:literal,)+
    }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[doc = $doc])+ $variant,)+ }

        impl $crate::config::value::Setting for $name {
            const EXPECTED: &'static str = $expected;

            fn read(given: &$crate::config::value::Given<'_>) -> Result<Self, String> {
                let text = <String as $crate::config::value::Setting>::read(given)?;
                match text.as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(String::new()),
                }
            }

            fn print(&self) -> Option<String> {
                let word = match self { $(Self::$variant => $word,)+ };
                Some(format!("\"{word}\""))
            }
        }
    };
}
pub(super) use choice;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_from_text_by_its_commas() {
        let read = Vec::<u16>::read(&Given::Text("1, 2,3"));
        assert_eq!(read, Ok(vec![1, 2, 3]));
        assert_eq!(read.ok().and_then(|list| list.print()).as_deref(), Some("[1, 2, 3]"));
    }

    #[test]
    fn a_list_names_the_item_that_is_wrong() {
        let read = Vec::<u16>::read(&Given::Text("1,x"));
        assert_eq!(read, Err("\"x\" is not a whole number from 0 to 65535".to_owned()));
    }

    #[test]
    fn text_with_quotes_survives_its_printing() {
        assert_eq!("a\"b".to_owned().print().as_deref(), Some("\"a\\\"b\""));
    }
}
