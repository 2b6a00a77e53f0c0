//! `[sessions]`: how long one stays signed in, and how what has expired is swept.

use super::quantity::Lapse;
use super::section::section;

section! {
    /// How long one stays signed in, and how what has expired is swept.
    Sessions = "sessions" {
        /// A session that is not used for so long ends, and is swept.
        idle: Lapse = Lapse::days(7);
        /// A session ends after so long in any case.
        absolute: Lapse = Lapse::days(30);
        /// For so long after the password was given, a risky act (a new password, a deletion, a
        /// role) does not ask for it again.
        fresh: Lapse = Lapse::minutes(15);
        /// Uses of a session closer together than this are not written down.
        touch: Lapse = Lapse::minutes(5);
        /// Sessions kept in memory, so that a request needs no database to know who asks.
        cache: u32 = 65_536;
        /// Sessions one user may have at a time, 1 to 1000. A sign-in beyond it ends the oldest.
        per_user_max: u32 = 100;
        /// How often the sweep looks for expired sessions.
        sweep_every: Lapse = Lapse::minutes(1);
        /// The most rows one slice of the sweep removes. It takes fewer when they take long, and
        /// stands back while live writes wait.
        sweep_rows: u32 = 200;
        /// How long one slice may hold the writer.
        sweep_slice: Lapse = Lapse::ms(2);
        /// How long one run of the sweep goes on at the most; the next run takes up the rest.
        sweep_run: Lapse = Lapse::minutes(1);
    }
}
