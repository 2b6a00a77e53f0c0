//! The dictionaries: metrics and objects are written as numbers, so that a window holds no text.

use std::collections::HashMap;
use std::sync::Arc;

use galen_core::{StoreError, StoreResult, Tier, UnixMs};

use super::budget::{Part, Tallies, text_cost};
use super::file::{File, Freed, get};
use super::queries::{
    ADD_METRIC, ADD_OBJECT, FORGET_OBJECTS, FORGET_OLDEST_OBJECTS, METRICS, OBJECT_BY_ID,
    OBJECT_BY_NAME, RECLASS_METRIC, USE_OBJECT,
};

/// So many metrics the key of a frame can tell apart; the monitor has a fixed list of some fifty.
const METRICS_MOST: usize = 4_096;

/// So many objects are known by name; beyond them those unused for the longest time are forgotten,
/// and their points in old windows are skipped.
const OBJECTS_MOST: i64 = 16_384;

/// So many names are held in memory, at some hundred bytes each; then it begins anew.
const HELD_MOST: usize = 4_096;

/// So many names are forgotten in one flush at the most.
const FORGOTTEN_AT_ONCE: i64 = 64;

/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// A metric as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Metric {
    pub id: i64,
    pub name: String,
    pub is_detail: bool,
}

/// The dictionaries, as far as they are held in memory.
#[derive(Debug, Default)]
pub(super) struct Names {
    metrics: Vec<Metric>,
    /// By name: the number and the last day that was written down.
    objects: HashMap<Arc<str>, (i64, i64)>,
    texts: HashMap<i64, Arc<str>>,
}

impl Names {
    pub(super) fn load(file: &File) -> StoreResult<Self> {
        let mut metrics = Vec::new();
        file.each(&METRICS, [], |row| {
            metrics.push(Metric { id: get(row, 0)?, name: get(row, 1)?, is_detail: get(row, 2)? });
            Ok(true)
        })?;
        Ok(Self { metrics, ..Self::default() })
    }

    pub(super) fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// A metric's number, if it was ever kept.
    pub(super) fn known_metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    /// A metric's number; a new one gets one.
    pub(super) fn metric(&mut self, file: &File, name: &str, is_detail: bool) -> StoreResult<i64> {
        if let Some(metric) = self.metrics.iter_mut().find(|metric| metric.name == name) {
            if metric.is_detail != is_detail {
                file.run(&RECLASS_METRIC, (is_detail, metric.id))?;
                metric.is_detail = is_detail;
            }
            return Ok(metric.id);
        }
        if self.metrics.len() >= METRICS_MOST {
            return Err(StoreError::Engine(format!("more than {METRICS_MOST} metrics")));
        }
        let id = file.number(&ADD_METRIC, (name, is_detail))?.ok_or_else(no_number)?;
        self.metrics.push(Metric { id, name: name.to_owned(), is_detail });
        Ok(id)
    }

    /// An object's number; a new one gets one, and one that is used again is marked so once a day.
    pub(super) fn object(
        &mut self,
        file: &File,
        tallies: &mut Tallies,
        name: &Arc<str>,
        at: UnixMs,
    ) -> StoreResult<i64> {
        let today = at.0.div_euclid(DAY_MS);
        let held = self.objects.get(name).copied();
        let known = match held {
            Some(known) => Some(known),
            None => known_object(file, name)?,
        };
        let (id, day) = match known {
            Some((id, day)) if day >= today => (id, day),
            Some((id, _)) => {
                file.run(&USE_OBJECT, [today, id])?;
                (id, today)
            }
            None => {
                let id = file.number(&ADD_OBJECT, (&**name, today))?.ok_or_else(no_number)?;
                tallies.add(Part::Objects, text_cost(&[name, name]), 1);
                (id, today)
            }
        };
        if held != Some((id, day)) {
            if self.objects.len() >= HELD_MOST {
                self.objects.clear();
            }
            self.objects.insert(Arc::clone(name), (id, day));
        }
        Ok(id)
    }

    /// An object's number, if it was ever kept and is not forgotten.
    pub(super) fn known_object(&self, file: &File, name: &str) -> StoreResult<Option<i64>> {
        match self.objects.get(name) {
            Some((id, _)) => Ok(Some(*id)),
            None => Ok(known_object(file, name)?.map(|(id, _)| id)),
        }
    }

    /// The name of an object; nothing when it was forgotten.
    pub(super) fn text(&mut self, file: &File, id: i64) -> StoreResult<Option<Arc<str>>> {
        if let Some(text) = self.texts.get(&id) {
            return Ok(Some(Arc::clone(text)));
        }
        let mut found: Option<Arc<str>> = None;
        file.each(&OBJECT_BY_ID, [id], |row| {
            found = Some(get::<String>(row, 0)?.into());
            Ok(false)
        })?;
        let Some(text) = found else { return Ok(None) };
        if self.texts.len() >= HELD_MOST {
            self.texts.clear();
        }
        self.texts.insert(id, Arc::clone(&text));
        Ok(Some(text))
    }

    /// Forgets objects that no kept window holds, and the longest unused ones beyond the limits.
    pub(super) fn forget_unused(
        &mut self,
        file: &File,
        tallies: &mut Tallies,
        newest: UnixMs,
        share_bytes: i64,
    ) -> StoreResult<()> {
        let today = newest.0.div_euclid(DAY_MS);
        let last_day = today - Tier::Hour.keep_ms() / DAY_MS - 1;
        let mut gone = file.run(&FORGET_OBJECTS, [last_day, FORGOTTEN_AT_ONCE])?;
        if gone == 0 && tallies.bytes(Part::Objects) > share_bytes {
            // What is in use today is needed to read what is kept today.
            gone = file.run(&FORGET_OBJECTS, [today, FORGOTTEN_AT_ONCE])?;
        }
        if gone == 0 && tallies.rows(Part::Objects) > OBJECTS_MOST {
            gone = file.run(&FORGET_OLDEST_OBJECTS, [FORGOTTEN_AT_ONCE])?;
        }
        if gone > 0 {
            // Names differ in length; what is given back is the mean, and all of it at the end.
            let rows = i64::try_from(gone).unwrap_or(i64::MAX);
            let mean = tallies.bytes(Part::Objects) / tallies.rows(Part::Objects).max(1);
            tallies.free(Part::Objects, Freed { bytes: mean.saturating_mul(rows), rows });
            self.objects.clear();
            self.texts.clear();
        }
        Ok(())
    }
}

fn known_object(file: &File, name: &str) -> StoreResult<Option<(i64, i64)>> {
    let mut found = None;
    file.each(&OBJECT_BY_NAME, [name], |row| {
        found = Some((get(row, 0)?, get(row, 1)?));
        Ok(false)
    })?;
    Ok(found)
}

fn no_number() -> StoreError {
    StoreError::Engine("a new name was given no number".to_owned())
}
