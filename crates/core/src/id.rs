//! Typed identifiers: 16 bytes, UUID version 7 (RFC 9562 §5.7), so that they sort by time of birth.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Clock, Entropy, UnixMs};

/// The text is not a UUID in its hyphenated form, or it is the nil UUID, which names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier: a hyphenated UUID is expected")]
pub struct IdError;

/// What all identifiers share: sixteen bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 16]);

impl Id {
    /// Mints an identifier: 48 bits of wall time in milliseconds, 74 random bits.
    #[must_use]
    pub fn mint(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
        Self::mint_at(clock.now(), entropy)
    }

    /// Mints an identifier whose time part is `at`.
    #[must_use]
    pub fn mint_at(at: UnixMs, entropy: &dyn Entropy) -> Self {
        let mut random = [0_u8; 10];
        entropy.fill(&mut random);
        let ms = u64::try_from(at.0).unwrap_or(0);
        Self(*uuid::Builder::from_unix_timestamp_millis(ms, &random).as_uuid().as_bytes())
    }

    /// What sorts before every identifier minted at `at` or later, and behind every earlier one.
    #[must_use]
    pub fn least_at(at: UnixMs) -> Self {
        let ms = u64::try_from(at.0).unwrap_or(0).to_be_bytes();
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&ms[2..]);
        Self(bytes)
    }

    /// The identifier of these sixteen bytes, as a database gave them back.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes, big-endian, in sorting order.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_bytes(self.0).as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        // Only one spelling is taken, so that one object has one URL.
        if text.len() != 36 {
            return Err(IdError);
        }
        let id = uuid::Uuid::try_parse(text).map_err(|_| IdError)?;
        if id.is_nil() { Err(IdError) } else { Ok(Self(*id.as_bytes())) }
    }
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Id);

        impl $name {
            /// Mints a new identifier of this kind.
            #[must_use]
            pub fn mint(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                Self(Id::mint(clock, entropy))
            }

            /// The identifier of these sixteen bytes, as a database gave them back.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Id::from_bytes(bytes))
            }

            /// The sixteen bytes, big-endian, in sorting order.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse().map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut buffer = uuid::Uuid::encode_buffer();
                let id = uuid::Uuid::from_bytes(*self.as_bytes());
                serializer.serialize_str(id.as_hyphenated().encode_lower(&mut buffer))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

typed_id!(
    /// Names a user.
    UserId
);
typed_id!(
    /// Names a session. It is public to its owner and to admins and opens nothing: the token does.
    SessionId
);
typed_id!(
    /// Names a notification.
    NotificationId
);
typed_id!(
    /// Names a row of the audit trail.
    AuditId
);
typed_id!(
    /// Names one request, in its answer, in the log and in the audit trail.
    RequestId
);
typed_id!(
    /// Names an alert: one occurrence of one cause.
    AlertId
);
typed_id!(
    /// Names a silence.
    SilenceId
);
typed_id!(
    /// Names an API key. It opens nothing: the token does.
    ApiKeyId
);
typed_id!(
    /// Names something that is sent out of the house, the same at every attempt.
    ParcelId
);
typed_id!(
    /// Names a webhook.
    WebhookId
);
typed_id!(
    /// Names an examination by the doctor.
    ExaminationId
);
typed_id!(
    /// Names a browser's subscription.
    PushId
);
typed_id!(
    /// Names a link that opens once. It opens nothing by itself: the secret derived from it does.
    LinkId
);

#[cfg(test)]
mod tests {
    use super::*;

    struct Zero;
    impl Entropy for Zero {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn an_identifier_survives_its_text_and_sorts_by_time() {
        let early = Id::mint_at(UnixMs(1_000), &Zero);
        let late = Id::mint_at(UnixMs(2_000), &Zero);
        assert!(early < late);
        assert_eq!(early.to_string().parse(), Ok(early));
    }

    #[test]
    fn the_empty_the_nil_and_the_unhyphenated_name_nothing() {
        for text in ["", "0", "null", "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(text.parse::<UserId>(), Err(IdError), "{text}");
        }
        assert_eq!("0190163d8694739b8d4a5b3f4b1c2d3e".parse::<UserId>(), Err(IdError));
        assert_eq!("../../etc/passwd-0190163d-8694-739b".parse::<UserId>(), Err(IdError));
    }
}
