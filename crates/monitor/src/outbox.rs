//! What waits to be written into the history: closed windows, annotations, alerts. Bounded.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use galen_core::{AlertId, Annotation, Frame, KeptAlert, Tier, UnixMs};

use crate::metric::Metric;
use crate::point::Point;
use crate::sketches::Sketches;

/// How many closed windows wait while the history cannot be written: a minute. The oldest one is
/// lost then, and shows as a gap.
const WINDOWS_MAX: usize = 6;
/// How many annotations and alerts wait; the oldest ones are lost then.
const NOTES_MAX: usize = 256;

/// What waits. Nothing is taken out before the history has it: each thing has a number, and what was
/// written goes by number.
#[derive(Default)]
pub(crate) struct Outbox {
    windows: VecDeque<(u64, Waiting)>,
    annotations: VecDeque<(u64, Annotation)>,
    alerts: BTreeMap<AlertId, (u64, KeptAlert)>,
    next: u64,
    lost: u64,
}

/// A closed window.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// When it begins.
    pub at: UnixMs,
    /// What it holds.
    pub points: Arc<Sketches>,
}

/// What one flush writes, with the number of the last thing in it.
pub(crate) struct Parcel {
    pub windows: BTreeMap<UnixMs, Vec<Frame>>,
    pub annotations: Vec<Annotation>,
    pub alerts: Vec<KeptAlert>,
    up_to: u64,
}

impl Outbox {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Takes a closed window in.
    pub fn window(&mut self, at: UnixMs, points: Sketches) {
        let number = self.number();
        self.windows.push_back((number, Waiting { at, points: Arc::new(points) }));
        if self.windows.len() > WINDOWS_MAX {
            self.windows.pop_front();
            self.lost += 1;
        }
    }

    /// Takes an annotation in.
    pub fn annotation(&mut self, annotation: Annotation) {
        let number = self.number();
        self.annotations.push_back((number, annotation));
        if self.annotations.len() > NOTES_MAX {
            self.annotations.pop_front();
        }
    }

    /// Takes an alert in, in place of what waited of it.
    pub fn alert(&mut self, alert: KeptAlert) {
        let number = self.number();
        self.alerts.insert(alert.id, (number, alert));
        if self.alerts.len() > NOTES_MAX {
            self.alerts.pop_first();
        }
    }

    /// The windows that wait, oldest first.
    pub fn windows(&self) -> impl Iterator<Item = &Waiting> {
        self.windows.iter().map(|(_, waiting)| waiting)
    }

    /// The annotations that wait in `[from, until)`.
    pub fn annotations(&self, from: UnixMs, until: UnixMs) -> impl Iterator<Item = &Annotation> {
        let all = self.annotations.iter().map(|(_, annotation)| annotation);
        all.filter(move |annotation| (from..until).contains(&annotation.at))
    }

    /// How many windows were lost since the last time.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    /// A copy of everything, ready to be written. Windows that begin at the same time are one.
    pub fn parcel(&self) -> Parcel {
        let mut merged: BTreeMap<UnixMs, Cow<'_, Sketches>> = BTreeMap::new();
        for waiting in self.windows() {
            match merged.get_mut(&waiting.at) {
                Some(window) => window.to_mut().merge_all(&waiting.points),
                None => {
                    merged.insert(waiting.at, Cow::Borrowed(&*waiting.points));
                }
            }
        }
        let windows = merged.into_iter().map(|(at, window)| (at, frames(Tier::Fine, at, &window)));
        Parcel {
            windows: windows.collect(),
            annotations: self.annotations.iter().map(|(_, each)| each.clone()).collect(),
            alerts: self.alerts.values().map(|(_, each)| each.clone()).collect(),
            up_to: self.next,
        }
    }

    /// The parcel's window that begins at `at` was written: it waits no more.
    pub fn sent_window(&mut self, at: UnixMs, up_to: u64) {
        self.windows.retain(|(number, waiting)| *number > up_to || waiting.at != at);
    }

    /// The parcel's annotations and alerts were written: they wait no more.
    pub fn sent_notes(&mut self, up_to: u64) {
        self.annotations.retain(|(number, _)| *number > up_to);
        self.alerts.retain(|_, (number, _)| *number > up_to);
    }

    /// What it takes in memory, about, in bytes.
    pub fn bytes(&self) -> usize {
        let windows: usize = self.windows().map(|waiting| waiting.points.bytes()).sum();
        let annotations: usize = self.annotations.iter().map(|(_, a)| a.params.len() + 64).sum();
        let alerts: usize = self.alerts.values().map(|(_, alert)| alert.body.len() + 128).sum();
        windows + annotations + alerts
    }
}

impl Parcel {
    /// By which it is told that it was written.
    pub fn up_to(&self) -> u64 {
        self.up_to
    }
}

/// A window as the history keeps it: a frame a metric. Hours of detailed histograms are kept without
/// their distribution: they are the most, and nobody asks for them a year later.
pub(crate) fn frames(tier: Tier, at: UnixMs, window: &Sketches) -> Vec<Frame> {
    let is_bare = |metric: Metric| tier == Tier::Hour && metric.is_detail();
    let metrics = window.metrics().map(|metric| {
        let encode = |point: &Point| match is_bare(metric) {
            true => point.without_cells().encode(),
            false => point.encode(),
        };
        let points = window.of(metric).map(|(object, p)| (Arc::clone(object), encode(p)));
        Frame {
            tier,
            at,
            metric: Cow::Borrowed(metric.text()),
            is_detail: metric.is_detail(),
            points: points.collect(),
        }
    });
    metrics.collect()
}
