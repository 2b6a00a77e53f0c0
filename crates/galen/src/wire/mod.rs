//! Where the rooms are joined to each other and to the world.

pub mod answers;
pub mod clock;
pub mod control;
pub mod entropy;
pub mod keyring;
pub mod lock;
pub mod log;
pub mod place;
pub mod port;
pub mod private;
pub mod process;
pub mod repairer;
pub mod repairs;
pub mod rooms;
pub mod running;
pub mod settings;
pub mod socket;
pub mod store;
pub mod tasks;
pub mod witness;
