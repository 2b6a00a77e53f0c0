//! What the history's thread works with: the file, its dictionaries, its tallies and its cap.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use galen_core::{Clock, Frame, FrameAsk, StoreError, StoreResult, Tier, UnixMs};

use super::budget::{Budget, Tallies};
use super::file::File;
use super::names::Names;
use super::read::Unreadable;
use super::shed::newest_of;
use super::{HistorySettings, open, read};
use crate::OpenError;

/// How many times as fast as time passes the horizon moves at the most: a day an hour.
const HORIZON_PACE: i64 = 24;

/// So many unreadable windows are told of at the most.
const UNREADABLE_TOLD: usize = 256;

/// The tables and the means to change them.
pub(super) struct Keeper {
    pub file: File,
    pub names: Names,
    pub tallies: Tallies,
    pub budget: Budget,
    pub read_patience: Duration,
    pub log_keep_ms: i64,
    /// Absent when the file was opened to read only.
    pub clock: Option<Arc<dyn Clock>>,
    /// Whether a file was moved aside since the start: that is done once, so that a disk that
    /// damages everything is not filled with damaged files.
    pub was_renewed: bool,
    /// Whether the file was let go and no new one could be begun yet.
    pub is_without_file: bool,
    /// The newest moment a flush spoke of: what a tier that was shed whole reaches to.
    pub newest: UnixMs,
    /// By which moment things are too old, and when it was moved last on the monotonic clock in
    /// nanoseconds; see [`Keeper::move_horizon`].
    pub horizon: (UnixMs, u64),
    /// Windows that could not be read, each told of once.
    pub unreadable: HashSet<(Tier, Cow<'static, str>, UnixMs)>,
    /// The places of the log lines that were kept last.
    pub recent_lines: BTreeSet<u64>,
    /// The longest the log has been, in bytes, seen after each transaction.
    pub log_peak_bytes: u64,
}

impl Keeper {
    /// Opens to write.
    pub(super) fn open(
        path: &Path,
        settings: &HistorySettings,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Option<std::path::PathBuf>), OpenError> {
        let budget = Budget::of(settings.cap_bytes);
        let (file, aside) = open::writable(path, &budget, clock.as_ref())?;
        let (names, tallies) = load(&file, path)?;
        let read_patience = Duration::from_millis(settings.read_patience_ms);
        let was_renewed = aside.is_some();
        let newest = clock.now();
        // A file that cannot tell is damaged; the next flush finds that and begins a new one.
        let known = newest_of(&file, Tier::Fine, names.metrics()).ok().flatten();
        let horizon = (known.map_or(newest, |known| known.min(newest)), clock.monotonic_ns());
        let clock = Some(clock);
        let keeper = Self {
            file,
            names,
            tallies,
            budget,
            read_patience,
            log_keep_ms: settings.log_keep_ms.try_into().unwrap_or(i64::MAX),
            clock,
            was_renewed,
            is_without_file: false,
            newest,
            horizon,
            unreadable: HashSet::new(),
            recent_lines: BTreeSet::new(),
            log_peak_bytes: 0,
        };
        Ok((keeper, aside))
    }

    /// Opens to read only.
    pub(super) fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        let settings = HistorySettings::at(path);
        let file = open::readable(path)?;
        let (names, tallies) = load(&file, path)?;
        Ok(Self {
            file,
            names,
            tallies,
            budget: Budget::of(settings.cap_bytes),
            read_patience: Duration::from_millis(settings.read_patience_ms),
            log_keep_ms: i64::MAX,
            clock: None,
            was_renewed: true,
            is_without_file: false,
            newest: UnixMs(0),
            horizon: (UnixMs(0), 0),
            unreadable: HashSet::new(),
            recent_lines: BTreeSet::new(),
            log_peak_bytes: 0,
        })
    }

    /// Runs a read that is given up when it takes too long.
    pub(super) fn read<T>(
        &mut self,
        read: impl FnOnce(&File, &mut Names, &Tallies) -> StoreResult<T>,
    ) -> StoreResult<T> {
        let Self { file, names, tallies, read_patience, .. } = self;
        file.within(*read_patience, |file| read(file, names, tallies))
    }

    /// The windows that are asked for. One that cannot be read is a gap and stops nobody who wants
    /// its neighbours; it is told of once.
    pub(super) fn frames(&mut self, ask: &FrameAsk) -> StoreResult<Vec<Frame>> {
        let (frames, unreadable) = self.read(|file, names, _| read::frames(file, names, ask))?;
        for Unreadable { at, why } in unreadable {
            let window = (ask.tier, ask.metric.clone(), at);
            if self.unreadable.len() < UNREADABLE_TOLD && self.unreadable.insert(window) {
                let metric = &*ask.metric;
                tracing::warn!(metric, at = at.0, tier = ?ask.tier, why, "a window of the history cannot be read");
            }
        }
        Ok(frames)
    }

