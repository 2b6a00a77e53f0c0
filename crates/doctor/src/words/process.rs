//! The sentences of what goes wrong inside the process (group B).

/// Adds this group's rows to those before it.
macro_rules! process_words {
    ([$($more:ident)*] $($rows:tt)*) => { codes! { groups: [$($more)*] $($rows)*
    }};
}
