//! `[webhooks]`: whom webhooks may call.

use super::http::NetworkRange;
use super::section::section;

section! {
    /// Whom webhooks and messages to phones may call: the public internet over https, and the
    /// networks named here.
    Webhooks = "webhooks" {
        /// Networks of yours that may be called although they are not the public internet, without
        /// TLS as well: `["10.1.0.0/16", "127.0.0.1"]`.
        networks: Vec<NetworkRange> = Vec::new();
        /// Categories of notifications that webhooks are told of, beside alerts; `"*"` is every one.
        categories: Vec<String> = Vec::new();
    }
}
