//! What holds for the whole PostgreSQL server: slots for connections, slots of replicas, checkpoints.

use std::collections::BTreeMap;

use super::super::scene::Scene;
use super::activity::{self, ACTIVITY};
use super::session::Session;
use super::watch::application;
use crate::evidence::{FactKey, Value, object, redact};

/// Most replication slots listed.
const SLOTS_MAX: usize = 50;
/// From this version on pg_stat_database counts sessions.
const WITH_SESSIONS: i64 = 140_000;
/// From this version on some slots are reserved for roles with pg_use_reserved_connections.
const WITH_RESERVED: i64 = 160_000;
/// From this version on checkpoints have a view of their own.
const WITH_CHECKPOINTER: i64 = 170_000;
/// From this version on slots say whether their WAL is still kept.
const WITH_SLOT_STATUS: i64 = 130_000;

/// Takes every reading of the server.
pub async fn publish(scene: &Scene<'_>, session: &Session) {
    publish_connections(scene, session).await;
    publish_checkpoints(scene, session).await;
    publish_slots(scene, session).await;
    publish_xmin(scene, session).await;
    if let Ok(opened) = sessions_opened(session).await {
        // It is set once; a second reading would hide what was opened meanwhile.
        let _set_before = session.sessions_before.set(opened);
    }
}

async fn publish_connections(scene: &Scene<'_>, session: &Session) {
    let reserved = match session.version {
        WITH_RESERVED.. => {
            "SELECT current_setting('max_connections')::int8 AS most, \
             current_setting('superuser_reserved_connections')::int8 \
             + current_setting('reserved_connections')::int8 AS reserved"
        }
        _ => {
            "SELECT current_setting('max_connections')::int8 AS most, \
             current_setting('superuser_reserved_connections')::int8 AS reserved"
        }
    };
    let name = &session.name;
    match session.row(reserved).await {
        Ok(row) => {
            let source = session.source("postgres", reserved);
            scene.fact(FactKey::PgMaxConnections, name, row.get::<_, i64>("most"), &source);
            scene.fact(
                FactKey::PgReservedConnections,
                name,
                row.get::<_, i64>("reserved"),
                &source,
            );
        }
        Err(reason) => scene.missing(FactKey::PgMaxConnections, name, reason),
    }
    match activity::look(session).await {
        Ok(sessions) => {
            let source = session.source("postgres_activity", ACTIVITY);
            scene.fact(FactKey::PgConnectionsUsed, name, sessions.len(), &source);
            let mut by_app: BTreeMap<String, u64> = BTreeMap::new();
            for one in &sessions {
                *by_app.entry(application(one)).or_default() += 1;
            }
            scene.fact(FactKey::PgConnectionsByApp, name, by_app, &source);
        }
        Err(reason) => scene.missing(FactKey::PgConnectionsUsed, name, reason),
    }
}

async fn publish_checkpoints(scene: &Scene<'_>, session: &Session) {
    let sql = match session.version {
        WITH_CHECKPOINTER.. => {
            "SELECT num_timed::int8 AS timed, num_requested::int8 AS requested, \
             pg_size_bytes(current_setting('max_wal_size'))::int8 AS wal FROM pg_stat_checkpointer"
        }
        _ => {
            "SELECT checkpoints_timed::int8 AS timed, checkpoints_req::int8 AS requested, \
             pg_size_bytes(current_setting('max_wal_size'))::int8 AS wal FROM pg_stat_bgwriter"
        }
    };
    let name = &session.name;
    match session.row(sql).await {
        Ok(row) => {
            let source = session.source("postgres_checkpoints", sql);
            for (key, column) in [
                (FactKey::PgCheckpointsTimed, "timed"),
                (FactKey::PgCheckpointsRequested, "requested"),
                (FactKey::PgMaxWalBytes, "wal"),
            ] {
                scene.fact(key, name, row.get::<_, i64>(column), &source);
            }
        }
        Err(reason) => scene.missing(FactKey::PgCheckpointsRequested, name, reason),
    }
}

