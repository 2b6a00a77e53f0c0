//! What an examination tells while it runs, for a progress bar or a panel.

/// The steps of an examination, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Looking for the server, its process and its database.
    Discover,
    /// Sending requests and watching them.
    Probe,
    /// Reading database files and processes.
    Inspect,
    /// Judging the sealed evidence.
    Judge,
    /// Applying one repair.
    Repair,
    /// Measuring again after a repair.
    Prove,
    /// Writing the report.
    Report,
}

impl Stage {
    /// The stage as it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Probe => "probe",
            Self::Inspect => "inspect",
            Self::Judge => "judge",
            Self::Repair => "repair",
            Self::Prove => "prove",
            Self::Report => "report",
        }
    }
}

/// Hears of progress. Called from several tasks; must not block.
pub trait Progress: Send + Sync {
    /// A step of a stage began; `detail` is short and already redacted.
    fn step(&self, stage: Stage, detail: &str);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _stage: Stage, _detail: &str) {}
}
