// The configuration, in Persian.
import type { Translated } from "../../lib/words";
import type en from "./en";

export default {
  "settings.title": "تنظیم‌ها",
  "settings.says": "آنچه سرور با آن پیکربندی شده و اینکه هر مقدار از کجاست. تنظیم‌ها در پرونده، محیط یا خط فرمان تغییر می‌کنند و با راه‌اندازی بعدی به کار می‌روند.",
  "settings.search": "جست‌وجوی تنظیم‌ها",
  "settings.origin": "خاستگاه",
  "settings.origin.any": "هر خاستگاهی",
  "settings.origin.default": "پیش‌فرض",
  "settings.origin.file": "پرونده",
  "settings.origin.environment": "محیط",
  "settings.origin.flag": "خط فرمان",
  "settings.origin.changed": "تغییریافته از پیش‌فرض",
  "settings.unset": "تعیین‌نشده",
  "settings.secret": "تعیین‌شده، هرگز نشان داده نمی‌شود",
  "settings.key": "تنظیم",
  "settings.value": "مقدار",
  "settings.about": "درباره",
  "settings.version": "نسخه",
  "settings.started": "آغاز به کار",
  "settings.none": "تنظیمی نیست",
  "settings.sections": "بخش‌ها",
} satisfies Translated<typeof en>;
