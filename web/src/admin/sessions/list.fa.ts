// A list of sessions, in Persian.
import type { Translated } from "../../lib/words";
import type en from "./list.en";

export default {
  "sessions.list": "نشست‌ها",
  "sessions.user": "کاربر",
  "sessions.device": "دستگاه",
  "sessions.unknown": "دستگاه ناشناخته",
  "sessions.address": "نشانی",
  "sessions.state": "وضعیت",
  "sessions.active": "فعال",
  "sessions.expired": "سرآمده",
  "sessions.current": "همین نشست",
  "sessions.created": "ورود",
  "sessions.seen": "آخرین استفاده",
  "sessions.ends": "پایان",
  "sessions.acts": "کارها برای نشست {who}",
  "sessions.none": "کسی وارد نشده است",
  "sessions.end": "پایان این نشست",
  "sessions.end.user": "پایان همهٔ نشست‌های این کاربر",
  "sessions.end.address": "پایان همه از {address}",
  "sessions.end.go": "پایان بده",
  "sessions.only.user": "فقط این کاربر",
  "sessions.only.address": "فقط این نشانی",
  "sessions.ask.one": "این نشست {email} پایان یابد؟",
  "sessions.ask.one.says": "بی‌درنگ خارج می‌شود و به کاربرش خبر داده می‌شود. دوباره می‌تواند وارد شود.",
  "sessions.ask.user": "همهٔ نشست‌های {email} پایان یابد؟",
  "sessions.ask.user.says": "کاربر بی‌درنگ از همه جا خارج می‌شود و به او خبر داده می‌شود. دوباره می‌تواند وارد شود.",
  "sessions.ask.address": "همهٔ نشست‌ها از {address} پایان یابد؟",
  "sessions.ask.address.says": "هر که از این نشانی، که شاید میان بسیاری مشترک باشد، وارد شده بی‌درنگ خارج می‌شود. نشست خود شما می‌ماند.",
  "sessions.ended.one": "{n} نشست پایان یافت",
  "sessions.ended.other": "{n} نشست پایان یافت",
} satisfies Translated<typeof en>;