    /// Moves the moment by which things are too old towards `newest`, forward no faster than
    /// [`HORIZON_PACE`] times as fast as time passes: a clock that is far ahead for some minutes
    /// lets go of some hours at the most, and not of everything there is. A clock that is right
    /// after a long rest is caught up with; meanwhile the cap holds.
    pub(super) fn move_horizon(&mut self, newest: UnixMs) -> UnixMs {
        let (horizon, at_ns) = self.horizon;
        let now_ns = self.clock.as_ref().map_or(at_ns, |clock| clock.monotonic_ns());
        let passed_ms = i64::try_from(now_ns.saturating_sub(at_ns) / 1_000_000).unwrap_or(i64::MAX);
        let most = horizon.plus_ms(passed_ms.saturating_mul(HORIZON_PACE));
        self.horizon = (newest.min(most), now_ns);
        self.horizon.0
    }

    /// Runs changes in one transaction; when one fails, none is kept.
    pub(super) fn transaction<T>(
        &mut self,
        changes: impl FnOnce(&mut Self) -> StoreResult<T>,
    ) -> StoreResult<T> {
        self.file.word("BEGIN IMMEDIATE")?;
        let before = self.tallies;
        let outcome = changes(self)
            .and_then(|done| self.tallies.save(&self.file, &before).map(|()| done))
            .and_then(|done| self.file.word("COMMIT").map(|()| done));
        if outcome.is_err() {
            self.take_back(before);
        }
        self.mark_the_log();
        outcome
    }

    /// Marks how long the log is. Longer than it may become would be a fault in how a flush is
    /// weighed, and is said once.
    fn mark_the_log(&mut self) {
        let (bytes, most) = (self.file.log_bytes(), self.budget.log_bytes);
        if bytes > most && self.log_peak_bytes <= most && self.clock.is_some() {
            tracing::warn!(bytes, most, "the history's log is longer than it may become");
        }
        self.log_peak_bytes = self.log_peak_bytes.max(bytes);
    }

    /// Ends a transaction that failed, if SQLite has not ended it, and forgets what it had told.
    pub(super) fn take_back(&mut self, before: Tallies) {
        if !self.file.connection.is_autocommit()
            && let Err(error) = self.file.word("ROLLBACK")
        {
            tracing::error!(%error, "a transaction of the history could not be rolled back");
        }
        self.tallies = before;
        match Names::load(&self.file) {
            Ok(names) => self.names = names,
            Err(error) => tracing::error!(%error, "the history's names could not be read again"),
        }
    }

    /// Moves a file that turned out to be damaged aside and begins a new one. `false` when that was
    /// done before, or is not allowed.
    pub(super) fn renew(&mut self) -> StoreResult<bool> {
        let Some(clock) = self.clock.clone().filter(|_| !self.was_renewed) else {
            return Ok(false);
        };
        self.was_renewed = true;
        let path = self.file.path.clone();
        // The connection lets the file go before it is moved: an empty one in memory takes its place.
        let nowhere = rusqlite::Connection::open_in_memory();
        let nowhere = nowhere.and_then(|connection| File::new(connection, &path));
        self.file = nowhere.map_err(|error| StoreError::Engine(error.to_string()))?;
        self.is_without_file = true;
        let aside = open::move_aside(&path, clock.now()).map_err(failed)?;
        tracing::error!(
            path = %path.display(), aside = %aside.display(),
            "the history is damaged; it was moved aside and a new one is begun"
        );
        self.begin_anew()?;
        Ok(true)
    }

    /// Begins a new file in place of the one that was let go. What hinders it (a full disk, a folder
    /// that cannot be written) may pass: it is tried again with every flush.
    pub(super) fn begin_anew(&mut self) -> StoreResult<()> {
        let Some(clock) = self.clock.clone().filter(|_| self.is_without_file) else {
            return Ok(());
        };
        let path = self.file.path.clone();
        let (file, _) = open::writable(&path, &self.budget, clock.as_ref()).map_err(failed)?;
        (self.names, self.tallies) = load(&file, &path).map_err(failed)?;
        self.file = file;
        self.is_without_file = false;
        Ok(())
    }

    /// One step of bringing a file that is larger than its cap below it: the cap was made smaller.
    /// Between two steps whoever asks is served. Gives whether there is more to do.
    pub(super) fn settle(&mut self) -> bool {
        self.clock.is_some()
            && self.settle_a_step().unwrap_or_else(|error| {
                tracing::warn!(%error, "the history could not be brought below its cap");
                false
            })
    }
}

fn failed(error: OpenError) -> StoreError {
    StoreError::Engine(error.to_string())
}

fn load(file: &File, path: &Path) -> Result<(Names, Tallies), OpenError> {
    let read =
        || -> StoreResult<(Names, Tallies)> { Ok((Names::load(file)?, Tallies::load(file)?)) };
    read().map_err(|error| OpenError::Engine { path: path.to_owned(), why: error.to_string() })
}
