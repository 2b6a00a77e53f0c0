// The dashboard, in English.
import events from "../settings/events.en";

export default {
  ...events,
  "home.hello": "Hello.",
  "home.hello.name": "Hello, {name}.",
  "home.steps": "Finish setting up your account",
  "home.step.address": "Verify your e-mail address",
  "home.step.name": "Say what you want to be called",
  "home.step.go": "Do it",
  "home.safety": "Your account",
  "home.safety.password": "Password",
  "home.address": "Address",
  "home.verified": "Verified",
  "home.unverified": "Not verified",
  "home.devices": "Signed in",
  "home.devices.count.one": "on {n} device",
  "home.devices.count.other": "on {n} devices",
  "home.this": "This device",
  "home.unknown": "Unknown program",
  "home.signed_in": "Since",
  "home.recent": "Recent activity",
  "home.recent.none": "Nothing happened yet",
} as const;
