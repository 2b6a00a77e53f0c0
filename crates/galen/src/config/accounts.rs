//! `[accounts]`: who may have an account, and what passwords must be like.

use super::quantity::Lapse;
use super::section::section;
use super::value::choice;

section! {
    /// Who may have an account, and what passwords must be like.
    Accounts = "accounts" {
        /// `"closed"`: admins make accounts. `"open"`: anybody does. Until addresses are verified by
        /// mail, `open` gives away which addresses have an account here, and lets people sign up
        /// under addresses that are not theirs.
        registration: Registration = Registration::Closed;
        /// The fewest characters a password may have. 15 is what NIST SP 800-63B-4 asks where the
        /// password is the only factor; less than 8 is refused.
        password_min_length: u32 = 15;
        /// Words an attacker of this installation would try first, beside its host: the product's
        /// name, the team's. Passwords made of them are refused.
        password_context: Vec<String> = Vec::new();
        /// Passwords hashed at the same time, 19 MiB each; 0 means one a core.
        hash_permits: u16 = 0;
        /// Sign-ins that may wait for a permit to hash; one more is answered 503 with Retry-After.
        hash_queue: u32 = 64;
        /// How long the link of the first start works.
        setup_link: Lapse = Lapse::days(1);
    }
}

choice! {
    /// Who may make an account.
    Registration, "`\"closed\"` or `\"open\"`" {
        /// Admins only.
        Closed = "closed",
        /// Anybody.
        Open = "open",
    }
}
