//! What the tests of this room send.

use galen_core::post::{
    Destination, Language, Letter, LetterCode, Link, LinkName, Param, Parcel, Rendered,
};
use galen_core::{Id, ParcelId, Secret, UnixMs};

/// 2026-11-28T04:00:00Z.
pub const AT: UnixMs = UnixMs(1_795_838_400_000);

/// A rendered letter.
pub fn rendered() -> Rendered {
    Rendered {
        subject: "Hello".to_owned(),
        text: Secret::new("Hello, Sara.\n".to_owned()),
        html: Secret::new("<p>Hello, Sara.</p>\n".to_owned()),
    }
}

/// A notification on its way to a mailbox.
pub fn parcel() -> Parcel {
    Parcel {
        id: ParcelId(Id::from_bytes([0x11; 16])),
        destination: Destination::Mailbox { address: "sara@example.org".to_owned() },
        letter: letter(LetterCode::Notification),
        attempt: 1,
        created_at: AT,
    }
}

/// A letter with everything its words may count on.
pub fn letter(code: LetterCode) -> Letter {
    let text = |name: &str, text: &str| (name.to_owned(), Param::Text(text.to_owned()));
    let machine = |name: &str, text: &str| (name.to_owned(), Param::Machine(text.to_owned()));
    let moment = |name: &str| (name.to_owned(), Param::Moment(AT));
    let link = |name, fragment: &str| Link {
        name,
        url: Secret::new(format!("https://example.org/{fragment}")),
    };
    Letter {
        code,
        language: Language::En,
        params: vec![
            text("name", "Sara"),
            text("by", "Omid"),
            text("title", "Your export is ready"),
            text("body", "It has 3 files.\n\nThey are kept for a week."),
            machine("address", "203.0.113.7"),
            machine("device", "Firefox on Linux"),
            machine("role", "admin"),
            machine("old", "sara@example.org"),
            machine("new", "sara@example.com"),
            machine("category", "export"),
            machine("level", "success"),
            machine("cause", "writer_lock"),
            ("valid".to_owned(), Param::Duration(86_400_000)),
            ("count".to_owned(), Param::Number(3)),
            text("items", "• The backup is done\n• Order 7 is on its way"),
            ("rest".to_owned(), Param::Number(1)),
            moment("at"),
            moment("since"),
            moment("until"),
        ],
        links: vec![
            link(LinkName::Act, "verify#token=k3y"),
            link(LinkName::NotMe, "not-me#token=k3y"),
            link(LinkName::Open, "exports/7"),
        ]
        .into_iter()
        .chain((code == LetterCode::Notification).then(|| link(LinkName::Unsubscribe, "u/k3y")))
        .collect(),
        house: "example.org".to_owned(),
    }
}
