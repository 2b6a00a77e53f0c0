//! The one place where xtask writes to the terminal.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

/// Prints one line to standard output.
pub fn line(text: impl Display) {
    let mut out = std::io::stdout().lock();
    // A closed pipe (`cargo xtask prove --list | head`) is the reader's choice, not an error of ours.
    let _closed_pipe = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints the heading of a step, set off from the output of the tools it runs.
pub fn step(text: impl Display) {
    line(format_args!("\n==> {text}"));
}

/// Prints one line to standard error.
pub fn fault(text: impl Display) {
    let _closed_pipe = writeln!(std::io::stderr().lock(), "{text}");
}

/// A duration as a person reads it: `412 ms`, `8.3 s`, `12 min 04 s`.
pub fn duration(took: Duration) -> String {
    let seconds = took.as_secs();
    if took < Duration::from_secs(1) {
        format!("{} ms", took.as_millis())
    } else if seconds < 60 {
        format!("{:.1} s", took.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

/// Lays rows out in columns as wide as their widest cell; the first row is the heading.
pub fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let laid = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(laid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_in_the_unit_a_person_would_choose() {
        assert_eq!(duration(Duration::from_millis(412)), "412 ms");
        assert_eq!(duration(Duration::from_millis(8_300)), "8.3 s");
        assert_eq!(duration(Duration::from_secs(724)), "12 min 04 s");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows =
            [vec!["verb".to_owned(), "what".to_owned()], vec!["a".to_owned(), "b".to_owned()]];
        assert_eq!(columns(&rows), ["verb  what", "a     b"]);
    }
}
