//! The only files that touch the world: probes push facts into a collector.
