//! What a section of the configuration is, and the one table from which everything about it is made.

use serde_json::Value;

use super::value::Given;

/// One key of a section.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// Its documentation, one line each, as the source has it.
    pub doc: &'static str,
    /// What its value must be.
    pub expected: &'static str,
    /// A TOML literal for the example file where there is no default.
    pub example: &'static str,
    /// Whether it is left out of the example file: for tests and benchmarks only.
    pub hidden: bool,
}

/// A value ready to be printed.
#[derive(Debug)]
pub struct Shown {
    /// As a TOML literal; `None` when it is not set.
    pub toml: Option<String>,
    /// As JSON.
    pub json: Value,
}

/// A section of the configuration.
pub trait Section {
    /// Its name in the file.
    fn name(&self) -> &'static str;
    /// Its documentation.
    fn about(&self) -> &'static str;
    /// Its keys, in the order of the example file.
    fn fields(&self) -> &'static [Field];
    /// Sets a key; `None` when there is no such key.
    fn set(&mut self, key: &str, given: &Given<'_>) -> Option<Result<(), String>>;
    /// The value of a key; `None` when there is no such key.
    fn get(&self, key: &str) -> Option<Shown>;
}

/// Makes a section out of its documented keys: the struct, its defaults, how it is read and printed.
/// `[hidden]` before a key keeps it out of the example file.
macro_rules! section {
    ($(#[doc = $about:expr])+ $name:ident = $table:literal {
        $($(#[doc = $doc:expr])+ $([$mark:ident])? $key:ident: $kind:ty = $default:expr;)+
    }) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $key: $kind,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $crate::config::section::Section for $name {
            fn name(&self) -> &'static str {
                $table
            }

            fn about(&self) -> &'static str {
                concat!($($about, "\n",)+)
            }

            fn fields(&self) -> &'static [$crate::config::section::Field] {
                use $crate::config::value::Setting;
                const { &[$($crate::config::section::Field {
                    name: stringify!($key),
                    doc: concat!($($doc, "\n",)+),
                    expected: <$kind as Setting>::EXPECTED,
                    example: <$kind as Setting>::EXAMPLE,
                    hidden: $crate::config::section::is_marked(&[$(stringify!($mark))?]),
                },)+] }
            }

            fn set(
                &mut self,
                key: &str,
                given: &$crate::config::value::Given<'_>,
            ) -> Option<Result<(), String>> {
                use $crate::config::value::Setting;
                match key {
                    $(stringify!($key) => {
                        Some(<$kind as Setting>::read(given).map(|value| self.$key = value))
                    })+
                    _ => None,
                }
            }

            fn get(&self, key: &str) -> Option<$crate::config::section::Shown> {
                use $crate::config::value::Setting;
                match key {
                    $(stringify!($key) => Some($crate::config::section::Shown {
                        toml: Setting::print(&self.$key),
                        json: Setting::json(&self.$key),
                    }),)+
                    _ => None,
                }
            }
        }
    };
}
pub(super) use section;

/// Whether a key carries a mark; the only mark there is is `hidden`.
pub const fn is_marked(marks: &[&str]) -> bool {
    !marks.is_empty()
}
