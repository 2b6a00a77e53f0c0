//! The sentences about SQLite as a file: locks by byte, commits, damage, and where the file lies.

/// Hands on the rows it was given and its own.
macro_rules! files {
    ($then:ident $files:tt $($rows:tt)*) => { $then! { $files $($rows)*
        StarvedTitle: "A reader keeps the write-ahead log from being checkpointed";
    } };
}
pub(super) use files;
