//! The letters in English.

use galen_core::post::{LetterCode, LinkName};

use super::words::{ADDRESS, Button, DEVICE, Frame, Words};

/// The words around every letter.
pub(super) const FRAME: Frame = Frame {
    greeting: "Hello{% if name %} {{ name }}{% endif %},",
    bare_link: "Or copy this link into your browser:",
    footer: "Sent by {{ house }}. Answers to this address are not read.",
    unsubscribe: "Stop mails of this kind",
    direction: "ltr",
};

/// The words of a letter.
pub(super) const fn words(code: LetterCode) -> &'static Words {
    match code {
        LetterCode::VerifyEmail => &VERIFY_EMAIL,
        LetterCode::EmailInUse => &EMAIL_IN_USE,
        LetterCode::ResetPassword => &RESET_PASSWORD,
        LetterCode::Invitation => &INVITATION,
        LetterCode::ConfirmEmail => &CONFIRM_EMAIL,
        LetterCode::EmailChangeAsked => &EMAIL_CHANGE_ASKED,
        LetterCode::EmailChanged => &EMAIL_CHANGED,
        LetterCode::PasswordChanged => &PASSWORD_CHANGED,
        LetterCode::NewDevice => &NEW_DEVICE,
        LetterCode::SessionRevoked => &SESSION_REVOKED,
        LetterCode::Notification => &NOTIFICATION,
        LetterCode::Digest => &DIGEST,
        LetterCode::AlertFiring => &ALERT_FIRING,
        LetterCode::AlertResolved => &ALERT_RESOLVED,
        LetterCode::Test => &TEST,
    }
}

const WHERE_AND_WHEN: &[(&str, &str)] = &[("Address", ADDRESS), ("Time", "{{ at }}")];

const NOT_ME: Option<Button> =
    Some(Button { link: LinkName::NotMe, label: "This was not me", needed: false });

const VERIFY_EMAIL: Words = Words {
    subject: "Confirm your address for {{ house }}",
    heading: "Confirm your e-mail address",
    greets: true,
    before: &[
        "please confirm that this address is yours. The link works once and for {{ valid }}.",
    ],
    facts: &[],
    button: Some(Button { link: LinkName::Act, label: "Confirm the address", needed: true }),
    after: &[
        "If you did not register with {{ house }}, ignore this mail: nothing happens without the link.",
    ],
};

const EMAIL_IN_USE: Words = Words {
    subject: "You have an account with {{ house }} already",
    heading: "This address has an account already",
    greets: true,
    before: &[
        "somebody, perhaps you, registered with {{ house }} under this address. It has an account already, so nothing was changed. Sign in with it, or set a new password there if you have forgotten yours.",
    ],
    facts: WHERE_AND_WHEN,
    button: Some(Button { link: LinkName::Open, label: "Sign in", needed: true }),
    after: &["If it was not you, there is nothing you need to do."],
};

const RESET_PASSWORD: Words = Words {
    subject: "Set a new password for {{ house }}",
    heading: "Set a new password",
    greets: true,
    before: &[
        "somebody asked for a new password for your account with {{ house }}. The link works once and for {{ valid }}.",
    ],
    facts: WHERE_AND_WHEN,
    button: Some(Button { link: LinkName::Act, label: "Set a new password", needed: true }),
    after: &["If it was not you, ignore this mail: your password stays as it is."],
};

const INVITATION: Words = Words {
    subject: "An invitation to {{ house }}",
    heading: "You are invited to {{ house }}",
    greets: false,
    before: &["{{ by }} invites you to {{ house }}. The link works once and for {{ valid }}."],
    facts: &[("Role", "{{ role }}")],
    button: Some(Button { link: LinkName::Act, label: "Accept the invitation", needed: true }),
    after: &[
        "If you expected no invitation, ignore this mail: there is no account without the link.",
    ],
};

const CONFIRM_EMAIL: Words = Words {
    subject: "Confirm your new address for {{ house }}",
    heading: "Confirm your new e-mail address",
    greets: true,
    before: &[
        "please confirm that this address shall be the one of your account with {{ house }}. The link works once and for {{ valid }}; until then nothing changes.",
    ],
    facts: &[("So far", "{{ old }}"), ("From then on", "{{ new }}")],
    button: Some(Button { link: LinkName::Act, label: "Confirm the new address", needed: true }),
    after: &["If you did not ask for this, ignore this mail."],
};

