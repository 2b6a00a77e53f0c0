//! Two who listen: the test, and the monitor.

use std::sync::Arc;

use galen_core::{CommandRecord, ConnectionEvent, Observer, RequestRecord, StatementRecord};

pub struct Both(pub Arc<dyn Observer>, pub Arc<dyn Observer>);

impl Observer for Both {
    fn request(&self, record: &RequestRecord) {
        self.0.request(record);
        self.1.request(record);
    }

    fn statement(&self, record: &StatementRecord) {
        self.0.statement(record);
        self.1.statement(record);
    }

    fn command(&self, record: &CommandRecord) {
        self.0.command(record);
        self.1.command(record);
    }

    fn connection(&self, event: ConnectionEvent) {
        self.0.connection(event);
        self.1.connection(event);
    }
}
