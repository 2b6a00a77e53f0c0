// Something that opens beside its button, in the top layer, and closes on Escape or a click elsewhere.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { Icon } from "./icon";

interface Props {
  label: string;
  icon: string;
  /** Shown beside the glyph. */
  badge?: ComponentChildren;
  isSmall?: boolean;
  class?: string;
  onOpen?(): void;
  /** Drawn only while it is open. */
  children(close: () => void): ComponentChildren;
}

const GAP_PX = 4;
const EDGE_PX = 8;

/** Puts the panel below its button, at the side where the text begins if there is room, else at the other. */
function putBeside(button: HTMLElement, panel: HTMLElement): void {
  const at = button.getBoundingClientRect();
  const isRtl = getComputedStyle(button).direction === "rtl";
  const wanted = isRtl ? at.left : at.right - panel.offsetWidth;
  const most = document.documentElement.clientWidth - panel.offsetWidth - EDGE_PX;
  const below = at.bottom + GAP_PX;
  const isRoom = below + panel.offsetHeight < innerHeight || at.top < panel.offsetHeight;
  panel.style.left = `${Math.max(EDGE_PX, Math.min(wanted, most))}px`;
  panel.style.top = `${isRoom ? below : at.top - panel.offsetHeight - GAP_PX}px`;
}

export function Popover({ label, icon, badge, isSmall = false, class: extra = "", onOpen, children }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const place = () => button.current && panel.current && putBeside(button.current, panel.current);
  const toggled = (event: Event) => {
    const opens = (event as ToggleEvent).newState === "open";
    setOpen(opens);
    if (opens) {
      onOpen?.();
    }
  };
  useEffect(() => {
    if (!isOpen || !panel.current) {
      return undefined;
    }
    const sized = new ResizeObserver(place);
    sized.observe(panel.current);
    window.addEventListener("scroll", place, { passive: true });
    window.addEventListener("resize", place);
    return () => {
      sized.disconnect();
      window.removeEventListener("scroll", place);
      window.removeEventListener("resize", place);
    };
  }, [isOpen]);
  const attributes = { popovertarget: id } as object;
  return (
    <>
      <button type="button" ref={button} class={`button quiet icon ${isSmall ? "small" : ""}`} aria-label={label} title={label} aria-expanded={isOpen} {...attributes}>
        <Icon d={icon} />
        {badge}
      </button>
      <div id={id} ref={panel} popover="auto" class={`pop ${extra}`} onToggle={toggled}>
        {isOpen && children(() => panel.current?.hidePopover())}
      </div>
    </>
  );
}

interface Item {
  label: ComponentChildren;
  icon?: string;
  isDanger?: boolean;
  /** Where it leads; else `act` is what it does. */
  to?: string;
  act?(): void;
}

/** Moves the focus among the items with the arrow keys. */
function walk(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(".item")];
  if (step === undefined || items.length === 0) {
    return;
  }
  event.preventDefault();
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[(at + step + items.length) % items.length]?.focus();
}

/** A button that opens a short list of acts and ways. `null` draws a line. */
export function Menu({ label, icon, isSmall, items }: { label: string; icon: string; isSmall?: boolean; items: (Item | null)[] }) {
  return (
    <Popover label={label} icon={icon} isSmall={isSmall ?? false}>
      {(close) => (
        <div onKeyDown={walk}>
          {items.map((item, at) => (item === null ? <hr key={at} /> : <MenuItem key={at} item={item} close={close} />))}
        </div>
      )}
    </Popover>
  );
}

function MenuItem({ item, close }: { item: Item; close(): void }) {
  const inside = (
    <>
      {item.icon && <Icon d={item.icon} />}
      {item.label}
    </>
  );
  const classes = item.isDanger ? "item danger" : "item";
  if (item.to !== undefined) {
    return (
      <a class={classes} href={item.to} onClick={close}>
        {inside}
      </a>
    );
  }
  const act = () => {
    close();
    item.act?.();
  };
  return (
    <button type="button" class={classes} onClick={act}>
      {inside}
    </button>
  );
}
