// The setup page: takes the secret from behind the "#", sends it with the form, shows what is wrong.
"use strict";

const byId = (id) => document.getElementById(id);
const fields = ["token", "email", "name", "password"];

// The secret leaves the address bar at once, so that it stays in no history and on no screenshot.
const secret = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
if (secret) {
  history.replaceState(null, "", location.pathname);
  byId("token").value = secret;
} else {
  byId("token-field").hidden = false;
}

byId("show").addEventListener("change", (event) => {
  byId("password").type = event.target.checked ? "text" : "password";
});

function say(field, text) {
  byId(`${field}-error`).textContent = text;
  byId(field).setAttribute("aria-invalid", text ? "true" : "false");
}

function clear() {
  byId("form-error").textContent = "";
  fields.forEach((field) => say(field, ""));
}

function show(problem) {
  let first = null;
  for (const error of problem.errors ?? []) {
    const field = error.pointer.slice(1);
    if (fields.includes(field)) {
      say(field, error.detail);
      first ??= field;
    }
  }
  if (first) {
    if (first === "token") {
      byId("token-field").hidden = false;
    }
    byId(first).focus();
    return;
  }
  const name = problem.request_id ? ` (request ${problem.request_id})` : "";
  byId("form-error").textContent = `${problem.title}. ${problem.detail}${name}`;
}

async function send() {
  const form = Object.fromEntries(fields.map((field) => [field, byId(field).value]));
  const response = await fetch("/api/setup", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(form),
  });
  const answer = await response.json();
  if (!response.ok) {
    show(answer);
    return;
  }
  byId("form").hidden = true;
  byId("lead").hidden = true;
  byId("password").value = "";
  byId("title").textContent = "Galen is set up";
  byId("done-email").textContent = answer.email;
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
    byId("form-error").textContent = "The server did not answer. Check that it runs, and try again.";
  } finally {
    isBusy = false;
    byId("send").removeAttribute("aria-disabled");
  }
});
