// A list of the audit trail, in Persian.
import type { Translated } from "../../lib/words";
import type en from "./trail.en";

export default {
  "trail.title": "رد ممیزی",
  "trail.what": "چه",
  "trail.at": "کی",
  "trail.by": "به دست",
  "trail.to": "حساب",
  "trail.from": "از",
  "trail.request": "درخواست",
} satisfies Translated<typeof en>;
