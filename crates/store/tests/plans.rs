//! Every statement goes through an index: proven with `EXPLAIN QUERY PLAN` on a populated database.
#![expect(clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::sync::Arc;

use galen_store::{Query, SqliteSettings, SqliteStore, queries};
use galen_testkit::NullObserver;
use galen_testkit::samples::Samples;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

/// A plan that scans or sorts, and why that is right.
struct Exception {
    query: &'static str,
    step: &'static str,
    #[expect(dead_code, reason = "for whoever reads the list")]
    why: &'static str,
}

/// ALL exceptions. A statement that scans or sorts and is not here fails the test.
const ALL: &[Exception] = &[
    Exception {
        query: "alert.rules",
        step: "SCAN rule_changes",
        why: "all of it, in the order of its key: there are a thousand rows at the most",
    },
    Exception {
        query: "alert.rule_beyond",
        step: "SCAN rule_changes",
        why: "counts to a thousand in the order of its key, when an admin changes a rule",
    },
    Exception {
        query: "api_key.every",
        step: "SCAN api_keys",
        why: "all of it, in the order of its key: there are a thousand rows at the most",
    },
    Exception {
        query: "api_key.standing",
        step: "SCAN api_keys",
        why: "counts to a thousand in the order of its key, when an admin makes a key",
    },
    Exception { query: "api_key.standing", step: "SCAN counted", why: "the same rows, counted" },
    Exception {
        query: "broadcast.marked",
        step: "SCAN broadcasts USING COVERING INDEX broadcasts_marked",
        why: "in the order of an index that holds nothing else, and cut after one row",
    },
    Exception {
        query: "notification.unread_after",
        step: "SCAN later",
        why: "at most a thousand and one rows of one user, found through an index and then counted",
    },
    Exception { query: "user.inbox", step: "SCAN shown", why: "one row at the most, counted" },
    Exception { query: "broadcast.reach", step: "SCAN looked", why: "the same rows, counted" },
    Exception {
        query: "broadcast.reach",
        step: "SCAN users",
        why: "looks at a bounded number of users in the order of their key: no index has a filter",
    },
    Exception {
        query: "purge.next",
        step: "SCAN purges",
        why: "in the order of its key and cut after one row, so one row is read",
    },
    Exception {
        query: "user.page_among",
        step: "SCAN u",
        why: "an admin's filter that no index has: a bounded number of users in the order of their key",
    },
    Exception {
        query: "user.page_among",
        step: "USE TEMP B-TREE FOR ORDER BY",
        why: "of those looked at, the ones that fit; the sorter keeps one page",
    },
    Exception {
        query: "user.page_by_prefix",
        step: "USE TEMP B-TREE FOR ORDER BY",
        why: "an admin's search: the prefix chooses rows by address, the page wants them by age; \
              the sorter keeps one page",
    },
    Exception {
        query: "webhook.every",
        step: "SCAN webhooks",
        why: "all of it, in the order of its key: there are fifty rows at the most",
    },
    Exception {
        query: "webhook.beyond",
        step: "SCAN webhooks",
        why: "counts to fifty in the order of its key, when an admin adds a webhook",
    },
];

const POPULATE: &str = "
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
    INSERT INTO users (id, email, email_key, name, password_hash, role, status, created_at, updated_at)
    SELECT randomblob(16), 'u' || i, 'u' || i, '', 'h', iif(i % 100, 'user', 'admin'), 'active', i, i FROM n;
    INSERT INTO sessions
    SELECT randomblob(16), randomblob(32), u.id, u.created_at, u.created_at, u.created_at,
           u.created_at * 60000, u.created_at * 60000 + k.n, iif(k.n = 1, NULL, '192.0.2.' || k.n), 'agent'
    FROM users u JOIN (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) k;
    INSERT INTO session_expiry_counts SELECT expires_at, count(*) FROM sessions GROUP BY expires_at;
    INSERT INTO notifications
    SELECT u.id, k.n = 3, u.created_at * 10 + k.n, randomblob(16), 'c', 'info', NULL, NULL, 't', 'b', NULL,
           NULL, NULL, 'system', NULL, k.n, NULL, u.created_at, iif(k.n % 2, k.n, NULL), iif(k.n = 3, 1, NULL)
    FROM users u JOIN (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) k;
    INSERT INTO broadcasts
    SELECT id, created_at * 10 + 5, iif(created_at % 9, 'ended', iif(created_at % 2, 'live', 'recalled')), 'c',
           'info', NULL, NULL, 't', 'b', NULL, NULL, NULL, 'system', NULL, created_at, NULL, NULL, NULL, NULL,
           NULL, created_at, created_at, 1, 1, 1, created_at % 2 FROM users;
    INSERT INTO broadcast_marks SELECT u.id, b.seq, 1, NULL FROM users u JOIN broadcasts b ON b.seq % 100 = 5;
    INSERT INTO idempotency_keys SELECT id, 'k', id, randomblob(32), created_at, NULL FROM users;
    INSERT INTO api_keys SELECT id, 'k', randomblob(32), 'notify:send', created_at, NULL, NULL, NULL, NULL FROM users;
    INSERT INTO audit
    SELECT randomblob(16), s.created_at, iif(s.created_at % 5, 'login.succeeded', 'login.failed'),
           iif(s.created_at % 3, s.user_id, NULL), NULL, NULL, randomblob(16), '{}', s.user_id
    FROM sessions s;
    INSERT INTO purges SELECT randomblob(16) FROM users LIMIT 500;
    INSERT INTO setup VALUES (1, randomblob(32), 1);
    INSERT INTO rule_changes
    SELECT 'rule' || created_at % 7, email, 1, 0.5, 60, 1 FROM users LIMIT 900;
    INSERT INTO silences
    SELECT randomblob(16), 'writer_lock', '', created_at, created_at, NULL FROM users LIMIT 900;
    INSERT INTO webhooks
    SELECT randomblob(16), 'https://example.org', '', 'active', 1, NULL, 1 FROM users LIMIT 50;
    INSERT INTO preferences
    SELECT id, NULL, 'Asia/Tehran', 1380, 420, 'off' FROM users WHERE created_at % 2;
    INSERT INTO preference_rules SELECT id, 'c' || created_at % 9, 0, NULL FROM users;
    INSERT INTO push_subscriptions
    SELECT randomblob(16), id, 'e', randomblob(32), randomblob(65), randomblob(16), NULL, 1 FROM users;
    INSERT INTO held_notices SELECT id, 'email', created_at, randomblob(16), created_at FROM users;
    INSERT INTO fan_outs (broadcast_id, channel, seq, after, state)
    SELECT id, 'email', created_at, x'', iif(created_at % 9, 'done', 'running') FROM users;
    INSERT INTO parcels
    SELECT randomblob(16), iif(n.i % 3, 'email', 'webhook'), id, 'd' || n.i % 40, 'mail.test', 'en',
           '[]', '[]', iif(n.i % 10, 'sent', 'queued'), 1, n.i, n.i, NULL, iif(n.i % 10, n.i, NULL), NULL,
           iif(n.i % 2, id, NULL)
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS i FROM users) n;
";

