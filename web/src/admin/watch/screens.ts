// The screens by which an operator watches and mends: health, alerts, the doctor, queries.
import { alert, chart, stethoscope, table } from "../../ui/icons";
import type { AdminScreen } from "../screens";

export const WATCH: readonly AdminScreen[] = [
  {
    path: "/admin/health",
    group: "watch",
    name: { en: "Health", fa: "سلامت" },
    icon: chart,
    load: () => import("../health/screen"),
    words: { en: () => import("../health/en"), fa: () => import("../health/fa") },
  },
  {
    path: "/admin/health/route",
    group: "watch",
    name: { en: "Route", fa: "مسیر" },
    load: () => import("../health/route"),
    words: { en: () => import("../health/en"), fa: () => import("../health/fa") },
  },
  {
    path: "/admin/alerts",
    group: "watch",
    name: { en: "Alerts", fa: "هشدارها" },
    icon: alert,
    load: () => import("../alerts/screen"),
    words: { en: () => import("../alerts/en"), fa: () => import("../alerts/fa") },
  },
  {
    path: "/admin/alerts/:id",
    group: "watch",
    name: { en: "Alert", fa: "هشدار" },
    load: () => import("../alerts/alert"),
    words: { en: () => import("../alerts/en"), fa: () => import("../alerts/fa") },
  },
  {
    path: "/admin/doctor",
    group: "mend",
    name: { en: "Doctor", fa: "پزشک" },
    icon: stethoscope,
    load: () => import("../doctor/screen"),
    words: { en: () => import("../doctor/en"), fa: () => import("../doctor/fa") },
  },
  {
    path: "/admin/doctor/:id",
    group: "mend",
    name: { en: "Examination", fa: "معاینه" },
    load: () => import("../doctor/examination"),
    words: { en: () => import("../doctor/en"), fa: () => import("../doctor/fa") },
  },
  {
    path: "/admin/queries",
    group: "mend",
    name: { en: "Queries", fa: "پرس‌وجوها" },
    icon: table,
    load: () => import("../queries/screen"),
    words: { en: () => import("../queries/en"), fa: () => import("../queries/fa") },
  },
  {
    path: "/admin/queries/:name",
    group: "mend",
    name: { en: "Query", fa: "پرس‌وجو" },
    load: () => import("../queries/query"),
    words: { en: () => import("../queries/en"), fa: () => import("../queries/fa") },
  },
];
