//! The running server: the rooms, the HTTP room above them, the schedule, and who we are.

use std::sync::Arc;

use galen_core::{Cx, RequestId};
use galen_http::App;

use super::alerts::Crier;
use super::canary::Canary;
use super::checks::Checks;
use super::examiner::Practice;
use super::jobs::Board;
use super::lock::Holder;
use super::mail::Mailroom;
use super::meter::Meter;
use super::otlp::Otlp;
use super::place::Place;
use super::rooms::Rooms;
use super::sampler::Sampler;
use super::sign_ins::FailedSignIns;
use super::tasks::Schedule;
use super::upkeep::Keeper;
use crate::config::Config;

/// How long an answer on the control socket may take the rooms, in nanoseconds.
const CONTROL_TIMEOUT_NS: u64 = 60_000_000_000;

/// Everything a task or a question on the control socket may need.
pub struct Running {
    /// The rooms below HTTP.
    pub rooms: Rooms,
    /// The HTTP room.
    pub app: Arc<App>,
    /// The state of the periodic work.
    pub schedule: Arc<Schedule>,
    /// The same as the HTTP room sees it.
    pub board: Arc<Board>,
    /// What tries whether requests would be served.
    pub canary: Canary,
    /// The synthetic checks.
    pub checks: Arc<Checks>,
    /// What the gauges stood at.
    pub sampler: Sampler,
    /// Sign-ins that failed.
    pub sign_ins: FailedSignIns,
    /// What watching costs.
    pub meter: Meter,
    /// The export to a collector, if there is one.
    pub otlp: Option<Arc<Otlp>>,
    /// The doctor as a service.
    pub practice: Arc<Practice>,
    /// What was said of alerts.
    pub crier: Crier,
    /// What writes letters out and has them carried.
    pub mail: Arc<Mailroom>,
    /// What was learnt of maintenance.
    pub upkeep: Keeper,
    /// What the server was configured with.
    pub config: Config,
    /// Where its files are.
    pub place: Place,
    /// Who we are, as the instance lock says.
    pub holder: Holder,
    /// The address in the browser's bar.
    pub url: String,
    /// When it began to serve, on the monotonic clock, in nanoseconds.
    pub since_ns: u64,
}

impl Running {
    /// A context for an answer that somebody waits for.
    pub fn live(&self) -> Cx {
        let rooms = &self.rooms;
        let request_id = RequestId::mint(&*rooms.clock, &*rooms.entropy);
        Cx::live(request_id, &*rooms.clock, CONTROL_TIMEOUT_NS)
    }
}
