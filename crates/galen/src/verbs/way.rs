//! Who does a verb's work on the data: the running server, or this process under the instance lock.

use crate::config::Config;
use crate::failure::{Failure, OrFail};
use crate::wire::clock::RealClock;
use crate::wire::control::Refused;
use crate::wire::control::client::Client;
use crate::wire::lock::{Attempt, InstanceLock, held};
use crate::wire::place::Place;
use crate::wire::process;
use crate::wire::rooms::Rooms;

/// Who does the work.
pub enum Way {
    /// The running server.
    Server(Client),
    /// This process, under the instance lock.
    Ourselves(Box<Opened>),
}

/// The rooms, opened by this process.
pub struct Opened {
    // Dropped in this order: first the rooms, then the right to have them open.
    /// The rooms.
    pub rooms: Rooms,
    /// What runs them.
    pub runtime: tokio::runtime::Runtime,
    lock: InstanceLock,
}

impl Way {
    /// The running server if there is one, else the database itself under its lock; one that is not
    /// there is made when `makes` says so.
    ///
    /// # Errors
    /// When there is no database, or somebody else holds its lock.
    pub fn find(place: &Place, config: &Config, makes: bool) -> Result<Self, Failure> {
        if let Some(client) = Client::connect(place)? {
            return Ok(Self::Server(client));
        }
        if !makes && !place.has_database() {
            return Err(Failure::new(format!("there is no database {}", place.database.display()))
                .fix("name it with --database, or make it with `galen serve`"));
        }
        process::keep_new_files_private();
        match InstanceLock::attempt(place, &RealClock::new())? {
            Attempt::Ours(lock) => {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .or_fail(|| "the runtime cannot be started".to_owned())?;
                let rooms = {
                    let _inside = runtime.enter();
                    Rooms::open(place, config)?
                };
                Ok(Self::Ourselves(Box::new(Opened { rooms, runtime, lock })))
            }
            // A server that just starts holds its lock before its socket answers.
            Attempt::Held(holder) => Err(held(place, holder.as_ref())),
        }
    }
}

impl Opened {
    /// Does one piece of work, and closes the rooms whatever came of it.
    ///
    /// # Errors
    /// What the rooms refused.
    pub fn work<T>(
        self: Box<Self>,
        work: impl FnOnce(&Rooms, &tokio::runtime::Runtime) -> Result<T, Refused>,
    ) -> Result<T, Failure> {
        let outcome = work(&self.rooms, &self.runtime);
        self.close();
        outcome.map_err(Failure::from)
    }

    /// Closes the rooms, and gives the lock back.
    pub fn close(self) {
        let Self { rooms, runtime, lock } = self;
        rooms.close();
        drop(runtime);
        drop(lock);
    }
}
