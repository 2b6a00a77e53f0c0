//! Letting go: of what is too old, and of what is too much, the least missed first.

use galen_core::{HistoryReceipt, Shed, StoreResult, Tier, UnixMs};

use super::budget::{Budget, PAGE_BYTES, Part, frame_cost, whole};
use super::codec::{all_places, moment, places};
use super::file::{File, Freed};
use super::keeper::Keeper;
use super::names::Metric;
use super::open;
use super::queries::{
    DROP_ALERTS, DROP_ANNOTATIONS, DROP_CLOSED_ALERTS, DROP_FRAMES, DROP_LOGS, EXPIRE_ALERTS,
    EXPIRE_ANNOTATIONS, EXPIRE_LOGS, NEWEST, OLDEST, OLDEST_LOG,
};

/// So many windows of one metric, and so many rows of a table, are deleted with one statement.
const SLICE: i64 = 64;

/// So many statements delete in one flush at the most; the next flush goes on.
const SLICES_MOST: u32 = 512;

/// A part over its share is brought below it by so much of the share, so that it is not over it
/// again with the next flush.
const HEADROOM: i64 = 16;

/// So many pages are given back to the file system in one step.
const PAGES_PER_STEP: i64 = 256;

/// Free pages are given back when they are more than one in so many; fewer are soon needed again.
const FREE_PAGES_KEPT: i64 = 4;

/// Annotations kept at the most.
const ANNOTATIONS_MOST: i64 = 10_000;

impl Keeper {
    /// Lets go of what is older than it is kept, a bounded slice of each kind.
    pub(super) fn expire(&mut self, horizon: UnixMs) -> StoreResult<()> {
        for tier in Tier::ALL {
            let before = horizon.plus_ms(-tier.keep_ms());
            let mut freed = Freed::default();
            for metric in self.names.metrics() {
                let (first, _) = all_places(tier, metric.id);
                let (_, end) = places(tier, metric.id, UnixMs(0), before);
                let Some(oldest) = self.file.number(&OLDEST, [first, end])? else { continue };
                let slice_ends = end.min(oldest.saturating_add(SLICE * tier.step_ms()));
                let some = self.file.returned(&DROP_FRAMES, [oldest, slice_ends], frame_cost)?;
                freed = Freed { bytes: freed.bytes + some.bytes, rows: freed.rows + some.rows };
            }
            self.tallies.free(Part::Frames(tier), freed);
        }
        let before = horizon.plus_ms(-self.log_keep_ms).0;
        let gone = self.file.returned(&EXPIRE_LOGS, [before, 4 * SLICE], same)?;
        self.tallies.free(Part::Logs, gone);
        // Annotations and alerts are kept as long as the windows they explain.
        let before = horizon.plus_ms(-Tier::Hour.keep_ms()).0;
        let gone = self.file.returned(&EXPIRE_ANNOTATIONS, [before, SLICE], same)?;
        self.tallies.free(Part::Annotations, gone);
        let gone = self.file.returned(&EXPIRE_ALERTS, [SLICE, before], same)?;
        self.tallies.free(Part::Alerts, gone);
        let share = self.budget.share(Part::Objects);
        self.names.forget_unused(&self.file, &mut self.tallies, horizon, share)
    }

    /// Makes room for what is about to be written into a tier.
    pub(super) fn make_room(
        &mut self,
        tier: Tier,
        incoming: i64,
        receipt: &mut HistoryReceipt,
    ) -> StoreResult<()> {
        let part = Part::Frames(tier);
        let share = self.budget.share(part);
        let over = self.tallies.bytes(part).saturating_add(incoming) - share;
        if over <= 0 {
            return Ok(());
        }
        self.shed_frames(tier, over.saturating_add(self.headroom(share)), receipt)
    }

    /// How much more than needed is let go, so that it is enough for some flushes. Four parts share
    /// what the log has room for.
    fn headroom(&self, share: i64) -> i64 {
        (share / HEADROOM).min(whole(shed_beyond(&self.budget) / 4))
    }

    /// Sheds so much of a tier: the oldest windows of details first, then the oldest windows.
    pub(super) fn shed_frames(
        &mut self,
        tier: Tier,
        wanted: i64,
        receipt: &mut HistoryReceipt,
    ) -> StoreResult<()> {
        let mut left = wanted;
        for (what, details_only) in [("detail", true), ("frames", false)] {
            let metrics: Vec<Metric> = self
                .names
                .metrics()
                .iter()
                .filter(|m| m.is_detail || !details_only)
                .cloned()
                .collect();
            let freed = shed_oldest(&self.file, tier, &metrics, left)?;
            self.tallies.free(Part::Frames(tier), freed);
            left -= freed.bytes;
            if freed.rows > 0 {
                let oldest = oldest_of(&self.file, tier, &metrics)?;
                let reaches_to = oldest.unwrap_or(self.newest);
                note(receipt, what, Some(tier), freed.rows, reaches_to);
            }
            if left <= 0 {
                break;
            }
        }
        Ok(())
    }

