//! What the server says of itself.

pub(super) mod livez;
pub(super) mod metrics;
pub(super) mod openapi;
pub(super) mod problem;
pub(super) mod readyz;
pub(super) mod test_cors;
pub(super) mod version;
