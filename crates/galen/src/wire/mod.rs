//! Where the rooms are joined to each other and to the world.

mod abroad;
pub mod alerts;
pub mod answers;
pub mod api_keys;
pub mod canary;
pub mod checks;
pub mod clock;
pub mod control;
pub mod entropy;
pub mod errand;
pub mod examiner;
pub mod heartbeat;
pub mod jobs;
pub mod keyring;
pub mod left_behind;
pub mod lock;
pub mod log;
pub mod lookout;
pub mod mail;
pub mod mailed;
pub mod meter;
pub mod nowhere;
#[cfg(feature = "otlp")]
pub mod otlp;
pub mod patient;
pub mod place;
pub mod port;
pub mod private;
pub mod process;
pub mod pulse;
pub mod remembered;
pub mod repairer;
pub mod repairs;
pub mod rooms;
pub mod running;
pub mod sampler;
pub mod settings;
pub mod sign_ins;
pub mod socket;
pub mod store;
pub mod tasks;
pub mod ticker;
pub mod upkeep;
#[cfg(not(feature = "otlp"))]
pub mod without_otlp;
pub mod witness;
pub mod words;

#[cfg(not(feature = "otlp"))]
pub use self::without_otlp as otlp;
