//! The letters in Persian.

use galen_core::post::{LetterCode, LinkName};

use super::words::{ADDRESS, Button, DEVICE, Frame, Words};

/// The words around every letter.
pub(super) const FRAME: Frame = Frame {
    greeting: "سلام{% if name %} {{ name }}{% endif %}،",
    bare_link: "یا این پیوند را در مرورگر خود باز کنید:",
    footer: "فرستنده: {{ house }}. پاسخ به این نشانی خوانده نمی‌شود.",
    unsubscribe: "دیگر چنین نامه‌هایی نفرست",
    direction: "rtl",
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

const WHERE_AND_WHEN: &[(&str, &str)] = &[("نشانی شبکه", ADDRESS), ("زمان", "{{ at }}")];

const NOT_ME: Option<Button> =
    Some(Button { link: LinkName::NotMe, label: "کار من نبود", needed: false });

const VERIFY_EMAIL: Words = Words {
    subject: "نشانی خود را برای {{ house }} تأیید کنید",
    heading: "نشانی ایمیل خود را تأیید کنید",
    greets: true,
    before: &[
        "لطفاً تأیید کنید که این نشانی از آن شماست. پیوند تنها یک بار و تا {{ valid }} کار می‌کند.",
    ],
    facts: &[],
    button: Some(Button { link: LinkName::Act, label: "تأیید نشانی", needed: true }),
    after: &[
        "اگر در {{ house }} نام‌نویسی نکرده‌اید، این نامه را نادیده بگیرید: بدون این پیوند هیچ اتفاقی نمی‌افتد.",
    ],
};

const EMAIL_IN_USE: Words = Words {
    subject: "شما در {{ house }} حساب دارید",
    heading: "این نشانی از پیش حساب دارد",
    greets: true,
    before: &[
        "کسی، شاید خود شما، با این نشانی در {{ house }} نام‌نویسی کرد. این نشانی از پیش حساب دارد و چیزی تغییر نکرد. با همان حساب وارد شوید یا اگر گذرواژه را فراموش کرده‌اید، آن‌جا گذرواژهٔ تازه‌ای بگذارید.",
    ],
    facts: WHERE_AND_WHEN,
    button: Some(Button { link: LinkName::Open, label: "ورود", needed: true }),
    after: &["اگر کار شما نبوده است، لازم نیست کاری بکنید."],
};

const RESET_PASSWORD: Words = Words {
    subject: "گذرواژهٔ تازه برای {{ house }}",
    heading: "گذرواژهٔ تازه بگذارید",
    greets: true,
    before: &[
        "کسی برای حساب شما در {{ house }} گذرواژهٔ تازه خواسته است. پیوند تنها یک بار و تا {{ valid }} کار می‌کند.",
    ],
    facts: WHERE_AND_WHEN,
    button: Some(Button {
        link: LinkName::Act, label: "گذاشتن گذرواژهٔ تازه", needed: true
    }),
    after: &["اگر کار شما نبوده است، این نامه را نادیده بگیرید: گذرواژهٔ شما همان می‌ماند."],
};

const INVITATION: Words = Words {
    subject: "دعوت به {{ house }}",
    heading: "شما به {{ house }} دعوت شده‌اید",
    greets: false,
    before: &[
        "{{ by }} شما را به {{ house }} دعوت می‌کند. پیوند تنها یک بار و تا {{ valid }} کار می‌کند.",
    ],
    facts: &[("نقش", "{{ role }}")],
    button: Some(Button { link: LinkName::Act, label: "پذیرفتن دعوت", needed: true }),
    after: &[
        "اگر منتظر دعوتی نبودید، این نامه را نادیده بگیرید: بدون این پیوند حسابی ساخته نمی‌شود.",
    ],
};

const CONFIRM_EMAIL: Words = Words {
    subject: "نشانی تازهٔ خود را برای {{ house }} تأیید کنید",
    heading: "نشانی تازهٔ ایمیل را تأیید کنید",
    greets: true,
    before: &[
        "لطفاً تأیید کنید که این نشانی، نشانی حساب شما در {{ house }} بشود. پیوند تنها یک بار و تا {{ valid }} کار می‌کند؛ تا آن زمان چیزی تغییر نمی‌کند.",
    ],
    facts: &[("تا کنون", "{{ old }}"), ("پس از آن", "{{ new }}")],
    button: Some(Button {
        link: LinkName::Act, label: "تأیید نشانی تازه", needed: true
    }),
    after: &["اگر چنین چیزی نخواسته‌اید، این نامه را نادیده بگیرید."],
};

const EMAIL_CHANGE_ASKED: Words = Words {
    subject: "درخواست تغییر نشانی شما در {{ house }}",
    heading: "نشانی ایمیل شما در آستانهٔ تغییر است",
    greets: true,
    before: &[
        "کسی که به حساب شما در {{ house }} وارد شده است، خواسته که نشانی ایمیل آن عوض شود. با تأیید نشانی تازه، این تغییر انجام می‌شود.",
    ],
    facts: &[
        ("تا کنون", "{{ old }}"),
        ("پس از آن", "{{ new }}"),
        ("نشانی شبکه", ADDRESS),
        ("زمان", "{{ at }}"),
    ],
    button: NOT_ME,
    after: &[
        "اگر کار خود شما بوده است، لازم نیست این‌جا کاری بکنید. اگر نه، بی‌درنگ گذرواژهٔ تازه‌ای بگذارید.",
    ],
};

const EMAIL_CHANGED: Words = Words {
    subject: "نشانی شما در {{ house }} تغییر کرد",
    heading: "نشانی ایمیل شما تغییر کرد",
    greets: true,
    before: &[
        "این نشانی دیگر نشانی حساب شما در {{ house }} نیست. از این پس نامه‌ها به نشانی تازه می‌روند.",
    ],
    facts: &[
        ("تا کنون", "{{ old }}"),
        ("از این پس", "{{ new }}"),
        ("نشانی شبکه", ADDRESS),
        ("زمان", "{{ at }}"),
    ],
    button: NOT_ME,
    after: &[
        "اگر کار خود شما بوده است، لازم نیست کاری بکنید. اگر نه، بی‌درنگ گذرواژهٔ تازه‌ای بگذارید.",
    ],
};

const PASSWORD_CHANGED: Words = Words {
    subject: "گذرواژهٔ شما در {{ house }} تغییر کرد",
    heading: "گذرواژهٔ شما تغییر کرد",
    greets: true,
    before: &["گذرواژهٔ حساب شما در {{ house }} تغییر کرد."],
    facts: WHERE_AND_WHEN,
    button: NOT_ME,
    after: &[
        "اگر کار خود شما بوده است، لازم نیست کاری بکنید. اگر نه، بی‌درنگ گذرواژهٔ تازه‌ای بگذارید.",
    ],
};

const NEW_DEVICE: Words = Words {
    subject: "ورود از دستگاهی تازه به {{ house }}",
    heading: "دستگاهی تازه وارد شد",
    greets: true,
    before: &["کسی از دستگاهی که پیش از این دیده نشده بود، به حساب شما در {{ house }} وارد شد."],
    facts: &[("دستگاه", DEVICE), ("نشانی شبکه", ADDRESS), ("زمان", "{{ at }}")],
    button: NOT_ME,
    after: &[
        "اگر کار خود شما بوده است، لازم نیست کاری بکنید. اگر نه، بی‌درنگ گذرواژهٔ تازه‌ای بگذارید.",
    ],
};

const SESSION_REVOKED: Words = Words {
    subject: "شما از {{ house }} خارج شدید",
    heading: "مدیر شما را خارج کرد",
    greets: true,
    before: &["مدیر {{ house }} به {{ count }} نشست شما پایان داد. برای ادامه دوباره وارد شوید."],
    facts: &[("زمان", "{{ at }}")],
    button: None,
    after: &[],
};

const NOTIFICATION: Words = Words {
    subject: "{{ title }}",
    heading: "{{ title }}",
    greets: false,
    before: &["{{ body }}"],
    facts: &[],
    button: Some(Button { link: LinkName::Open, label: "باز کردن", needed: false }),
    after: &[],
};

const DIGEST: Words = Words {
    subject: "{{ count }} آگاهی از {{ house }}",
    heading: "{{ count }} آگاهی",
    greets: false,
    before: &[
        "این‌ها در انتظار شما بودند:",
        "{{ items }}",
        "{% if rest != \"۰\" %}… و {{ rest }} آگاهی قدیمی‌تر.{% endif %}",
    ],
    facts: &[],
    button: Some(Button { link: LinkName::Open, label: "دیدن همه", needed: true }),
    after: &[],
};

const ALERT_FIRING: Words = Words {
    subject: "هشدار در {{ house }}: {{ title }}",
    heading: "{{ title }}",
    greets: false,
    before: &["{{ house }} هشداری داده است. وقتی برطرف شود، یک بار دیگر خبر می‌رسد."],
    facts: &[("علت", "{{ cause }}"), ("از", "{{ since }}")],
    button: Some(Button { link: LinkName::Open, label: "دیدن هشدار", needed: true }),
    after: &[],
};

const ALERT_RESOLVED: Words = Words {
    subject: "برطرف شد در {{ house }}: {{ title }}",
    heading: "برطرف شد: {{ title }}",
    greets: false,
    before: &["این هشدار برطرف شد."],
    facts: &[("علت", "{{ cause }}"), ("از", "{{ since }}"), ("تا", "{{ until }}")],
    button: Some(Button { link: LinkName::Open, label: "دیدن هشدار", needed: true }),
    after: &[],
};

const TEST: Words = Words {
    subject: "نامهٔ آزمایشی از {{ house }}",
    heading: "نامه‌های {{ house }} می‌رسند",
    greets: false,
    before: &["{{ by }} این نامه را فرستاد تا ببیند آیا می‌رسد. رسید."],
    facts: &[("زمان", "{{ at }}")],
    button: None,
    after: &[],
};
