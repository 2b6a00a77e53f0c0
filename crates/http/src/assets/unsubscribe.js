// The page that ends mails of a kind: says which, and ends them when it is told to.
"use strict";

const byId = (id) => document.getElementById(id);

const words = {
  en: {
    direction: "ltr",
    title: "End these mails",
    lead: (category) => `You will get no more mails of the category \u201c\u2068${category}\u2069\u201d. Your inbox still has everything.`,
    every: "You will get no more mails, but those that concern the safety of your account. Your inbox still has everything.",
    button: "End them",
    done: "Such mails have ended. You can change this in the settings of your notifications.",
    unknown: "This link ends nothing",
    unknownLead: "Take it from the newest mail, whole, or change your settings after you have signed in.",
    silent: "The server did not answer. Check your connection, and try again.",
  },
  fa: {
    direction: "rtl",
    title: "پایان دادن به این نامه‌ها",
    lead: (category) => `دیگر نامه‌ای از دستهٔ «\u2066${category}\u2069» به شما نمی‌رسد. صندوق آگاهی‌های شما همچنان همه چیز را دارد.`,
    every: "دیگر نامه‌ای به شما نمی‌رسد، مگر آن‌چه به امنیت حساب شما مربوط است. صندوق آگاهی‌های شما همچنان همه چیز را دارد.",
    button: "پایان بده",
    done: "چنین نامه‌هایی پایان یافت. این را در تنظیمات آگاهی‌ها می‌توانید تغییر دهید.",
    unknown: "این پیوند به چیزی پایان نمی‌دهد",
    unknownLead: "آن را کامل از تازه‌ترین نامه بردارید یا پس از ورود تنظیمات خود را تغییر دهید.",
    silent: "سرور پاسخ نداد. اتصال خود را بررسی کنید و دوباره بکوشید.",
  },
};

// The reader's first language of those there are.
const asked = navigator.languages.map((tag) => tag.split("-")[0].toLowerCase());
const language = asked.find((tag) => tag in words) ?? "en";
const said = words[language];
document.documentElement.lang = language;
document.documentElement.dir = said.direction;

// What would end stands behind the first dot; what is before it is the secret.
const token = location.pathname.split("/").pop();
const category = decodeURIComponent(token.slice(token.indexOf(".") + 1));

function show(title, lead) {
  document.title = title;
  byId("title").textContent = title;
  byId("lead").textContent = lead;
}

async function send() {
  // Without the session's cookie: the link alone says whose mails end.
  const response = await fetch(location.pathname, { method: "POST", credentials: "omit" });
  if (response.status === 403) {
    byId("form").hidden = true;
    show(said.unknown, said.unknownLead);
    byId("title").focus();
    return;
  }
  if (!response.ok) {
    const problem = await response.json();
    byId("form-error").textContent = `${problem.title}. ${problem.detail}`;
    return;
  }
  byId("form").hidden = true;
  byId("lead").hidden = true;
  byId("done").textContent = said.done;
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
  byId("form-error").textContent = "";
  try {
    await send();
  } catch {
    byId("form-error").textContent = said.silent;
  } finally {
    isBusy = false;
    byId("send").removeAttribute("aria-disabled");
  }
});

if (token.includes(".")) {
  show(said.title, category === "*" ? said.every : said.lead(category));
  byId("send").textContent = said.button;
  byId("form").hidden = false;
} else {
  show(said.unknown, said.unknownLead);
}
