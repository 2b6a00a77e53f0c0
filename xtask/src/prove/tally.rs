//! Counts that add up over the slices of a long proof.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Ask;
use crate::{place, say};

/// Named counts of one slice.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally(BTreeMap<String, u64>);

impl Tally {
    /// Adds to a count.
    pub fn add(&mut self, name: &str, count: u64) {
        *self.0.entry(name.to_owned()).or_default() += count;
    }

    /// A count; one never added to is 0.
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Adds all counts of another tally.
    pub fn merge(&mut self, other: &Self) {
        for (name, count) in &other.0 {
            self.add(name, *count);
        }
    }

    fn to_json(&self, profile: &str) -> Value {
        json!({ "profile": profile, "counts": self.0 })
    }

    fn from_json(value: &Value, profile: &str) -> Option<Self> {
        let counts = value["counts"].as_object().filter(|_| value["profile"] == profile)?;
        let read = counts.iter().filter_map(|(name, count)| Some((name.clone(), count.as_u64()?)));
        Some(Self(read.collect()))
    }

    /// Keeps this slice's counts and returns the sum over all slices that are done.
    ///
    /// # Errors
    /// When the slice's file cannot be written.
    pub fn with_other_slices(self, proof: &str, ask: &Ask) -> Result<Self> {
        let (index, of) = ask.slice;
        if of == 1 {
            return Ok(self);
        }
        std::fs::write(file(proof, index, of)?, self.to_json(ask.profile).to_string())
            .context("cannot keep the slice's counts")?;
        let mut sum = Self::default();
        let mut done = 0;
        for other in 1..=of {
            let text = std::fs::read_to_string(file(proof, other, of)?).unwrap_or_default();
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            if let Some(counts) = Self::from_json(&value, ask.profile) {
                sum.merge(&counts);
                done += 1;
            }
        }
        say::line(format_args!("{done} of {of} slices are done; the figures add those up"));
        Ok(sum)
    }
}

fn file(proof: &str, index: u32, of: u32) -> Result<PathBuf> {
    let dir = place::target()?.join("prove").join("slices");
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir.join(format!("{proof}-{index}-of-{of}.json")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_survives_being_written_down() {
        let mut tally = Tally::default();
        tally.add("kills", 3);
        tally.add("kills", 2);
        assert_eq!(Tally::from_json(&tally.to_json("release"), "release"), Some(tally.clone()));
        assert_eq!(Tally::from_json(&tally.to_json("debug"), "release"), None);
        assert_eq!(tally.get("kills"), 5);
        assert_eq!(tally.get("lost"), 0);
    }
}
