//! Table by table: live and dead rows beside the table's own autovacuum triggers, and what was read.

use std::collections::BTreeMap;

use super::super::scene::Scene;
use super::session::Session;
use crate::evidence::{FactKey, object, redact};

/// Most tables described: those with the most dead or changed rows, and those read in full.
const TABLES_MAX: usize = 12;

/// Every table with its own triggers (PostgreSQL documentation, 25.1.6: base threshold plus scale
/// factor times the rows); storage parameters of the table come before the server's settings.
const TABLES: &str = "SELECT s.relid::int8 AS id, s.schemaname || '.' || s.relname AS name, \
    greatest(s.n_live_tup, c.reltuples, 0)::int8 AS rows, s.n_dead_tup::int8 AS dead, \
    s.n_mod_since_analyze::int8 AS modified, coalesce(s.seq_tup_read, 0)::int8 AS seq_rows, \
    (s.n_tup_ins + s.n_tup_upd + s.n_tup_del)::int8 AS writes, \
    pg_relation_size(s.relid)::int8 AS bytes, \
    (pg_relation_size(s.relid) / current_setting('block_size')::int8)::int8 AS pages, \
    (coalesce(o.vacuum_base, current_setting('autovacuum_vacuum_threshold')::float8) \
     + coalesce(o.vacuum_scale, current_setting('autovacuum_vacuum_scale_factor')::float8) \
     * greatest(c.reltuples, 0))::int8 AS vacuum_trigger, \
    (coalesce(o.analyze_base, current_setting('autovacuum_analyze_threshold')::float8) \
     + coalesce(o.analyze_scale, current_setting('autovacuum_analyze_scale_factor')::float8) \
     * greatest(c.reltuples, 0))::int8 AS analyze_trigger, \
    (current_setting('autovacuum') = 'on' AND coalesce(o.enabled, true)) AS autovacuum \
    FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid CROSS JOIN LATERAL ( \
    SELECT max(option_value::float8) FILTER (WHERE option_name = 'autovacuum_vacuum_threshold') \
      AS vacuum_base, \
    max(option_value::float8) FILTER (WHERE option_name = 'autovacuum_vacuum_scale_factor') \
      AS vacuum_scale, \
    max(option_value::float8) FILTER (WHERE option_name = 'autovacuum_analyze_threshold') \
      AS analyze_base, \
    max(option_value::float8) FILTER (WHERE option_name = 'autovacuum_analyze_scale_factor') \
      AS analyze_scale, \
    bool_and(option_value IN ('on', 'true', '1', 'yes')) \
      FILTER (WHERE option_name = 'autovacuum_enabled') AS enabled \
    FROM pg_options_to_table(c.reloptions)) o \
    ORDER BY s.n_dead_tup + s.n_mod_since_analyze + s.n_live_tup DESC LIMIT 500";

/// Rows read by sequential scans so far, by table.
pub type Tables = BTreeMap<i64, i64>;

/// One table as the statistics collector knows it.
struct Table {
    name: String,
    facts: Vec<(FactKey, i64)>,
    autovacuum: bool,
    seq_rows: i64,
    interest: i64,
}

/// Takes the counters before our requests.
pub async fn begin(scene: &Scene<'_>, session: &Session) {
    match session.rows(TABLES, &[]).await {
        Ok(rows) => {
            let read = rows.iter().map(|row| (row.get("id"), row.get("seq_rows"))).collect();
            // It is set once; there is one reading before the requests.
            let _set_before = session.tables.set(read);
        }
        Err(reason) => scene.missing(FactKey::PgTableDead, &session.name, reason),
    }
}

/// Takes the counters again and publishes the tables that matter.
pub async fn conclude(scene: &Scene<'_>, session: &Session) {
    let rows = match session.rows(TABLES, &[]).await {
        Ok(rows) => rows,
        Err(reason) => return scene.missing(FactKey::PgTableDead, &session.name, reason),
    };
    let source = session.source("postgres_tables", TABLES);
    let before = session.tables.get();
    let mut tables: Vec<Table> = rows.iter().map(|row| read(row, before)).collect();
    tables.sort_by_key(|table| std::cmp::Reverse(table.interest));
    for table in tables.iter().take(TABLES_MAX) {
        let name = object::table(&session.name, &table.name);
        for (key, value) in &table.facts {
            scene.fact(*key, &name, *value, &source);
        }
        scene.fact(FactKey::PgTableAutovacuum, &name, table.autovacuum, &source);
        scene.fact(FactKey::PgTableSeqRows, &name, table.seq_rows, &source);
    }
    if tables.is_empty() {
        scene.missing(FactKey::PgTableDead, &session.name, "the database has no tables");
    }
}

fn read(row: &tokio_postgres::Row, before: Option<&Tables>) -> Table {
    let id: i64 = row.get("id");
    let all_seq: i64 = row.get("seq_rows");
    let seq_rows =
        before.map_or(0, |before| all_seq - before.get(&id).copied().unwrap_or(0)).max(0);
    let columns = [
        (FactKey::PgTableRows, "rows"),
        (FactKey::PgTableDead, "dead"),
        (FactKey::PgTableVacuumTrigger, "vacuum_trigger"),
        (FactKey::PgTableModified, "modified"),
        (FactKey::PgTableAnalyzeTrigger, "analyze_trigger"),
        (FactKey::PgTableBytes, "bytes"),
        (FactKey::PgTablePages, "pages"),
        (FactKey::PgTableWrites, "writes"),
    ];
    let facts: Vec<(FactKey, i64)> =
        columns.into_iter().map(|(key, column)| (key, row.get(column))).collect();
    let of = |wanted| facts.iter().find(|(key, _)| *key == wanted).map_or(0, |(_, value)| *value);
    let interest = of(FactKey::PgTableDead)
        .saturating_add(of(FactKey::PgTableModified))
        .saturating_add(of(FactKey::PgTableRows))
        .saturating_add(seq_rows);
    Table {
        name: redact::text(&row.get::<_, String>("name")),
        autovacuum: row.get("autovacuum"),
        facts,
        seq_rows,
        interest,
    }
}
