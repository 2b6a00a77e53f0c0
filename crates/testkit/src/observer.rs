//! Observers: one that forgets, one that remembers.

use std::sync::{Mutex, PoisonError};

use galen_core::{CommandRecord, ConnectionEvent, Observer, RequestRecord, StatementRecord};

/// An observer that forgets everything it is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullObserver;

impl Observer for NullObserver {
    fn request(&self, _: &RequestRecord) {}
    fn statement(&self, _: &StatementRecord) {}
    fn command(&self, _: &CommandRecord) {}
    fn connection(&self, _: ConnectionEvent) {}
}

/// An observer that keeps everything it is told, without a bound: for short tests.
#[derive(Debug, Default)]
pub struct CollectingObserver {
    requests: Mutex<Vec<RequestRecord>>,
    statements: Mutex<Vec<StatementRecord>>,
    commands: Mutex<Vec<CommandRecord>>,
    connections: Mutex<Vec<ConnectionEvent>>,
}

fn push<T>(list: &Mutex<Vec<T>>, item: T) {
    list.lock().unwrap_or_else(PoisonError::into_inner).push(item);
}

fn copy<T: Clone>(list: &Mutex<Vec<T>>) -> Vec<T> {
    list.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl CollectingObserver {
    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        copy(&self.requests)
    }

    /// The statements so far.
    #[must_use]
    pub fn statements(&self) -> Vec<StatementRecord> {
        copy(&self.statements)
    }

    /// The commands so far.
    #[must_use]
    pub fn commands(&self) -> Vec<CommandRecord> {
        copy(&self.commands)
    }

    /// What happened to connections so far.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionEvent> {
        copy(&self.connections)
    }
}

impl Observer for CollectingObserver {
    fn request(&self, record: &RequestRecord) {
        push(&self.requests, record.clone());
    }

    fn statement(&self, record: &StatementRecord) {
        push(&self.statements, *record);
    }

    fn command(&self, record: &CommandRecord) {
        push(&self.commands, *record);
    }

    fn connection(&self, event: ConnectionEvent) {
        push(&self.connections, event);
    }
}
