//! How a verb ends: THE table of exit codes, and a failure that says what to do.

use std::fmt;

macro_rules! exits {
    ($($(#[doc = $doc:expr])+ $name:ident = $code:literal;)*) => {
        /// How the program ends.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Exit { $($(#[doc = $doc])+ $name,)* }

        impl Exit {
            /// Every way to end, with its code and its meaning.
            pub const ALL: &[(Self, u8, &str)] =
                &[$((Self::$name, $code, concat!($($doc,)+)),)*];

            /// The code the shell sees.
            pub const fn code(self) -> u8 {
                match self { $(Self::$name => $code),* }
            }
        }
    };
}

exits! {
    /// It was done; `doctor`: healthy.
    Success = 0;
    /// It failed; `status`: no server runs; `doctor`: there is a finding.
    Failed = 1;
    /// `doctor`: a symptom was measured and its cause was not found.
    Inconclusive = 2;
    /// `doctor`: the examination itself failed.
    DoctorFailed = 3;
    /// `doctor --apply`: repaired, and proven by measurement.
    Repaired = 4;
    /// The command line is wrong.
    Usage = 64;
    /// Another process holds the database or the port; the message names it.
    Held = 75;
    /// The configuration is wrong; the message says where and what is right.
    Config = 78;
}

/// Why a verb did not do what it was asked, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What was wrong.
    pub what: String,
    /// What to do.
    pub fix: Option<String>,
}

impl Failure {
    /// A failure without a special exit code.
    pub fn new(what: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, what: what.into(), fix: None }
    }

    /// The same failure with its way out.
    #[must_use]
    pub fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// The same failure with its exit code.
    #[must_use]
    pub fn exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}

/// Says what was being done when something failed.
pub trait OrFail<T> {
    /// Turns an error into a failure that begins with `what`.
    ///
    /// # Errors
    /// When `self` is an error.
    fn or_fail(self, what: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> OrFail<T> for Result<T, E> {
    fn or_fail(self, what: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("{}: {error}", what())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_endings_share_a_code() {
        let mut codes: Vec<u8> = Exit::ALL
            .iter()
            .map(|(exit, code, _)| {
                assert_eq!(exit.code(), *code);
                *code
            })
            .collect();
        codes.dedup();
        assert_eq!(codes.len(), Exit::ALL.len());
    }
}
