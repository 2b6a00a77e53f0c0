// All sessions, in Persian.
import type { Translated } from "../../lib/words";
import type en from "./en";

export default {
  "sessions.title": "نشست‌ها",
  "sessions.now": "اکنون فعال",
  "sessions.waiting": "سرآمده و جاروب‌نشده",
  "sessions.limit": "بالای {n} هشدار می‌دهد",
  "sessions.by_user": "شناسهٔ کاربر",
  "sessions.by_address": "نشانی IP",
  "sessions.by": "جست‌وجو با",
  "sessions.chart": "نشست‌های فعال در روز گذشته",
  "sessions.sweep": "جاروب کن",
  "sessions.swept": "پیش از آن {before}، پس از آن {after}",
  "sessions.sweep.says": "نشست‌های سرآمده را برمی‌دارد، همان‌گونه که سرور خود هر چند دقیقه می‌کند.",
  "sessions.everyone": "خارج کردن همه",
  "sessions.everyone.says": "پس از نفوذ، یا وقتی دانسته نیست چه کسی وارد شده است. همهٔ نشست‌ها بی‌درنگ پایان می‌یابد و همه باید دوباره وارد شوند. در رد ممیزی می‌ماند.",
  "sessions.everyone.ask": "همه خارج شوند؟",
  "sessions.everyone.typed": "همه خارج شوند",
  "sessions.everyone.own": "نشست خودم هم پایان یابد",
  "sessions.everyone.count.one": "{n} نشست پایان می‌یابد.",
  "sessions.everyone.count.other": "{n} نشست پایان می‌یابد.",
} satisfies Translated<typeof en>;
