//! Every statement on the history but the search of the log, which is put together in `log`.

use crate::Query;

/// ALL statements; a test proves each plan.
pub(super) const ALL: &[Query] = &[
    METRICS,
    ADD_METRIC,
    RECLASS_METRIC,
    OBJECT_BY_NAME,
    OBJECT_BY_ID,
    ADD_OBJECT,
    USE_OBJECT,
    FORGET_OBJECTS,
    FORGET_OLDEST_OBJECTS,
    ADD_FRAME,
    FRAME_BYTES,
    REPLACE_FRAME,
    FRAMES,
    OLDEST,
    NEWEST,
    DROP_FRAMES,
    ADD_LOG,
    LOG_BOUNDS,
    DROP_LOGS,
    EXPIRE_LOGS,
    OLDEST_LOG,
    ADD_ANNOTATION,
    ANNOTATIONS,
    EXPIRE_ANNOTATIONS,
    DROP_ANNOTATIONS,
    ALERT_BYTES,
    KEEP_ALERT,
    ALERTS,
    OPEN_ALERTS,
    EXPIRE_ALERTS,
    DROP_CLOSED_ALERTS,
    DROP_ALERTS,
    TALLIES,
    SET_TALLY,
];

macro_rules! queries {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $sql:expr;)*) => {
        $($(#[$doc])* pub(super) const $constant: Query = Query { name: $name, sql: $sql };)*
    };
}

queries! {
    METRICS = "history.metrics", "SELECT id, name, is_detail FROM metrics ORDER BY id LIMIT 65535";
    ADD_METRIC = "history.add_metric", "INSERT INTO metrics (name, is_detail) VALUES ($1, $2) RETURNING id";
    RECLASS_METRIC = "history.reclass_metric", "UPDATE metrics SET is_detail = $1 WHERE id = $2";

    OBJECT_BY_NAME = "history.object_by_name", "SELECT id, used_on FROM objects WHERE name = $1";
    OBJECT_BY_ID = "history.object_by_id", "SELECT name FROM objects WHERE id = $1";
    ADD_OBJECT = "history.add_object", "INSERT INTO objects (name, used_on) VALUES ($1, $2) RETURNING id";
    USE_OBJECT = "history.use_object", "UPDATE objects SET used_on = max(used_on, $1) WHERE id = $2";
    /// Forgets objects that no kept window can hold, a few at a time.
    FORGET_OBJECTS = "history.forget_objects",
        "DELETE FROM objects WHERE id IN \
         (SELECT id FROM objects WHERE used_on < $1 ORDER BY used_on, id LIMIT $2)";
    FORGET_OLDEST_OBJECTS = "history.forget_oldest_objects",
        "DELETE FROM objects WHERE id IN (SELECT id FROM objects ORDER BY used_on, id LIMIT $1)";

    ADD_FRAME = "history.add_frame",
        "INSERT INTO frames (place, points) VALUES ($1, $2) ON CONFLICT (place) DO NOTHING";
    FRAME_BYTES = "history.frame_bytes", "SELECT length(points) FROM frames WHERE place = $1";
    REPLACE_FRAME = "history.replace_frame", "UPDATE frames SET points = $1 WHERE place = $2";
    FRAMES = "history.frames",
        "SELECT place, points FROM frames WHERE place >= $1 AND place < $2 ORDER BY place";
    OLDEST = "history.oldest",
        "SELECT place FROM frames WHERE place >= $1 AND place < $2 ORDER BY place LIMIT 1";
    NEWEST = "history.newest",
        "SELECT place FROM frames WHERE place >= $1 AND place < $2 ORDER BY place DESC LIMIT 1";
    DROP_FRAMES = "history.drop_frames",
        "DELETE FROM frames WHERE place >= $1 AND place < $2 RETURNING length(points)";

    ADD_LOG = "history.add_log",
        "INSERT INTO logs (at, level, room, message, code, route, path, status, user_id, \
         request_id, trace_id, fields, bytes) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    /// Between which numbers the lines of a stretch of time stand: the clock may have been set
    /// back between two lines, so numbers and times need not agree.
    LOG_BOUNDS = "history.log_bounds",
        "SELECT min(number), max(number) FROM logs WHERE at >= $1 AND at < $2";
    DROP_LOGS = "history.drop_logs",
        "DELETE FROM logs WHERE number IN (SELECT number FROM logs ORDER BY number LIMIT $1) \
         RETURNING bytes";
    EXPIRE_LOGS = "history.expire_logs",
        "DELETE FROM logs WHERE number IN \
         (SELECT number FROM logs WHERE at < $1 ORDER BY at LIMIT $2) RETURNING bytes";
    OLDEST_LOG = "history.oldest_log", "SELECT at FROM logs ORDER BY number LIMIT 1";

    ADD_ANNOTATION = "history.add_annotation",
        "INSERT INTO annotations (at, code, params, bytes) SELECT $1, $2, $3, $4 \
         WHERE NOT EXISTS \
         (SELECT 1 FROM annotations WHERE at = $1 AND code = $2 AND params = $3)";
    ANNOTATIONS = "history.annotations",
        "SELECT at, code, params FROM annotations WHERE at >= $1 AND at < $2 \
         ORDER BY at DESC, number DESC LIMIT 1000";
    EXPIRE_ANNOTATIONS = "history.expire_annotations",
        "DELETE FROM annotations WHERE number IN \
         (SELECT number FROM annotations WHERE at < $1 ORDER BY at LIMIT $2) RETURNING bytes";
    DROP_ANNOTATIONS = "history.drop_annotations",
        "DELETE FROM annotations WHERE number IN \
         (SELECT number FROM annotations ORDER BY number LIMIT $1) RETURNING bytes";

    ALERT_BYTES = "history.alert_bytes", "SELECT bytes FROM alerts WHERE id = $1";
    KEEP_ALERT = "history.keep_alert",
        "INSERT INTO alerts (id, cause, began_at, fired_at, resolved_at, body, is_open, bytes) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (id) DO UPDATE SET cause = excluded.cause, began_at = excluded.began_at, \
         fired_at = excluded.fired_at, resolved_at = excluded.resolved_at, body = excluded.body, \
         is_open = excluded.is_open, bytes = excluded.bytes";
    ALERTS = "history.alerts",
        "SELECT id, cause, began_at, fired_at, resolved_at, body FROM alerts \
         WHERE id < $1 ORDER BY id DESC LIMIT $2";
    OPEN_ALERTS = "history.open_alerts",
        "SELECT id, cause, began_at, fired_at, resolved_at, body FROM alerts \
         INDEXED BY alerts_open WHERE is_open = 1 ORDER BY id LIMIT 1000";
    /// Identifiers sort by time, so the oldest ones are looked at, however many there are.
    EXPIRE_ALERTS = "history.expire_alerts",
        "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts INDEXED BY alerts_closed \
         WHERE is_open = 0 ORDER BY id LIMIT $1) AND resolved_at < $2 RETURNING bytes";
    DROP_CLOSED_ALERTS = "history.drop_closed_alerts",
        "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts INDEXED BY alerts_closed \
         WHERE is_open = 0 ORDER BY id LIMIT $1) RETURNING bytes";
    DROP_ALERTS = "history.drop_alerts",
        "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts ORDER BY id LIMIT $1) \
         RETURNING bytes";

    TALLIES = "history.tallies", "SELECT part, bytes, rows FROM tallies ORDER BY part LIMIT 7";
    SET_TALLY = "history.set_tally", "UPDATE tallies SET bytes = $1, rows = $2 WHERE part = $3";
}
