// The name and its sign, which lead to the start.

export function Brand({ to }: { to: string }) {
  return (
    <a class="brand" href={to}>
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="var(--accent)" />
        <path d="M6 17h5l2.5-7 5 13 2.5-6h5" fill="none" stroke="var(--on-accent)" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round" />
      </svg>
      Galen
    </a>
  );
}
