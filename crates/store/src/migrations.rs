//! The schema's history, one list an engine; an applied migration is never edited.

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number; each is higher than the one before.
    pub version: u32,
    /// What it is called.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
}

/// ALL migrations of the SQLite database, in order.
pub const SQLITE: &[Migration] = &[
    Migration {
        version: 1,
        name: "accounts",
        sql: include_str!("../migrations/sqlite/0001_accounts.sql"),
    },
    Migration {
        version: 2,
        name: "inbox",
        sql: include_str!("../migrations/sqlite/0002_inbox.sql"),
    },
    Migration { version: 3, name: "mail", sql: include_str!("../migrations/sqlite/0003_mail.sql") },
    Migration {
        version: 4,
        name: "webhooks",
        sql: include_str!("../migrations/sqlite/0004_webhooks.sql"),
    },
    Migration {
        version: 5,
        name: "preferences",
        sql: include_str!("../migrations/sqlite/0005_preferences.sql"),
    },
    Migration {
        version: 6,
        name: "dispatch",
        sql: include_str!("../migrations/sqlite/0006_dispatch.sql"),
    },
    Migration { version: 7, name: "push", sql: include_str!("../migrations/sqlite/0007_push.sql") },
    Migration {
        version: 9,
        name: "panels",
        sql: include_str!("../migrations/sqlite/0009_panels.sql"),
    },
];

/// ALL migrations of the PostgreSQL database, in order: the same steps in its words.
pub const POSTGRES: &[Migration] = &[
    Migration {
        version: 1,
        name: "accounts",
        sql: include_str!("../migrations/postgres/0001_accounts.sql"),
    },
    Migration {
        version: 2,
        name: "inbox",
        sql: include_str!("../migrations/postgres/0002_inbox.sql"),
    },
    Migration {
        version: 3,
        name: "mail",
        sql: include_str!("../migrations/postgres/0003_mail.sql"),
    },
    Migration {
        version: 4,
        name: "webhooks",
        sql: include_str!("../migrations/postgres/0004_webhooks.sql"),
    },
    Migration {
        version: 5,
        name: "preferences",
        sql: include_str!("../migrations/postgres/0005_preferences.sql"),
    },
    Migration {
        version: 6,
        name: "dispatch",
        sql: include_str!("../migrations/postgres/0006_dispatch.sql"),
    },
    Migration {
        version: 7,
        name: "push",
        sql: include_str!("../migrations/postgres/0007_push.sql"),
    },
    Migration {
        version: 9,
        name: "panels",
        sql: include_str!("../migrations/postgres/0009_panels.sql"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_take_the_same_steps_in_the_order_of_their_numbers() {
        assert_eq!(SQLITE.len(), POSTGRES.len());
        assert!(SQLITE.is_sorted_by(|before, after| before.version < after.version));
        for (ours, theirs) in SQLITE.iter().zip(POSTGRES) {
            assert_eq!((ours.version, ours.name), (theirs.version, theirs.name));
        }
    }
}
