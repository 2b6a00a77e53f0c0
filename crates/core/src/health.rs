//! Readiness as it is told: to anybody yes or no with a code, to admins the resource and its holder.

use serde::{Deserialize, Serialize};

use crate::UnixMs;

/// What must work for requests to be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// The database takes a lock for writing.
    WriterLock,
    /// A row can be changed durably.
    DurableWrite,
    /// A row can be read.
    Read,
    /// The writer's queue moves.
    WriteQueue,
    /// A reader is free, or soon is.
    ReaderPool,
    /// There is space on the disk.
    DiskSpace,
    /// The schema is the one this program was made for.
    Schema,
}

impl Resource {
    /// Every resource.
    pub const ALL: [Self; 7] = [
        Self::WriterLock,
        Self::DurableWrite,
        Self::Read,
        Self::WriteQueue,
        Self::ReaderPool,
        Self::DiskSpace,
        Self::Schema,
    ];

    /// The resource as it is printed.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::WriterLock => "writer_lock",
            Self::DurableWrite => "durable_write",
            Self::Read => "read",
            Self::WriteQueue => "write_queue",
            Self::ReaderPool => "reader_pool",
            Self::DiskSpace => "disk_space",
            Self::Schema => "schema",
        }
    }
}

/// Who holds a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceHolder {
    /// The process.
    pub pid: u32,
    /// Its command line, cut to a readable length, or its name.
    pub command: String,
}

/// What was found of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceState {
    /// Which.
    pub resource: Resource,
    /// The code of what is wrong with it; nothing when it works.
    pub code: Option<String>,
    /// What was measured, in the words of an operator: `waited 0.40 s for the write lock`.
    pub detail: String,
    /// Who holds it, when that is known.
    pub holder: Option<ResourceHolder>,
}

/// The word of the last canary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether requests that need the database would be served.
    pub ready: bool,
    /// Why not: a stable code.
    pub code: Option<String>,
    /// Since when it is so.
    pub since: UnixMs,
    /// When it was last looked at.
    pub checked_at: UnixMs,
    /// Each resource, in the order of [`Resource::ALL`]; those that were not looked at are left out.
    pub resources: Vec<ResourceState>,
}
