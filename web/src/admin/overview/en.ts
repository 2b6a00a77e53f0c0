// The overview, in English.
export default {
  "overview.title": "Overview",
  "overview.ready": "Galen is ready",
  "overview.not_ready": "Galen is not ready",
  "overview.says": "What the canary found when it last read and wrote the database.",
  "overview.state": "State",
} as const;
