//! Which users are wanted: the parameters that the list and its export share.

use galen_core::model::{Role, UserFilter, UserStatus};

use crate::extract::Query;

/// Takes the parameters of a filter.
pub(crate) fn filter(query: &mut Query) -> UserFilter {
    let roles = Role::ALL.map(|role| (role.name(), role));
    let statuses = UserStatus::ALL.map(|status| (status.name(), status));
    UserFilter {
        email_prefix: query.text("email"),
        role: query.word("role", &roles),
        status: query.word("status", &statuses),
        verified: query.parsed("verified", "Expected true or false."),
        created_from: query.time("created_from"),
        created_until: query.time("created_until"),
        seen_from: query.time("seen_from"),
        seen_until: query.time("seen_until"),
    }
}
