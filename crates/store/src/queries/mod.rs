//! Every statement Galen runs on its own tables, written once for SQLite and PostgreSQL.
//!
//! Placeholders are `$1`, `$2`, … and appear for the first time in that order: SQLite numbers them
//! by first appearance (<https://www.sqlite.org/lang_expr.html#varparam>), PostgreSQL by their
//! number, and so both agree without a look-up by name. A test holds every statement to it, another
//! proves each plan with `EXPLAIN QUERY PLAN`, a third prepares each on a real PostgreSQL.

pub mod alert;
pub mod api_key;
pub mod audit;
pub mod broadcast;
pub mod counter;
pub mod device;
pub mod dispatch;
pub mod idempotency;
pub mod link;
pub mod notification;
pub mod parcel;
pub mod preference;
pub mod purge;
pub mod push;
pub mod session;
pub mod setup;
pub mod user;
pub mod webhook;

/// One named statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// Its name, `noun.verb`: the label of its count and its time.
    pub name: &'static str,
    /// Its text, the same on both engines.
    pub sql: &'static str,
}

/// ALL statements, grouped by noun; a new one is added to the list of its noun.
pub const ALL: &[&[Query]] = &[
    alert::ALL,
    api_key::ALL,
    audit::ALL,
    broadcast::ALL,
    counter::ALL,
    device::ALL,
    dispatch::ALL,
    idempotency::ALL,
    link::ALL,
    notification::ALL,
    parcel::ALL,
    preference::ALL,
    purge::ALL,
    push::ALL,
    session::ALL,
    setup::ALL,
    user::ALL,
    webhook::ALL,
];

/// Every statement, one after the other.
pub fn each() -> impl Iterator<Item = &'static Query> {
    ALL.iter().flat_map(|group| group.iter())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn no_two_statements_share_a_name_and_each_is_named_noun_and_verb() {
        let mut seen = HashSet::new();
        for query in super::each() {
            assert!(seen.insert(query.name), "{} stands twice", query.name);
            assert_eq!(query.name.split('.').count(), 2, "{}", query.name);
        }
    }

    #[test]
    fn placeholders_appear_for_the_first_time_in_the_order_of_their_numbers() {
        for query in super::each() {
            let mut highest = 0_usize;
            for after in query.sql.split('$').skip(1) {
                let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
                let number: usize = digits.parse().expect(query.name);
                assert!(number <= highest + 1, "{}: ${number} appears too early", query.name);
                highest = highest.max(number);
            }
        }
    }
}
