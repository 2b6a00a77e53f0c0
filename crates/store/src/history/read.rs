//! Reads of windows, annotations, alerts and facts.

use std::borrow::Cow;
use std::sync::Arc;

use galen_core::{
    AlertId, Annotation, Frame, FrameAsk, HistoryFacts, KeptAlert, StoreError, StoreResult, Tier,
    UnixMs,
};
use rusqlite::Row;

use super::budget::{Budget, Part, Tallies};
use super::codec::{Points, moment, places};
use super::file::{File, get};
use super::names::Names;
use super::queries::{ALERTS, ANNOTATIONS, FRAMES, OLDEST, OPEN_ALERTS};
use super::shed::{newest_of, oldest_of};

/// So many windows are given at the most, whatever is asked: a whole tier has at most 10,080.
const FRAMES_MOST: usize = 20_000;

/// So many bytes of points are given at the most; who wants more is to name an object or a shorter
/// stretch.
const POINTS_BYTES_MOST: usize = 32 * 1024 * 1024;

/// What a point takes in memory beside its bytes.
const POINT_BYTES: usize = 64;

/// So many alerts are given at the most.
const ALERTS_MOST: u32 = 1_000;

/// A window whose bytes cannot be read, and why.
pub(super) struct Unreadable {
    pub at: UnixMs,
    pub why: String,
}

/// The windows that are asked for, and those among them that cannot be read.
pub(super) fn frames(
    file: &File,
    names: &mut Names,
    ask: &FrameAsk,
) -> StoreResult<(Vec<Frame>, Vec<Unreadable>)> {
    let nothing = || Ok((Vec::new(), Vec::new()));
    let Some(metric) = names.known_metric(&ask.metric).cloned() else { return nothing() };
    let wanted = match &ask.object {
        None => None,
        Some(object) => match names.known_object(file, object)? {
            Some(id) => Some((id.cast_unsigned(), Arc::clone(object))),
            None => return nothing(),
        },
    };
    let most = usize::try_from(ask.limit).unwrap_or(FRAMES_MOST).min(FRAMES_MOST);
    let (first, end) = places(ask.tier, metric.id, ask.from, ask.until);
    let (mut frames, mut unreadable) = (Vec::<Frame>::new(), Vec::new());
    let mut bytes = 0;
    file.each(&FRAMES, [first, end], |row| {
        if frames.len() >= most {
            return Ok(false);
        }
        let at = moment(get(row, 0)?);
        let blob = row.get_ref(1).and_then(|blob| blob.as_blob().map_err(Into::into));
        let points = match blob {
            Ok(blob) => points(file, names, blob, wanted.as_ref()),
            Err(error) => Err(Reading::Damaged(error.to_string())),
        };
        let points = match points {
            Ok(points) => points,
            Err(Reading::Damaged(why)) => {
                unreadable.push(Unreadable { at, why });
                return Ok(true);
            }
            Err(Reading::Store(error)) => return Err(error),
        };
        bytes += points.iter().map(|(_, point)| point.len() + POINT_BYTES).sum::<usize>();
        if bytes > POINTS_BYTES_MOST {
            return Err(super::file::too_late());
        }
        if wanted.is_none() || !points.is_empty() {
            let name = Cow::Owned(metric.name.clone());
            let is_detail = metric.is_detail;
            frames.push(Frame { tier: ask.tier, at, metric: name, is_detail, points });
        }
        Ok(true)
    })?;
    Ok((frames, unreadable))
}

/// An object's name and its point.
type NamedPoint = (Arc<str>, Vec<u8>);

/// Why the points of a window could not be read.
enum Reading {
    Damaged(String),
    Store(StoreError),
}

/// The points of a window, all or those of one object. Points of a forgotten object are left out.
fn points(
    file: &File,
    names: &mut Names,
    blob: &[u8],
    wanted: Option<&(u64, Arc<str>)>,
) -> Result<Vec<NamedPoint>, Reading> {
    let mut found = Vec::new();
    for point in Points::of(blob) {
        let (id, bytes) = point.map_err(|error| Reading::Damaged(error.to_string()))?;
        let name = match wanted {
            Some((wanted, name)) => (*wanted == id).then(|| Arc::clone(name)),
            None => names.text(file, id.cast_signed()).map_err(Reading::Store)?,
        };
        if let Some(name) = name {
            found.push((name, bytes.to_vec()));
        }
    }
    Ok(found)
}

/// The names of the metrics a tier holds between two moments, sorted.
pub(super) fn metrics(
    file: &File,
    names: &Names,
    tier: Tier,
    range: (UnixMs, UnixMs),
) -> StoreResult<Vec<String>> {
    let mut held = Vec::new();
    for metric in names.metrics() {
        let (first, end) = places(tier, metric.id, range.0, range.1);
        if file.number(&OLDEST, [first, end])?.is_some() {
            held.push(metric.name.clone());
        }
    }
    held.sort_unstable();
    Ok(held)
}

/// The newest annotations between two moments, oldest first.
pub(super) fn annotations(
    file: &File,
    from: UnixMs,
    until: UnixMs,
) -> StoreResult<Vec<Annotation>> {
    let mut found = Vec::new();
    file.each(&ANNOTATIONS, [from.0, until.0], |row| {
        let at = UnixMs(get(row, 0)?);
        found.push(Annotation { at, code: get(row, 1)?, params: get(row, 2)? });
        Ok(true)
    })?;
    found.reverse();
    Ok(found)
}

/// A page of alerts, newest first.
pub(super) fn alerts(
    file: &File,
    before: Option<AlertId>,
    limit: u32,
) -> StoreResult<Vec<KeptAlert>> {
    // One byte more than an identifier has is behind all of them.
    let behind_all = [0xff; 17];
    let before = before.as_ref().map_or(behind_all.as_slice(), |id| id.as_bytes().as_slice());
    let mut found = Vec::new();
    file.each(&ALERTS, (before, limit.clamp(1, ALERTS_MOST)), |row| {
        found.push(alert(row)?);
        Ok(true)
    })?;
    Ok(found)
}

/// The alerts that are not over, or not told of to the end, oldest first.
pub(super) fn open_alerts(file: &File) -> StoreResult<Vec<KeptAlert>> {
    let mut found = Vec::new();
    file.each(&OPEN_ALERTS, [], |row| {
        found.push(alert(row)?);
        Ok(true)
    })?;
    Ok(found)
}

fn alert(row: &Row<'_>) -> StoreResult<KeptAlert> {
    let resolved_at: Option<i64> = get(row, 4)?;
    Ok(KeptAlert {
        id: AlertId::from_bytes(get(row, 0)?),
        cause: get(row, 1)?,
        began_at: UnixMs(get(row, 2)?),
        fired_at: UnixMs(get(row, 3)?),
        resolved_at: resolved_at.map(UnixMs),
        body: get(row, 5)?,
    })
}

/// Facts of the history.
pub(super) fn facts(
    file: &File,
    names: &Names,
    tallies: &Tallies,
    budget: &Budget,
) -> StoreResult<HistoryFacts> {
    let mut facts = HistoryFacts {
        location: file.path.display().to_string(),
        size_bytes: file.size_bytes(),
        cap_bytes: budget.cap_bytes,
        log_lines: u64::try_from(tallies.rows(Part::Logs)).unwrap_or(0),
        ..HistoryFacts::default()
    };
    for (index, tier) in Tier::ALL.into_iter().enumerate() {
        facts.reaches_to[index] = oldest_of(file, tier, names.metrics())?;
        facts.newest[index] = newest_of(file, tier, names.metrics())?;
    }
    Ok(facts)
}
