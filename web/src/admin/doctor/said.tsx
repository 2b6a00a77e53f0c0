// A sentence of a report: what stands between backticks is the machine's own, and stays as the machine writes it.

export function Said({ text }: { text: string }) {
  const parts = text.split("`");
  return (
    <span dir="auto">
      {parts.map((part, at) =>
        at % 2 === 1 ? (
          <bdi key={at} dir="ltr">
            <code>{part}</code>
          </bdi>
        ) : (
          part
        ),
      )}
    </span>
  );
}
