// The page of mailed links: takes the secret from behind the "#", asks what the purpose needs, sends it.
"use strict";

const byId = (id) => document.getElementById(id);
const fields = ["token", "name", "password"];
const newHint = "A few words that do not belong together. Spaces are fine.";

// By path: where it is sent, what is asked, what is said.
const purposes = {
  "/verify": {
    title: "Verify your address",
    lead: "Give the password you chose when you registered: it shows that the account is yours.",
    api: "/api/auth/verify-email",
    asks: ["password"],
    canReplace: true,
    button: "Verify the address",
    done: "The address is verified. You can sign in now.",
  },
  "/reset": {
    title: "Set a new password",
    lead: "Every device that is signed in will be signed out.",
    api: "/api/auth/reset",
    asks: ["password"],
    isNew: true,
    button: "Set the password",
    done: "The password is set. You can sign in with it now.",
  },
  "/confirm": {
    title: "Confirm your new address",
    lead: "From now on your account has the address this mail went to.",
    api: "/api/auth/confirm-email",
    asks: [],
    button: "Confirm the address",
    done: "The address is changed.",
  },
  "/invitation": {
    title: "Accept the invitation",
    lead: "Choose a password, and your account is made.",
    api: "/api/auth/accept-invitation",
    asks: ["name", "password"],
    isNew: true,
    button: "Make my account",
    done: "Your account is made. You can sign in now.",
  },
  "/not-me": {
    title: "This was not me",
    lead:
      "Every device is signed out, the password is locked, and a change of the address is undone. " +
      "A mail with a link that sets a new password follows.",
    api: "/api/auth/not-me",
    asks: [],
    button: "Lock my account",
    done: "Your account is locked. The way back in is in your mailbox.",
  },
};
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
  byId("password-label").textContent = isNew() ? "New password" : "Password";
  byId("password-hint").textContent = isNew() ? newHint : "";
  byId("password").autocomplete = isNew() ? "new-password" : "current-password";
}

function begin() {
  document.title = purpose.title;
  byId("title").textContent = purpose.title;
  byId("lead").textContent = purpose.lead;
  byId("send").textContent = purpose.button;
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
      say(field, error.detail);
      byId(field).focus();
      return;
    }
  }
  const name = problem.request_id ? ` (request ${problem.request_id})` : "";
  byId("form-error").textContent = `${problem.title}. ${problem.detail}${name}`;
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
  byId("done-text").textContent = purpose.done;
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
    byId("form-error").textContent = "The server did not answer. Check your connection, and try again.";
  } finally {
    isBusy = false;
    byId("send").removeAttribute("aria-disabled");
  }
});

if (purpose) {
  begin();
}
