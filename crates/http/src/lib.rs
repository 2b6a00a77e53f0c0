//! The only room that speaks HTTP: it accepts connections, decides in a fixed order, and answers.

mod accept;
mod answer;
mod app;
mod application;
mod caller;
mod checks;
mod connection;
mod cookie;
mod cpu_time;
mod driver;
mod exposition;
mod extract;
mod fault;
mod live;
mod malformed;
mod metrics_listener;
mod network;
mod openapi;
mod origin;
mod phases;
mod readiness;
mod routes;
mod settings;
mod stream;
mod time;
mod trace;
mod written;

pub use accept::{Drained, serve};
pub use app::{App, AppParts};
pub use checks::{CheckStatus, Checks};
pub use cpu_time::CpuTime;
pub use live::Hub;
pub use metrics_listener::serve_metrics;
pub use openapi::openapi_json;
pub use origin::{Origin, OriginError};
pub use settings::{HttpSettings, Limits, RequestsLog};
