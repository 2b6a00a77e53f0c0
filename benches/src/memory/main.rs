//! The monitor's memory with its clock in hand: days pass in seconds, and every sample is known.

mod days;
mod ground;
mod quantiles;

use anyhow::{Context, Result, bail};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
usage: galen-memory quantiles DIR DAYS SEED   quantiles of the history beside exact ones, as JSON
       galen-memory days DIR DAYS CAP_MIB     the size on disk while so many busy days pass, as JSON";

#[expect(clippy::print_stdout, reason = "a command line prints its figures")]
fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = match words.as_slice() {
        ["quantiles", dir, days, seed] => {
            runtime.block_on(quantiles::run(dir.as_ref(), number(days)?, number(seed)?))?
        }
        ["days", dir, days, cap] => {
            runtime.block_on(days::run(dir.as_ref(), number(days)?, number(cap)?))?
        }
        _ => bail!("{USAGE}"),
    };
    println!("{found}");
    Ok(())
}

fn number(text: &str) -> Result<u64> {
    text.parse().with_context(|| format!("`{text}` is not a number\n{USAGE}"))
}
