//! Statements on what users want to be told.

use super::Query;

/// ALL statements on preferences.
pub const ALL: &[Query] =
    &[OF_USER, RULES, LANGUAGE, SET, FORGET, FORGET_RULES, ADD_RULE, NO_MAIL_OF, NO_MAIL_AT_ALL];

/// What a user said, but for the rules.
pub const OF_USER: Query = Query {
    name: "preference.of_user",
    sql: "SELECT language, zone, quiet_from, quiet_to, digest FROM preferences WHERE user_id = $1",
};

/// A user's rules, at most so many.
pub const RULES: Query = Query {
    name: "preference.rules",
    sql: "SELECT category, email, push FROM preference_rules WHERE user_id = $1 \
          ORDER BY category LIMIT $2",
};

/// In which language a user wants letters.
pub const LANGUAGE: Query = Query {
    name: "preference.language",
    sql: "SELECT language FROM preferences WHERE user_id = $1",
};

/// Keeps what a user said, but for the rules.
pub const SET: Query = Query {
    name: "preference.set",
    sql: "INSERT INTO preferences (user_id, language, zone, quiet_from, quiet_to, digest) \
          VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id) DO UPDATE SET \
          language = excluded.language, zone = excluded.zone, quiet_from = excluded.quiet_from, \
          quiet_to = excluded.quiet_to, digest = excluded.digest",
};

/// Forgets what a user said, but for the rules.
pub const FORGET: Query =
    Query { name: "preference.forget", sql: "DELETE FROM preferences WHERE user_id = $1" };

/// Forgets a user's rules.
pub const FORGET_RULES: Query = Query {
    name: "preference.forget_rules",
    sql: "DELETE FROM preference_rules WHERE user_id = $1",
};

/// Keeps a rule.
pub const ADD_RULE: Query = Query {
    name: "preference.add_rule",
    sql: "INSERT INTO preference_rules (user_id, category, email, push) VALUES ($1, $2, $3, $4)",
};

/// A user wants no mails of a category.
pub const NO_MAIL_OF: Query = Query {
    name: "preference.no_mail_of",
    sql: "INSERT INTO preference_rules (user_id, category, email, push) VALUES ($1, $2, 0, NULL) \
          ON CONFLICT (user_id, category) DO UPDATE SET email = 0",
};

/// A user wants no mails of any category there is a rule about, but of this one.
pub const NO_MAIL_AT_ALL: Query = Query {
    name: "preference.no_mail_at_all",
    sql: "UPDATE preference_rules SET email = 0 WHERE user_id = $1 AND category <> $2",
};