    /// Sheds the oldest log lines until what is about to be written fits into their share.
    pub(super) fn make_room_for_logs(
        &mut self,
        incoming: i64,
        receipt: &mut HistoryReceipt,
    ) -> StoreResult<()> {
        let share = self.budget.share(Part::Logs);
        let over = self.tallies.bytes(Part::Logs).saturating_add(incoming) - share;
        if over <= 0 {
            return Ok(());
        }
        self.shed_logs(over.saturating_add(self.headroom(share)), receipt)
    }

    pub(super) fn shed_logs(
        &mut self,
        wanted: i64,
        receipt: &mut HistoryReceipt,
    ) -> StoreResult<()> {
        let mut freed = Freed::default();
        for _ in 0..SLICES_MOST {
            if freed.bytes >= wanted {
                break;
            }
            let some = self.file.returned(&DROP_LOGS, [SLICE], same)?;
            freed = Freed { bytes: freed.bytes + some.bytes, rows: freed.rows + some.rows };
            if some.rows == 0 {
                break;
            }
        }
        self.tallies.free(Part::Logs, freed);
        if freed.rows > 0 {
            let oldest = self.file.number(&OLDEST_LOG, [])?.map(UnixMs);
            let reaches_to = oldest.unwrap_or(self.newest);
            note(receipt, "logs", None, freed.rows, reaches_to);
        }
        Ok(())
    }

    /// Holds annotations and alerts to their number and their share; closed alerts go first.
    pub(super) fn bound_the_rest(&mut self) -> StoreResult<()> {
        let share = self.budget.share(Part::Annotations);
        for _ in 0..SLICES_MOST {
            let beyond = self.tallies.rows(Part::Annotations) - ANNOTATIONS_MOST;
            let is_over = self.tallies.bytes(Part::Annotations) > share;
            if beyond <= 0 && !is_over {
                break;
            }
            let slice = if is_over { SLICE } else { beyond.min(SLICE) };
            let gone = self.file.returned(&DROP_ANNOTATIONS, [slice], same)?;
            self.tallies.free(Part::Annotations, gone);
            if gone.rows == 0 {
                break;
            }
        }
        let share = self.budget.share(Part::Alerts);
        for _ in 0..SLICES_MOST {
            if self.tallies.bytes(Part::Alerts) <= share {
                break;
            }
            let mut gone = self.file.returned(&DROP_CLOSED_ALERTS, [1], same)?;
            if gone.rows == 0 {
                gone = self.file.returned(&DROP_ALERTS, [1], same)?;
                tracing::warn!("an alert that is not over was let go: the history has no room");
            }
            self.tallies.free(Part::Alerts, gone);
            if gone.rows == 0 {
                break;
            }
        }
        Ok(())
    }

    /// The file is full although every part kept to its share: lets go of a piece of each, so much
    /// together at the least, the larger shares giving more.
    pub(super) fn shed_some_of_each(&mut self, least: i64) -> StoreResult<HistoryReceipt> {
        let mut receipt = HistoryReceipt::default();
        let file_bytes = self.budget.pages.saturating_mul(whole(PAGE_BYTES)).max(1);
        let piece = |keeper: &Self, part: Part| {
            let share = keeper.budget.share(part);
            let by_share = i128::from(least) * i128::from(share) / i128::from(file_bytes);
            let by_size = keeper.tallies.bytes(part) / HEADROOM;
            by_size.saturating_add(i64::try_from(by_share).unwrap_or(i64::MAX)).max(1)
        };
        for tier in Tier::ALL {
            self.shed_frames(tier, piece(self, Part::Frames(tier)), &mut receipt)?;
        }
        self.shed_logs(piece(self, Part::Logs), &mut receipt)?;
        Ok(receipt)
    }

    /// Lets go of what is over its share since the cap was made smaller, so much of each part at
    /// the most. What a part is rightly allowed stays.
    fn shed_what_is_over(&mut self, most: i64) -> StoreResult<HistoryReceipt> {
        let mut receipt = HistoryReceipt::default();
        let over = |keeper: &Self, part: Part| {
            keeper.tallies.bytes(part).saturating_sub(keeper.budget.share(part)).min(most)
        };
        for tier in Tier::ALL {
            let over = over(self, Part::Frames(tier));
            if over > 0 {
                self.shed_frames(tier, over, &mut receipt)?;
            }
        }
        let over = over(self, Part::Logs);
        if over > 0 {
            self.shed_logs(over, &mut receipt)?;
        }
        self.bound_the_rest()?;
        Ok(receipt)
    }

