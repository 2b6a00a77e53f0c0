//! What an examination in a process of its own said, read from its report as JSON.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::sickroom::{command, read};

/// The verb of the test's own binary that examines a URL.
pub const EXAMINE: &str = "examine";

/// What an examination said.
pub struct Report(Value);

impl Report {
    /// The object of the named cause; a neighbour is the truth on a machine that tests something else.
    ///
    /// # Errors
    /// When another cause is named, or none.
    pub fn named(&self, cause: &str) -> Result<String> {
        let findings: Vec<&Value> =
            self.list("findings").filter(|one| one["cause"] != "F19").collect();
        match findings.as_slice() {
            [only] if only["cause"] == cause => {
                Ok(only["object"].as_str().unwrap_or_default().to_owned())
            }
            _ => bail!("{cause} is not the one cause named: {}", self.headline()),
        }
    }

    /// The object of a named cause among several.
    #[must_use]
    pub fn among(&self, cause: &str) -> Option<String> {
        let finding = self.list("findings").find(|one| one["cause"] == cause)?;
        Some(finding["object"].as_str().unwrap_or_default().to_owned())
    }

    /// The object of a finding that explains no symptom.
    #[must_use]
    pub fn hygiene(&self, cause: &str) -> Option<String> {
        let finding = self.list("hygiene").find(|one| one["cause"] == cause)?;
        Some(finding["object"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether a cause is ruled out.
    #[must_use]
    pub fn rules_out(&self, cause: &str) -> bool {
        self.list("ruled_out").any(|one| one["cause"] == cause)
    }

    /// Whether a repair is offered, and of which class.
    #[must_use]
    pub fn offers(&self, repair: &str) -> Option<String> {
        let offer = self.list("repairs").find(|one| one["repair"] == repair)?;
        Some(offer["class"].as_str().unwrap_or_default().to_owned())
    }

    /// The outcome: `healthy`, `finding`, `inconclusive`.
    #[must_use]
    pub fn outcome(&self) -> &str {
        self.0["outcome"].as_str().unwrap_or_default()
    }

    fn headline(&self) -> String {
        let lines = self.list("headline").filter_map(|line| line["text"].as_str());
        lines.collect::<Vec<_>>().join(" ")
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.0[name].as_array().into_iter().flatten()
    }
}

/// Examines a URL in a process of its own, entered by these words.
///
/// # Errors
/// When the examination fails, or says nothing that can be read.
pub fn examine(enter: &[String], url: &str, paths: &[&str]) -> Result<Report> {
    let own = std::env::current_exe().context("find the test's own path")?;
    let profile = own.ancestors().nth(2).context("find the folder of the profile")?;
    let mut words = enter.to_vec();
    words.push(profile.join("doctor_child").display().to_string());
    words.extend([EXAMINE.to_owned(), url.to_owned(), "5".to_owned()]);
    words.extend(paths.iter().map(|path| (*path).to_owned()));
    let said = read(command(&words[0]).args(&words[1..]))?;
    Ok(Report(serde_json::from_str(&said).context("read the report")?))
}
