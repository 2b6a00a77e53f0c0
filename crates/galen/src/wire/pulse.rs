//! What comes and goes, such as somebody outside who can be reached or not: each change is said once.

use std::sync::{Mutex, PoisonError};

/// How it stood last.
#[derive(Debug, Default)]
pub struct Pulse(Mutex<Option<String>>);

impl Pulse {
    /// Keeps how it stands (nothing wrong, or what is) and gives whether that is news.
    pub fn turns(&self, wrong: Option<String>) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *last != wrong;
        *last = wrong;
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_news_once() {
        let pulse = Pulse::default();
        assert!(!pulse.turns(None), "that the first one arrives is no news");
        assert!(pulse.turns(Some("timeout".to_owned())));
        assert!(!pulse.turns(Some("timeout".to_owned())));
        assert!(pulse.turns(Some("refused".to_owned())));
        assert!(pulse.turns(None));
    }
}
