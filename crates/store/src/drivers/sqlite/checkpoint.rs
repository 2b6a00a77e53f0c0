//! The checkpointer: moves the log into the database beside the writer, so that no commit waits for it.
//!
//! SQLite would do it inside a commit, each thousand pages, and everybody in that commit would wait
//! for the pages to be written and synced. A passive checkpoint on a connection of its own blocks
//! neither writer nor readers (<https://www.sqlite.org/c3ref/wal_checkpoint_v2.html>). Under writes
//! without a pause it never catches up with the last commit, and the log could not begin anew: then
//! the writer does the little that is left itself.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

/// The checkpointer is woken each time the log has grown by so many pages: 1 MiB. While it syncs the
/// database, commits wait for the same disk; many short syncs delay each of them less than a few long
/// ones do the unlucky (docs/decisions/0009).
const WOKEN_EACH_PAGES: i32 = 256;

/// After a checkpoint it rests for so many times as long as that took, and at most [`REST_MAX`]: the
/// disk is the commits' for most of the time, and under heavy writing checkpoints become fewer and
/// larger by themselves.
const REST_TIMES: u32 = 4;

/// The longest rest after a checkpoint.
const REST_MAX: Duration = Duration::from_millis(200);

/// From so many pages on the writer finishes the checkpoint after its commit: 64 MiB.
const WRITER_HELPS_PAGES: i32 = 16_384;

/// Lets the writer's commits wake the checkpointer; takes the place of SQLite's own rule.
pub(super) fn watch(writer: &mut Connection, wake: Sender<()>) -> rusqlite::Result<()> {
    let mut woken_at = 0;
    let hook = move |log: &mut rusqlite::hooks::Wal, pages: i32| {
        if pages < woken_at {
            // The log began anew.
            woken_at = 0;
        }
        if pages >= WRITER_HELPS_PAGES {
            // An error here would make a commit that is durable look as if it had failed.
            if let Err(error) = log.checkpoint_v2(CheckpointMode::PASSIVE) {
                tracing::warn!(%error, "a checkpoint failed; the log grows");
            }
        } else if pages - woken_at >= WOKEN_EACH_PAGES {
            woken_at = pages;
            // One that has been told already need not be told again.
            let _ = wake.try_send(());
        }
        Ok(())
    };
    writer.wal_hook(Some(hook))
}

/// The checkpointer's thread: works until the writer's connection is closed.
pub(super) fn work(connection: &Connection, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        let began = Instant::now();
        let done = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE);
        if let Err(error) = done {
            tracing::warn!(%error, "a checkpoint failed; the log grows");
        }
        std::thread::sleep((began.elapsed() * REST_TIMES).min(REST_MAX));
    }
}
