// A glyph beside words. It is never the only one to say something to those who hear the page.

interface Props {
  /** One of the paths of `icons`. */
  d: string;
  /** Whether it points somewhere, and so the other way where one reads from the right. */
  turns?: boolean;
}

export function Icon({ d, turns }: Props) {
  return (
    <svg class={turns ? "glyph turns" : "glyph"} viewBox="0 0 24 24" aria-hidden="true">
      <path d={d} />
    </svg>
  );
}
