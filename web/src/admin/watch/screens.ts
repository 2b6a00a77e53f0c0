// The screens by which an operator watches and mends: health, alerts, the doctor, queries.
import { chart } from "../../ui/icons";
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
];
