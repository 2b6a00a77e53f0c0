// The frame of the administrators' panel, in Persian.
import type { Translated } from "../lib/words";
import type en from "./en";

export default {
  "group.watch": "پایش",
  "group.people": "افراد",
  "group.mend": "درمان",
  "group.house": "سامانه",
  "to.own": "حساب من",
} satisfies Translated<typeof en>;
