//! Letters this room owes: by code, with typed parameters and links whose secrets are derived.

use galen_core::links::{LinkPurpose, NewLink, Notice, Owed};
use galen_core::model::Level;
use galen_core::post::{LetterCode, LinkName, Param};
use galen_core::{Cx, LinkId, NotificationId, ParcelId, Secret};
use serde_json::{Map, json};

use crate::{Accounts, token};

impl Accounts {
    /// The secret of a link, as text for the fragment of its URL. It is derived, not kept: whoever
    /// delivers a letter asks for it at that moment, and gets the same one at every attempt.
    #[must_use]
    pub fn link_secret(&self, purpose: LinkPurpose, id: LinkId) -> Secret<String> {
        token::of(&self.keys.link(purpose, id)).0
    }

    /// A letter that says when, and from which address.
    pub(crate) fn letter(&self, cx: &Cx, code: LetterCode) -> Owed {
        let mut params = vec![("at".to_owned(), Param::Moment(self.clock.now()))];
        params.extend(cx.address.map(|address| {
            let text = address.to_canonical().to_string();
            ("address".to_owned(), Param::Machine(text))
        }));
        Owed {
            parcel: ParcelId::mint(self.clock.as_ref(), self.entropy.as_ref()),
            code,
            language: cx.language,
            params,
            opens: None,
            leads: None,
            notice: None,
        }
    }

    /// The letter with a link that opens once, and for how long it does.
    pub(crate) fn with_link(&self, owed: Owed, name: LinkName, purpose: LinkPurpose) -> Owed {
        let policy = &self.policy.links;
        let lasts_ms = match purpose {
            LinkPurpose::VerifyEmail | LinkPurpose::ConfirmEmail => policy.verify_ms,
            LinkPurpose::ResetPassword => policy.reset_ms,
            LinkPurpose::Invitation => policy.invitation_ms,
            LinkPurpose::NotMe => policy.not_me_ms,
        };
        let id = LinkId::mint(self.clock.as_ref(), self.entropy.as_ref());
        let (_, hash) = token::of(&self.keys.link(purpose, id));
        let expires_at = self.clock.now().plus_ms(lasts_ms);
        let link = NewLink { id, purpose, hash, expires_at };
        let owed = Owed { opens: Some((name, link)), ..owed };
        with(owed, "valid", Param::Duration(lasts_ms))
    }

    /// A letter about an account's safety: with "this was not me", and told in the inbox as well. To
    /// be called last: the inbox is told the same parameters.
    pub(crate) fn warning(&self, owed: Owed, title: &str) -> Owed {
        let owed = self.noticed(owed, Level::Warning, title);
        self.with_link(owed, LinkName::NotMe, LinkPurpose::NotMe)
    }

    /// The letter, told in the inbox as well.
    pub(crate) fn noticed(&self, owed: Owed, level: Level, title: &str) -> Owed {
        let params: Map<String, serde_json::Value> =
            owed.params.iter().map(|(name, param)| (name.clone(), json!(param))).collect();
        let notice = Notice {
            id: NotificationId::mint(self.clock.as_ref(), self.entropy.as_ref()),
            level,
            title: title.to_owned(),
            params: json!(params).to_string(),
            gone_at: self.clock.now().plus_ms(self.policy.notices.keep_ms),
        };
        Owed { notice: Some(notice), ..owed }
    }
}

/// The letter with one more parameter.
pub(crate) fn with(mut owed: Owed, name: &str, param: Param) -> Owed {
    owed.params.push((name.to_owned(), param));
    owed
}

/// The letter with a link to a page of this installation.
pub(crate) fn leading(owed: Owed, path: &str) -> Owed {
    Owed { leads: Some(path.to_owned()), ..owed }
}