    /// One step towards the cap of a file that is larger. `false` when nothing is left to do.
    pub(super) fn settle_a_step(&mut self) -> StoreResult<bool> {
        let pages = self.file.pragma_number("page_count")?;
        let free = self.file.pragma_number("freelist_count")?;
        if pages <= self.budget.pages {
            let limited = open::limit_pages(&self.file.connection, &self.budget);
            limited.map_err(|error| crate::drivers::sqlite::fault(&error))?;
            return Ok(false);
        }
        if free < pages - self.budget.pages {
            let step = whole(PAGE_BYTES).saturating_mul(PAGES_PER_STEP);
            let before = self.tallies;
            let mut receipt = self.transaction(|keeper| keeper.shed_what_is_over(step))?;
            if self.tallies == before {
                receipt = self.transaction(|keeper| keeper.shed_some_of_each(step))?;
            }
            for Shed { what, rows, .. } in receipt.shed {
                tracing::info!(what, rows, "the history shrinks to its cap");
            }
            if self.tallies == before && free == 0 {
                tracing::warn!("the history is over its cap and has nothing to let go of");
                return Ok(false);
            }
        }
        self.give_pages_back()?;
        self.file.empty_the_log()
    }

    /// Gives free pages back to the file system when there are many, a bounded step.
    pub(super) fn vacuum_a_step(&mut self) -> StoreResult<()> {
        let pages = self.file.pragma_number("page_count")?;
        let free = self.file.pragma_number("freelist_count")?;
        if free > PAGES_PER_STEP && free > pages / FREE_PAGES_KEPT {
            self.give_pages_back()?;
        }
        Ok(())
    }

    fn give_pages_back(&self) -> StoreResult<()> {
        self.file.pragma(&format!("PRAGMA incremental_vacuum({PAGES_PER_STEP})"))
    }
}

/// The moment of the oldest window that one of these metrics has.
pub(super) fn oldest_of(
    file: &File,
    tier: Tier,
    metrics: &[Metric],
) -> StoreResult<Option<UnixMs>> {
    let mut oldest: Option<UnixMs> = None;
    for metric in metrics {
        let (first, end) = all_places(tier, metric.id);
        if let Some(place) = file.number(&OLDEST, [first, end])? {
            oldest = Some(oldest.map_or(moment(place), |known| known.min(moment(place))));
        }
    }
    Ok(oldest)
}

/// The moment of the newest window that one of these metrics has.
pub(super) fn newest_of(
    file: &File,
    tier: Tier,
    metrics: &[Metric],
) -> StoreResult<Option<UnixMs>> {
    let mut newest: Option<UnixMs> = None;
    for metric in metrics {
        let (first, end) = all_places(tier, metric.id);
        if let Some(place) = file.number(&NEWEST, [first, end])? {
            newest = newest.max(Some(moment(place)));
        }
    }
    Ok(newest)
}

/// Deletes the oldest windows of these metrics until so many bytes are free; a moment's windows go
/// together.
fn shed_oldest(file: &File, tier: Tier, metrics: &[Metric], wanted: i64) -> StoreResult<Freed> {
    let mut freed = Freed::default();
    let mut windows = 1;
    for _ in 0..SLICES_MOST {
        if freed.bytes >= wanted {
            break;
        }
        let Some(oldest) = oldest_of(file, tier, metrics)? else { break };
        let until = oldest.plus_ms(tier.step_ms() * windows);
        let mut some = Freed::default();
        for metric in metrics {
            let (first, end) = places(tier, metric.id, UnixMs(0), until);
            let gone = file.returned(&DROP_FRAMES, [first, end], frame_cost)?;
            some = Freed { bytes: some.bytes + gone.bytes, rows: some.rows + gone.rows };
        }
        freed = Freed { bytes: freed.bytes + some.bytes, rows: freed.rows + some.rows };
        // As many windows as are likely to be enough, judged by those that went just now.
        let bytes_each = (some.bytes / windows).max(1);
        windows = ((wanted - freed.bytes) / bytes_each).clamp(1, SLICE);
    }
    Ok(freed)
}

/// Adds to what was shed; two pieces of the same kind are one.
fn note(
    receipt: &mut HistoryReceipt,
    what: &str,
    tier: Option<Tier>,
    rows: i64,
    reaches_to: UnixMs,
) {
    let rows = u64::try_from(rows).unwrap_or(0);
    let known = receipt.shed.iter_mut().find(|shed| shed.what == what && shed.tier == tier);
    match known {
        Some(shed) => {
            shed.rows += rows;
            shed.reaches_to = reaches_to;
        }
        None => receipt.shed.push(Shed { what: what.to_owned(), tier, rows, reaches_to }),
    }
}

/// Adds what one receipt says to another.
pub(super) fn add_receipt(receipt: &mut HistoryReceipt, other: HistoryReceipt) {
    for Shed { what, tier, rows, reaches_to } in other.shed {
        note(receipt, &what, tier, i64::try_from(rows).unwrap_or(i64::MAX), reaches_to);
    }
}

const fn same(bytes: i64) -> i64 {
    bytes
}

/// What one flush may weigh at the most, in bytes: the log also takes what is let go for it.
pub(super) const fn heaviest(budget: &Budget) -> u64 {
    budget.log_bytes / 2
}

/// What is let go beyond what a flush needs, at the most, in bytes.
pub(super) const fn shed_beyond(budget: &Budget) -> u64 {
    budget.log_bytes / 8
}
