// The dashboard, in Persian.
import type { Translated } from "../../lib/words";
import events from "../settings/events.fa";
import type en from "./en";

export default {
  ...events,
  "home.hello": "سلام.",
  "home.hello.name": "سلام {name}.",
  "home.steps": "حساب خود را کامل کنید",
  "home.step.address": "نشانی ایمیل خود را تأیید کنید",
  "home.step.name": "بگویید با چه نامی خوانده شوید",
  "home.step.go": "انجام بده",
  "home.safety": "حساب شما",
  "home.safety.password": "گذرواژه",
  "home.address": "نشانی",
  "home.verified": "تأییدشده",
  "home.unverified": "تأییدنشده",
  "home.devices": "واردشده",
  "home.devices.count.one": "روی {n} دستگاه",
  "home.devices.count.other": "روی {n} دستگاه",
  "home.this": "این دستگاه",
  "home.unknown": "برنامهٔ ناشناخته",
  "home.signed_in": "از",
  "home.recent": "رویدادهای تازه",
  "home.recent.none": "هنوز رویدادی نیست",
} satisfies Translated<typeof en>;
