//! `[checks]`: what is asked again and again from the outside, as a visitor would.

use super::monitor::WebUrl;
use super::quantity::Lapse;
use super::section::section;

section! {
    /// What is asked again and again from the outside, as a visitor would: own pages, and the
    /// backends of others. Connecting, the first byte and the whole are timed apart.
    Checks = "checks" {
        /// How often each is asked.
        every: Lapse = Lapse::s(30);
        /// How long an answer may take.
        timeout: Lapse = Lapse::s(10);
        /// Paths of this server, asked for at the address it listens on.
        own: Vec<String> = ["/livez", "/readyz", "/api/auth/csrf"].map(str::to_owned).to_vec();
        /// URLs of other backends that are watched from here.
        foreign: Vec<WebUrl> = Vec::new();
    }
}
