// All sessions, in Persian.
import type { Translated } from "../../lib/words";
import type en from "./en";

export default {
  "admin.sessions.title": "نشست‌ها",
  "admin.sessions.now": "اکنون فعال",
  "admin.sessions.waiting": "سرآمده و جاروب‌نشده",
  "admin.sessions.limit": "بالای {n} هشدار می‌دهد",
  "admin.sessions.by_user": "شناسهٔ کاربر",
  "admin.sessions.by_address": "نشانی IP",
  "admin.sessions.by": "جست‌وجو با",
  "admin.sessions.chart": "نشست‌های فعال در روز گذشته",
  "admin.sessions.sweep": "جاروب کن",
  "admin.sessions.swept": "پیش از آن {before}، پس از آن {after}",
  "admin.sessions.sweep.says": "نشست‌های سرآمده را برمی‌دارد، همان‌گونه که سرور خود هر چند دقیقه می‌کند.",
  "admin.sessions.everyone": "خارج کردن همه",
  "admin.sessions.everyone.says": "پس از نفوذ، یا وقتی دانسته نیست چه کسی وارد شده است. همهٔ نشست‌ها بی‌درنگ پایان می‌یابد و همه باید دوباره وارد شوند. در رد ممیزی می‌ماند.",
  "admin.sessions.everyone.ask": "همه خارج شوند؟",
  "admin.sessions.everyone.typed": "همه خارج شوند",
  "admin.sessions.everyone.own": "نشست خودم هم پایان یابد",
  "admin.sessions.everyone.count.one": "{n} نشست پایان می‌یابد.",
  "admin.sessions.everyone.count.other": "{n} نشست پایان می‌یابد.",
} satisfies Translated<typeof en>;