async fn publish_slots(scene: &Scene<'_>, session: &Session) {
    let status =
        if session.version >= WITH_SLOT_STATUS { "coalesce(wal_status, '')" } else { "''" };
    let sql = format!(
        "SELECT slot_name::text AS name, active, {status} AS status, coalesce(pg_wal_lsn_diff( \
         CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, \
         restart_lsn), 0)::int8 AS retained FROM pg_replication_slots ORDER BY 4 DESC LIMIT 50"
    );
    let rows = match session.rows(&sql, &[]).await {
        Ok(rows) => rows,
        Err(reason) => return scene.missing(FactKey::PgSlots, &session.name, reason),
    };
    let source = session.source("postgres_slots", &sql);
    let mut names = Vec::new();
    for row in rows.iter().take(SLOTS_MAX) {
        let plain = redact::text(&row.get::<_, String>("name"));
        let slot = object::slot(&session.name, &plain);
        scene.fact(FactKey::PgSlotActive, &slot, row.get::<_, bool>("active"), &source);
        scene.fact(FactKey::PgSlotRetainedBytes, &slot, row.get::<_, i64>("retained"), &source);
        scene.fact(FactKey::PgSlotStatus, &slot, row.get::<_, String>("status"), &source);
        names.push(plain);
    }
    scene.fact(FactKey::PgSlots, &session.name, names, &source);
    publish_free_space(scene, session).await;
}

/// Free space of the file system its data is on; needs the path, and that it is on this machine.
async fn publish_free_space(scene: &Scene<'_>, session: &Session) {
    const WHERE: &str = "SELECT current_setting('data_directory') AS folder, \
        coalesce(inet_server_addr() <<= inet '127.0.0.0/8', true) AS here";
    let name = &session.name;
    let row = match session.row(WHERE).await {
        Ok(row) => row,
        Err(reason) => return scene.missing(FactKey::PgDiskFreeBytes, name, reason),
    };
    let (folder, here): (String, bool) = (row.get("folder"), row.get("here"));
    if !here {
        let reason = "the data lies on another machine";
        return scene.missing(FactKey::PgDiskFreeBytes, name, reason);
    }
    match rustix::fs::statvfs(&folder) {
        Ok(space) => {
            let source = crate::evidence::Source::new(
                "postgres_slots",
                format!("statvfs of {}", redact::text(&folder)),
                "df -B1 DATA_DIRECTORY",
            );
            scene.fact(FactKey::PgDiskFreeBytes, name, space.f_bavail * space.f_frsize, &source);
        }
        Err(error) => {
            scene.missing(FactKey::PgDiskFreeBytes, name, format!("statvfs of its data: {error}"));
        }
    }
}

/// Who keeps old row versions from being cleaned, the oldest of all.
async fn publish_xmin(scene: &Scene<'_>, session: &Session) {
    const HOLDERS: &str = "SELECT who, age::int8 AS age FROM ( \
        SELECT 'backend ' || pid AS who, age(backend_xmin) AS age FROM pg_stat_activity \
        WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() \
        AND backend_type IN ('client backend', 'walsender') UNION ALL \
        SELECT 'slot ' || slot_name, greatest(age(xmin), age(catalog_xmin)) \
        FROM pg_replication_slots WHERE xmin IS NOT NULL OR catalog_xmin IS NOT NULL UNION ALL \
        SELECT 'prepared transaction ' || gid, age(transaction) FROM pg_prepared_xacts \
        ) holders ORDER BY 2 DESC NULLS LAST LIMIT 1";
    match session.rows(HOLDERS, &[]).await {
        Ok(rows) => {
            if let Some(row) = rows.first() {
                let source = session.source("postgres_xmin", HOLDERS);
                let who = redact::text(&row.get::<_, String>("who"));
                let age = row.get::<_, Option<i64>>("age").unwrap_or(0);
                scene.fact(FactKey::PgXminHolder, &session.name, who, &source);
                scene.fact(FactKey::PgXminAge, &session.name, age, &source);
            }
        }
        Err(reason) => scene.missing(FactKey::PgXminHolder, &session.name, reason),
    }
}

const SESSIONS: &str =
    "SELECT sessions::int8 AS opened FROM pg_stat_database WHERE datname = current_database()";

async fn sessions_opened(session: &Session) -> Result<i64, String> {
    if session.version < WITH_SESSIONS {
        return Err("PostgreSQL counts sessions from version 14 on".to_owned());
    }
    Ok(session.row(SESSIONS).await?.get("opened"))
}

/// Sessions opened since [`publish`], beside the number of requests we sent.
pub async fn publish_sessions(scene: &Scene<'_>, session: &Session) {
    let sent: u64 = scene.collector.so_far(FactKey::HttpErrors).iter().map(|draft| draft.n).sum();
    let before = session.sessions_before.get();
    match (sessions_opened(session).await, before) {
        (Ok(now), Some(before)) => {
            let source = session.source("postgres_sessions", SESSIONS);
            let opened = Value::from(now - before);
            let key = (FactKey::PgSessionsOpened, session.name.as_str());
            scene.fact_over(sent, key, opened, &source);
        }
        (Err(reason), _) => scene.missing(FactKey::PgSessionsOpened, &session.name, reason),
        (Ok(_), None) => scene.missing(
            FactKey::PgSessionsOpened,
            &session.name,
            "the counter could not be read before the requests",
        ),
    }
}
