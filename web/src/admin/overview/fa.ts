// The overview, in Persian.
import type { Translated } from "../../lib/words";
import type en from "./en";

export default {
  "overview.title": "نمای کلی",
  "overview.ready": "گالن آماده است",
  "overview.not_ready": "گالن آماده نیست",
  "overview.says": "آنچه آخرین آزمون خواندن و نوشتن پایگاه داده نشان داد.",
  "overview.state": "وضعیت",
} satisfies Translated<typeof en>;
