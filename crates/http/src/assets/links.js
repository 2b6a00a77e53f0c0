// The page of mailed links: takes the secret from behind the "#", asks what the purpose needs, sends it.
"use strict";

const byId = (id) => document.getElementById(id);
const fields = ["token", "name", "password"];

// By path: where it is sent and what is asked.
const purposes = {
  "/verify": { api: "/api/auth/verify-email", asks: ["password"], canReplace: true },
  "/reset": { api: "/api/auth/reset", asks: ["password"], isNew: true },
  "/confirm": { api: "/api/auth/confirm-email", asks: [] },
  "/invitation": { api: "/api/auth/accept-invitation", asks: ["name", "password"], isNew: true },
  "/not-me": { api: "/api/auth/not-me", asks: [] },
};

// What is said, by language; by path what each purpose says.
const languages = {
  en: {
    direction: "ltr",
    newHint: "A few words that do not belong together. Spaces are fine.",
    newPassword: "New password",
    password: "Password",
    silent: "The server did not answer. Check your connection, and try again.",
    request: "request",
    secret: "Secret of the link",
    secretHint: "What stands behind the #token= of the link in your mail.",
    name: "Name",
    nameHint: "What you want to be called. May be empty.",
    show: "Show the password",
    stranger: "I did not choose a password here: set a new one",
    "/verify": {
      title: "Verify your address",
      lead: "Give the password you chose when you registered: it shows that the account is yours.",
      button: "Verify the address",
      done: "The address is verified. You can sign in now.",
    },
    "/reset": {
      title: "Set a new password",
      lead: "Every device that is signed in will be signed out.",
      button: "Set the password",
      done: "The password is set. You can sign in with it now.",
    },
    "/confirm": {
      title: "Confirm your new address",
      lead: "From now on your account has the address this mail went to.",
      button: "Confirm the address",
      done: "The address is changed.",
    },
    "/invitation": {
      title: "Accept the invitation",
      lead: "Choose a password, and your account is made.",
      button: "Make my account",
      done: "Your account is made. You can sign in now.",
    },
    "/not-me": {
      title: "This was not me",
      lead:
        "Every device is signed out, the password is locked, and a change of the address is undone. " +
        "A mail with a link that sets a new password follows.",
      button: "Lock my account",
      done: "Your account is locked. The way back in is in your mailbox.",
    },
    codes: {},
  },
  fa: {
    direction: "rtl",
    newHint: "چند واژه که به هم ربطی ندارند. فاصله هم می‌تواند باشد.",
    newPassword: "گذرواژهٔ تازه",
    password: "گذرواژه",
    silent: "سرور پاسخ نداد. اتصال خود را بررسی کنید و دوباره بکوشید.",
    request: "درخواست",
    secret: "رمز پیوند",
    secretHint: "آن‌چه در پیوندِ نامه پس از \u2066#token=\u2069 آمده است.",
    name: "نام",
    nameHint: "آن‌چه می‌خواهید شما را بنامند. می‌تواند خالی بماند.",
    show: "نمایش گذرواژه",
    stranger: "من این‌جا گذرواژه‌ای نگذاشته‌ام: گذرواژهٔ تازه می‌گذارم",
    "/verify": {
      title: "تأیید نشانی",
      lead: "گذرواژه‌ای را بدهید که هنگام نام‌نویسی گذاشتید: نشان می‌دهد که حساب از آن شماست.",
      button: "تأیید نشانی",
      done: "نشانی تأیید شد. اکنون می‌توانید وارد شوید.",
    },
    "/reset": {
      title: "گذاشتن گذرواژهٔ تازه",
      lead: "همهٔ دستگاه‌هایی که وارد شده‌اند، خارج می‌شوند.",
      button: "گذاشتن گذرواژه",
      done: "گذرواژه گذاشته شد. اکنون می‌توانید با آن وارد شوید.",
    },
    "/confirm": {
      title: "تأیید نشانی تازه",
      lead: "از این پس نشانی حساب شما همان است که این نامه به آن رسید.",
      button: "تأیید نشانی",
      done: "نشانی تغییر کرد.",
    },
    "/invitation": {
      title: "پذیرفتن دعوت",
      lead: "گذرواژه‌ای بگذارید تا حساب شما ساخته شود.",
      button: "ساختن حساب",
      done: "حساب شما ساخته شد. اکنون می‌توانید وارد شوید.",
    },
    "/not-me": {
      title: "کار من نبود",
      lead:
        "همهٔ دستگاه‌ها خارج می‌شوند، گذرواژه قفل می‌شود و تغییر نشانی برمی‌گردد. " +
        "سپس نامه‌ای با پیوندِ گذاشتن گذرواژهٔ تازه می‌رسد.",
      button: "قفل کردن حساب",
      done: "حساب شما قفل شد. راه بازگشت در صندوق نامهٔ شماست.",
    },
    codes: {
      "link.unknown": "این پیوند چیزی را باز نمی‌کند. آن را کامل از تازه‌ترین نامه بردارید یا پیوند تازه‌ای بخواهید.",
      "link.used": "این پیوند پیش از این به کار رفته است. اگر لازم است، پیوند تازه‌ای بخواهید.",
      "link.expired": "زمان این پیوند گذشته است. پیوند تازه‌ای بخواهید.",
      "auth.wrong_password": "گذرواژه درست نیست. آن را بررسی کنید و دوباره بکوشید.",
      "auth.too_many_attempts": "تلاش‌ها زیاد بود. کمی صبر کنید و دوباره بکوشید.",
      "user.email_taken": "این نشانی از پیش حساب دارد.",
      "password.too_short": "گذرواژه کوتاه است. چند واژه گذرواژهٔ خوبی می‌شود.",
      "password.too_long": "گذرواژه بلند است: دست بالا ۲۵۶ نویسه.",
      "password.common": "این گذرواژه را آسان می‌توان حدس زد. چند واژه بگذارید که به هم ربطی ندارند.",
      "password.personal": "نام یا نشانی شما در گذرواژه است. آن را بردارید.",
      "field.required": "این‌جا چیزی بنویسید.",
    },
  },
};

