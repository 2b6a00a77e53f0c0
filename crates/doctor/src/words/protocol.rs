//! The sentences about the application, its upstreams, and the protocol it speaks.

/// Hands on the rows it was given and its own.
macro_rules! protocol {
    ($then:ident $files:tt $($rows:tt)*) => { $then! { $files $($rows)*
        NPlusOneTitle: "One round trip for each row (N+1)";
    } };
}
pub(super) use protocol;
