//! Figures, their goals and the table they are printed in.

use crate::say;

/// What a figure must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// At least this much.
    AtLeast(f64),
    /// At most this much.
    AtMost(f64),
    /// Only shown, beside the figures that count.
    Shown,
}

/// One measured figure.
#[derive(Debug, Clone)]
pub struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    goal: Goal,
    spread: Option<(f64, f64)>,
    control: Option<String>,
}

impl Figure {
    /// A figure with its unit and what it must reach.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str, goal: Goal) -> Self {
        Self { name: name.into(), value, unit, goal, spread: None, control: None }
    }

    /// A count, which has no spread.
    pub fn count(name: impl Into<String>, value: u64, goal: Goal) -> Self {
        let value = value as f64;
        Self::new(name, value, "", goal)
    }

    /// A yes or no, as 1 or 0, that must be yes.
    pub fn holds(name: impl Into<String>, holds: bool) -> Self {
        Self::new(name, f64::from(u8::from(holds)), "", Goal::AtLeast(1.0))
    }

    /// The lowest and the highest of the repeated measurements.
    pub fn spread(mut self, values: &[f64]) -> Self {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.spread = (values.len() > 1).then_some((low, high));
        self
    }

    /// What it was measured beside.
    pub fn beside(mut self, control: impl Into<String>) -> Self {
        self.control = Some(control.into());
        self
    }

    fn is_met(&self) -> bool {
        match self.goal {
            Goal::AtLeast(goal) => self.value >= goal,
            Goal::AtMost(goal) => self.value <= goal,
            Goal::Shown => true,
        }
    }

    fn row(&self) -> Vec<String> {
        let goal = match self.goal {
            Goal::AtLeast(goal) => format!(">= {}", number(goal)),
            Goal::AtMost(goal) => format!("<= {}", number(goal)),
            Goal::Shown => "-".to_owned(),
        };
        let spread = self.spread.map(|(low, high)| format!("{}..{}", number(low), number(high)));
        let verdict = match (self.goal, self.is_met()) {
            (Goal::Shown, _) => "",
            (_, true) => "met",
            (_, false) => "NOT MET",
        };
        vec![
            self.name.clone(),
            format!("{} {}", number(self.value), self.unit).trim_end().to_owned(),
            goal,
            spread.unwrap_or_else(|| "-".to_owned()),
            self.control.clone().unwrap_or_else(|| "-".to_owned()),
            verdict.to_owned(),
        ]
    }
}

/// A number with as many digits as it deserves.
pub fn number(value: f64) -> String {
    let is_whole = value.fract() == 0.0 && value.abs() < 1e15;
    if is_whole || value.abs() >= 100.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

/// Everything a proof found out.
#[derive(Debug, Default)]
pub struct Outcome {
    figures: Vec<Figure>,
    notes: Vec<String>,
}

impl Outcome {
    /// Adds a figure.
    pub fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Adds a sentence that the reader of the figures needs.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Whether every figure reached its goal, and there was at least one that had a goal.
    pub fn is_met(&self) -> bool {
        let counts = |figure: &&Figure| figure.goal != Goal::Shown;
        self.figures.iter().filter(counts).count() > 0 && self.figures.iter().all(Figure::is_met)
    }

    /// Prints the table and the notes.
    pub fn print(&self) {
        let heading =
            ["figure", "value", "goal", "spread", "beside", ""].map(str::to_owned).to_vec();
        let rows: Vec<Vec<String>> =
            std::iter::once(heading).chain(self.figures.iter().map(Figure::row)).collect();
        say::line("");
        say::columns(&rows).iter().for_each(say::line);
        for note in &self.notes {
            say::line(format_args!("note: {note}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_figure_below_its_goal_fails_the_proof() {
        let mut outcome = Outcome::default();
        outcome.add(Figure::count("lost", 0, Goal::AtMost(0.0)));
        assert!(outcome.is_met());
        outcome.add(Figure::new("ratio", 0.69, "x", Goal::AtLeast(0.70)));
        assert!(!outcome.is_met());
    }

    #[test]
    fn a_proof_without_a_goal_proves_nothing() {
        let mut outcome = Outcome::default();
        outcome.add(Figure::new("shown", 3.0, "ms", Goal::Shown));
        assert!(!outcome.is_met());
    }

    #[test]
    fn a_number_that_is_not_one_never_meets_a_goal() {
        let mut outcome = Outcome::default();
        outcome.add(Figure::new("ratio", f64::NAN, "x", Goal::AtLeast(0.7)));
        assert!(!outcome.is_met());
    }
}
