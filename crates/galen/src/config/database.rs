//! `[database]`: where the data is and how it is kept.

use std::path::PathBuf;

use super::quantity::Lapse;
use super::section::section;
use super::value::choice;

section! {
    /// Where the data is and how it is kept.
    Database = "database" {
        /// The SQLite file. It is made on first start. Beside it stand its lock (`.lock`), the
        /// control socket (`.sock`) and the keys (`.keys`), all of mode 0600.
        path: PathBuf = PathBuf::from("dev.db");
        /// The file with the keys this installation signs with, made on first start. Keep it secret
        /// and with the database's backups. When it is not set, it is the database's path and `.keys`.
        keys_file: Option<PathBuf> = None;
        /// Threads that read the database beside the one that writes; 0 means one a core, from two to
        /// sixteen.
        readers: u16 = 0;
        /// Writes that may wait for the writer; one more is answered 503 with Retry-After.
        writer_queue: u32 = 1024;
        /// Reads that may wait for a reader; one more is answered 503 with Retry-After.
        reader_queue: u32 = 1024;
        /// The most writes that share one commit.
        batch: u32 = 128;
        /// How long a write waits while another process holds the database's lock.
        busy_timeout: Lapse = Lapse::s(5);
        /// What a commit promises. `full`: it survives a power cut. `normal` and `off` break that
        /// promise; they exist as the controls of benchmarks and of the power-cut test.
        [hidden] synchronous: Synchronous = Synchronous::Full;
        /// Says that acknowledged writes may be lost, without which `synchronous` must be `full`.
        [hidden] i_accept_data_loss: bool = false;
    }
}

choice! {
    /// What a commit promises: SQLite's `synchronous`.
    Synchronous, "`\"full\"`, `\"normal\"` or `\"off\"`" {
        /// It survives a power cut.
        Full = "full",
        /// It survives the end of the process.
        Normal = "normal",
        /// Nothing beyond the process.
        Off = "off",
    }
}
