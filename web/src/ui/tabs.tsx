// Tabs are links: which one is open stands in the address.
import type { ComponentChildren } from "preact";

import { formatNumber } from "../lib/format";

interface Tab {
  to: string;
  label: ComponentChildren;
  count?: number;
  isCurrent: boolean;
}

export function Tabs({ label, tabs }: { label: string; tabs: Tab[] }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.to} href={tab.to} aria-current={tab.isCurrent ? "page" : undefined}>
          {tab.label}
          {tab.count ? <span class="count">{formatNumber(tab.count)}</span> : null}
        </a>
      ))}
    </nav>
  );
}