// The reader's first language of those there are.
const asked = navigator.languages.map((tag) => tag.split("-")[0].toLowerCase());
const language = asked.find((tag) => tag in languages) ?? "en";
const said = languages[language];
document.documentElement.lang = language;
document.documentElement.dir = said.direction;
for (const element of document.querySelectorAll("[data-word]")) {
  element.textContent = said[element.dataset.word];
}

const purpose = purposes[location.pathname];

// The secret leaves the address bar at once, so that it stays in no history and on no screenshot.
const secret = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
if (secret) {
  history.replaceState(null, "", location.pathname);
  byId("token").value = secret;
} else {
  byId("token-field").hidden = false;
}

const isNew = () => purpose.isNew || (purpose.canReplace && byId("stranger").checked);

function showPassword() {
  byId("password-label").textContent = isNew() ? said.newPassword : said.password;
  byId("password-hint").textContent = isNew() ? said.newHint : "";
  byId("password").autocomplete = isNew() ? "new-password" : "current-password";
}

function begin() {
  const words = said[location.pathname];
  document.title = words.title;
  byId("title").textContent = words.title;
  byId("lead").textContent = words.lead;
  byId("send").textContent = words.button;
  byId("name-field").hidden = !purpose.asks.includes("name");
  byId("password-field").hidden = !purpose.asks.includes("password");
  byId("stranger-field").hidden = !purpose.canReplace;
  byId("form").hidden = false;
  showPassword();
}

byId("show").addEventListener("change", (event) => {
  byId("password").type = event.target.checked ? "text" : "password";
});
byId("stranger").addEventListener("change", showPassword);

function say(field, text) {
  byId(`${field}-error`).textContent = text;
  byId(field).setAttribute("aria-invalid", text ? "true" : "false");
}

function clear() {
  byId("form-error").textContent = "";
  fields.forEach((field) => say(field, ""));
}

function refuse(problem) {
  for (const error of problem.errors ?? []) {
    const field = error.pointer.slice(1).replace("new_password", "password");
    if (fields.includes(field)) {
      byId(`${field}-field`).hidden = false;
      say(field, said.codes[error.code] ?? error.detail);
      byId(field).focus();
      return;
    }
  }
  const name = problem.request_id ? ` (${said.request} \u2066${problem.request_id}\u2069)` : "";
  const words = said.codes[problem.code] ?? `${problem.title}. ${problem.detail}`;
  byId("form-error").textContent = `${words}${name}`;
}

function filledIn() {
  const form = { token: byId("token").value };
  for (const field of purpose.asks) {
    form[field === "password" && purpose.canReplace && isNew() ? "new_password" : field] = byId(field).value;
  }
  return form;
}

async function send() {
  const headers = { "Content-Type": "application/json" };
  const csrf = await fetch("/api/auth/csrf");
  if (csrf.ok) {
    headers["X-CSRF-Token"] = (await csrf.json()).csrf_token;
  }
  const body = JSON.stringify(filledIn());
  const response = await fetch(purpose.api, { method: "POST", headers, body });
  const answer = await response.json();
  if (!response.ok) {
    refuse(answer);
    return;
  }
  byId("form").hidden = true;
  byId("lead").hidden = true;
  byId("password").value = "";
  byId("done-text").textContent = said[location.pathname].done;
  byId("done").hidden = false;
  byId("title").focus();
}

let isBusy = false;
byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (isBusy) {
    return;
  }
  isBusy = true;
  byId("send").setAttribute("aria-disabled", "true");
  clear();
  try {
    await send();
  } catch {
    byId("form-error").textContent = said.silent;
  } finally {
    isBusy = false;
    byId("send").removeAttribute("aria-disabled");
  }
});

if (purpose) {
  begin();
}
