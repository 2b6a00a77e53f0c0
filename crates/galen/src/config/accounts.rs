//! `[accounts]`: who may have an account, and what passwords must be like.

use super::quantity::Lapse;
use super::section::section;
use super::value::choice;

section! {
    /// Who may have an account, and what passwords must be like.
    Accounts = "accounts" {
        /// `"open"`: anybody makes one, and proves the address by mail. `"invite"`: whom an admin
        /// invites. `"closed"`: admins make accounts, with a password.
        registration: Registration = Registration::Open;
        /// Whether somebody who registered may sign in before the address was proven.
        unproven_may_sign_in: bool = false;
        /// After how long an account whose address nobody proved is removed.
        unproven_kept: Lapse = Lapse::days(7);
        /// How long a mailed link that proves an address works.
        verify_link: Lapse = Lapse::days(1);
        /// How long a mailed link that sets a new password works.
        reset_link: Lapse = Lapse::minutes(60);
        /// How long an invitation works.
        invitation_link: Lapse = Lapse::days(7);
        /// How long "this was not me" in a warning works.
        not_me_link: Lapse = Lapse::days(7);
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
    Registration, "`\"open\"`, `\"invite\"` or `\"closed\"`" {
        /// Anybody.
        Open = "open",
        /// Whom an admin invites.
        Invite = "invite",
        /// Admins only.
        Closed = "closed",
    }
}
