//! THE database match: which engine keeps the data. Beyond this file only core's port is known.

use std::sync::Arc;

use galen_core::{Clock, Observer, Store};
use galen_store::{OpenError, SqliteSettings, SqliteStore, Synchronous};

use super::place::Place;
use crate::config::{self, Config};
use crate::failure::{Exit, Failure};

/// The engine that keeps the data.
pub enum Kept {
    /// The embedded one: a file.
    Sqlite(Arc<SqliteStore>),
}

impl Kept {
    /// Opens the database, making and migrating it where needed. To be called under the instance
    /// lock only.
    ///
    /// # Errors
    /// When it is damaged, foreign, newer than this binary, held or cannot be made.
    pub fn open(
        place: &Place,
        config: &Config,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Failure> {
        let store = SqliteStore::open(sqlite(place, config), clock, observer);
        store.map(|store| Self::Sqlite(Arc::new(store))).map_err(|error| refused(&error))
    }

    /// The port of core it is reached through.
    pub fn port(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    /// Finishes and commits what waits, and closes the database.
    pub fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close(),
        }
    }
}

fn sqlite(place: &Place, config: &Config) -> SqliteSettings {
    let database = &config.database;
    let defaults = SqliteSettings::at(&place.database);
    SqliteSettings {
        readers: match database.readers {
            0 => defaults.readers,
            readers => usize::from(readers),
        },
        reader_queue: database.reader_queue as usize,
        writer_queue: database.writer_queue as usize,
        batch: database.batch as usize,
        busy_timeout_ms: database.busy_timeout.as_ms(),
        synchronous: match database.synchronous {
            config::Synchronous::Full => Synchronous::Full,
            config::Synchronous::Normal => Synchronous::Normal,
            config::Synchronous::Off => Synchronous::Off,
        },
        ..defaults
    }
}

fn refused(error: &OpenError) -> Failure {
    let exit = match error {
        OpenError::Locked { .. } => Exit::Held,
        _ => Exit::Failed,
    };
    Failure::new(error.to_string()).exit(exit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn the_defaults_of_the_configuration_are_those_of_the_store() {
        let place = Place { database: PathBuf::from("/x/a.db"), keys: PathBuf::new() };
        let (ours, theirs) = (sqlite(&place, &Config::default()), SqliteSettings::at("/x/a.db"));
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }
}
