// A card: a heading, what it is about, and at most one action beside it.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Props {
  title: ComponentChildren;
  says?: ComponentChildren;
  action?: ComponentChildren;
  /** Whether its content comes with its own padding, as tables do. */
  isBare?: boolean;
  footer?: ComponentChildren;
  children: ComponentChildren;
}

export function Card({ title, says, action, isBare = false, footer, children }: Props) {
  const id = useId();
  return (
    <section class="card" aria-labelledby={id}>
      <header>
        <div>
          <h2 id={id}>{title}</h2>
          {says && <p>{says}</p>}
        </div>
        {action}
      </header>
      {isBare ? children : <div class="inside">{children}</div>}
      {footer && <footer>{footer}</footer>}
    </section>
  );
}
