//! What a stream can be about.

/// A topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Topic {
    /// The user's notifications and what becomes of them.
    Notifications = 1,
    /// The user's sessions: opened and ended.
    Sessions = 2,
    /// Alerts of the monitor: for admins.
    Alerts = 4,
    /// Whether the server is ready: for admins.
    Health = 8,
    /// Examinations by the doctor, as they go on: for admins.
    Examinations = 16,
}

impl Topic {
    /// ALL topics, by name.
    pub(crate) const ALL: [(&'static str, Self); 5] = [
        ("notifications", Self::Notifications),
        ("sessions", Self::Sessions),
        ("alerts", Self::Alerts),
        ("health", Self::Health),
        ("examinations", Self::Examinations),
    ];

    /// Whether it is for admins only.
    pub(crate) const fn is_for_admins(self) -> bool {
        matches!(self, Self::Alerts | Self::Health | Self::Examinations)
    }
}

/// Some topics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Topics(u8);

impl Topics {
    /// The topics with this one.
    pub(crate) const fn with(self, topic: Topic) -> Self {
        Self(self.0 | topic as u8)
    }

    /// Whether this one is among them.
    pub(crate) const fn has(self, topic: Topic) -> bool {
        self.0 & topic as u8 != 0
    }

    /// Whether one of them is for admins only.
    pub(crate) fn need_admin(self) -> bool {
        Topic::ALL.iter().any(|(_, topic)| topic.is_for_admins() && self.has(*topic))
    }
}

/// Reads a list of names, separated by commas; nothing when one of them is no topic.
pub(crate) fn read(text: &str) -> Option<Topics> {
    text.split(',').try_fold(Topics::default(), |topics, name| {
        let found = Topic::ALL.iter().find(|(known, _)| *known == name.trim());
        found.map(|(_, topic)| topics.with(*topic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_named_and_an_unknown_name_is_none() {
        let some = read("notifications, health").expect("both are known");
        assert!(some.has(Topic::Notifications) && some.has(Topic::Health) && some.need_admin());
        assert!(!some.has(Topic::Sessions));
        assert!(!read("sessions").expect("known").need_admin());
        assert_eq!(read(""), None);
        assert_eq!(read("notifications,everything"), None);
    }
}
