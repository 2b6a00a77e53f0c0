// The audit trail, in Persian.
import type { Translated } from "../../lib/words";
import type en from "./en";

export default {
  "audit.title": "رد ممیزی",
  "audit.says": "چه کسی، چه کاری، از کجا و در کدام درخواست. سطرها فقط افزوده می‌شوند.",
  "audit.code": "چه",
  "audit.code.any": "همه چیز",
  "audit.range": "کی",
  "audit.range.any": "هر زمان",
  "audit.range.h1": "ساعت گذشته",
  "audit.range.d1": "روز گذشته",
  "audit.range.d7": "۷ روز گذشته",
  "audit.range.d30": "۳۰ روز گذشته",
  "audit.user": "حساب",
  "audit.user.says": "شناسهٔ یک حساب",
  "audit.whose": "کدام",
  "audit.whose.about": "آنچه بر آن گذشته",
  "audit.whose.by": "آنچه کرده",
  "audit.none": "هنوز چیزی رخ نداده است",
  "audit.export": "برون‌بری NDJSON",
  "audit.export.says": "رد ممیزی با همین فیلترها، حداکثر ۱۰٬۰۰۰ سطر. خود برون‌بری هم در آن می‌ماند.",
} satisfies Translated<typeof en>;
