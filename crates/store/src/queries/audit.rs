//! Statements on the audit trail.

use super::Query;

/// ALL statements on the audit trail.
pub const ALL: &[Query] = &[
    ADD,
    PAGE,
    PAGE_BY_ACTOR,
    PAGE_BY_CODE,
    PAGE_BY_ACTOR_AND_CODE,
    PAGE_BY_SUBJECT,
    PAGE_BY_SUBJECT_AND_CODE,
];

/// Adds a row.
pub const ADD: Query = Query {
    name: "audit.add",
    sql: "INSERT INTO audit (id, at, code, actor, target, address, request_id, params, subject) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
};

/// A page of all rows: before this identifier and not before that one, at most so many.
pub const PAGE: Query = Query {
    name: "audit.page",
    sql: "SELECT id, at, code, actor, target, address, request_id, params FROM audit \
          WHERE id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3",
};

/// A page of what one user did.
pub const PAGE_BY_ACTOR: Query = Query {
    name: "audit.page_by_actor",
    sql: "SELECT id, at, code, actor, target, address, request_id, params FROM audit \
          WHERE actor = $1 AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4",
};

/// A page of rows with one code.
pub const PAGE_BY_CODE: Query = Query {
    name: "audit.page_by_code",
    sql: "SELECT id, at, code, actor, target, address, request_id, params FROM audit \
          WHERE code = $1 AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4",
};

/// A page of rows with one code that one user caused.
pub const PAGE_BY_ACTOR_AND_CODE: Query = Query {
    name: "audit.page_by_actor_and_code",
    sql: "SELECT id, at, code, actor, target, address, request_id, params FROM audit \
          WHERE actor = $1 AND code = $2 AND id < $3 AND id >= $4 ORDER BY id DESC LIMIT $5",
};

/// A page of what concerns one user.
pub const PAGE_BY_SUBJECT: Query = Query {
    name: "audit.page_by_subject",
    sql: "SELECT id, at, code, actor, target, address, request_id, params FROM audit \
          WHERE subject = $1 AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4",
};

/// A page of rows with one code that concern one user.
pub const PAGE_BY_SUBJECT_AND_CODE: Query = Query {
    name: "audit.page_by_subject_and_code",
    sql: "SELECT id, at, code, actor, target, address, request_id, params FROM audit \
          WHERE subject = $1 AND code = $2 AND id < $3 AND id >= $4 ORDER BY id DESC LIMIT $5",
};
