//! Links of mails that programs follow, too.

pub(super) mod unsubscribe;
