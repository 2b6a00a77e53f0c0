//! How the cap is shared out, and what each part takes: kept with every change, never counted.

use galen_core::{LogLine, StoreResult, Tier};

use super::file::{File, Freed, get};
use super::queries::{SET_TALLY, TALLIES};

/// The least a history can work in, in bytes; a smaller cap is raised to it, and the log says so.
pub(super) const SMALLEST_CAP_BYTES: u64 = 4 * 1024 * 1024;

/// The page size of the file, SQLite's default.
pub(super) const PAGE_BYTES: u64 = 4_096;

/// The log's index in shared memory grows with the log (<https://www.sqlite.org/walformat.html>,
/// section 2): 32 KiB for each 4,096 pages of it.
const LOG_INDEX_BYTES: u64 = 64 * 1024;

/// What a table page keeps of a row at the most, and what it keeps at least of a longer one
/// (<https://www.sqlite.org/fileformat2.html>, section 1.6).
const LOCAL_MOST: i64 = 4_061;
const LOCAL_LEAST: i64 = 489;

/// What an overflow page holds.
const OVERFLOW_BYTES: i64 = 4_092;

/// How many parts there are.
const PARTS: usize = 7;

/// What the history is made of; the numbers are those in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The windows of a tier.
    Frames(Tier),
    /// Log lines.
    Logs,
    /// Annotations.
    Annotations,
    /// Alerts.
    Alerts,
    /// The names of objects.
    Objects,
}

impl Part {
    const fn index(self) -> usize {
        match self {
            Self::Frames(tier) => match tier {
                Tier::Fine => 0,
                Tier::Minute => 1,
                Tier::Hour => 2,
            },
            Self::Logs => 3,
            Self::Annotations => 4,
            Self::Alerts => 5,
            Self::Objects => 6,
        }
    }

    /// Its share of the file, in thousandths. What is left is for the inner pages of the trees and
    /// for pages that are not full.
    const fn share_per_mille(self) -> i64 {
        match self {
            Self::Frames(Tier::Fine) => 86,
            Self::Frames(Tier::Minute) => 300,
            Self::Frames(Tier::Hour) => 342,
            Self::Logs => 128,
            Self::Annotations => 20,
            Self::Alerts => 20,
            Self::Objects => 24,
        }
    }
}

/// The cap, shared out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// The whole, in bytes: file, log and the log's index.
    pub cap_bytes: u64,
    /// How long the log may become, in bytes.
    pub log_bytes: u64,
    /// How long the file may become, in pages.
    pub pages: i64,
}

impl Budget {
    pub(super) fn of(cap_bytes: u64) -> Self {
        let cap_bytes = cap_bytes.max(SMALLEST_CAP_BYTES);
        // One flush must fit into the log beside what is in it already.
        let log_bytes = (cap_bytes / 8).clamp(2 * 1024 * 1024 - LOG_INDEX_BYTES, 16 * 1024 * 1024);
        let file_bytes = cap_bytes - log_bytes - LOG_INDEX_BYTES;
        Self { cap_bytes, log_bytes, pages: whole(file_bytes / PAGE_BYTES) }
    }

    /// What a part may take, in bytes.
    pub(super) fn share(&self, part: Part) -> i64 {
        let file_bytes = self.pages.saturating_mul(whole(PAGE_BYTES));
        file_bytes / 1_000 * part.share_per_mille()
    }
}

/// What each part takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tallies([Freed; PARTS]);

impl Tallies {
    pub(super) fn load(file: &File) -> StoreResult<Self> {
        let mut tallies = Self::default();
        file.each(&TALLIES, [], |row| {
            let part: i64 = get(row, 0)?;
            if let Some(tally) = usize::try_from(part).ok().and_then(|at| tallies.0.get_mut(at)) {
                *tally = Freed { bytes: get(row, 1)?, rows: get(row, 2)? };
            }
            Ok(true)
        })?;
        Ok(tallies)
    }

    /// Writes down what differs from `before`.
    pub(super) fn save(&self, file: &File, before: &Self) -> StoreResult<()> {
        for (part, (now, was)) in (0_i64..).zip(self.0.iter().zip(&before.0)) {
            if now != was {
                file.run(&SET_TALLY, [now.bytes, now.rows, part])?;
            }
        }
        Ok(())
    }

    pub(super) const fn bytes(&self, part: Part) -> i64 {
        self.0[part.index()].bytes
    }

    pub(super) const fn rows(&self, part: Part) -> i64 {
        self.0[part.index()].rows
    }

    /// What all parts take.
    #[cfg(test)]
    pub(super) fn total_bytes(&self) -> i64 {
        self.0.iter().map(|tally| tally.bytes).sum()
    }

    pub(super) fn add(&mut self, part: Part, bytes: i64, rows: i64) {
        let tally = &mut self.0[part.index()];
        tally.bytes = tally.bytes.saturating_add(bytes).max(0);
        tally.rows = tally.rows.saturating_add(rows).max(0);
    }

    pub(super) fn free(&mut self, part: Part, freed: Freed) {
        self.add(part, -freed.bytes, -freed.rows);
    }
}

/// What a frame with so many bytes of points takes on disk: what overflows fills whole pages, the
/// rest lies in pages that are three quarters full.
pub(super) const fn frame_cost(points_bytes: i64) -> i64 {
    let row = points_bytes.saturating_add(16);
    if row <= LOCAL_MOST {
        return row + row / 3;
    }
    let rest = (row - LOCAL_LEAST) % OVERFLOW_BYTES;
    let local = if LOCAL_LEAST + rest <= LOCAL_MOST { LOCAL_LEAST + rest } else { LOCAL_LEAST };
    let pages = (row - local + OVERFLOW_BYTES - 1) / OVERFLOW_BYTES;
    local + local / 3 + pages * 4_096
}

/// What a log line takes on disk: itself and its entries in the indexes, in pages that are three
/// quarters full.
pub(super) fn log_cost(line: &LogLine) -> i64 {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let itself = line.room.len() + line.message.len() + line.fields.len() + text(&line.trace_id);
    // The route stands in its row, its path there again and in an index.
    let twice = 2 * text(&line.code) + 3 * text(&line.route);
    let named = 44 * (usize::from(line.user_id.is_some()) + usize::from(line.request_id.is_some()));
    let bytes = whole((itself + twice + named + 80) as u64);
    bytes + bytes / 3
}

/// What a row of these texts takes on disk.
pub(super) fn text_cost(texts: &[&str]) -> i64 {
    let bytes = whole(texts.iter().map(|text| text.len() as u64).sum::<u64>() + 96);
    bytes + bytes / 3
}

/// A size as SQLite counts; sizes beyond its range do not exist.
pub(super) fn whole(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_leave_room_and_the_whole_stays_below_the_cap() {
        for cap in [0, SMALLEST_CAP_BYTES, 64 << 20, 256 << 20, 8 << 30] {
            let budget = Budget::of(cap);
            let file = budget.pages as u64 * PAGE_BYTES;
            assert!(file + budget.log_bytes + LOG_INDEX_BYTES <= budget.cap_bytes, "{cap}");
            let parts = [Part::Logs, Part::Annotations, Part::Alerts, Part::Objects];
            let tiers = Tier::ALL.map(Part::Frames);
            let shared: i64 = parts.iter().chain(&tiers).map(|part| budget.share(*part)).sum();
            assert!(shared as u64 <= file / 100 * 93, "{cap}: room for inner pages");
        }
    }
}