fn populated(folder: &Path) -> Connection {
    let path = folder.join("galen.db");
    let settings = SqliteSettings::at(&path);
    let clock = Samples::default().clock;
    let store = SqliteStore::open(settings, clock, Arc::new(NullObserver)).expect("it opens");
    store.close();
    let connection = Connection::open(path).expect("it opens again");
    connection.execute_batch(POPULATE).expect("it is populated");
    connection
}

fn plan(connection: &Connection, query: &Query) -> Vec<String> {
    // As the store's own connections: a plan hangs on the text alone.
    let fixed = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true);
    assert_eq!(fixed, Ok(true));
    let explained = format!("EXPLAIN QUERY PLAN {}", query.sql);
    let mut statement = connection.prepare(&explained).expect(query.name);
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().expect(query.name) {
        steps.push(row.get::<_, String>(3).expect("a step is text"));
    }
    steps
}

fn is_costly(step: &str) -> bool {
    // A row of constants is none of a table's.
    (step.starts_with("SCAN") && step != "SCAN CONSTANT ROW")
        || step.contains("TEMP B-TREE")
        || step.contains("AUTOMATIC")
}

fn hold_every_plan(connection: &Connection) {
    let mut used = Vec::new();
    for query in queries::each() {
        for step in plan(connection, query).into_iter().filter(|step| is_costly(step)) {
            let excused =
                ALL.iter().find(|one| one.query == query.name && step.starts_with(one.step));
            let excused = excused.unwrap_or_else(|| panic!("{}: {step}", query.name));
            used.push(excused.query);
        }
    }
    for exception in ALL {
        assert!(used.contains(&exception.query), "{} needs no exception", exception.query);
    }
}

#[test]
fn no_statement_scans_a_table_or_sorts_needlessly() {
    let folder = tempfile::tempdir().expect("a folder");
    hold_every_plan(&populated(folder.path()));
}

#[test]
fn nor_does_one_once_the_planner_has_statistics() {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = populated(folder.path());
    connection.execute_batch("ANALYZE").expect("statistics are taken");
    // The planner reads statistics when the schema is read anew.
    let path = connection.path().expect("it has a path").to_owned();
    drop(connection);
    hold_every_plan(&Connection::open(path).expect("it opens again"));
}

#[test]
fn admins_are_found_among_many_through_an_index_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = populated(folder.path());
    let own = |when: &str| {
        let connection = Connection::open(connection.path().expect("a path")).expect("opened");
        for query in [queries::user::PAGE_ADMINS, queries::user::PAGE_ADMINS_BY_PREFIX] {
            let steps = plan(&connection, &query);
            assert!(steps.iter().any(|step| step.contains("users_admins")), "{when}: {steps:?}");
        }
    };
    own("without statistics");
    connection.execute_batch("ANALYZE").expect("statistics are taken");
    own("with statistics");
}

#[test]
fn the_same_scan_without_its_index_is_found_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = populated(folder.path());
    connection.execute_batch("DROP INDEX sessions_by_expiry").expect("dropped");
    let steps = plan(&connection, &queries::session::ANY_EXPIRED);
    assert!(steps.iter().any(|step| is_costly(step)), "{steps:?}");
}
