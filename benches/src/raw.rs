//! Raw figures of single libraries: Argon2id on all cores, durable commits of SQLite.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// OWASP's first recommendation and Galen's default: 19456 KiB, two passes, one lane.
pub(crate) fn parameters() -> Result<Params> {
    Params::new(19_456, 2, 1, Some(32)).map_err(|error| anyhow!("Argon2 parameters: {error}"))
}

/// Hashes `secret` once with memory the caller keeps, into 32 bytes.
pub(crate) fn hash_once(secret: &[u8], memory: &mut [Block]) -> Result<[u8; 32]> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters()?);
    let mut out = [0_u8; 32];
    argon2
        .hash_password_into_with_memory(secret, b"a salt of sixteen", &mut out, memory)
        .map_err(|error| anyhow!("Argon2: {error}"))?;
    Ok(out)
}

/// Memory for one hash, to be reused.
pub(crate) fn memory() -> Result<Vec<Block>> {
    Ok(vec![Block::default(); parameters()?.block_count()])
}

/// Hashes on `threads` threads for `seconds`; gives hashes a second in all.
pub(crate) fn argon2(threads: usize, seconds: u64) -> Result<f64> {
    let done = AtomicU64::new(0);
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    let mut memory = memory()?;
                    while Instant::now() < until {
                        hash_once(b"a few words do", &mut memory)?;
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().map_err(|_| anyhow!("a hashing thread panicked"))?
        })
    })?;
    Ok(done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

/// Commits transactions of `rows` rows durably for `seconds`; gives commits and rows a second.
pub(crate) fn commits(database: &str, rows: usize, seconds: u64) -> Result<(f64, f64)> {
    let connection = rusqlite::Connection::open(database).context("open the database")?;
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         CREATE TABLE IF NOT EXISTS raw (id INTEGER PRIMARY KEY, body TEXT NOT NULL);",
    )?;
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let mut committed = 0_u64;
    while Instant::now() < until {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for _ in 0..rows {
            connection
                .prepare_cached("INSERT INTO raw (body) VALUES (?1)")?
                .execute(["a row of about the size of a small notification, title and body"])?;
        }
        connection.execute_batch("COMMIT")?;
        committed += 1;
    }
    let per_second = committed as f64 / begun.elapsed().as_secs_f64();
    Ok((per_second, per_second * rows as f64))
}