const EMAIL_CHANGE_ASKED: Words = Words {
    subject: "Somebody asked to change your address with {{ house }}",
    heading: "Your e-mail address is about to be changed",
    greets: true,
    before: &[
        "somebody who is signed in to your account with {{ house }} asked to change its e-mail address. It changes when the new address is confirmed.",
    ],
    facts: &[
        ("So far", "{{ old }}"),
        ("From then on", "{{ new }}"),
        ("Address", ADDRESS),
        ("Time", "{{ at }}"),
    ],
    button: NOT_ME,
    after: &[
        "If it was you, there is nothing you need to do here. If it was not, set a new password at once.",
    ],
};

const EMAIL_CHANGED: Words = Words {
    subject: "Your address with {{ house }} was changed",
    heading: "Your e-mail address was changed",
    greets: true,
    before: &[
        "this address is no longer the one of your account with {{ house }}. Mails go to the new one from now on.",
    ],
    facts: &[
        ("So far", "{{ old }}"),
        ("From now on", "{{ new }}"),
        ("Address", ADDRESS),
        ("Time", "{{ at }}"),
    ],
    button: NOT_ME,
    after: &[
        "If it was you, there is nothing you need to do. If it was not, set a new password at once.",
    ],
};

const PASSWORD_CHANGED: Words = Words {
    subject: "Your password for {{ house }} was changed",
    heading: "Your password was changed",
    greets: true,
    before: &["the password of your account with {{ house }} was changed."],
    facts: WHERE_AND_WHEN,
    button: NOT_ME,
    after: &[
        "If it was you, there is nothing you need to do. If it was not, set a new password at once.",
    ],
};

const NEW_DEVICE: Words = Words {
    subject: "A new device signed in to {{ house }}",
    heading: "A new device signed in",
    greets: true,
    before: &[
        "somebody signed in to your account with {{ house }} from a device that was not seen before.",
    ],
    facts: &[("Device", DEVICE), ("Address", ADDRESS), ("Time", "{{ at }}")],
    button: NOT_ME,
    after: &[
        "If it was you, there is nothing you need to do. If it was not, set a new password at once.",
    ],
};

const SESSION_REVOKED: Words = Words {
    subject: "You were signed out of {{ house }}",
    heading: "An admin signed you out",
    greets: true,
    before: &[
        "an admin of {{ house }} ended {% if count == 1 %}one of your sessions{% else %}{{ count }} of your sessions{% endif %}. Sign in again to go on.",
    ],
    facts: &[("Time", "{{ at }}")],
    button: None,
    after: &[],
};

const NOTIFICATION: Words = Words {
    subject: "{{ title }}",
    heading: "{{ title }}",
    greets: false,
    before: &["{{ body }}"],
    facts: &[],
    button: Some(Button { link: LinkName::Open, label: "Open", needed: false }),
    after: &[],
};

const DIGEST: Words = Words {
    subject: "{{ count }} notifications from {{ house }}",
    heading: "{{ count }} notifications",
    greets: false,
    before: &[
        "These waited for you:",
        "{{ items }}",
        "{% if rest %}… and {{ rest }} older {% if rest == 1 %}one{% else %}ones{% endif %}.{% endif %}",
    ],
    facts: &[],
    button: Some(Button { link: LinkName::Open, label: "See them all", needed: true }),
    after: &[],
};

const ALERT_FIRING: Words = Words {
    subject: "Alert on {{ house }}: {{ title }}",
    heading: "{{ title }}",
    greets: false,
    before: &["{{ house }} has raised an alert. You will hear once more, when it is over."],
    facts: &[("Cause", "{{ cause }}"), ("Since", "{{ since }}")],
    button: Some(Button { link: LinkName::Open, label: "Look at the alert", needed: true }),
    after: &[],
};

const ALERT_RESOLVED: Words = Words {
    subject: "Over on {{ house }}: {{ title }}",
    heading: "Over: {{ title }}",
    greets: false,
    before: &["The alert is over."],
    facts: &[("Cause", "{{ cause }}"), ("Since", "{{ since }}"), ("Until", "{{ until }}")],
    button: Some(Button { link: LinkName::Open, label: "Look at the alert", needed: true }),
    after: &[],
};

const TEST: Words = Words {
    subject: "A test mail from {{ house }}",
    heading: "Mail from {{ house }} arrives",
    greets: false,
    before: &["{{ by }} sent this mail to see whether it arrives. It did."],
    facts: &[("Time", "{{ at }}")],
    button: None,
    after: &[],
};
