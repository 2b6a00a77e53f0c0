//! What the libraries can do with nothing of Galen in the way: the floor that figures are held against.

mod floor;
mod raw;
mod streams;

use anyhow::{Context, Result, bail};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
usage: galen-floor serve ADDRESS DATABASE   a bare axum server: /hello /csrf /me /notifications /login /events /broadcast
       galen-floor argon2 THREADS SECONDS   raw Argon2id hashes a second, memory reused
       galen-floor commits DATABASE ROWS SECONDS   raw durable commits of ROWS rows each
       galen-floor streams JOB   a crowd of readers of a stream, as the file says";

#[expect(clippy::print_stdout, reason = "a command line prints its figures")]
fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", address, database] => floor::serve(address, database),
        ["argon2", threads, seconds] => {
            let hashes = raw::argon2(number(threads)?, number(seconds)? as u64)?;
            println!("{hashes:.1} hashes/s");
            Ok(())
        }
        ["commits", database, rows, seconds] => {
            let (commits, rows) = raw::commits(database, number(rows)?, number(seconds)? as u64)?;
            println!("{commits:.1} commits/s {rows:.1} rows/s");
            Ok(())
        }
        ["streams", job] => {
            println!("{}", streams::run(job)?);
            Ok(())
        }
        _ => bail!("{USAGE}"),
    }
}

fn number(text: &str) -> Result<usize> {
    text.parse().with_context(|| format!("`{text}` is not a number\n{USAGE}"))
}
