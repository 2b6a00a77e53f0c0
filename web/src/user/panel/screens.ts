// ALL screens of the user's panel.
import type { ScreenEntry } from "../../lib/screens";

export const SCREENS: readonly ScreenEntry[] = [];
