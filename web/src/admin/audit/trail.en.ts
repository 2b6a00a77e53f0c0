// A list of the audit trail, in English.
export default {
  "trail.title": "Audit trail",
  "trail.what": "What",
  "trail.at": "When",
  "trail.by": "By",
  "trail.to": "Account",
  "trail.from": "From",
  "trail.request": "Request",
} as const;
