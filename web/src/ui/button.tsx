// A button: keeps its words while it is busy, and stays focusable so that nobody loses their place.
import type { ComponentChildren, JSX } from "preact";

import { Icon } from "./icon";

export type Look = "" | "primary" | "danger" | "primary danger" | "quiet";

interface Props extends Omit<JSX.ButtonHTMLAttributes<HTMLButtonElement>, "icon"> {
  look?: Look;
  isSmall?: boolean;
  isWide?: boolean;
  isBusy?: boolean;
  icon?: string;
  children?: ComponentChildren;
}

function classes({ look = "", isSmall, isWide }: Props, extra = ""): string {
  return `button ${look} ${isSmall ? "small" : ""} ${isWide ? "wide" : ""} ${extra}`.trim();
}

export function Button(props: Props) {
  const { look: _look, isSmall: _small, isWide: _wide, isBusy = false, icon, children, onClick, ...rest } = props;
  const click = (event: JSX.TargetedMouseEvent<HTMLButtonElement>) => {
    if (isBusy) {
      event.preventDefault();
    } else {
      onClick?.(event);
    }
  };
  return (
    <button type="button" {...rest} class={classes(props)} aria-disabled={isBusy || undefined} onClick={click}>
      {isBusy ? <span class="spin" aria-hidden="true" /> : icon && <Icon d={icon} />}
      {children}
    </button>
  );
}

interface IconProps extends Omit<Props, "children" | "icon"> {
  icon: string;
  /** What it does, for those who do not see the glyph; also shown when pointed at. */
  label: string;
}

export function IconButton({ icon, label, look = "quiet", isSmall, ...rest }: IconProps) {
  return (
    <button type="button" {...rest} class={classes({ look, isSmall: isSmall ?? false }, "icon")} aria-label={label} title={label}>
      <Icon d={icon} />
    </button>
  );
}

interface LinkProps {
  to: string;
  look?: Look;
  isSmall?: boolean;
  isWide?: boolean;
  icon?: string;
  children: ComponentChildren;
}

/** A link that looks like a button, for where it leads somewhere. */
export function ButtonLink(props: LinkProps) {
  const { to, icon, children } = props;
  return (
    <a href={to} class={classes(props)}>
      {icon && <Icon d={icon} />}
      {children}
    </a>
  );
}
