//! The one place that prints: answers to standard output, all else to standard error.

use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};

use crate::failure::{Exit, Failure};

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();

/// Prints one line of an answer.
pub fn line(text: impl Display) {
    answer(&format!("{text}\n"));
}

/// Prints text of an answer as it is.
pub fn answer(text: &str) {
    let mut out = anstream::stdout().lock();
    end_on_broken_pipe(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Tells something beside the answer.
pub fn note(text: impl Display) {
    let mut out = anstream::stderr().lock();
    // Nobody can be told that standard error does not take what they should be told.
    let _ = writeln!(out, "{text}");
}

/// Says why a verb failed and what to do.
pub fn fail(failure: &Failure) {
    note(format_args!("{RED}error:{RED:#} {}", failure.what));
    if let Some(fix) = &failure.fix {
        note(format_args!("{GREEN}  try:{GREEN:#} {fix}"));
    }
}

/// Text that stands out.
pub fn bold(text: impl Display) -> String {
    format!("{BOLD}{text}{BOLD:#}")
}

/// Prints a table with a head.
pub fn table(head: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(head.iter().map(|cell| cell.to_uppercase()));
    // Beyond a terminal nothing is wrapped, so that a row stays a line for other programs.
    if !io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell)));
    }
    let lines = table.lines().map(|row| format!("{}\n", row.trim_end()));
    answer(&lines.collect::<String>());
}

/// Text from outside with its control characters made visible, so that it cannot act on a terminal.
pub fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        // The bidirectional controls can make a line read as something else (CVE-2021-42574).
        let acts = c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if acts {
            let _ = write!(safe, "{}", c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Whether a person reads standard output.
pub fn is_read_by_a_person() -> bool {
    io::stdout().is_terminal()
}

/// Whether a person reads standard error.
pub fn errors_are_read_by_a_person() -> bool {
    io::stderr().is_terminal()
}

/// Whether a person can be asked: reads standard error and types into standard input.
pub fn answers_can_be_given() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question that is answered with yes or no; whatever is not a yes is a no.
pub fn ask_yes(question: &str) -> bool {
    let mut err = anstream::stderr().lock();
    let asked = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    asked.is_ok() && read_line(8).is_ok_and(|answer| matches!(answer.trim(), "y" | "yes" | "Y"))
}

/// How many columns standard output has; 100 where it is no terminal.
pub fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { 100 } else { columns.clamp(40, 160) }
}

/// Reads one line from standard input, at most `max_bytes` long, without its end.
///
/// # Errors
/// When it cannot be read, is not UTF-8 or is longer.
pub fn read_line(max_bytes: usize) -> io::Result<String> {
    use std::io::{BufRead, Read};
    let mut text = String::new();
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(2);
    io::stdin().lock().take(limit).read_line(&mut text)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.len() > max_bytes {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the line is too long"));
    }
    Ok(line.to_owned())
}

/// Asks a person for a secret without showing it. `None` when no person is there.
///
/// # Errors
/// When the terminal fails or the person presses Ctrl-C.
pub fn ask_secret(question: &str, max_bytes: usize) -> io::Result<Option<String>> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(None);
    }
    let shown = tcgetattr(&stdin)?;
    let mut hidden = shown.clone();
    // Without ISIG a Ctrl-C comes as a character, so the terminal is never left mute by it.
    hidden.local_modes -= LocalModes::ECHO | LocalModes::ISIG;
    hidden.local_modes |= LocalModes::ECHONL;
    tcsetattr(&stdin, OptionalActions::Flush, &hidden)?;
    let mut err = anstream::stderr().lock();
    let _ = write!(err, "{question}: ").and_then(|()| err.flush());
    let line = read_line(max_bytes);
    tcsetattr(&stdin, OptionalActions::Flush, &shown)?;
    let line = line?;
    if line.contains(['\u{3}', '\u{1c}']) {
        return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted"));
    }
    Ok(Some(line))
}

/// Whoever read us has seen enough: that ends the program in the ordinary way.
fn end_on_broken_pipe(outcome: io::Result<()>) {
    match outcome {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            std::process::exit(i32::from(Exit::Success.code()));
        }
        Err(error) => {
            note(format_args!("error: the answer cannot be written: {error}"));
            std::process::exit(i32::from(Exit::Failed.code()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_act_on_a_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\nc\u{202e}d"), "a\\u{1b}[31mb\\u{a}c\\u{202e}d");
        assert_eq!(plain("Žluťoučký 🐎"), "Žluťoučký 🐎");
    }
}
