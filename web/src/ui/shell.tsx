// The frame of a panel: the sidebar, the bar at the top, the screen between, and where the focus goes.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { formatNumber } from "../lib/format";
import { place } from "../lib/router";
import { type ScreenEntry, useScreen } from "../lib/screens";
import { useStore } from "../lib/store";
import { wordsOf } from "../lib/words";
import "../styles/panel.css";
import { Brand } from "./brand";
import { ButtonLink } from "./button";
import { Bones, Nothing } from "./block";
import { Icon } from "./icon";
import { search } from "./icons";
import { ProblemNotice } from "./problem";
import { useTitle } from "./screen";
import { Toasts } from "./toast";

const t = wordsOf();

export interface Way {
  to: string;
  label: string;
  icon: string;
  count?: number;
  /** Whether pages below it belong to it, too. */
  isBranch?: boolean;
}

export interface WayGroup {
  /** Empty for the first, which needs no name. */
  label: string;
  ways: Way[];
}

function Ways({ label, ways }: { label: string; ways: Way[] }) {
  const { path } = useStore(place);
  const nav = useRef<HTMLDivElement>(null);
  // On a phone the ways are a row that scrolls: where one is stays in sight.
  useEffect(() => nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }), [path]);
  const isCurrent = (way: Way) => path === way.to || (way.isBranch === true && path.startsWith(`${way.to}/`));
  return (
    <div class="ways" role="group" aria-label={label} ref={nav}>
      {ways.map((way) => (
        <a key={way.to} href={way.to} aria-current={isCurrent(way) ? "page" : undefined}>
          <Icon d={way.icon} />
          {way.label}
          {way.count ? <span class="count">{formatNumber(way.count)}</span> : null}
        </a>
      ))}
    </div>
  );
}

/** The screen of the address, or why there is none. The focus goes to it when another one is shown. */
function Stage({ screens, home, isWide }: { screens: readonly ScreenEntry[]; home: string; isWide: boolean }) {
  const { shown, problem, isMissing } = useScreen(screens);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const path = shown?.entry.path;
  useEffect(() => {
    if (path !== undefined && !isFirst.current) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    isFirst.current = path === undefined;
  }, [path]);
  return (
    <main id="main" tabIndex={-1} ref={main} class={isWide ? "wide" : undefined}>
      {isMissing ? <Missing home={home} /> : problem ? <ProblemNotice problem={problem} onRetry={() => location.reload()} /> : shown ? <shown.View params={shown.params} /> : <Bones rows={6} />}
    </main>
  );
}

export function Missing({ home }: { home: string }) {
  useTitle(t("missing.title"));
  return (
    <Nothing icon={search} title={<h1>{t("missing.title")}</h1>}>
      <p>{t("missing.says")}</p>
      <ButtonLink to={home}>{t("missing.home")}</ButtonLink>
    </Nothing>
  );
}

interface Props {
  home: string;
  screens: readonly ScreenEntry[];
  groups: WayGroup[];
  /** What stands in the bar at the top. */
  top: ComponentChildren;
  /** Screens wider than text is read: where work is done. */
  isWide?: boolean;
}

type PaletteView = typeof import("./palette").Palette;

/** The palette, fetched when it is first asked for. The key is told by its place, so that a Persian layout works. */
function usePalette(): [PaletteView | undefined, () => void] {
  const [View, setView] = useState<PaletteView>();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.code === "KeyK" && (event.ctrlKey || event.metaKey) && document.querySelector("dialog[open]") === null) {
        event.preventDefault();
        import("./palette").then(({ Palette }) => setView(() => Palette), () => undefined);
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
  return [View, () => setView(undefined)];
}

export function Shell({ home, screens, groups, top, isWide = false }: Props) {
  const [PaletteShown, closePalette] = usePalette();
  return (
    <>
      <a class="skip button primary" href="#main">
        {t("skip")}
      </a>
      <div class="shell">
        <nav class="side" aria-label={t("nav.main")}>
          <Brand to={home} />
          {groups.map((group) => (
            <div key={group.label} class="side-group">
              {group.label && <p class="group">{group.label}</p>}
              <Ways label={group.label || t("nav.main")} ways={group.ways} />
            </div>
          ))}
        </nav>
        <div class="stage">
          <header class="top">
            <Brand to={home} />
            {top}
          </header>
          <Stage screens={screens} home={home} isWide={isWide} />
        </div>
      </div>
      <Toasts />
      {PaletteShown && <PaletteShown groups={groups} onClose={closePalette} />}
    </>
  );
}
