//! The page for a terminal: the verdict first, then as much as fits a screen or two.

use super::page::{AppliedCard, Card, Line, Page, RepairCard, Table};

/// The narrowest and widest text that is laid out.
const WIDTH_MIN: usize = 48;
const WIDTH_MAX: usize = 110;
/// The columns of a budget's bar.
const BAR: usize = 24;

/// Ink: ANSI sequences, or nothing.
#[derive(Clone, Copy)]
struct Ink {
    on: bool,
}

impl Ink {
    fn paint(self, code: &str, text: &str) -> String {
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }
}

/// Lines under construction.
struct Paper {
    out: String,
    ink: Ink,
    width: usize,
}

/// Renders the page for a terminal of `width` columns.
pub(super) fn render(page: &Page, color: bool, width: usize) -> String {
    let mut paper = Paper {
        out: String::new(),
        ink: Ink { on: color },
        width: width.clamp(WIDTH_MIN, WIDTH_MAX),
    };
    paper.verdict(page);
    for table in &page.budgets {
        paper.budget(page, table);
    }
    for card in &page.findings {
        paper.chain(page, card);
    }
    paper.ruled_out(page);
    paper.repairs(page);
    for card in &page.applied {
        paper.applied(page, card);
    }
    paper.changes(page);
    paper.list(page.t["HeadRemains"], page.remains.iter().map(Line::plain));
    paper.hygiene(page);
    if page.findings.is_empty() {
        let open = page.open.iter().map(|one| format!("{}: {}", one.reason, one.causes.join("; ")));
        paper.list(page.t["HeadOpen"], open);
    }
    paper.out
}

impl Paper {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn heading(&mut self, text: &str) {
        let text = self.ink.bold(text);
        self.line("");
        self.line(&text);
    }

    /// Wraps text at words, the first line with its mark, the others below its text.
    fn item(&mut self, mark: &str, text: &str) {
        let indent = mark.chars().count() + 2;
        let mut start = format!("  {mark}");
        for piece in wrap(text, self.width.saturating_sub(indent + 1)) {
            let line = format!("{start}{piece}");
            self.line(&line);
            start = " ".repeat(indent);
        }
    }

    fn verdict(&mut self, page: &Page) {
        let tone = match page.outcome_slug {
            "finding" => "1;31",
            "inconclusive" => "1;33",
            _ => "1;32",
        };
        let word = self.ink.paint(tone, page.outcome);
        let target = self.ink.dim(&page.target);
        self.line(&format!("{word}  {target}"));
        for headline in &page.headline {
            let text = with_ids(headline);
            for piece in wrap(&text, self.width) {
                let piece = self.ink.bold(&piece);
                self.line(&piece);
            }
        }
    }

    fn budget(&mut self, page: &Page, table: &Table) {
        self.heading(&format!("{}: {} {}", page.t["HeadBudget"], table.path, table.total));
        for row in &table.rows {
            let cells = (row.percent / 100.0 * BAR as f64).round() as usize;
            let bar =
                format!("{}{}", "█".repeat(cells.min(BAR)), "·".repeat(BAR.saturating_sub(cells)));
            let bar = self.ink.dim(&bar);
            self.line(&format!("  {:<15} {bar} {:>9} {:>8}", row.name, row.time, row.share));
        }
    }

    fn chain(&mut self, page: &Page, card: &Card) {
        self.heading(&format!(
            "{}: {} {} ({})",
            page.t["HeadChain"], card.cause, card.title, card.grade
        ));
        for (at, link) in card.chain.iter().enumerate() {
            self.item(&format!("{}. ", at + 1), &with_ids(link));
        }
    }

    fn ruled_out(&mut self, page: &Page) {
        let lines =
            page.ruled_out.iter().map(|one| format!("{}: {}", one.names(), one.says.plain()));
        self.list(page.t["HeadRuledOut"], lines);
    }

    fn repairs(&mut self, page: &Page) {
        if page.repairs.is_empty() && page.refused.is_empty() {
            return;
        }
        self.heading(page.t["HeadRepairs"]);
        for card in &page.repairs {
            self.repair(page, card);
        }
        for refused in &page.refused {
            self.item("✗ ", &refused.plain());
        }
    }

    fn repair(&mut self, page: &Page, card: &RepairCard) {
        self.item(&format!("{} ", card.class), &format!("{} ({})", card.title, card.cause));
        let mark = " ".repeat(card.class.chars().count() + 1);
        let how = card.how.as_ref().map(Line::plain);
        let effect =
            card.effect.as_ref().map(|line| format!("{}: {}", page.t["LabelEffect"], line.plain()));
        let command = card.command.as_ref().map(|command| format!("$ {command}"));
        for text in [how, command, effect].into_iter().flatten() {
            self.item(&mark, &text);
        }
    }

    fn applied(&mut self, page: &Page, card: &AppliedCard) {
        self.heading(&format!("{}: {}", page.t["HeadApplied"], card.title));
        let mut fate = card.fate.to_owned();
        if let Some(reason) = &card.reason {
            fate = format!("{fate}: {reason}");
        }
        self.item("", &fate);
        if let (Some(foretold), Some(changed)) = (&card.foretold, &card.changed) {
            let (before, after) = (page.t["LabelForetold"], page.t["LabelChanged"]);
            self.item("", &format!("{before}: {foretold}, {after}: {changed}"));
        }
        if let (Some(state), Some(reached)) = (&card.state, card.state_reached) {
            self.item("", &format!("{} ({reached})", state.plain()));
        }
        for one in &card.endpoints {
            let control =
                if one.control { format!(" ({})", page.t["LabelControl"]) } else { String::new() };
            let text = format!(
                "{}{control}: {} → {} ({}), {}, {}",
                one.path, one.median_before, one.median_after, one.change, one.effect, one.status
            );
            self.item("- ", &text);
        }
    }

    fn hygiene(&mut self, page: &Page) {
        let lines = page
            .hygiene
            .iter()
            .map(|card| format!("{} {}: {}", card.cause, card.title, card.says.plain()));
        self.list(page.t["HeadHygiene"], lines);
    }

    /// What changed since the run before, when one was given.
    fn changes(&mut self, page: &Page) {
        let Some(changes) = &page.changes else { return };
        let kinds = [
            ("LabelNew", &changes.new),
            ("LabelGone", &changes.gone),
            ("LabelSame", &changes.same),
        ];
        let lines = kinds.into_iter().flat_map(|(label, lines)| {
            lines.iter().map(move |line| format!("{}: {line}", page.t[label]))
        });
        self.list(page.t["HeadDiff"], lines);
    }

    fn list(&mut self, heading: &str, lines: impl IntoIterator<Item = String>) {
        let mut lines = lines.into_iter().peekable();
        if lines.peek().is_none() {
            return;
        }
        self.heading(heading);
        for line in lines {
            self.item("- ", &line);
        }
    }
}

fn with_ids(line: &Line) -> String {
    match line.ids.len() + line.more {
        0 => line.plain(),
        1..=4 => format!("{} [{}]", line.plain(), line.ids.join(" ")),
        more => format!("{} [{} … {} facts]", line.plain(), line.ids[0], more),
    }
}

/// Breaks text at spaces into lines of at most `width` characters; longer words stay whole.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_at_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("/a/very/long/path x", 6), ["/a/very/long/path", "x"]);
    }
}
