// A list of sessions, in Persian.
import type { Translated } from "../../lib/words";
import type en from "./list.en";

export default {
  "admin.sessions.list": "نشست‌ها",
  "admin.sessions.user": "کاربر",
  "admin.sessions.device": "دستگاه",
  "admin.sessions.unknown": "دستگاه ناشناخته",
  "admin.sessions.address": "نشانی",
  "admin.sessions.state": "وضعیت",
  "admin.sessions.active": "فعال",
  "admin.sessions.expired": "سرآمده",
  "admin.sessions.current": "همین نشست",
  "admin.sessions.created": "ورود",
  "admin.sessions.seen": "آخرین استفاده",
  "admin.sessions.ends": "پایان",
  "admin.sessions.acts": "کارها برای نشست {who}",
  "admin.sessions.none": "کسی وارد نشده است",
  "admin.sessions.end": "پایان این نشست",
  "admin.sessions.end.user": "پایان همهٔ نشست‌های این کاربر",
  "admin.sessions.end.address": "پایان همه از {address}",
  "admin.sessions.end.go": "پایان بده",
  "admin.sessions.only.user": "فقط این کاربر",
  "admin.sessions.only.address": "فقط این نشانی",
  "admin.sessions.ask.one": "این نشست {email} پایان یابد؟",
  "admin.sessions.ask.one.says": "بی‌درنگ خارج می‌شود و به کاربرش خبر داده می‌شود. دوباره می‌تواند وارد شود.",
  "admin.sessions.ask.user": "همهٔ نشست‌های {email} پایان یابد؟",
  "admin.sessions.ask.user.says": "کاربر بی‌درنگ از همه جا خارج می‌شود و به او خبر داده می‌شود. دوباره می‌تواند وارد شود.",
  "admin.sessions.ask.address": "همهٔ نشست‌ها از {address} پایان یابد؟",
  "admin.sessions.ask.address.says": "هر که از این نشانی، که شاید میان بسیاری مشترک باشد، وارد شده بی‌درنگ خارج می‌شود. نشست خود شما می‌ماند.",
  "admin.sessions.ended.one": "{n} نشست پایان یافت",
  "admin.sessions.ended.other": "{n} نشست پایان یافت",
} satisfies Translated<typeof en>;
