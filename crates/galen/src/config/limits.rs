//! `[limits]`: how often passwords may be tried.

use super::quantity::{Lapse, Rate};
use super::section::section;

section! {
    /// How often passwords may be tried. An attempt is reserved before any work is done for it, and
    /// given back when the password was right. Loopback is not exempt.
    Limits = "limits" {
        /// `false` switches all of them off. For benchmarks, which come from one address, and for
        /// nothing else.
        enabled: bool = true;
        /// Wrong passwords for one account, whatever the way in.
        account: Rate = Rate::new(10, Lapse::minutes(5));
        /// Wrong passwords for one account in the long run (NIST SP 800-63B-4 wants at most 100).
        account_long: Rate = Rate::new(100, Lapse::days(1));
        /// Wrong passwords from one address; an IPv6 address counts by its /64.
        address: Rate = Rate::new(30, Lapse::minutes(5));
        /// Wrong passwords in the whole installation from addresses no owner is known to use: what a
        /// flood of addresses can spend of the CPU.
        strangers: Rate = Rate::new(600, Lapse::minutes(1));
        /// Registrations, mails asked for and tried links from one address.
        registrations: Rate = Rate::new(20, Lapse::minutes(60));
        /// Mails that strangers may have sent to one mailbox.
        mails: Rate = Rate::new(5, Lapse::minutes(60));
    }
}
