//! `[ntfy]`: which phone is told of alerts.

use std::path::PathBuf;

use super::section::section;

section! {
    /// Which phone is told of alerts and of what else is named, by a server that speaks as ntfy does.
    Ntfy = "ntfy" {
        /// A file whose first line is the topic's URL, such as `https://ntfy.sh/…`, readable by its
        /// owner only: whoever knows the URL reads along. Without it no phone is told.
        topic_file: Option<PathBuf> = None;
        /// A file whose first line is the token the server wants, where it wants one.
        token_file: Option<PathBuf> = None;
        /// Categories of notifications that the phone is told of, beside alerts, whoever they are for;
        /// `"*"` is every one.
        categories: Vec<String> = Vec::new();
    }
}
